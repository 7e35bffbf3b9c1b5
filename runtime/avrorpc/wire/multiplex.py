"""Many calls on one connection, in our own frames: the half that both ends share.

Rules of this file:
- A call is opened by the client with a number above all before it. It is over for the client at REPLY, or
  when it cancels; for the server when its reply has left, or the cancelled work has been released.
- Frames for a call that is over are dropped: the other end could not yet know. Frames for one that never
  began are errors, and so are items after END, and items that no credit allows.
- What is too large fails its own call, not the connection; the rest of it is skipped.
- Control frames leave first; then each call in turn sends one chunk. Of messages of several chunks, the long
  ones, only some are on their way at once, lest the other end hold half of each: of the rest a beginning is
  sent, since calls are opened in order, and then they wait. Short messages never do.

Time does not exist here; see `keepalive`.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, TypeAlias

from avrorpc.errors import (
    Code,
    DecodeError,
    LimitExceeded,
    LocalProtocolError,
    RemoteProtocolError,
    StatusError,
)
from avrorpc.limits import Limits
from avrorpc.wire.envelope import system_error
from avrorpc.wire.frames import CHUNK, LAST_CALL, Flag, Frame, FrameReader, Kind, encode, next_call
from avrorpc.wire.settings import Settings

ITEM_COST: Final = 32
"""What an item counts against the credit besides its bytes: even an empty one takes memory."""
MAX_CONTROL: Final = 1_024
"""Answers to pings and handshakes that wait for an end which sends and does not read."""
MAX_CONTROL_BYTES: Final = 2 * 1024 * 1024
"""Bytes of them, the last one aside: a short handshake is answered with a whole protocol."""
MAX_REASON: Final = 1_000
"""Characters of the reason that a GOODBYE may give; the rest is dropped."""
LONG_AT_ONCE: Final = 4
"""Messages of several chunks that may always be on their way at once; four of 64 MiB are `max_unfinished`."""
LONG_BYTES: Final = 16 * 1_048_576
"""Bytes that the messages on their way may have together where they are more."""
BEGINNING: Final = 256
"""Bytes that are sent of a long message which then has to wait."""
_UINT: Final = struct.Struct(">I")
_MOST_CREDIT: Final = 2**31 - 1
_OPEN: Final = Kind.OPEN
_ITEM: Final = Kind.ITEM
_REPLY: Final = Kind.REPLY


class Side(Enum):
    """Which end this is."""

    CLIENT = auto()
    SERVER = auto()


@dataclass(slots=True)
class Opened:
    """Server: a call has come."""

    call: int
    body: bytes
    """Metadata, `protocol/message`, parameters."""
    one_way: bool
    takes_stream: bool
    """Whether items follow."""


@dataclass(slots=True)
class Item:
    """One item of a stream; give its length back by `consumed` once it was read."""

    call: int
    body: bytes


@dataclass(slots=True, frozen=True)
class Ended:
    """Server: the request stream is complete."""

    call: int


@dataclass(slots=True)
class Answered:
    """Client: the body of the reply to a call."""

    serial: int
    body: bytes


@dataclass(slots=True, frozen=True)
class Cancelled:
    """Server: the client wants nothing more of a call. Release it."""

    call: int


@dataclass(slots=True, frozen=True)
class Failed:
    """What came for a call breaks a limit, or cannot be read. At a server, the call still wants its reply."""

    call: int
    error: RemoteProtocolError


@dataclass(slots=True, frozen=True)
class Writable:
    """There is credit again for the items of a call."""

    call: int


@dataclass(slots=True, frozen=True)
class Leaving:
    """The other end takes no new calls; those named were not begun."""

    reason: str
    unserved: tuple[int, ...]


@dataclass(slots=True, frozen=True)
class Pinged:
    """The other end answered a ping."""

    payload: bytes


@dataclass(slots=True, frozen=True)
class Handshake:
    """An Avro handshake: a request at the server, a response at the client."""

    number: int
    body: bytes


Event: TypeAlias = (
    Opened | Item | Ended | Answered | Cancelled | Failed | Writable | Leaving | Pinged | Handshake
)


@dataclass(slots=True)
class _Message:
    kind: Kind
    flags: int
    payload: bytes
    position: int = 0


@dataclass(slots=True)
class _Call:
    number: int
    credit: int
    """Bytes of items that this end may still send; the last item may go below."""
    allowance: int
    """Bytes of items that the other end may still send."""
    takes: bool
    """Whether the other end may still send items."""
    gives: bool
    """Whether this end may still send items."""
    owed: int = 0
    """Bytes that were read, and not yet granted again."""
    messages: deque[_Message] = field(default_factory=deque)
    half: bytearray | None = None
    """The message that is half received."""
    half_kind: Kind = Kind.OPEN
    half_flags: int = 0
    is_queued: bool = False
    long: int = 0
    """The size of the message of several chunks that is on its way."""
    is_waiting: bool = False
    """Whether somebody wants to hear of credit."""
    is_over: bool = False
    """Server: the reply is queued, or the call cancelled; it goes when that has left, or is released."""
    is_cancelled: bool = False
    is_one_way: bool = False
    """Server: no reply is wanted."""
    expanded: int = 0
    """Bytes that compressed messages became, and that are not read, or whose call is not over."""
    is_deaf: bool = False
    """Server: it has failed, and what still comes for it is dropped."""


class Multiplexer:
    """The calls of one connection.

    Args:
        side: Which end this is.
        limits: Bounds on what the other end may send.
        settings: What both agreed on.
    """

    def __init__(self, side: Side, limits: Limits, settings: Settings) -> None:
        self.settings = settings
        """What both agreed on."""
        self.is_leaving = False
        """Whether either end has said goodbye."""
        self._is_server = side is Side.SERVER
        self._limits = limits
        self._reader = FrameReader(limits.max_frame)
        self._calls: dict[int, _Call] = {}
        # Most connections are idle, and an empty deque takes 700 bytes; what is in these is short.
        self._control: list[tuple[bytes, bool]] = []
        """Frames, and whether the other end made this one say them."""
        self._answers = 0
        self._answer_bytes = 0
        self._grants: dict[int, int] = {}
        """Credit to be given, by call."""
        self._ready: list[_Call] = []
        self._waiting: list[_Call] = []
        """Calls whose long message has to wait until fewer are on their way."""
        self._long = 0
        self._long_bytes = 0
        self._last = 0
        """The highest number of a call."""
        self._has_warned = False
        self._final: int | None = None
        """Server: the last call that it serves, once it has said goodbye for good."""
        self._refused: set[int] = set()
        """Server: calls that were refused while their OPEN goes on."""
        self._handshakes = 0
        self._unfinished = 0
        self._expanded = 0
        self._live = 0
        """Server: calls that are neither answered nor cancelled."""

    def __repr__(self) -> str:
        return f"<Multiplexer {'server' if self._is_server else 'client'} calls={len(self._calls)}>"

    @property
    def calls(self) -> int:
        """How many calls are under way."""
        return len(self._calls)

    @property
    def idle(self) -> bool:
        """Whether nothing is half received."""
        return self._reader.idle and not self._unfinished

    @property
    def unanswered(self) -> int:
        """Server: how many calls are neither answered nor cancelled; what opens them may be half received."""
        return self._live

    @property
    def has_output(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._control or self._grants or self._ready)

    @property
    def queued(self) -> int:
        """How many bytes of messages wait to be sent."""
        return sum(
            len(message.payload) - message.position for call in self._ready for message in call.messages
        )

    # What this end does.

    def open(self, body: bytes, *, one_way: bool = False, gives: bool = False, takes: bool = False) -> int:
        """Client: queue a call, and return its number.

        Args:
            body: Metadata, `protocol/message`, parameters.
            one_way: Whether no reply is wanted.
            gives: Whether items will follow, up to `end`.
            takes: Whether the response is a stream.

        Raises:
            StatusError: RESOURCE_EXHAUSTED, where the server takes no message as long.
            RemoteProtocolError: No more calls fit on this connection.
        """
        self._check_size(body)
        number = self._last = next_call(self._last)
        call = self._add(number, takes=takes, gives=gives)
        flags = (Flag.ONE_WAY if one_way else 0) | (Flag.STREAM if gives else 0)
        call.is_over = one_way
        self._queue(call, _OPEN, body, flags)
        return number

    def send_item(self, number: int, item: bytes) -> None:
        """Queue an item; nothing happens where the call is over.

        Raises:
            LocalProtocolError: There is no credit, or the stream has been ended.
            StatusError: RESOURCE_EXHAUSTED, where the other end takes no message as long.
        """
        call = self._calls.get(number)
        if call is None or call.is_over:
            return
        if not call.gives:
            raise LocalProtocolError(f"an item for call {number}, which sends none")
        if call.credit <= 0:
            raise LocalProtocolError(f"an item for call {number} without credit")
        self._check_size(item)
        call.credit -= self._cost(item)
        self._queue(call, _ITEM, item, 0)

    def can_send(self, number: int) -> bool:
        """Whether an item may be sent; if not, `Writable` comes when one may. True where the call is over."""
        call = self._calls.get(number)
        if call is None or call.is_over or call.credit > 0:
            return True
        call.is_waiting = True
        return False

    def is_open(self, number: int) -> bool:
        """Whether a call is under way, and wants what is sent for it."""
        call = self._calls.get(number)
        return call is not None and not call.is_over

    def end(self, number: int) -> None:
        """Client: the request stream is complete."""
        call = self._calls.get(number)
        if call is not None and call.gives:
            call.gives = False
            self._queue(call, Kind.END, b"", 0)

    def cancel(self, number: int) -> None:
        """Client: nothing more is wanted of a call."""
        call = self._calls.get(number)
        if call is None:
            return
        is_known = not (
            call.messages and call.messages[0].kind is Kind.OPEN and not call.messages[0].position
        )
        self._drop(call)
        if is_known:
            self._send_control(Kind.CANCEL, number)

    def reply(self, number: int, body: bytes) -> None:
        """Server: answer a call, which is then over. Of a cancelled one, nothing is sent.

        Raises:
            StatusError: RESOURCE_EXHAUSTED, where the client takes no message as long.
        """
        call = self._calls.get(number)
        if call is None or (call.is_over and not call.is_cancelled):
            return
        if call.is_cancelled or call.is_one_way:
            self.release(number)
            return
        self._check_size(body)
        self._finish(call)
        self._queue(call, _REPLY, body, 0)

    def refuse(self, number: int, code: Code, text: str) -> None:
        """Server: answer a call with an error of this end, which is short, and sent to whoever called."""
        call = self._calls.get(number)
        if call is None or call.is_over or call.is_one_way:
            self.reply(number, b"")
        else:
            self._finish(call)
            self._queue(call, Kind.REPLY, system_error(code, text), 0)

    def release(self, number: int) -> None:
        """Server: the work of a cancelled or one-way call has come to its end."""
        call = self._calls.get(number)
        if call is None or (call.is_over and not call.is_cancelled):
            return
        if not call.is_over:
            self._live -= 1
        self._drop(call)

    def consumed(self, number: int, size: int) -> None:
        """Let the other end send as many bytes of items again as one that was read had."""
        call = self._calls.get(number)
        if call is None:
            return
        self._forget_expanded(call, size)
        if not call.takes or call.is_over or self.settings.window is None:
            return
        call.owed += size + ITEM_COST
        if call.owed * 2 >= self._limits.stream_window:
            call.allowance += call.owed
            self._grants[number] = self._grants.get(number, 0) + call.owed
            call.owed = 0

    def ping(self, payload: bytes) -> None:
        """Ask whether the other end is there; eight bytes."""
        self._send_control(Kind.PING, 0, payload)

    def leave(self, reason: str) -> None:
        """Ask for no new calls; those that are on their way already are still served, until `goodbye`."""
        if not self._has_warned and self._final is None:
            self._has_warned = True
            self._say_goodbye(LAST_CALL, reason)

    def goodbye(self, reason: str) -> None:
        """Take no new calls from now on, and name the last one that is served; those under way go on."""
        if self._final is None:
            self._final = self._last
            self._say_goodbye(self._last, reason)

    def handshake(self, body: bytes, number: int | None = None) -> int:
        """Client: ask to bind a protocol, and return the number; server: answer that."""
        if number is None:
            number = self._handshakes = self._handshakes + 1
        if self._is_server:
            self._answer(Kind.BOUND, number, body)
        else:
            self._send_control(Kind.BIND, number, body)
        return number

    def data_to_send(self, at_most: int = 262_144) -> bytes:
        """Return bytes due to the other end, about as many as asked for, and forget them."""
        out = bytearray()
        while self._control and len(out) < at_most:
            frame, is_answer = self._control.pop(0)
            out += frame
            if is_answer:
                self._answers -= 1
                self._answer_bytes -= len(frame)
        for number, credit in self._grants.items():
            out += encode(Kind.CREDIT, number, _UINT.pack(credit))
        self._grants.clear()
        while self._ready and len(out) < at_most:
            call = self._ready.pop(0)
            if call.messages:
                self._emit(call, out)
            if call.messages:
                self._line_up(call)
            else:
                call.is_queued = False
                if call.is_over and not call.is_cancelled:
                    self._remove(call)
        return bytes(out)

    # What the other end does.

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes from the other end, and return what they mean.

        Raises:
            RemoteProtocolError: They break the protocol. The connection is of no use any more.
        """
        events: list[Event] = []
        for frame in self._reader.feed(data):
            kind = frame.kind
            is_message = kind is _OPEN or kind is _ITEM or kind is _REPLY
            event = self._part(frame) if is_message else self._sign(frame)
            if event is not None:
                events.append(event)
        return events

    def _sign(self, frame: Frame) -> Event | None:
        """Take a frame that is no part of a message."""
        if frame.flags:
            raise RemoteProtocolError(f"a {frame.kind.name} frame with flags")
        match frame.kind:
            case Kind.PING:
                _check_payload(frame, 8)
                self._answer(Kind.PONG, 0, frame.payload)
                return None
            case Kind.PONG:
                _check_payload(frame, 8)
                return Pinged(frame.payload)
            case Kind.GOODBYE:
                return self._goodbye(frame)
            case Kind.BIND if self._is_server:
                return Handshake(frame.call, frame.payload)
            case Kind.BOUND if not self._is_server:
                return Handshake(frame.call, frame.payload)
            case Kind.CREDIT:
                return self._credited(frame)
            case Kind.END | Kind.CANCEL if self._is_server:
                return self._stopped(frame)
        raise self._not_for_us(frame)

    def _part(self, frame: Frame) -> Event | None:
        """Take one part of a message."""
        if frame.kind is (_REPLY if self._is_server else _OPEN):
            raise self._not_for_us(frame)
        call = self._find(frame)
        if call is None or call.is_over or call.is_deaf:
            return None
        if call.half is None:
            if frame.kind is _ITEM:
                self._check_item(call, frame)
            if not frame.flags & Flag.MORE:
                return self._whole(call, frame.kind, frame.flags, frame.payload)
            call.half, call.half_kind, call.half_flags = bytearray(), frame.kind, frame.flags
        elif frame.kind is not call.half_kind:
            raise RemoteProtocolError(
                f"{frame.kind.name} within a {call.half_kind.name} of call {frame.call}"
            )
        elif frame.flags & ~Flag.MORE:
            raise RemoteProtocolError(f"flags in the middle of a {frame.kind.name}")
        assert call.half is not None
        call.half += frame.payload
        self._unfinished += len(frame.payload)
        if len(call.half) > self._limits.max_body:
            return self._fail(call, self._too_large(), frame)
        if self._unfinished > self._limits.max_unfinished:
            return self._fail(call, self._too_much("half-received"), frame)
        if frame.flags & Flag.MORE:
            return None
        body = bytes(call.half)
        self._forget_half(call)
        return self._whole(call, call.half_kind, call.half_flags, body)

    def _whole(self, call: _Call, kind: Kind, flags: int, body: bytes) -> Event | None:
        """Take a whole message."""
        if len(body) > self._limits.max_body:
            return self._fail(call, self._too_large())
        if flags & Flag.COMPRESSED:
            if self.settings.compression is None:
                raise RemoteProtocolError("a compressed message where no compression was agreed on")
            try:
                body = self.settings.compression.decompress(body, self._limits)
            except (DecodeError, LimitExceeded) as error:
                return self._fail(call, error)
            if kind is not _REPLY:
                call.expanded += len(body)
                self._expanded += len(body)
                if self._expanded > self._limits.max_unfinished:
                    return self._fail(call, self._too_much("decompressed"))
        if kind is _ITEM:
            call.allowance -= self._cost(body)
            return Item(call.number, body)
        if kind is _REPLY:
            self._drop(call)
            return Answered(call.number, body)
        one_way, takes = flags & Flag.ONE_WAY != 0, flags & Flag.STREAM != 0
        if one_way and takes:
            raise RemoteProtocolError("a one-way call that is a stream")
        call.takes = takes
        return Opened(call.number, body, one_way, takes)

    def _find(self, frame: Frame) -> _Call | None:
        """Return the call of a frame; None where it is over, or not served."""
        call = self._calls.get(frame.call)
        if frame.kind is _OPEN and (call is None or (call.half is None and not call.is_deaf)):
            return self._begin(frame)
        if call is None and not 0 < frame.call <= self._last:
            raise RemoteProtocolError(f"{frame.kind.name} for call {frame.call}, which never began")
        return call

    def _begin(self, frame: Frame) -> _Call | None:
        """Take the beginning of an OPEN, or what follows the beginning of one that was refused."""
        if frame.call in self._refused:
            if not frame.flags & Flag.MORE:
                self._refused.discard(frame.call)
            return None
        if frame.call <= self._last:
            raise RemoteProtocolError(f"call {frame.call} is opened again, or out of order")
        self._last = frame.call
        most = self._limits.max_calls
        if self._final is not None:
            self._refuse(frame)
            return None
        if len(self._calls) >= 2 * most:
            raise LimitExceeded(
                f"twice max_calls={most} calls, of which most were cancelled and are not over"
            )
        call = self._add(frame.call, takes=True, gives=True)
        call.is_one_way = frame.flags & Flag.ONE_WAY != 0
        self._live += 1
        if self._live > most:
            self._refuse(frame)
            self.refuse(frame.call, Code.RESOURCE_EXHAUSTED, f"more than max_calls={most} calls at once")
            return None
        return call

    def _refuse(self, frame: Frame) -> None:
        """Skip what still comes of an OPEN."""
        if frame.flags & Flag.MORE:
            self._refused.add(frame.call)
            if len(self._refused) > self._limits.max_calls:
                raise LimitExceeded(f"more than max_calls={self._limits.max_calls} refused calls that go on")

    def _check_item(self, call: _Call, frame: Frame) -> None:
        if not call.takes:
            raise RemoteProtocolError(f"an item for call {frame.call}, which takes none, or none any more")
        if self.settings.window is not None and call.allowance <= 0:
            raise LimitExceeded(f"call {frame.call} sends beyond stream_window={self._limits.stream_window}")

    def _fail(self, call: _Call, error: RemoteProtocolError, frame: Frame | None = None) -> Failed:
        """Let a call fail for what came for it; `frame` is where the rest of its message is given up."""
        self._forget_half(call)
        if self._is_server:
            call.is_deaf = True
            if frame is not None and frame.kind is Kind.OPEN:
                self._refuse(frame)
        else:
            self.cancel(call.number)
        return Failed(call.number, error)

    def _too_large(self) -> LimitExceeded:
        return LimitExceeded(f"a message above max_body={self._limits.max_body} bytes")

    def _too_much(self, how: str) -> LimitExceeded:
        return LimitExceeded(f"{how} messages above max_unfinished={self._limits.max_unfinished} bytes")

    def _credited(self, frame: Frame) -> Event | None:
        _check_payload(frame, 4)
        call = self._find(frame)
        if call is None or call.is_over:
            return None
        call.credit += _UINT.unpack(frame.payload)[0]
        if call.credit > _MOST_CREDIT:
            raise RemoteProtocolError(f"more credit for call {frame.call} than a window can have")
        if call.is_waiting and call.credit > 0:
            call.is_waiting = False
            return Writable(call.number)
        return None

    def _stopped(self, frame: Frame) -> Event | None:
        _check_payload(frame, 0)
        call = self._find(frame)
        if call is None:
            return None
        if frame.kind is Kind.END:
            return self._ended(call)
        if call.is_over:
            if not call.is_cancelled:
                self._drop(call)
            return None
        if call.half is not None and call.half_kind is Kind.OPEN:  # Nobody has heard of it.
            self.release(call.number)
            return None
        call.messages.clear()
        self._arrived(call)
        self._finish(call)
        call.is_cancelled = True
        return Cancelled(call.number)

    @staticmethod
    def _ended(call: _Call) -> Event | None:
        if call.is_over or call.is_deaf:
            return None
        if not call.takes:
            raise RemoteProtocolError(f"the stream of call {call.number} ends twice, or was never one")
        if call.half is not None:
            raise RemoteProtocolError(f"the stream of call {call.number} ends within a message")
        call.takes = False
        return Ended(call.number)

    def _goodbye(self, frame: Frame) -> Event:
        if len(frame.payload) < 4:
            raise RemoteProtocolError("a GOODBYE frame without its last call")
        last = _UINT.unpack_from(frame.payload)[0]
        self.is_leaving = True
        unserved = () if self._is_server else tuple(number for number in self._calls if number > last)
        for number in unserved:
            self._drop(self._calls[number])
        return Leaving(frame.payload[4 : 4 + 4 * MAX_REASON].decode(errors="replace")[:MAX_REASON], unserved)

    # Both directions.

    def _add(self, number: int, *, takes: bool, gives: bool) -> _Call:
        window = _MOST_CREDIT if self.settings.window is None else self.settings.window
        call = _Call(number, window, self._limits.stream_window, takes, gives)
        self._calls[number] = call
        return call

    def _queue(self, call: _Call, kind: Kind, payload: bytes, flags: int) -> None:
        settings = self.settings
        if settings.compression is not None and len(payload) >= settings.threshold:
            compressed = settings.compression.compress(payload)
            # What would grow more than `max_expansion` times is refused over there, and so it goes as it is.
            if len(compressed) < len(payload) <= len(compressed) * self._limits.max_expansion:
                payload, flags = compressed, flags | Flag.COMPRESSED
        call.messages.append(_Message(kind, flags, payload))
        if not call.is_queued:
            call.is_queued = True
            self._line_up(call)

    def _line_up(self, call: _Call) -> None:
        """Let a call send its next chunk in turn, or wait while enough long messages are on their way."""
        if call.messages[0].position and not call.long:
            self._waiting.append(call)
        else:
            self._ready.append(call)

    def _admit(self, call: _Call) -> bool:
        """Let the long message of a call go on its way, if there is room."""
        size = len(call.messages[0].payload)
        if self._long >= LONG_AT_ONCE and self._long_bytes + size > LONG_BYTES:
            return False
        call.long = size
        self._long += 1
        self._long_bytes += size
        return True

    def _arrived(self, call: _Call) -> None:
        """Take note that a message has left whole, or is given up: a long one makes room for others."""
        self._long -= call.long > 0
        self._long_bytes -= call.long
        call.long = 0
        while self._waiting:
            first = self._waiting[0]
            if not first.messages:
                first.is_queued = False
            elif self._admit(first):
                self._ready.append(first)
            else:
                return
            self._waiting.pop(0)

    def _emit(self, call: _Call, out: bytearray) -> None:
        """Write the next chunk of a call, or the beginning of a message that has to wait."""
        message = call.messages[0]
        size = len(message.payload)
        if size <= CHUNK:
            out += encode(message.kind, call.number, message.payload, message.flags)
            call.messages.popleft()
            return
        is_on_its_way = call.long > 0 or self._admit(call)
        end = min(message.position + (CHUNK if is_on_its_way else BEGINNING), size)
        flags = message.flags if message.position == 0 else 0
        if end < size:
            flags |= Flag.MORE
        out += encode(message.kind, call.number, memoryview(message.payload)[message.position : end], flags)
        message.position = end
        if end == size:
            call.messages.popleft()
            self._arrived(call)

    def _say_goodbye(self, last: int, reason: str) -> None:
        self.is_leaving = True
        self._send_control(Kind.GOODBYE, 0, _UINT.pack(last) + reason[:MAX_REASON].encode())

    def _send_control(self, kind: Kind, call: int, payload: bytes = b"") -> None:
        self._control.append((encode(kind, call, payload), False))

    def _answer(self, kind: Kind, call: int, payload: bytes) -> None:
        if self._answers >= MAX_CONTROL:
            raise LimitExceeded(f"the other end makes more than MAX_CONTROL={MAX_CONTROL} answers wait")
        if self._answer_bytes > MAX_CONTROL_BYTES:
            raise LimitExceeded(
                f"the other end makes answers of more than MAX_CONTROL_BYTES={MAX_CONTROL_BYTES} wait"
            )
        frame = encode(kind, call, payload)
        self._control.append((frame, True))
        self._answers += 1
        self._answer_bytes += len(frame)

    def _finish(self, call: _Call) -> None:
        """Server: a call is answered, or cancelled."""
        call.is_over = True
        if call.half is not None:
            self._forget_half(call)
        self._live -= 1

    def _drop(self, call: _Call) -> None:
        if call.half is not None:
            self._forget_half(call)
        if call.messages:
            call.messages.clear()
            self._arrived(call)
        call.is_over = True
        self._remove(call)

    def _remove(self, call: _Call) -> None:
        if call.expanded:
            self._forget_expanded(call, call.expanded)
        self._grants.pop(call.number, None)
        self._calls.pop(call.number, None)

    def _forget_expanded(self, call: _Call, size: int) -> None:
        size = min(size, call.expanded)
        call.expanded -= size
        self._expanded -= size

    def _forget_half(self, call: _Call) -> None:
        if call.half is not None:
            self._unfinished -= len(call.half)
            call.half = None

    def _cost(self, item: bytes) -> int:
        return len(item) + ITEM_COST if self.settings.window is not None else 0

    def _check_size(self, body: bytes) -> None:
        if len(body) > self.settings.max_body:
            text = f"a message of {len(body)} bytes, above the other end's max_body={self.settings.max_body}"
            raise StatusError(Code.RESOURCE_EXHAUSTED, text)

    def _not_for_us(self, frame: Frame) -> RemoteProtocolError:
        end = "server" if self._is_server else "client"
        return RemoteProtocolError(f"a {frame.kind.name} frame, which a {end} does not take")


def _check_payload(frame: Frame, size: int) -> None:
    if len(frame.payload) != size:
        raise RemoteProtocolError(f"a {frame.kind.name} frame of {len(frame.payload)} bytes, and not {size}")
