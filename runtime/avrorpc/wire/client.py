"""The client's end of a connection: open with a handshake, then calls and their replies.

Rules of this file:
- A connection opens with an empty-name ping that carries the handshake and offers to upgrade, and sends no
  call before its answer. Where our own frames are spoken from the first byte on, a BIND takes the ping's
  place.
- NONE sends the handshake again with the protocol's text, once, or twice where the second names another
  protocol than the first; what follows the handshake in a plain answer
  is ignored, since peers differ in it.
- A server that agrees to upgrade speaks our frames from the next byte on, and so does this end. Any other is
  a plain Avro peer, without streams or cancellation: replies are matched by serial, or in the `spec` framing
  by order.

States: OPENING -> (RESENDING ->) READY; any error is the end, and the owner closes the connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final, Literal, TypeAlias

from avrorpc.codec.binary import Cursor
from avrorpc.errors import (
    Code,
    ConnectionLost,
    LocalProtocolError,
    RemoteProtocolError,
    StatusError,
)
from avrorpc.limits import Limits
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import Deframer, Framing, deframer, frame
from avrorpc.wire.handshake import HandshakeRequest, HandshakeResponse, Match, decode_response, encode_request
from avrorpc.wire.multiplex import (
    Answered,
    Failed,
    Handshake,
    Item,
    Leaving,
    Multiplexer,
    Pinged,
    Side,
    Writable,
)
from avrorpc.wire.refusal import refused
from avrorpc.wire.settings import Settings, Wishes, agreed, offer

Opening: TypeAlias = Framing | Literal["frames"]
"""How a connection begins: in a framing of plain Avro, or in our own frames."""


@dataclass(slots=True, frozen=True)
class Identity:
    """A protocol as the handshake names it."""

    hash: bytes
    text: str
    name: str


@dataclass(slots=True, frozen=True)
class Connected:
    """The handshake is done; `server_text` is None where the server's protocol is the client's own."""

    server_hash: bytes
    server_text: str | None
    settings: Settings | None = field(default=None, compare=False)
    """What holds on the connection where our own frames are spoken; None in plain Avro."""


Event: TypeAlias = Connected | Answered | Item | Failed | Writable | Leaving | Pinged

MAX_SERIAL: Final = 0xFFFF
"""Serials begin again after this one: npm's avsc takes the bits above for a scope, and drops other scopes."""
MAX_UNASKED: Final = 256
"""How many one-way calls are remembered, lest an answer to one of them be taken for a breach."""


class State(Enum):
    """Where the connection is."""

    OPENING = auto()
    RESENDING = auto()
    READY = auto()


@dataclass(slots=True)
class _Plain:
    """What only plain Avro needs, and is gone once our own frames are spoken."""

    framing: Framing
    deframer: Deframer
    serial: int = 0
    open: set[int] = field(default_factory=set)
    one_way: deque[int] = field(default_factory=lambda: deque(maxlen=MAX_UNASKED))
    abandoned: set[int] = field(default_factory=set)
    order: deque[int] = field(default_factory=deque)

    def expect(self, serial: int) -> None:
        self.open.add(serial)
        if self.framing == "spec":
            self.order.append(serial)

    def next_serial(self) -> int:
        if len(self.open) >= MAX_SERIAL:
            raise StatusError(Code.RESOURCE_EXHAUSTED, f"{MAX_SERIAL} calls are under way on this connection")
        while True:
            self.serial = self.serial % MAX_SERIAL + 1
            if self.serial not in self.open:
                return self.serial

    def answered(self, serial: int, body: bytes) -> Answered | None:
        """Take an answer; return it where somebody waits for it."""
        if serial in self.open:
            self.open.discard(serial)
            if serial not in self.abandoned:
                return Answered(serial, body)
            self.abandoned.discard(serial)
        elif serial not in self.one_way:  # some servers answer these, if only to say what was wrong
            raise RemoteProtocolError(f"an answer to serial {serial}, which is not open")
        return None


class ClientConnection:
    """One connection, bound to one protocol.

    Args:
        identity: The client's own protocol.
        known: What the server was when it was last heard of; at first, the client's own protocol.
        opening: `netty`, `spec` or `frames`.
        limits: Bounds on what the server may send.
        wishes: What to ask for in the upgrade; None for plain Avro.
    """

    def __init__(
        self,
        identity: Identity,
        known: Connected | None,
        opening: Opening,
        limits: Limits,
        wishes: Wishes | None = None,
    ) -> None:
        self.state = State.OPENING
        self.multiplexer: Multiplexer | None = None
        """Our own frames, once they are spoken."""
        self._identity = identity
        self._server = ServerMemory(identity, known)
        self._limits = limits
        self._wishes = wishes
        self._plain: _Plain | None = None
        self._out = bytearray()
        if opening != "frames":
            self._plain = _Plain(opening, deframer(opening, limits))
        else:
            self._wishes = wishes or Wishes()
            self.multiplexer = Multiplexer(Side.CLIENT, limits, Settings())
        self.is_eager = self.multiplexer is not None and wishes is not None and wishes.is_eager
        """Whether calls may be made before the handshake is done."""
        self._greet(text=identity.text if self.is_eager else None)

    def __repr__(self) -> str:
        return f"<ClientConnection {self._identity.name} {self.state.name} calls={self.calls}>"

    @property
    def has_output(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._out) or (self.multiplexer is not None and self.multiplexer.has_output)

    @property
    def calls(self) -> int:
        """How many calls wait for their replies."""
        if self.multiplexer is not None:
            return self.multiplexer.calls
        return 0 if self._plain is None else len(self._plain.open)

    def data_to_send(self, at_most: int = 262_144) -> bytes:
        """Return bytes due to the server, and forget them; in our own frames, about as many as asked for."""
        data = b""
        if self._out:
            data = bytes(self._out)
            self._out.clear()
        return data if self.multiplexer is None else data + self.multiplexer.data_to_send(at_most)

    def call(
        self,
        message: str,
        metadata: Mapping[str, bytes],
        parameters: bytes,
        *,
        one_way: bool = False,
        gives: bool = False,
        takes: bool = False,
    ) -> int:
        """Queue a call; return its serial.

        Args:
            message: The message's name; empty for a ping.
            metadata: What goes beside the parameters.
            parameters: The encoded parameters.
            one_way: Whether no reply is wanted.
            gives: Whether items will be sent, up to `end`.
            takes: Whether the response is a stream.

        Raises:
            LocalProtocolError: The handshake is not done.
            StatusError: UNIMPLEMENTED, for a stream to a plain peer; RESOURCE_EXHAUSTED, where every serial
                is in use.
            StatusError: RESOURCE_EXHAUSTED, where the server takes no message as long.
        """
        if self.state is not State.READY and not self.is_eager:
            raise LocalProtocolError("a call before the end of the handshake")
        if self.multiplexer is not None:
            body = b"".join((request_head(metadata, f"{self._identity.name}/{message}"), parameters))
            return self.multiplexer.open(body, one_way=one_way, gives=gives, takes=takes)
        if gives or takes:
            raise StatusError(
                Code.UNIMPLEMENTED,
                f"{self._identity.name}/{message} is a stream, and plain Avro, spoken here, has none",
            )
        plain = self._plain
        assert plain is not None
        serial = plain.next_serial()
        if one_way:
            plain.one_way.append(serial)
        else:
            plain.expect(serial)
        self._out += frame(plain.framing, serial, bytes(request_head(metadata, message)) + parameters)
        return serial

    def cancel(self, serial: int) -> None:
        """Give a call up. A plain server works on; its reply is dropped."""
        if self.multiplexer is not None:
            self.multiplexer.cancel(serial)
        elif self._plain is not None and serial in self._plain.open:
            self._plain.abandoned.add(serial)

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes from the server, and return what they mean.

        Raises:
            RemoteProtocolError: They break the protocol. The connection is of no use any more.
            ContractMismatch: The server refuses the client's version of the contract.
        """
        if self.multiplexer is not None:
            return self._frames(self.multiplexer, data)
        plain = self._plain
        assert plain is not None
        plain.deframer.add(data)
        events: list[Event] = []
        while (message := plain.deframer.next()) is not None:
            serial, body = message
            assert isinstance(body, bytes)  # what is above the limit was raised
            if plain.framing == "spec":
                if not plain.order:
                    raise RemoteProtocolError("an answer to no request")
                serial = plain.order.popleft()
            if self.state is State.READY:
                answer = plain.answered(serial, body)
                if answer is not None:
                    events.append(answer)
                continue
            plain.open.discard(serial)
            events += self._handshake(body)
            if self.multiplexer is not None:
                self._plain = None
                return events + self._frames(self.multiplexer, plain.deframer.rest())
        return events

    def receive_eof(self) -> None:
        """Take note that the server sends no more.

        Raises:
            ConnectionLost: Something was still expected.
        """
        if self.state is not State.READY:
            raise ConnectionLost("the server closed the connection during the handshake")
        if self.multiplexer is not None:
            is_idle = self.multiplexer.idle
        else:
            is_idle = self._plain is None or self._plain.deframer.idle
        if self.calls or not is_idle:
            raise ConnectionLost("the server closed the connection before it answered")

    def _frames(self, multiplexer: Multiplexer, data: bytes) -> list[Event]:
        events: list[Event] = []
        for event in multiplexer.receive(data):
            match event:
                case Handshake(_, body):
                    if self.state is State.READY:
                        raise RemoteProtocolError("a handshake that nobody asked for")
                    events += self._handshake(body)
                case Answered() | Item() | Failed() | Writable() | Leaving() | Pinged():
                    events.append(event)
                case _:
                    raise AssertionError(event)  # the multiplexer gives no other to a client
        return events

    def _handshake(self, body: bytes) -> list[Event]:
        response = decode_response(Cursor(body, self._limits))
        if response.match is Match.NONE:
            self._server.take_none(response, is_last=self.is_eager)
            self.state = State.RESENDING
            self._greet(text=self._identity.text)
            return []
        self.state = State.READY
        self._server.learn(response)
        settings = None if self._wishes is None else agreed(response.meta, self._wishes)
        if self.multiplexer is not None:
            if settings is None:
                raise RemoteProtocolError("the server agrees to no version of avrorpc's frames")
            self.multiplexer.settings = settings
        elif settings is not None:
            self.multiplexer = Multiplexer(Side.CLIENT, self._limits, settings)
        return [replace(self._server.connected(), settings=settings)]

    def _greet(self, text: str | None) -> None:
        meta = {} if self._wishes is None else offer(self._wishes, self._limits)
        opening = encode_request(HandshakeRequest(self._identity.hash, text, self._server.hash, meta))
        if self.multiplexer is not None:
            self.multiplexer.handshake(opening)
            return
        plain = self._plain
        assert plain is not None
        serial = plain.next_serial()
        plain.expect(serial)
        self._out += frame(plain.framing, serial, opening, bytes(request_head({}, "")))


class ServerMemory:
    """What a client knows of the server's protocol: a hash to name it by, and the text once it was shown."""

    def __init__(self, identity: Identity, known: Connected | None) -> None:
        self._identity = identity
        self._nones = 0
        self.hash = known.server_hash if known else identity.hash
        self._text = known.server_text if known else None

    def learn(self, response: HandshakeResponse) -> None:
        """Take over what a handshake response tells; another hash makes the old text void."""
        if response.server_hash is not None:
            if response.server_hash != self.hash:
                self._text = None
            self.hash = response.server_hash
        if response.server_text is not None:
            self._text = response.server_text

    def connected(self) -> Connected:
        """Return who the server is.

        Raises:
            RemoteProtocolError: It has another protocol than the client, and never showed it.
        """
        if self.hash == self._identity.hash:
            return Connected(self.hash, None)
        if self._text is None:
            raise RemoteProtocolError("the server's handshake lacks its protocol")
        return Connected(self.hash, self._text)

    def take_none(self, response: HandshakeResponse, *, is_last: bool = False) -> None:
        """Take note of a NONE, after which the handshake is sent again with the client's text.

        The second is the end, but where it names a protocol that was not named before: a server that has
        several may be bound to that one by its hash.

        Raises:
            RemoteProtocolError: The server does not serve the client's protocol.
            ContractMismatch: It refuses the client's version of it.
        """
        before = self.hash
        self.learn(response)
        self._nones += 1
        if is_last or self._nones > 2 or (self._nones == 2 and self.hash == before):
            raise refused(self._identity.name, self._identity.text, self._text)
