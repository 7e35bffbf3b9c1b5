"""The two ends of a multiplexer against a peer that says anything, with a model of what may come out."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import Final

from avrorpc.errors import Code, LocalProtocolError, RpcError, StatusError
from avrorpc.limits import Limits
from avrorpc.wire.compression import Deflate
from avrorpc.wire.multiplex import (
    ITEM_COST,
    MAX_CONTROL,
    Answered,
    Cancelled,
    Ended,
    Event,
    Failed,
    Item,
    Leaving,
    Multiplexer,
    Opened,
    Side,
    Writable,
)
from avrorpc.wire.settings import Settings

from fuzz.scripts import Script

LIMITS: Final = Limits(
    max_body=20_000,
    max_frame=12_000,
    max_unfinished=30_000,
    max_calls=4,
    stream_window=1_000,
    max_expansion=50,
)


@dataclass
class Seen:
    """What has come out for one call."""

    takes: bool
    is_ended: bool = False
    is_over: bool = False
    unread: list[int] = field(default_factory=list)


def check(multiplexer: Multiplexer, limits: Limits = LIMITS) -> None:
    """Hold a multiplexer to its limits."""
    calls = multiplexer._calls
    halves = sum(len(call.half) for call in calls.values() if call.half is not None)
    assert multiplexer._unfinished == halves <= limits.max_unfinished
    assert len(multiplexer._reader._data) <= limits.max_frame + 10
    assert len(multiplexer._control) <= MAX_CONTROL + 2
    assert len(multiplexer._refused) <= limits.max_calls + 1
    assert all(call.credit <= 2**31 - 1 for call in calls.values())
    assert all(call.is_queued == (call in multiplexer._ready) for call in calls.values())
    if multiplexer._is_server:
        assert 0 <= multiplexer._live <= len(calls) <= 2 * limits.max_calls
        assert multiplexer._live == sum(not call.is_over for call in calls.values())


class Model:
    """Checks that events come in an order that makes sense, and no more than the limits allow."""

    def __init__(self, settings: Settings) -> None:
        self.calls: dict[int, Seen] = {}
        self.has_window = settings.window is not None

    def take(self, event: Event) -> None:
        match event:
            case Opened(number, body, _, takes):
                assert number not in self.calls
                assert len(body) <= LIMITS.max_body
                self.calls[number] = Seen(takes)
            case Item(number, body):
                call = self.calls[number]
                assert call.takes
                assert not call.is_ended
                assert not call.is_over
                assert len(body) <= LIMITS.max_body
                # One item may go below the credit.
                assert not self.has_window or sum(call.unread) < LIMITS.stream_window
                call.unread.append(len(body) + ITEM_COST)
            case Ended(number):
                assert self.calls[number].takes
                assert not self.calls[number].is_ended
                self.calls[number].is_ended = True
            case Answered(number, _) | Cancelled(number):
                assert not self.calls[number].is_over
                self.calls[number].is_over = True
            case Failed(number, _):
                seen = self.calls.setdefault(number, Seen(takes=False))
                assert not seen.is_over
                seen.is_over = True
            case Leaving(reason, unserved):
                assert len(reason) <= 1_000
                for number in unserved:
                    self.calls[number].is_over = True
            case Writable(number):
                assert not self.calls[number].is_over


def _settings(script: Script) -> Settings:
    window = script.pick((1_000, None, 1, 2**31 - 1))
    return Settings(
        window=window,
        max_calls=script.pick((4, 1, 2**31 - 1)),
        max_body=script.pick((20_000, 50, 2**31 - 1)),
        compression=script.pick((None, Deflate())),
        threshold=script.pick((1_024, 10)),
    )


def multiplexer_server(data: bytes) -> None:
    """A server's end, whose implementations answer, read, send and are done whenever they like."""
    script = Script(data)
    settings = _settings(script)
    server = Multiplexer(Side.SERVER, LIMITS, settings)
    model = Model(settings)
    last = 0
    while script.goes_on:
        action = script.byte() % 16
        number = max(last - script.byte() % 8, 0) if action < 7 else 0
        try:
            if action == 0:
                server.reply(number, script.chunk())
            elif action == 1:
                server.release(number)
            elif action == 2:
                if number in model.calls and model.calls[number].unread:
                    server.consumed(number, model.calls[number].unread.pop(0) - ITEM_COST)
            elif action == 3:
                if server.can_send(number):
                    server.send_item(number, script.chunk())
            elif action == 4:
                server.goodbye("tea")
            elif action == 5:
                server.handshake(script.chunk(), number)
            elif action == 6:
                while out := server.data_to_send(1_000):
                    assert len(out) <= 1_000 + 70_000
            else:
                given = script.rest() if action == 15 else script.frame(last)
                for piece in script.pieces(given):
                    for event in server.receive(piece):
                        model.take(event)
                        if isinstance(event, Failed):  # as a connection does
                            server.refuse(event.call, Code.RESOURCE_EXHAUSTED, "failed")
                last = server._last
        except (StatusError, LocalProtocolError):
            assert action < 6
        except RpcError:
            assert action >= 5
            return
        check(server)


def multiplexer_client(data: bytes) -> None:
    """A client's end, whose callers open, send, read and cancel whenever they like."""
    script = Script(data)
    settings = _settings(script)
    client = Multiplexer(Side.CLIENT, LIMITS, settings)
    model = Model(settings)
    last = opened = 0
    while script.goes_on:
        action = script.byte() % 16
        number = max(last - script.byte() % 8, 0) if action < 7 else 0
        try:
            if action == 0:
                if opened >= 50:
                    return
                shape = script.byte()
                last = client.open(
                    script.chunk(), one_way=shape % 8 == 7, gives=bool(shape & 1), takes=bool(shape & 2)
                )
                opened += 1
                model.calls[last] = Seen(takes=bool(shape & 2), is_over=shape % 8 == 7)
            elif action == 1:
                client.cancel(number)
                if number in model.calls:
                    model.calls[number].is_over = True
            elif action == 2:
                if number in model.calls and model.calls[number].unread:
                    client.consumed(number, model.calls[number].unread.pop(0) - ITEM_COST)
            elif action == 3:
                if client.is_open(number) and client.can_send(number):
                    client.send_item(number, script.chunk())
            elif action == 4:
                client.end(number)
            elif action == 5:
                client.ping(bytes(8))
            elif action == 6:
                while out := client.data_to_send(1_000):
                    assert len(out) <= 1_000 + 70_000
            else:
                given = script.rest() if action == 15 else script.frame(last)
                for piece in script.pieces(given):
                    for event in client.receive(piece):
                        model.take(event)
        except (StatusError, LocalProtocolError):
            assert action < 6
        except RpcError:
            assert action >= 5
            with contextlib.suppress(RpcError):
                client.ping(bytes(8))
            return
        check(client, replace(LIMITS, max_calls=50))
