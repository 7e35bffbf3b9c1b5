"""Whether two versions of a contract work together, message by message, and every reason why not.

The one answer to that question: a handshake refuses what is REFUSED here, `describe` shows all of it, and the
codec resolves values by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from avrorpc.errors import SchemaError
from avrorpc.schema.annotations import Streaming, streaming
from avrorpc.schema.compatibility import Resolution
from avrorpc.schema.incompatibility import Extent, Incompatibility, Kind
from avrorpc.schema.model import Field, Message, Protocol, Record, Schema, Union
from avrorpc.schema.resolution import reader_branch

MOST_REASONS: Final = 20
"""How many reasons a text lists; objects have them all."""


class Verdict(Enum):
    """What becomes of a message between two versions of its contract, from the best to the worst."""

    WORKS = "works"
    """Every value arrives as it was sent."""
    ADAPTED = "works, adapted"
    """Every value arrives; what one version lacks is filled in by a default, passed over, or told as text."""
    MAY_FAIL = "may fail"
    """Some values cannot be read, such as a symbol that one version lacks; these fail when they are sent."""
    MISSING = "missing"
    """One end does not have the message; a call is UNIMPLEMENTED."""
    REFUSED = "refused"
    """Nothing but empty lists and absent values could be read: the two ends do not connect."""


@dataclass(slots=True, frozen=True)
class Reason:
    """One thing that keeps a message from working as if both ends had the same version."""

    verdict: Verdict
    """What this alone makes of the message."""
    place: str
    """`request`, `response`, `request item`, `response item`, `error NAME`, or `message`."""
    path: str
    """The way to the field in the client's version, or in the server's where the client lacks it."""
    text: str
    """What is the matter, in terms of client and server."""

    def __str__(self) -> str:
        return f"{self.place}: {self.path}: {self.text}" if self.path else f"{self.place}: {self.text}"


@dataclass(slots=True, frozen=True)
class MessageVerdict:
    """What becomes of one message between a client's version and a server's."""

    message: str
    """The message's name."""
    reasons: tuple[Reason, ...] = ()
    """Everything that differs and counts, the worst first."""

    @property
    def verdict(self) -> Verdict:
        """The worst of the reasons; WORKS without any."""
        return self.reasons[0].verdict if self.reasons else Verdict.WORKS

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """The reasons for which the two ends do not connect."""
        return tuple(reason for reason in self.reasons if reason.verdict is Verdict.REFUSED)

    def __str__(self) -> str:
        lines = [f"{self.message}: {self.verdict.value}", *(f"  {reason}" for reason in self.reasons)]
        if len(lines) > MOST_REASONS + 1:
            lines[MOST_REASONS + 1 :] = [f"  and {len(self.reasons) - MOST_REASONS} more"]
        return "\n".join(lines)


def compare_protocols(client: Protocol, server: Protocol) -> dict[str, MessageVerdict]:
    """Return what becomes of each message that one of two versions has, the client's first."""
    resolution = Resolution()
    names = [*client.messages, *(name for name in server.messages if name not in client.messages)]
    return {
        name: compare_messages(name, client.messages.get(name), server.messages.get(name), resolution)
        for name in names
    }


def compare_messages(
    name: str, client: Message | None, server: Message | None, resolution: Resolution | None = None
) -> MessageVerdict:
    """Return what becomes of one message, in both directions.

    Args:
        name: Its name.
        client: The client's version; None where it has none.
        server: The server's.
        resolution: What was compared before, to be gone on with for other messages of the same versions.
    """
    if client is None or server is None:
        end = "client" if client is None else "server"
        return MessageVerdict(
            name, (Reason(Verdict.MISSING, "message", "", f"the {end} has no such message"),)
        )
    if client is server:
        return MessageVerdict(name)
    order = list(Verdict)[::-1]
    reasons = _flags(client, server) or _parts(client, server, resolution or Resolution())
    return MessageVerdict(name, tuple(sorted(reasons, key=lambda reason: order.index(reason.verdict))))


def refusal(verdicts: dict[str, MessageVerdict]) -> str:
    """Return why two versions do not connect, a line for each reason; empty where they do."""
    lines = [f"{name}: {reason}" for name, verdict in verdicts.items() for reason in verdict.refusals]
    if len(lines) > MOST_REASONS:
        lines[MOST_REASONS:] = [f"and {len(lines) - MOST_REASONS} more"]
    return "\n".join(lines)


def final_problem(writer: Schema, reader: Schema, what: str = "request") -> tuple[str, str] | None:
    """Return why a reader can never read what a writer wrote, as path and text; None where it can.

    Args:
        writer: What is written with.
        reader: What is read with.
        what: What stands for a record without a name, in the text.
    """
    if writer is reader:
        return None
    for item in Resolution().incompatibilities(writer, reader):
        if item.is_final:
            return item.reader.path, item.told(what=what)
    return None


def error_branch(error: Schema, known: list[Schema]) -> Schema | None:
    """Return which of a reader's errors stands for an error that was written; None where none does."""
    return reader_branch(error, Union(known)) if isinstance(error, Record) else None


def _flags(client: Message, server: Message) -> list[Reason]:
    """Return how the kinds of the two messages differ, which leaves nothing further to compare."""
    found: list[Reason] = []
    if client.one_way and not server.one_way:
        found.append(_refused("it is one-way at the client only"))
    try:
        ours, theirs = streaming(client), streaming(server)
    except SchemaError as error:
        return [*found, _refused(str(error))]
    for side, one, other in (
        ("request", ours.takes_stream, theirs.takes_stream),
        ("response", ours.gives_stream, theirs.gives_stream),
    ):
        if one is not other:
            found.append(_refused(f"its {side} is a stream at the {'client' if one else 'server'} only"))
    return found


def _refused(text: str) -> Reason:
    return Reason(Verdict.REFUSED, "message", "", text)


def _parts(client: Message, server: Message, resolution: Resolution) -> list[Reason]:
    kind = streaming(client)
    ours, theirs = _opening(client, kind), _opening(server, kind)
    found = [*_differences("request", ours, theirs, resolution, client_writes=True)]
    if kind.takes_stream:
        item, wanted = client.request[-1].type, server.request[-1].type
        found += _differences("request item", item, wanted, resolution, client_writes=True)
    if server.one_way and not client.one_way:
        told = "it is one-way at the server, which answers this client when the work is done"
        found.append(Reason(Verdict.ADAPTED, "message", "", told))
    place = "response item" if kind.gives_stream else "response"
    found += _differences(place, server.response, client.response, resolution, client_writes=False)
    for error in server.errors:
        known = error_branch(error, [item for item in client.errors if isinstance(item, Record)])
        name = error.name if isinstance(error, Record) else "string"
        if known is not None:
            found += _differences(f"error {name}", error, known, resolution, client_writes=False)
        elif isinstance(error, Record):
            told = "the client does not declare it, and is told its text"
            found.append(Reason(Verdict.ADAPTED, f"error {name}", "", told))
    return found


def _opening(message: Message, kind: Streaming) -> Record:
    """Return what is sent at once: all parameters, but for the item of a stream."""
    fields: list[Field] = message.request[:-1] if kind.takes_stream else message.request
    return Record("", fields)


def _differences(
    place: str, writer: Schema, reader: Schema, resolution: Resolution, *, client_writes: bool
) -> Iterator[Reason]:
    if writer is reader:
        return
    ends = ("the client", "the server") if client_writes else ("the server", "the client")
    for item in resolution.differences(writer, reader):
        if item.kind is Kind.DEFAULT:
            continue  # the writer fills it in: nothing is left out in binary
        lacks_it = item.kind in (Kind.FIELD, Kind.FILLED)
        where = item.writer if client_writes and not lacks_it else item.reader
        if item.kind is Kind.DROPPED:
            where = item.writer
        yield Reason(_verdict(item), place, where.path, item.told(*ends, what=place))


def _verdict(item: Incompatibility) -> Verdict:
    if item.is_final:
        return Verdict.REFUSED
    return Verdict.ADAPTED if item.extent is Extent.NOTHING else Verdict.MAY_FAIL
