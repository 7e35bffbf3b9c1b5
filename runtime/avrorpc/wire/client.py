"""The client's end of a connection: open with a handshake, then calls and their replies.

Rules of this file:
- A connection opens with an empty-name ping that carries the handshake, and sends no call before its answer.
- NONE sends the ping again with the protocol's text, once; what follows the handshake in an answer is
  ignored, since peers differ in it.
- Replies are matched by serial; in the `spec` framing, which has none, by order.

States: OPENING -> (RESENDING ->) READY; any error is the end, and the owner closes the connection.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from avrorpc.codec.binary import Cursor
from avrorpc.errors import (
    Code,
    ConnectionLost,
    ContractMismatch,
    LocalProtocolError,
    RemoteProtocolError,
    StatusError,
)
from avrorpc.limits import Limits
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import Framing, deframer, frame
from avrorpc.wire.handshake import HandshakeRequest, HandshakeResponse, Match, decode_response, encode_request
from avrorpc.wire.refusal import refused


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


@dataclass(slots=True, frozen=True)
class Answered:
    """The body of the reply to one call."""

    serial: int
    body: bytes


Event: TypeAlias = Connected | Answered

MAX_SERIAL: Final = 0xFFFF
"""Serials begin again after this one: npm's avsc takes the bits above for a scope, and drops other scopes."""
MAX_UNASKED: Final = 256
"""How many one-way calls are remembered, lest an answer to one of them be taken for a breach."""


class State(Enum):
    """Where the connection is."""

    OPENING = auto()
    RESENDING = auto()
    READY = auto()


class ClientConnection:
    """One connection, bound to one protocol.

    Args:
        identity: The client's own protocol.
        known: What the server was when it was last heard of; at first, the client's own protocol.
        framing: `netty` or `spec`.
        limits: Bounds on what the server may send.
    """

    def __init__(self, identity: Identity, known: Connected | None, framing: Framing, limits: Limits) -> None:
        self.state = State.OPENING
        self._identity = identity
        self._server = ServerMemory(identity, known)
        self._framing: Framing = framing
        self._limits = limits
        self._deframer = deframer(framing, limits)
        self._serial = 0
        self._open: set[int] = set()
        self._one_way: deque[int] = deque(maxlen=MAX_UNASKED)
        self._order: deque[int] = deque()
        self._out = bytearray()
        self._ping(text=None)

    def __repr__(self) -> str:
        return f"<ClientConnection {self._identity.name} {self.state.name} calls={len(self._open)}>"

    def data_to_send(self) -> bytes:
        """Return the bytes due to the server, and forget them."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def call(self, request: bytes, *, one_way: bool) -> int:
        """Queue a call, from metadata to parameters; return its serial.

        Raises:
            LocalProtocolError: The handshake is not done.
        StatusError: RESOURCE_EXHAUSTED, where every serial is in use.
        """
        if self.state is not State.READY:
            raise LocalProtocolError("a call before the end of the handshake")
        serial = self._next_serial()
        if one_way:
            self._one_way.append(serial)
        else:
            self._expect(serial)
        self._out += frame(self._framing, serial, request)
        return serial

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes from the server, and return what they mean.

        Raises:
            RemoteProtocolError: They break the protocol. The connection is of no use any more.
        ContractMismatch: The server refuses the client's version of the contract.
        """
        events: list[Event] = []
        for serial, body in self._deframer.feed(data):
            assert isinstance(body, bytes)  # what is above the limit was raised
            if self._framing == "spec":
                if not self._order:
                    raise RemoteProtocolError("an answer to no request")
                serial = self._order.popleft()  # noqa: PLW2901 - the framing knows no serials
            if self.state is not State.READY:
                self._open.discard(serial)
                events += self._handshake(body)
            elif serial in self._open:
                self._open.discard(serial)
                events.append(Answered(serial, body))
            elif (
                serial not in self._one_way
            ):  # some servers answer these, if only to say that they are too large
                raise RemoteProtocolError(f"an answer to serial {serial}, which is not open")
        return events

    def receive_eof(self) -> None:
        """Take note that the server sends no more.

        Raises:
            ConnectionLost: Something was still expected.
        """
        if self.state is not State.READY:
            raise ConnectionLost("the server closed the connection during the handshake")
        if self._open or not self._deframer.idle:
            raise ConnectionLost("the server closed the connection before it answered")

    def _handshake(self, body: bytes) -> list[Event]:
        response = decode_response(Cursor(body, self._limits))
        if response.match is Match.NONE:
            if self.state is State.RESENDING:
                raise self._server.refused(response)
            self._server.learn(response)
            self.state = State.RESENDING
            self._ping(text=self._identity.text)
            return []
        self.state = State.READY
        self._server.learn(response)
        return [self._server.connected()]

    def _ping(self, text: str | None) -> None:
        opening = HandshakeRequest(self._identity.hash, text, self._server.hash)
        serial = self._next_serial()
        self._expect(serial)
        self._out += frame(self._framing, serial, encode_request(opening), bytes(request_head({}, "")))

    def _expect(self, serial: int) -> None:
        self._open.add(serial)
        if self._framing == "spec":
            self._order.append(serial)

    def _next_serial(self) -> int:
        if len(self._open) >= MAX_SERIAL:
            raise StatusError(Code.RESOURCE_EXHAUSTED, f"{MAX_SERIAL} calls are under way on this connection")
        while True:
            self._serial = self._serial % MAX_SERIAL + 1
            if self._serial not in self._open:
                return self._serial


class ServerMemory:
    """What a client knows of the server's protocol: a hash to name it by, and the text once it was shown."""

    def __init__(self, identity: Identity, known: Connected | None) -> None:
        self._identity = identity
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

    def refused(self, response: HandshakeResponse) -> RemoteProtocolError | ContractMismatch:
        """Return the error for a server that has seen the client's text and still answers NONE."""
        self.learn(response)
        return refused(self._identity.name, self._identity.text, self._text)
