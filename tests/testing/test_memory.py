"""Transports in memory behave as those of asyncio do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from avrorpc.testing import memory_pair, run
from avrorpc.transport.memory import HIGH_WATER, Line, MemoryTransport, parse_line
from hypothesis import given
from hypothesis import strategies as st

CHUNKS = st.sampled_from(["whole", "bytes", "random"])


class Recorder(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self, *, keep_open: bool = False) -> None:
        self.events: list[Any] = []
        self.data = b""
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.pieces: list[bytes] = []
        self.keep_open = keep_open
        self.transport: MemoryTransport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.events.append("made")

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.pieces.append(data)

    def eof_received(self) -> bool:
        self.events.append("eof")
        return self.keep_open

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")
        self.lost.set_result(exc)


class Filler(asyncio.BufferedProtocol):
    """Takes bytes into a buffer of seven."""

    def __init__(self) -> None:
        self.buffer = bytearray(7)
        self.data = b""
        self.ended = asyncio.Event()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data += self.buffer[:nbytes]

    def eof_received(self) -> None:
        self.ended.set()


async def pair(**options: Any) -> tuple[Recorder, Recorder]:
    keep_open = options.pop("keep_open", False)
    made = memory_pair(Recorder, lambda: Recorder(keep_open=keep_open), **options)
    await asyncio.sleep(0)
    return made


@given(st.lists(st.binary(max_size=3000), max_size=5), st.binary(max_size=3000), CHUNKS, st.integers(0, 99))
def test_bytes_arrive_whole_and_in_order_both_ways(
    there: list[bytes], back: bytes, chunks: Any, seed: int
) -> None:
    async def main() -> None:
        client, server = await pair(chunks=chunks, seed=seed)
        server.transport.write(back)
        for data in there:
            client.transport.write(data)
        await asyncio.sleep(1)
        client.transport.close()
        await server.lost
        assert server.data == b"".join(there)
        assert client.data == back

    run(main())


def test_chunks_decide_how_bytes_are_cut() -> None:
    async def main(chunks: Any, seed: int = 0) -> list[int]:
        client, server = await pair(chunks=chunks, seed=seed)
        client.transport.write(bytes(2000))
        client.transport.write(bytes(3000))
        client.transport.close()
        await server.lost
        return [len(piece) for piece in server.pieces]

    assert run(main("whole")) == [5000]
    assert run(main("bytes")) == [1] * 5000
    random = run(main("random"))
    assert len(set(random)) > 1
    assert random == run(main("random"))
    assert random != run(main("random", 1))


def test_latency_delays_bytes_and_the_end_and_not_how_many_are_under_way() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        client, server = await pair(latency=3.0)
        for _ in range(3):
            client.transport.write(b"x")
            await asyncio.sleep(1.25)
        client.transport.close()
        assert server.data == b"x"
        await server.lost
        assert loop.time() == pytest.approx(9.75)  # the end, and the end in return
        assert server.data == b"xxx"

    run(main())


def test_a_sender_is_paused_while_its_peer_does_not_read() -> None:
    async def main() -> None:
        client, server = await pair()
        server.transport.pause_reading()
        assert not server.transport.is_reading()
        client.transport.write(bytes(HIGH_WATER))
        assert client.events == ["made"]
        client.transport.write(b"more")
        await asyncio.sleep(1)
        assert client.events == ["made", "pause"]
        assert client.transport.get_write_buffer_size() == HIGH_WATER + 4
        assert server.data == b""
        server.transport.resume_reading()
        await asyncio.sleep(1)
        assert client.events == ["made", "pause", "resume"]
        assert len(server.data) == HIGH_WATER + 4

    run(main())


def test_limits_of_the_buffer_can_be_set() -> None:
    async def main() -> None:
        client, server = await pair()
        client.transport.set_write_buffer_limits(high=0)
        assert client.transport.get_write_buffer_limits() == (0, 0)
        client.transport.write(b"x")
        assert client.events == ["made", "pause"]
        with pytest.raises(ValueError, match="at least"):
            client.transport.set_write_buffer_limits(high=1, low=2)
        await asyncio.sleep(1)
        assert client.events == ["made", "pause", "resume"]
        assert server.data == b"x"

    run(main())


def test_one_direction_may_end_alone() -> None:
    async def main() -> None:
        client, server = await pair(keep_open=True)
        client.transport.write(b"question")
        client.transport.write_eof()
        assert client.transport.can_write_eof()
        with pytest.raises(RuntimeError, match="write_eof"):
            client.transport.write(b"more")
        await asyncio.sleep(1)
        assert server.events == ["made", "eof"]
        server.transport.write(b"answer")
        server.transport.close()
        assert await client.lost is None
        assert await server.lost is None
        assert (client.data, server.data) == (b"answer", b"question")

    run(main())


def test_an_end_closes_a_protocol_that_does_not_ask_to_stay_open() -> None:
    async def main() -> None:
        client, server = await pair()
        client.transport.close()
        client.transport.close()
        client.transport.write(b"too late")
        assert client.transport.is_closing()
        assert await server.lost is None
        assert await client.lost is None
        assert server.data == b""
        assert server.events == ["made", "eof", "lost"]
        assert client.events == ["made", "lost"]
        assert "closed" in repr(client.transport)

    run(main())


def test_aborting_loses_what_is_due_and_resets_the_other_end() -> None:
    async def main() -> None:
        client, server = await pair(latency=1.0)
        client.transport.write(b"lost")
        client.transport.abort()
        assert await client.lost is None
        assert isinstance(await server.lost, ConnectionResetError)
        assert server.data == b""
        client.transport.abort()
        await asyncio.sleep(5)
        assert client.events == ["made", "lost"]

    run(main())


def test_writing_to_a_closed_end_resets() -> None:
    async def main() -> None:
        client, server = await pair(keep_open=True)
        client.transport.close()
        await client.lost
        server.transport.write(b"anybody?")
        assert isinstance(await server.lost, ConnectionResetError)

    run(main())


def test_a_closing_end_waits_for_its_reader_until_it_is_aborted() -> None:
    async def main() -> None:
        client, server = await pair()
        server.transport.pause_reading()
        client.transport.write(b"unread")
        client.transport.close()
        await asyncio.sleep(100)
        assert not client.lost.done()
        client.transport.abort()
        assert await client.lost is None
        assert isinstance(await server.lost, ConnectionResetError)

    run(main())


def test_a_protocol_that_fails_is_reported_and_cut_off() -> None:
    class Failing(Recorder):
        def data_received(self, data: bytes) -> None:
            raise ZeroDivisionError

    async def main() -> None:
        reported: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        client, server = memory_pair(Recorder, Failing)
        await asyncio.sleep(0)
        client.transport.write(b"x")
        assert isinstance(await server.lost, ZeroDivisionError)
        assert isinstance(await client.lost, ConnectionResetError)
        assert [type(context["exception"]) for context in reported] == [ZeroDivisionError]

    run(main())


@given(st.binary(max_size=100), CHUNKS)
def test_buffered_protocols_are_fed_through_their_buffer(data: bytes, chunks: Any) -> None:
    async def main() -> None:
        client, server = memory_pair(Recorder, Filler, chunks=chunks)
        await asyncio.sleep(0)
        client.transport.write(data)
        client.transport.write_eof()
        await server.ended.wait()
        assert server.data == data

    run(main())


def test_ends_say_where_they_are() -> None:
    async def main() -> None:
        client, server = await pair()
        assert server.transport.get_extra_info("peername") == client.transport.get_extra_info("sockname")
        assert client.transport.get_protocol() is client
        other = Recorder()
        server.transport.set_protocol(other)
        client.transport.write(b"x")
        await asyncio.sleep(1)
        assert (other.data, server.data) == (b"x", b"")

    run(main())


def test_streams_of_asyncio_work_over_it() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        _, server = memory_pair(lambda: asyncio.StreamReaderProtocol(reader), Recorder)
        await asyncio.sleep(0)
        server.transport.write(b"one\ntwo")
        server.transport.close()
        assert await reader.readline() == b"one\n"
        assert await reader.read() == b"two"

    run(main())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"chunk": "whole"}, "no option 'chunk'"),
        ({"chunks": "half"}, "chunks is one of whole, bytes, random"),
        ({"latency": "soon"}, "a number of seconds"),
        ({"latency": "-1"}, "negative"),
        ({"latency": "nan"}, "negative"),
        ({"seed": "x"}, "an integer"),
    ],
)
def test_wrong_options_of_a_line_are_named(options: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_line(options)


def test_options_of_a_line_are_read() -> None:
    assert parse_line({"chunks": "random", "latency": "0.5", "seed": "4"}) == Line(
        chunks="random", latency=0.5, seed=4
    )
