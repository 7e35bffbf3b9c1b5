"""Which cases run where: each is expanded over placements, compressions and the colours of both ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
import yaml  # type: ignore[import-untyped]
from avrorpc.wire.compression import compression
from conformance.contracts import method
from conformance.loading import Case, Part, Step

FILE: Final = Path(__file__).parent / "placements.yaml"
CARRIERS: Final = ("tcp", "unix", "tls")
"""What transcripts of bytes go over."""


class Placement(Part, kw_only=True, frozen=True):
    """One way for calls to go."""

    has: tuple[str, ...]
    in_process: bool = False
    listen: str = ""
    client: str = ""
    compressions: tuple[str, ...] = ()
    matching: bool = False


class Placements(Part, kw_only=True, frozen=True):
    """The file."""

    capabilities: dict[str, str]
    placements: dict[str, Placement]


@cache
def placements() -> Placements:
    """Return what the file says."""
    return msgspec.convert(yaml.safe_load(FILE.read_text()), Placements)


Client: TypeAlias = Literal["sync", "async"]
Service: TypeAlias = Literal["def", "async"]

_MATCHING: Final[tuple[tuple[Client, Service], ...]] = (("sync", "def"), ("async", "async"))
_COLOURS: Final[tuple[tuple[Client, Service], ...]] = (*_MATCHING, ("sync", "async"), ("async", "def"))


@dataclass(frozen=True)
class Where:
    """Where a case is run."""

    placement: str
    compression: str = ""
    client: Client = "async"
    service: Service = "async"
    piece: int = 0
    """Bytes that are sent at a time; 0 for all at once."""

    def __str__(self) -> str:
        parts = [self.placement, self.compression, f"{self.client} client", f"{self.service} service"]
        parts.append("bytewise" if self.piece else "")
        return " ".join(filter(None, parts))


@dataclass(frozen=True)
class Expanded:
    """A case at one place, or why it does not apply there."""

    case: Case
    where: Where
    reason: str = ""

    @property
    def name(self) -> str:
        return f"{self.case.file.removesuffix('.yaml')}: {self.case.name} [{self.where}]"


def expand(cases: Iterable[Case]) -> Iterator[Expanded]:
    """Yield each case at each place."""
    for case in cases:
        for where in PLACES[case.kind]:
            yield Expanded(case, where, _reason(case, where))


def slice_of(expanded: Iterable[Expanded]) -> list[Expanded]:
    """Return each case once, at places taken in turn."""
    by_case: dict[str, list[Expanded]] = {}
    for one in expanded:
        if not one.reason:
            by_case.setdefault(one.case.name, []).append(one)
    # A step that has no common factor with the numbers of places leads to each of them.
    return [places[number * 7 % len(places)] for number, places in enumerate(by_case.values())]


def reasons(expanded: Iterable[Expanded]) -> Counter[str]:
    """Return how often each reason keeps a case from a place."""
    return Counter(one.reason for one in expanded if one.reason)


def _every_place() -> Iterator[Where]:
    for name, placement in placements().placements.items():
        for client, service in _MATCHING if placement.matching else _COLOURS:
            yield Where(name, "", client, service)
        for chosen in placement.compressions:
            for client, service in _MATCHING:
                yield Where(name, chosen, client, service)


def _every_remote() -> Iterator[Where]:
    for name, placement in placements().placements.items():
        if placement.listen:
            yield Where(name, "", "sync", "def")
            yield Where(name, "", "async", "def")


PLACES: Final[dict[str, tuple[Where, ...]]] = {
    "steps": tuple(_every_place()),
    "wire": tuple(
        Where(carrier, "", "sync", service, piece)
        for carrier in CARRIERS
        for service in ("def", "async")
        for piece in (0, 1)
    ),
    "peer": tuple(
        Where(carrier, "", client, "def", piece)
        for carrier in ("tcp", "unix")
        for client in ("sync", "async")
        for piece in (0, 1)
    ),
    "evolution": tuple(_every_remote()),
}


def _reason(case: Case, where: Where) -> str:
    known = placements().capabilities
    missing = sorted(_needs(case, where) - _has(where), key=list(known).index)
    return known[missing[0]] if missing else ""


def _has(where: Where) -> set[str]:
    placement = placements().placements[where.placement]
    has = set(placement.has)
    if not (placement.in_process and where.client == "sync" and where.service == "async"):
        has.add("waits")
    if not placement.listen.startswith(("tls:", "https:", "wss:")):
        has.add("half")
    if where.placement != "memory" or where.client == "async":
        has.add("ahead")
    if where.service == "async":
        has.add("interrupts")
    if where.client == "async":
        has.add("gives_up")
    if compression("zstd") is not None:
        has.add("zstd")
    return has


def _needs(case: Case, where: Where) -> set[str]:
    needs = set(case.requires)
    if where.compression == "zstd":
        needs.add("zstd")
    if case.server_limits or case.client_limits:
        needs.add("limits")
    for step in case.steps or ():
        needs |= _step_needs(step)
    return needs


def _step_needs(step: Step) -> set[str]:
    """Return what follows from the call itself."""
    needs: set[str] = set()
    streaming = method(step.call).streaming
    if streaming.takes_stream or streaming.gives_stream:
        needs.add("streams")
    if streaming.takes_stream and streaming.gives_stream:
        needs.add("two_way")
        if len(step.items or ()) > 2:
            needs.add("ahead")
    if step.cancel:
        needs |= {"gives_up", "cancels"}
    for action in step.script or ():
        if action.keys() & {"pause", "hold"}:
            needs.add("waits")
        if "hold" in action:
            needs.add("interrupts")
    return needs
