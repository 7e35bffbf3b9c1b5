"""Which findings count: by whom they break, at which level, and what a project chose to live with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fnmatch import fnmatchcase

from avrorpc.schema import Extent

from avrorpc_codegen.breaking.finding import Finding, Side
from avrorpc_codegen.breaking.rules import Direction, Level


class Mode(Enum):
    """Who must not break."""

    BACKWARD = "backward"
    """Old clients with new servers: servers are deployed first. New readers of old data."""
    FORWARD = "forward"
    """New clients with old servers: clients are deployed first. Old readers of new data."""
    FULL = "full"
    """Both: in any order."""
    BACKWARD_TRANSITIVE = "backward_transitive"
    """As `backward`, with every older version, and not the last alone."""
    FORWARD_TRANSITIVE = "forward_transitive"
    """As `forward`, with every older version."""
    FULL_TRANSITIVE = "full_transitive"
    """As `full`, with every older version."""

    @property
    def is_transitive(self) -> bool:
        """Whether every older version counts."""
        return self.value.endswith("_transitive")

    @property
    def directions(self) -> frozenset[Direction]:
        """Who must not break."""
        word = self.value.partition("_")[0]
        return frozenset(Direction) if word == "full" else frozenset({Direction(word)})


@dataclass(slots=True, frozen=True)
class Ignore:
    """A finding that a project lives with."""

    rule: str
    subject: str
    """A pattern, as file names have them."""
    reason: str

    def __str__(self) -> str:
        return self.rule if self.subject == "*" else f"{self.rule}:{self.subject}"

    def covers(self, finding: Finding) -> bool:
        """Return whether it speaks of a finding."""
        return finding.rule.value == self.rule and fnmatchcase(finding.spot.subject, self.subject)


@dataclass(slots=True)
class Selection:
    """The findings that count, and what became of the others."""

    findings: list[Finding] = field(default_factory=list)
    ignored: list[tuple[Finding, Ignore]] = field(default_factory=list)
    unused: list[Ignore] = field(default_factory=list)
    """What a project says it lives with, and is not there."""


def select(found: Sequence[Finding], level: Level, mode: Mode, ignores: Sequence[Ignore]) -> Selection:
    """Return what counts of all that was found."""
    selection = Selection()
    used: set[Ignore] = set()
    for finding in found:
        cover = next((ignore for ignore in ignores if ignore.covers(finding)), None)
        if cover is not None:
            used.add(cover)
        kept = [
            item
            for item in finding.breaks
            if level.includes(item.level)
            and (item.side is Side.CODE or item.side.direction in mode.directions)
        ]
        if kept and cover is not None:
            selection.ignored.append((replace(finding, breaks=kept), cover))
        elif kept:
            selection.findings.append(replace(finding, breaks=kept))
    selection.unused = [ignore for ignore in ignores if ignore not in used]
    return selection


def merge(series: Iterable[Sequence[Finding]]) -> list[Finding]:
    """Return the findings against several versions as one list, those that agree as one finding."""
    merged: dict[object, Finding] = {}
    for found in series:
        for finding in found:
            known = merged.setdefault(finding.key, finding)
            if known is finding:
                continue
            known.against = list(dict.fromkeys([*known.against, *finding.against]))
            for item in finding.breaks:
                for use in item.uses or [""]:
                    known.add(item.level, item.side, item.why, item.extent, use)
    return sorted(merged.values(), key=Finding.sort_key)


def outcome(found: Sequence[Finding], sides: Iterable[Side]) -> dict[Side, Extent | None]:
    """Return the worst that happens to each side in Avro binary, whatever the mode; None is all well."""
    order = list(Extent)
    worst: dict[Side, Extent | None] = dict.fromkeys(sides)
    for finding in found:
        for item in finding.breaks:
            if item.level is Level.WIRE and item.side in worst:
                known = worst[item.side] or item.extent
                worst[item.side] = min(known, item.extent, key=order.index)
    return worst
