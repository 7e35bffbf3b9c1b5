"""Case files: read, checked, and with their tables written out. `cases/README.md` says what they mean."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import yaml  # type: ignore[import-untyped]

FOLDER: Final = Path(__file__).parent / "cases"
Data: TypeAlias = Any
"""What YAML holds."""


class CaseError(Exception):
    """A case file is wrong; the text begins with its name."""


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A part of a case file; its fields are the keys that it may have."""


class Failure(Part, kw_only=True, frozen=True):
    """An error that is expected; what is left out is not looked at."""

    status: str | None = None
    """The code of a `StatusError`."""
    declared: str | None = None
    """The full name of a declared error."""
    raises: str | None = None
    """The kind of any other error."""
    fields: dict[str, Data] | None = None
    message: list[str] = []
    lacks: list[str] = []
    details: list[Data] | None = None
    has_id: bool | None = None
    from_peer: bool | None = None


class Seen(Part, kw_only=True, frozen=True):
    """What the service is expected to have seen."""

    begun: int | None = None
    ended: int | None = None
    cancelled: bool | None = None
    received: int | None = None
    sum: int | None = None
    size: int | None = None
    sent: int | None = None


class Turn(Part, kw_only=True, frozen=True):
    """One turn of a conversation; one member is set."""

    send: dict[str, Data] | None = None
    receive: dict[str, Data] | None = None
    close_send: bool | None = None
    end: bool | None = None
    fails: Failure | None = None
    close: bool | None = None


class Step(Part, kw_only=True, frozen=True):
    """One call, and what is expected of it."""

    call: str
    arguments: dict[str, Data] = {}
    script: list[Data] | None = None
    items: list[Data] | None = None
    breaks: bool = False
    """Whether the caller's own items fail after those given."""
    talk: list[Turn] | None = None
    take: int | None = None
    cancel: bool = False
    deadline: float | None = None
    metadata: dict[str, str] = {}
    times: int = 1
    at_once: int = 1
    value: Data = msgspec.UNSET
    gives: list[Data] | None = None
    count: int | None = None
    error: Failure | None = None
    server: Seen | None = None


class Say(Part, kw_only=True, frozen=True):
    """One line of a transcript; one member is set besides `serial`, `call` and `flags`."""

    hex: str | None = None
    hello: dict[str, Data] | None = None
    bind: dict[str, Data] | None = None
    request: dict[str, Data] | None = None
    reply: dict[str, Data] | None = None
    welcome: dict[str, Data] | None = None
    bound: dict[str, Data] | None = None
    frame: dict[str, Data] | None = None
    many: dict[str, Data] | None = None
    closed: bool | None = None
    ends: bool | None = None
    close: bool | None = None
    shut: bool | None = None
    reset: bool | None = None


class Line(Part, kw_only=True, frozen=True):
    """One line of a transcript, of the end that the case plays or of the one under test."""

    send: Say | None = None
    receive: Say | None = None
    calls: Step | None = None


class Wire(Part, kw_only=True, frozen=True):
    """Bytes to a server of ours, and what it answers."""

    opening: str = "netty"
    lines: list[Line]
    log: str | None = None


class Peer(Part, kw_only=True, frozen=True):
    """A server that is played, and what a client of ours makes of it."""

    opening: str = "netty"
    lines: list[Line]
    steps: list[Step]
    options: list[str] = []
    connections: int | None = None


class Evolution(Part, kw_only=True, frozen=True):
    """Two versions of a contract: a call of the client's, at a server with the other."""

    client: str
    server: str
    call: str
    arguments: dict[str, Data] = {}
    sees: dict[str, Data] | None = None
    answer: Data = None
    raises: str | None = None
    value: Data = msgspec.UNSET
    error: Failure | None = None


class Case(Part, kw_only=True, frozen=True):
    """One case: exactly one of `steps` (or `call` and what goes with it), `wire`, `peer` and `evolution`."""

    name: str
    requires: list[str] = []
    server_limits: dict[str, float] = {}
    client_limits: dict[str, float] = {}
    fresh: bool = False
    steps: list[Step] | None = None
    wire: Wire | None = None
    peer: Peer | None = None
    evolution: Evolution | None = None
    file: str = ""
    feature: str = ""

    @property
    def kind(self) -> str:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


class File(Part, kw_only=True, frozen=True):
    """A file of cases."""

    feature: str
    about: str
    protocols: dict[str, str] = {}
    cases: list[dict[str, Data]]


KINDS: Final = ("steps", "wire", "peer", "evolution")
_STEP_KEYS: Final = frozenset(field.name for field in msgspec.structs.fields(Step))


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML that refuses a key which stands twice."""


def _mapping(loader: _Loader, node: Any) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise CaseError(f"line {key_node.start_mark.line + 1}: the key {key!r} stands twice")
        seen.add(key)
    made: dict[Hashable, Any] = yaml.SafeLoader.construct_mapping(loader, node, deep=True)
    return made


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


@cache
def load_all() -> tuple[Case, ...]:
    """Return the cases of all files.

    Raises:
        CaseError: One is wrong, or two have one name.
    """
    cases = [case for path in sorted(FOLDER.glob("*.yaml")) for case in load(path.name, path.read_text())]
    names: dict[str, str] = {}
    for case in cases:
        if case.name in names:
            raise CaseError(f"{case.file}: {case.name!r}: so is a case of {names[case.name]} called")
        names[case.name] = case.file
    return tuple(cases)


def load(file: str, text: str) -> list[Case]:
    """Return the cases of a file's text.

    Raises:
        CaseError: It is wrong; the error names the file and the case.
    """
    try:
        read = msgspec.convert(yaml.load(text, _Loader), File)
    except (msgspec.ValidationError, yaml.YAMLError, CaseError) as error:
        raise CaseError(f"{file}: {error}") from error
    cases = []
    for raw in read.cases:
        name = raw.get("name", "a case without a name")
        try:
            cases += [_case(row, read, file) for row in _rows(raw)]
        except (msgspec.ValidationError, CaseError) as error:
            raise CaseError(f"{file}: {name!r}: {error}") from error
    return cases


def _case(raw: Mapping[str, Data], file: File, name: str) -> Case:
    data = dict(raw)
    if "call" in data:
        if "steps" in data:
            raise CaseError("it has both call and steps")
        data["steps"] = [{key: data.pop(key) for key in list(data) if key in _STEP_KEYS}]
    for versions in [data["evolution"]] if "evolution" in data else []:
        for end in ("client", "server"):
            versions[end] = file.protocols.get(versions.get(end), versions.get(end))
    case = msgspec.convert({**data, "file": name, "feature": file.feature}, Case)
    if sum(getattr(case, kind) is not None for kind in KINDS) != 1:
        raise CaseError(f"it must have one of {', '.join(KINDS)}")
    for part in (case.wire, case.peer):
        for line in part.lines if part is not None else ():
            _check_line(line)
    for step in case.steps or ():
        _check_step(step)
    return case


def _check_line(line: Line) -> None:
    chosen = [part for part in (line.send, line.receive, line.calls) if part is not None]
    if len(chosen) != 1:
        raise CaseError("a line has one of send, receive and calls")
    if (
        isinstance(chosen[0], Say)
        and sum(value is not None for value in msgspec.structs.astuple(chosen[0])) != 1
    ):
        raise CaseError("a line sends or receives one thing")


def _check_step(step: Step) -> None:
    if step.talk is None and not (
        step.value is not msgspec.UNSET
        or step.gives is not None
        or step.count is not None
        or step.error is not None
        or step.server is not None
    ):
        raise CaseError(f"nothing is expected of the call {step.call}")


def _rows(raw: dict[str, Data]) -> Iterator[dict[str, Data]]:
    rows = raw.pop("each", [{}])
    if not rows:
        raise CaseError("each has no rows")
    for row in rows:
        made = _filled(raw, row)
        assert isinstance(made, dict)
        yield made


_WHOLE: Final = re.compile(r"\$\{(\w+)\}")


def _filled(value: Data, row: Mapping[str, Data]) -> Data:
    """Return a value with `${name}` replaced by what a row has, and short forms written out."""
    match value:
        case str():
            whole = _WHOLE.fullmatch(value)
            if whole:
                return _filled(_of(row, whole[1]), {})
            return _WHOLE.sub(lambda found: str(_of(row, found[1])), value)
        case list():
            return [_filled(item, row) for item in value]
        case {"$repeat": str(text), "times": times}:
            return _filled(text, row) * int(_filled(times, row))
        case {"$list": item, "times": times}:
            return [_filled(item, row)] * int(_filled(times, row))
        case {"$zeros": size}:
            return _zeros(int(_filled(size, row)))
        case {"$numbers": count}:
            return [{"number": number} for number in range(int(_filled(count, row)))]
        case {"$nest": inner, "by": key, "times": times}:
            made = _filled(inner, row)
            for _ in range(int(_filled(times, row))):
                made = {**_filled(inner, row), key: [made]}
            return made
        case {"$merge": more, **others}:
            return {**_filled(others, row), **_filled(more, row)}
        case dict():
            return {_filled(key, row): _filled(item, row) for key, item in value.items()}
        case _:
            return value


def _of(row: Mapping[str, Data], name: str) -> Data:
    if name not in row:
        raise CaseError(f"${{{name}}} is in no row of each")
    return row[name]


def _zeros(size: int) -> str:
    """Return the base64 of zero bytes."""
    whole, rest = divmod(size, 3)
    return "AAAA" * whole + {0: "", 1: "AA==", 2: "AAA="}[rest]
