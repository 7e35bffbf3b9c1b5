"""The server's end: requests out of bytes, and replies into them, for connections and for single exchanges.

Rules of this file:
- Which of several protocols a connection is bound to is for `offers` to say; with NONE nothing is called.
- A one-way message gets an answer only inside a handshake. A ping always gets one.
- In the `spec` framing replies leave in the order of their requests.
- A ping whose handshake offers our own frames is answered with our consent; they are spoken from then on.
  They carry calls of every protocol that was bound by a handshake.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeAlias

from avrorpc.codec.binary import Cursor
from avrorpc.errors import Code, LimitExceeded, RemoteProtocolError, StatusError
from avrorpc.limits import Limits
from avrorpc.principal import Principal
from avrorpc.wire.client import Opening
from avrorpc.wire.envelope import read_request_head, reply_head, system_error
from avrorpc.wire.framing import Deframer, Excess, Framing, deframer, frame
from avrorpc.wire.handshake import (
    decode_request,
    encode_response,
)
from avrorpc.wire.multiplex import (
    Cancelled,
    Ended,
    Failed,
    Handshake,
    Item,
    Leaving,
    Multiplexer,
    Opened,
    Pinged,
    Side,
    Writable,
)
from avrorpc.wire.offers import O_co, Offers, Session
from avrorpc.wire.settings import Settings, accept

logger = logging.getLogger("avrorpc")

MAX_HANDSHAKES: Final = 100
"""Handshakes on one connection; a client makes two for each of its protocols, at most."""
MAX_SHOWN: Final = 200
"""Characters of a name that a client made up which are told back to it."""
UNKNOWN_PEER: Final = "an unknown address"
"""What stands for an address that the transport does not know."""


@dataclass(slots=True)
class Request(Generic[O_co]):
    """One call that a client made."""

    serial: int
    session: Session[O_co]
    metadata: dict[str, bytes]
    message: str
    parameters: Cursor
    handshake: bytes
    """The handshake response that the reply must begin with; empty once a connection is bound."""
    one_way: bool
    """Whether no reply is expected."""
    principal: Principal | None = None
    """Whom the connection proves the client to be."""
    takes_stream: bool = False
    """Whether items of a request stream follow."""
    peer: str = UNKNOWN_PEER
    """Where the client is, for people."""


Event: TypeAlias = Request[O_co] | Item | Ended | Cancelled | Failed | Writable | Leaving | Pinged


def read_call(
    body: bytes,
    serial: int,
    session: Session[O_co] | None,
    offers: Offers[O_co],
    limits: Limits,
    preferred: str | None = None,
    principal: Principal | None = None,
    peer: str = UNKNOWN_PEER,
) -> tuple[Request[O_co] | None, bytes]:
    """Read one request body; return the request, or the reply where there is nothing to call.

    Args:
        body: The request without its framing.
        serial: What the reply will carry.
        session: What the connection is bound to; None where the body begins with a handshake.
        offers: What is served here.
        limits: Bounds on the request.
        preferred: The contract that an unknown client is shown.
        principal: Whom the connection proves the client to be.
        peer: Where the client is, for people.

    Raises:
        RemoteProtocolError: It is malformed.
    """
    cursor = Cursor(body, limits)
    handshake = b""
    if session is None:
        opening = decode_request(cursor)
        session, response = offers.meet(opening, preferred, _asked(cursor))
        if session is None:
            return None, encode_response(response)
        agreement = accept(opening.meta, limits)
        if agreement is not None:  # nothing is upgraded here; the client learns that streams are known
            response = replace(response, meta=agreement[1])
        handshake = encode_response(response)
    return _read_bare(cursor, serial, session, handshake, principal, peer)


def _asked(cursor: Cursor) -> str:
    """Return the message that follows a handshake, and do not read on; nothing where it cannot be read."""
    start = cursor.position
    try:
        _, name = read_request_head(cursor)
    except RemoteProtocolError:
        return ""
    finally:
        cursor.position = start
    return name


def _read_bare(
    cursor: Cursor,
    serial: int,
    session: Session[O_co],
    handshake: bytes,
    principal: Principal | None,
    peer: str,
) -> tuple[Request[O_co] | None, bytes]:
    """Read what follows a handshake."""
    metadata, name = read_request_head(cursor)
    request = Request(serial, session, metadata, name, cursor, handshake, False, principal, peer=peer)
    if not name:
        return request, handshake + bytes(reply_head({}, is_error=False))
    message = session.client.messages.get(name)
    if message is not None and message.one_way and not handshake:
        request = replace(request, one_way=True)
    return request, b""


@dataclass(slots=True)
class _Plain:
    """What only plain Avro needs, and is gone once our own frames are spoken."""

    framing: Framing
    deframer: Deframer
    waiting: deque[tuple[int, bytes | Excess]] = field(default_factory=deque)
    open: set[int] = field(default_factory=set)
    order: deque[int] = field(default_factory=deque)
    early: dict[int, bytes] = field(default_factory=dict)

    def reply(self, serial: int, body: bytes | None) -> bytes:
        """Take the answer to a call, or its end without one; return what can be sent now."""
        if body is None:
            self.open.discard(serial)
            return b""
        if self.framing == "netty":
            self.open.discard(serial)
            return frame("netty", serial, body)
        self.early[serial] = body
        out = bytearray()
        while self.order and self.order[0] in self.early:
            first = self.order.popleft()
            self.open.discard(first)
            out += frame("spec", first, self.early.pop(first))
        return bytes(out)


class ServerConnection(Generic[O_co]):
    """One stateful connection: a handshake first, then calls.

    `receive` gives requests and what comes for them, `reply` takes their answers in any order, `data_to_send`
    gives bytes. In plain Avro there are requests and replies alone.

    Args:
        offers: What is served.
        opening: How the connection begins: `netty`, `spec` or `frames`.
        limits: Bounds on what the client may send.
        upgrades: Whether a client may ask for our own frames.
    """

    def __init__(
        self, offers: Offers[O_co], opening: Opening, limits: Limits, *, upgrades: bool = True
    ) -> None:
        self.session: Session[O_co] | None = None
        """What the first handshake bound this connection to."""
        self.received = 0
        """Bytes that came from the client."""
        self.sent = 0
        """Bytes that went to it."""
        self.principal: Principal | None = None
        """Whom the connection proves the client to be."""
        self.peer = UNKNOWN_PEER
        """Where the client is, for people."""
        self.multiplexer: Multiplexer | None = None
        """Our own frames, once they are spoken."""
        self._offers = offers
        self._limits = limits
        self._farewell: str | None = None
        self._upgrades = upgrades
        self._plain: _Plain | None = None
        self._sessions: dict[str, Session[O_co]] = {}
        self._handshakes = 0
        self.messages = 0
        """How many plain messages have come whole."""
        self._out = bytearray()
        if opening != "frames":
            self._plain = _Plain(opening, deframer(opening, limits))
        else:
            self.multiplexer = Multiplexer(Side.SERVER, limits, Settings())

    def __repr__(self) -> str:
        bound = self.session.offer.name if self.session else "unbound"
        return f"<ServerConnection {bound} calls={self.calls}>"

    @property
    def calls(self) -> int:
        """How many calls are under way."""
        if self.multiplexer is not None:
            return self.multiplexer.calls
        return 0 if self._plain is None else len(self._plain.open)

    @property
    def has_output(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._out) or (self.multiplexer is not None and self.multiplexer.has_output)

    def data_to_send(self, at_most: int = 262_144) -> bytes:
        """Return bytes due to the client, and forget them; in our own frames, about as many as asked for."""
        data = b""
        if self._out:
            data = bytes(self._out)
            self._out.clear()
        if self.multiplexer is not None:
            data += self.multiplexer.data_to_send(at_most)
        self.sent += len(data)
        return data

    @property
    def is_half_received(self) -> bool:
        """Whether a plain message has begun to come, and is not whole."""
        return self._plain is not None and not self._plain.deframer.idle

    @property
    def is_full(self) -> bool:
        """Whether as many plain calls are under way as may be; bytes that come now have to wait."""
        return self._plain is not None and len(self._plain.open) >= self._limits.max_calls

    def receive(self, data: bytes) -> list[Event[O_co]]:
        """Take bytes from the client, and return what they mean.

        In plain Avro, call it again, with no bytes, when a call came to an end: others may have waited for
        that.

        Raises:
            RemoteProtocolError: They break the protocol. The connection is of no use any more.
        """
        self.received += len(data)
        if self.multiplexer is not None:
            return self._frames(self.multiplexer, data)
        plain = self._plain
        assert plain is not None
        messages = plain.deframer.feed(data)
        self.messages += len(messages)
        plain.waiting.extend(messages)
        events: list[Event[O_co]] = []
        while plain.waiting and not self.is_full:
            serial, body = plain.waiting.popleft()
            if serial in plain.open:
                raise RemoteProtocolError(f"serial {serial} is used by two calls at once")
            request, answer = self._read(plain, serial, body)
            if request is None and not answer:
                continue
            plain.open.add(serial)
            if plain.framing == "spec" and (request is None or not request.one_way):
                plain.order.append(serial)
            if answer:
                self._out += plain.reply(serial, answer)
            elif request is not None:
                events.append(request)
            if self.multiplexer is not None:
                self._plain = None
                if plain.waiting or not plain.deframer.idle:
                    raise RemoteProtocolError("bytes between an offer to upgrade and its answer")
        return events

    def reply(self, serial: int, body: bytes | None) -> None:
        """Queue the answer to a call, with the handshake response due before it; None ends a one-way call."""
        if self.multiplexer is not None:
            self._reply_framed(self.multiplexer, serial, body)
        elif self._plain is not None:
            self._out += self._plain.reply(serial, body)

    def leave(self, reason: str) -> None:
        """Ask for no new calls, and serve those on their way; plain Avro has no word for it.

        Where frames are not spoken yet, nothing is on its way: goodbye is said as soon as they are.
        """
        self._farewell = reason
        if self.multiplexer is not None:
            self.multiplexer.leave(reason)

    def goodbye(self, reason: str) -> None:
        """Say which call is the last one served, or do so once frames are spoken."""
        self._farewell = reason
        if self.multiplexer is not None:
            self.multiplexer.goodbye(reason)

    def _too_large(self, excess: Excess) -> bytes:
        """Return the answer to a message above the limit, of which a beginning is there; none if one-way."""
        assert self.session is not None  # before the handshake it was raised
        _, name = read_request_head(Cursor(bytes(excess.head), self._limits))
        message = self.session.client.messages.get(name)
        if message is not None and message.one_way:
            logger.warning("%s/%s, which is one-way, is lost: %s", self.session.offer.name, name, excess)
            return b""
        return system_error(Code.RESOURCE_EXHAUSTED, str(excess))

    def _read(self, plain: _Plain, serial: int, body: bytes | Excess) -> tuple[Request[O_co] | None, bytes]:
        if isinstance(body, Excess):
            return None, self._too_large(body)
        if self.session is not None:
            return read_call(
                body,
                serial,
                self.session,
                self._offers,
                self._limits,
                principal=self.principal,
                peer=self.peer,
            )
        self._count_handshake()
        cursor = Cursor(body, self._limits)
        opening = decode_request(cursor)
        session, response = self._offers.meet(opening, None, _asked(cursor))
        if session is None:
            return None, encode_response(response)
        self._bind(session)
        # Now that it is known who speaks, a body too large is a call that fails, and not garbage.
        plain.deframer.skips_excess = True
        handshake = encode_response(response)
        request, answer = _read_bare(cursor, serial, session, handshake, self.principal, self.peer)
        assert request is not None
        agreement = accept(opening.meta, self._limits) if self._upgrades and not request.message else None
        if agreement is not None:
            settings, meta = agreement
            self.multiplexer = Multiplexer(Side.SERVER, self._limits, settings)
            if self._farewell is not None:
                self.multiplexer.goodbye(self._farewell)
            answer = encode_response(replace(response, meta=meta)) + bytes(reply_head({}, is_error=False))
        return request, answer

    def _count_handshake(self) -> None:
        self._handshakes += 1
        if self._handshakes > MAX_HANDSHAKES:
            raise LimitExceeded(f"more than MAX_HANDSHAKES={MAX_HANDSHAKES} handshakes on one connection")

    def _bind(self, session: Session[O_co]) -> None:
        self.session = self.session or session
        self._sessions[session.offer.name] = session
        # The client's calls name its own protocol, which may have another name here.
        self._sessions.setdefault(session.client.name, session)

    def _frames(self, multiplexer: Multiplexer, data: bytes) -> list[Event[O_co]]:
        events: list[Event[O_co]] = []
        for event in multiplexer.receive(data):
            match event:
                case Opened():
                    request = self._opened(multiplexer, event)
                    if request is not None:
                        events.append(request)
                case Handshake(number, body):
                    self._handshake(multiplexer, number, body)
                case Item() | Ended() | Cancelled() | Writable() | Leaving() | Pinged():
                    events.append(event)
                case Failed(call, error):
                    is_too_much = isinstance(error, LimitExceeded)
                    code = Code.RESOURCE_EXHAUSTED if is_too_much else Code.INVALID_ARGUMENT
                    multiplexer.refuse(call, code, str(error))
                    events.append(event)
                case _:
                    raise AssertionError(event)  # the multiplexer gives no other to a server
        return events

    def _handshake(self, multiplexer: Multiplexer, number: int, body: bytes) -> None:
        self._count_handshake()
        opening = decode_request(Cursor(body, self._limits))
        session, response = self._offers.meet(opening)
        if session is not None:
            if self.session is None:
                agreement = accept(opening.meta, self._limits)
                if agreement is None:
                    raise RemoteProtocolError("the client agrees to no version of avrorpc's frames")
                multiplexer.settings, meta = agreement
                response = replace(response, meta=meta)
            self._bind(session)
        multiplexer.handshake(encode_response(response), number)

    def _opened(self, multiplexer: Multiplexer, opened: Opened) -> Request[O_co] | None:
        if self.session is None:
            raise RemoteProtocolError("a call before the handshake")
        cursor = Cursor(opened.body, self._limits)
        try:
            metadata, full_name = read_request_head(cursor)
        except LimitExceeded as error:
            multiplexer.refuse(opened.call, Code.RESOURCE_EXHAUSTED, str(error))
            return None
        protocol, _, name = full_name.rpartition("/")
        session = self._sessions.get(protocol)
        if session is None:
            text = f"calls of {protocol[:MAX_SHOWN]!r} need a handshake of that protocol first"
            multiplexer.refuse(opened.call, Code.FAILED_PRECONDITION, text)
            return None
        if not name:
            self._reply_framed(multiplexer, opened.call, bytes(reply_head({}, is_error=False)))
            return None
        return Request(
            opened.call,
            session,
            metadata,
            name,
            cursor,
            b"",
            opened.one_way,
            self.principal,
            opened.takes_stream,
            self.peer,
        )

    @staticmethod
    def _reply_framed(multiplexer: Multiplexer, serial: int, body: bytes | None) -> None:
        if body is None:
            multiplexer.release(serial)
            return
        try:
            multiplexer.reply(serial, body)
        except StatusError as error:
            multiplexer.refuse(serial, error.code, error.message)
