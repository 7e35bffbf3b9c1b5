"""Whole connections: a server's and a client's against anything, and both against each other with damage."""

from __future__ import annotations

from typing import Any, Final, Literal

from avrorpc.errors import RpcError, StatusError
from avrorpc.limits import Limits
from avrorpc.wire.client import ClientConnection, Connected
from avrorpc.wire.envelope import reply_head, request_head
from avrorpc.wire.frames import Flag, Kind, encode
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import (
    HandshakeRequest,
    HandshakeResponse,
    Match,
    encode_request,
    encode_response,
)
from avrorpc.wire.multiplex import Answered, Cancelled, Item
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import Request, ServerConnection
from avrorpc.wire.settings import Wishes, accept, offer
from support.wire import BANK, OLD_SHOP, SHOP, STRANGER, identity

from fuzz.multiplexing import LIMITS, check
from fuzz.scripts import Script

OPENINGS: Final[tuple[Literal["netty", "spec", "frames"], ...]] = ("netty", "spec", "frames")
WISHES: Final = Wishes(compressions=("deflate",))
PING: Final = bytes(request_head({}, ""))
HELLO: Final = encode_request(HandshakeRequest(SHOP.hash, None, SHOP.hash, offer(WISHES, LIMITS)))
PLAIN: Final = encode_request(HandshakeRequest(SHOP.hash, None, SHOP.hash))
ANSWER: Final = accept(offer(WISHES, LIMITS), LIMITS)


def _bound(opening: str) -> bytes:
    assert ANSWER is not None
    body = encode_response(HandshakeResponse(Match.BOTH, meta=ANSWER[1]))
    return encode(Kind.BOUND, 1, body) if opening == "frames" else body


def _message(script: Script, last: int, contract: str) -> bytes:
    """What one end may say: a frame, sometimes with a good handshake or a good call in it."""
    form = script.byte()
    if form < 24:
        kind = (Kind.OPEN, Kind.ITEM, Kind.REPLY)[form % 3]
        call = request_head({}, f"{contract}/buy") + script.chunk()
        return encode(kind, last + 1, call, form & (Flag.STREAM | Flag.ONE_WAY))
    if form < 32:
        other = (SHOP, OLD_SHOP, STRANGER, BANK)[form % 4]
        texts = (None, other.text, other.text[: script.byte()])
        hello = HandshakeRequest(other.hash, script.pick(texts), SHOP.hash, offer(WISHES, LIMITS))
        return encode(Kind.BIND, script.byte(), encode_request(hello))
    return script.frame(last)


def server_connection(data: bytes) -> None:
    """A server's connection answers, or refuses; what it keeps and what it says is bounded."""
    script = Script(data)
    opening = script.pick(OPENINGS)
    server = ServerConnection(Offers([SHOP, BANK]), opening, LIMITS, upgrades=bool(script.byte() % 4))
    how, spoken, heard = script.byte() % 4, 0, 0
    waiting: list[Any] = []
    try:
        if how and opening == "frames":
            server.receive(encode(Kind.BIND, 1, HELLO))
        elif how and opening != "frames":
            server.receive(frame(opening, 1, HELLO if how == 1 else PLAIN, PING))
        while script.goes_on:
            action = script.byte() % 8
            if action == 0 and waiting:
                try:
                    server.reply(waiting.pop(script.byte() % len(waiting)), script.chunk())
                except RpcError as error:
                    raise AssertionError("an answer must never fail") from error
                server.receive(b"")
            elif action == 1:
                spoken += len(server.data_to_send(1_000))
            elif server.multiplexer is not None:
                given = (
                    script.rest() if action == 7 else _message(script, server.multiplexer._last, SHOP.name)
                )
                heard += len(given)
                for piece in script.pieces(given):
                    for event in server.receive(piece):
                        if isinstance(event, Request):
                            assert len(event.parameters.data) <= LIMITS.max_body
                            waiting.append(event.serial)
                        elif isinstance(event, Cancelled):
                            server.reply(event.call, None)
                            waiting.remove(event.call)
                check(server.multiplexer)
            else:
                given = script.rest()
                framed = given if opening == "frames" else frame(opening, script.byte(), given)
                for piece in script.pieces(given if action == 7 else framed):
                    waiting += [event.serial for event in server.receive(piece) if isinstance(event, Request)]
                    assert server.calls <= LIMITS.max_calls or server.multiplexer is not None
    except RpcError as error:
        assert len(str(error)) < 5_000
    repr(server)


def client_connection(data: bytes) -> None:
    """A client's connection understands, or gives up."""
    script = Script(data)
    opening = script.pick(OPENINGS)
    known = script.pick((None, Connected(BANK.hash, BANK.text)))
    wishes = script.pick((None, WISHES, Wishes(is_eager=True, has_window=False)))
    client = ClientConnection(identity(SHOP), known, opening, LIMITS, wishes)
    client.data_to_send()
    numbers: list[int] = []
    try:
        if script.byte() % 4:
            good = _bound(opening)
            for piece in script.pieces(good if opening == "frames" else frame(opening, 1, good)):
                client.receive(piece)
        while script.goes_on:
            action = script.byte() % 8
            if action == 0 and client.calls < 20 and (client.is_eager or client.state.name == "READY"):
                shape = script.byte()
                streams = client.multiplexer is not None
                numbers.append(
                    client.call(
                        "buy", {}, b"\x02", one_way=shape % 8 == 7,
                        gives=streams and shape & 1 == 1, takes=streams and shape & 2 == 2,
                    )
                )  # fmt: skip
            elif action == 1 and numbers:
                client.cancel(script.pick(numbers))
            elif action == 2:
                client.data_to_send(1_000)
            elif client.multiplexer is not None:
                given = (
                    script.rest() if action == 7 else _message(script, client.multiplexer._last, SHOP.name)
                )
                for piece in script.pieces(given):
                    for event in client.receive(piece):
                        assert not isinstance(event, (Item, Answered)) or len(event.body) <= LIMITS.max_body
                check(client.multiplexer, Limits(max_calls=50, max_frame=12_000, max_unfinished=30_000))
            else:
                given = script.chunk() if action < 7 else script.rest()
                framed = given if opening == "frames" else frame(opening, script.byte(), given)
                for piece in script.pieces(given if action == 7 else framed):
                    client.receive(piece)
        client.receive_eof()
    except StatusError:
        assert numbers or client.state.name == "READY"
    except RpcError as error:
        assert len(str(error)) < 5_000
    repr(client)


def conversation(data: bytes) -> None:
    """Two good ends with damage between them: as long as there is none, each call gets its own answer."""
    script = Script(data)
    opening = script.pick(OPENINGS)
    contract = script.pick((SHOP, OLD_SHOP, STRANGER))
    wishes = script.pick((None, WISHES))
    client = ClientConnection(identity(contract), None, opening, LIMITS, wishes)
    server = ServerConnection(Offers([SHOP, BANK]), opening, LIMITS)
    expected: dict[int, bytes] = {}
    is_damaged = False
    try:
        for _ in range(3 + len(data)):
            action = script.byte() if script.goes_on else 1
            if action % 8 == 0 and client.state.name == "READY" and client.calls < LIMITS.max_calls:
                body = script.chunk()[:10_000]
                expected[client.call("buy", {}, body)] = bytes(reply_head({}, is_error=False)) + body
            damaged = action >= 250
            sent = bytearray(client.data_to_send(500))
            is_damaged |= damaged and bool(sent)
            for event in server.receive(_hurt(script, sent) if damaged else bytes(sent)):
                if isinstance(event, Request):
                    answer = event.parameters.data[event.parameters.position :]
                    server.reply(
                        event.serial, event.handshake + bytes(reply_head({}, is_error=False)) + answer
                    )
                elif isinstance(event, Cancelled):
                    server.reply(event.call, None)
            back = bytes(server.data_to_send(500))
            for answered in client.receive(back):
                if isinstance(answered, Answered) and not is_damaged and contract is not STRANGER:
                    assert answered.body == expected.pop(answered.serial)
    except RpcError as error:
        assert is_damaged or contract is STRANGER or "max_" in str(error), error


def _hurt(script: Script, sent: bytearray) -> bytes:
    if sent:
        at = (script.byte() << 8 | script.byte()) % len(sent)
        sent[at] = script.byte()
    return bytes(sent)
