"""Recordings of calls: made by a middleware, answered from, and held against a live service.

A recording is JSON Lines: one call on each line, with its arguments and what came of it, in the forms that
`avrogen call` takes and prints. Metadata is recorded where it is asked for by name; what the contract marks
`@sensitive(true)` is not recorded, unless that is asked for.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from avrorpc.call import Call, Reply
from avrorpc.codec.json import from_json, to_json
from avrorpc.codec.types import Types
from avrorpc.errors import Code, DeclaredError, EncodeError, RpcError, StatusError
from avrorpc.method import Contract, Method
from avrorpc.middleware.redaction import REDACTED, is_secret, without_secrets
from avrorpc.schema import Field, Json, Record, Schema
from avrorpc.service import Service
from avrorpc.stub import AsyncClient
from avrorpc.stub import Service as Skeleton
from avrorpc.testing.doubles import contract_of, implementation

S = TypeVar("S", bound=Skeleton)

_SIMILAR: Final = 0.3


class RecordingError(RpcError, ValueError):
    """A recording cannot be read, or does not fit the contract."""


@dataclass(slots=True, kw_only=True)
class Recorded:
    """One call of a recording, as JSON."""

    message: str
    """The protocol's full name, a slash, and the message's name."""
    arguments: dict[str, Json] = field(default_factory=dict)
    """By name; a request stream is the list of its items."""
    metadata: dict[str, str] = field(default_factory=dict)
    """What was asked for of the call's metadata; bytes that are no UTF-8 are escaped."""
    result: Json = None
    items: list[Json] | None = None
    """What a response stream gave."""
    error: dict[str, Json] | None = None
    """The error, as `{"error": NAME, "fields": ...}` or `{"code": CODE, "message": ...}`."""

    def json(self) -> dict[str, Json]:
        """Return the call as it is written."""
        out: dict[str, Json] = {"message": self.message, "arguments": self.arguments}
        if self.metadata:
            out["metadata"] = dict(self.metadata)
        if self.items is not None:
            out["items"] = self.items
        if self.error is not None:
            out["error"] = self.error
        elif self.items is None:
            out["result"] = self.result
        return out


class Recorder:
    """A middleware, for clients and for bindings, that writes down each call when it has ended.

    Args:
        path: Where to; calls are added to what is there.
        metadata: The names of the metadata that are recorded.
        sensitive: Whether sensitive values are recorded, too.
    """

    def __init__(self, path: Path | str, *, metadata: Iterable[str] = (), sensitive: bool = False) -> None:
        self.path: Final = Path(path)
        """Where calls are written."""
        self._metadata = frozenset(metadata)
        self._sensitive = sensitive

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            method, sent = call.method, _Seen()
            if method.streaming.takes_stream:
                *first, items = call.arguments
                call.arguments = (*first, sent.passing(items))
            try:
                reply = await service(call)
            except Exception as error:
                self._write(call, sent.items, error=error)
                raise
            if method.streaming.gives_stream:
                reply.value = self._stream(call, sent, reply.value)
            else:
                self._write(call, sent.items, result=reply.value)
            return reply

        return serve

    async def _stream(self, call: Call, sent: _Seen, items: Any) -> AsyncIterator[Any]:
        given = _Seen()
        try:
            async for item in given.passing(items):
                yield item
        except Exception as error:
            self._write(call, sent.items, given=given.items, error=error)
            raise
        self._write(call, sent.items, given=given.items)

    def _write(
        self,
        call: Call,
        sent: Sequence[Any],
        *,
        result: Any = None,
        given: Sequence[Any] | None = None,
        error: Exception | None = None,
    ) -> None:
        method, show = call.method, _Shown(call.method.contract.types, sensitive=self._sensitive)
        fields, arguments = method.message.request, list(call.arguments)
        shown: dict[str, Json] = {}
        for parameter, value in zip(fields, arguments, strict=True):
            is_stream = method.streaming.takes_stream and parameter is fields[-1]
            shown[parameter.name] = (
                [show.field(parameter, item) for item in sent] if is_stream else show.field(parameter, value)
            )
        response = method.message.response
        has_result = error is None and given is None and not method.message.one_way
        recorded = Recorded(
            message=method.full_name,
            arguments=shown,
            metadata={
                name: value.decode(errors="backslashreplace")
                for name, value in call.metadata.items()
                if name in self._metadata
            },
            result=show.value(response, result) if has_result else None,
            items=None if given is None else [show.value(response, item) for item in given],
            error=None if error is None else _shown_error(method, error, show),
        )
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(recorded.json(), ensure_ascii=False) + "\n")


class _Seen:
    """Items that pass by."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    async def passing(self, items: Any) -> AsyncIterator[Any]:
        try:
            async for item in items:
                self.items.append(item)
                yield item
        finally:
            if hasattr(items, "aclose"):
                await items.aclose()


class _Shown:
    """Values as JSON, without what is sensitive."""

    def __init__(self, types: Types, *, sensitive: bool) -> None:
        self._types = types
        self._sensitive = sensitive

    def field(self, parameter: Field, value: Any) -> Json:
        if is_secret(parameter) and not self._sensitive:
            return REDACTED
        return self.value(parameter.type, value)

    def value(self, schema: Schema, value: Any) -> Json:
        return (to_json if self._sensitive else without_secrets)(schema, value, self._types)


def load(path: Path | str) -> list[Recorded]:
    """Return the calls of a recording.

    Raises:
        RecordingError: A line is not what a recorder writes; the text names it.
    """
    calls: list[Recorded] = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            calls.append(Recorded(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise RecordingError(f"{path}:{number} is no recorded call: {error}") from error
    return calls


def replay(skeleton: Callable[..., S], path: Path | str) -> S:
    """Return an implementation that answers from a recording.

    Of several recorded calls that are alike, each answers once, in their order, and the last one stays.

    Raises:
        RecordingError: The recording cannot be read.
        BindError: It is no skeleton.
    """
    contract = contract_of(skeleton)
    calls = [one for one in load(path) if one.message.startswith(f"{contract.name}/")]
    return implementation(skeleton, _Replay(calls, str(path)))


class _Replay:
    def __init__(self, calls: list[Recorded], source: str) -> None:
        self._calls = calls
        self._used: set[int] = set()
        self._source = source

    async def answer(self, method: Method[Any], arguments: Mapping[str, Any]) -> Any:
        found = await self._find(method, arguments)
        if found.error is not None:
            raise _read_error(method, found.error)
        return None if method.message.one_way else _read(method, method.message.response, found.result)

    async def items(self, method: Method[Any], arguments: Mapping[str, Any]) -> AsyncIterator[Any]:
        found = await self._find(method, arguments)
        for item in found.items or ():
            yield _read(method, method.message.response, item)
        if found.error is not None:
            raise _read_error(method, found.error)

    async def _find(self, method: Method[Any], arguments: Mapping[str, Any]) -> Recorded:
        shown: dict[str, Json] = {}
        for parameter in method.message.request:
            value, types = arguments[parameter.name], method.contract.types
            is_stream = method.streaming.takes_stream and parameter is method.message.request[-1]
            shown[parameter.name] = (
                [to_json(parameter.type, item, types) async for item in value]
                if is_stream
                else to_json(parameter.type, value, types)
            )
        own = [one for one in self._calls if one.message == method.full_name]
        matching = [one for one in own if _equal(one.arguments, shown)]
        if not matching:
            raise StatusError(Code.FAILED_PRECONDITION, self._unmatched(method, shown, own))
        chosen = next((one for one in matching if id(one) not in self._used), matching[-1])
        self._used.add(id(chosen))
        return chosen

    def _unmatched(self, method: Method[Any], shown: dict[str, Json], own: list[Recorded]) -> str:
        wanted = json.dumps(shown, ensure_ascii=False)
        text = f"{self._source} has no call {method.full_name} with {wanted:.500}"
        texts = [json.dumps(one.arguments, ensure_ascii=False) for one in own]
        close = difflib.get_close_matches(wanted, texts, 1, _SIMILAR)
        if close:
            return f"{text}; the closest of {len(own)} has {close[0]:.500}"
        return f"{text}; it has {len(own)} calls of this message"


@dataclass(slots=True, frozen=True)
class Mismatch:
    """A recorded call that a live service answers in another way."""

    call: Recorded
    live: Recorded

    def __str__(self) -> str:
        arguments = json.dumps(self.call.arguments, ensure_ascii=False)
        recorded, live = (_outcome(one) for one in (self.call, self.live))
        return (
            f"{self.call.message} with {arguments:.500}\n  recorded: {recorded:.500}\n  now:      {live:.500}"
        )


async def compare(path: Path | str, client: AsyncClient) -> list[Mismatch]:
    """Make the recorded calls of a client's contract again, and return those that end in another way.

    What was redacted in a result equals anything; a call whose arguments were redacted is left out, since it
    cannot be made. Texts and ids of status errors may differ, codes may not.

    Raises:
        RecordingError: The recording cannot be read, or does not fit the contract.
    """
    contract = client.__contract__
    mismatches: list[Mismatch] = []
    for recorded in load(path):
        name, _, message = recorded.message.partition("/")
        if name != contract.name or _has_redacted(recorded.arguments):
            continue
        if message not in contract.methods:
            raise RecordingError(f"{contract.name} has no message {message!r}, which {path} has")
        live = await _again(client, contract, contract.methods[message], recorded)
        if not _alike(recorded, live):
            mismatches.append(Mismatch(recorded, live))
    return mismatches


async def _again(
    client: AsyncClient, contract: Contract, method: Method[Any], recorded: Recorded
) -> Recorded:
    types, response = contract.types, method.message.response
    arguments: list[Any] = []
    for parameter in method.message.request:
        value = recorded.arguments.get(parameter.name)
        if method.streaming.takes_stream and parameter is method.message.request[-1]:
            assert isinstance(value, list)
            arguments.append(_sent([_read(method, parameter.type, item) for item in value]))
        else:
            arguments.append(_read(method, parameter.type, value))
    live = Recorded(message=recorded.message, arguments=recorded.arguments)
    channel = client.__avrorpc__
    try:
        if method.streaming.gives_stream:
            live.items = []
            async for item in channel.iterate(method, *arguments):
                live.items.append(to_json(response, item, types))
        else:
            result = await channel(method, *arguments)
            live.result = None if method.message.one_way else to_json(response, result, types)
    except RpcError as error:
        live.error = _shown_error(method, error, _Shown(types, sensitive=True))
    return live


async def _sent(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _alike(recorded: Recorded, live: Recorded) -> bool:
    ours, theirs = recorded.error, live.error
    if ours is not None and theirs is not None and "code" in ours and "code" in theirs:
        same = ours["code"] == theirs["code"]
    else:
        same = _equal(ours, theirs)
    return same and _equal(recorded.items, live.items) and _equal(recorded.result, live.result)


def _outcome(one: Recorded) -> str:
    found = {name: value for name, value in one.json().items() if name in ("result", "items", "error")}
    return json.dumps(found, ensure_ascii=False)


def _equal(recorded: Any, given: Any) -> bool:
    """Whether JSON is what was recorded; what was redacted equals anything."""
    if recorded == REDACTED:
        return True
    if isinstance(recorded, dict) and isinstance(given, dict):
        return recorded.keys() == given.keys() and all(_equal(recorded[key], given[key]) for key in recorded)
    if isinstance(recorded, list) and isinstance(given, list):
        return len(recorded) == len(given) and all(map(_equal, recorded, given))
    return type(recorded) is type(given) and bool(recorded == given)


def _has_redacted(value: Json) -> bool:
    match value:
        case dict():
            return any(map(_has_redacted, value.values()))
        case list():
            return any(map(_has_redacted, value))
        case _:
            return value == REDACTED


def _read(method: Method[Any], schema: Schema, value: Json) -> Any:
    try:
        return from_json(schema, value, method.contract.types)
    except EncodeError as error:
        hint = "; a sensitive value was not recorded" if _has_redacted(value) else ""
        raise RecordingError(f"a recorded value of {method.full_name} does not fit: {error}{hint}") from error


def _shown_error(method: Method[Any], error: Exception, show: _Shown) -> dict[str, Json]:
    if isinstance(error, DeclaredError):
        for schema in method.message.errors:
            if isinstance(schema, Record) and method.contract.types.get(schema.name) is type(error):
                return {"error": schema.name, "fields": show.value(schema, error)}
    if isinstance(error, StatusError):
        return {"code": error.code.value, "message": error.message}
    return {"code": Code.UNKNOWN.value, "message": type(error).__name__}


def _read_error(method: Method[Any], error: Mapping[str, Json]) -> Exception:
    for schema in method.message.errors:
        if isinstance(schema, Record) and error.get("error") == schema.name:
            found: Exception = _read(method, schema, error.get("fields"))
            return found
    try:
        return StatusError(Code(error.get("code")), str(error.get("message")))
    except ValueError:
        raise RecordingError(f"{method.full_name} has no error {error}") from None
