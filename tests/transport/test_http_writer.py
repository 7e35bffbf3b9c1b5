"""Responses on their way: what is counted, who has left, and who does not read."""

from __future__ import annotations

import asyncio
import socket

import pytest
from avrorpc.transport.accepted import Counted
from avrorpc.transport.http_message import Head, HeaderError, HttpRequest, HttpResponse
from avrorpc.transport.http_writer import ClientGone, ResponseWriter
from support.waiting import until


class Open:
    """A writer on a real connection, and the client's end of that."""

    def __init__(self, writer: ResponseWriter, transport: asyncio.Transport, client: socket.socket) -> None:
        self.writer = writer
        self.transport = transport
        self.client = client
        self.traffic = Counted()


async def opened() -> Open:
    here, there = socket.socketpair()
    here.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=here)
    made = Open(ResponseWriter(transport, Counted()), transport, there)
    made.writer = ResponseWriter(transport, made.traffic)
    return made


async def test_time_counts_from_the_moment_in_which_the_client_reads_nothing_more() -> None:
    made = await opened()
    writer, transport = made.writer, made.transport
    assert writer.waits_since(1.0) is None
    writer.write(b"x" * 10_000_000)
    assert writer.waits_since(2.0) == 2.0
    assert writer.waits_since(3.0) == 2.0
    before = transport.get_write_buffer_size()
    made.client.recv(1_000_000)
    await until(lambda: transport.get_write_buffer_size() < before)
    assert writer.waits_since(4.0) == 4.0
    writer.write(b"x" * 10_000_000)
    assert writer.waits_since(5.0) == 4.0, "that more is due is no progress"
    transport.abort()
    made.client.close()


async def test_what_is_sent_is_counted_and_a_client_that_left_is_sent_nothing() -> None:
    made = await opened()
    made.writer.respond(HttpRequest(Head("GET", "/")), HttpResponse(200, {}, b"hello"), ends=True)
    said = made.client.recv(10_000)
    assert b"Connection: close\r\n" in said
    assert made.traffic.sent == len(said)
    made.transport.close()
    for body in (b"small", b"x" * 100_000):
        with pytest.raises(ClientGone):
            made.writer.respond(HttpRequest(Head("GET", "/")), HttpResponse(200, {}, body), ends=True)
    assert made.traffic.sent == len(said)
    made.client.close()


@pytest.mark.parametrize("value", ["one\r\ntwo", "one\ntwo", "\N{SNOWMAN}"])
async def test_a_header_that_cannot_be_sent_is_said_before_anything_is_sent(value: str) -> None:
    made = await opened()
    with pytest.raises(HeaderError):
        made.writer.respond(HttpRequest(Head("GET", "/")), HttpResponse(200, {"X-It": value}), ends=False)
    assert made.traffic.sent == 0
    made.transport.close()
    made.client.close()
