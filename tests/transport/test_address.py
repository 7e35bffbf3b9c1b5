"""Addresses as URLs, and the sentences for what goes wrong on the way to them."""

from __future__ import annotations

import errno
import socket

import pytest
from avrorpc.errors import BindError, ConnectError, ConnectionLost
from avrorpc.transport.address import Address, dialling, exchanging, parse_address


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        ("tcp://127.0.0.1:9000", Address("tcp", "127.0.0.1", 9000), None),
        ("tcp://node-02:9000/", Address("tcp", "node-02", 9000), "tcp://node-02:9000"),
        ("tcp://h:1?framing=spec", Address("tcp", "h", 1, framing="spec"), None),
        ("tcp://h:1?framing=netty", Address("tcp", "h", 1), "tcp://h:1"),
        ("tcp://[::1]:9000", Address("tcp", "::1", 9000), None),
        ("tcp://h:0", Address("tcp", "h", 0), None),
        ("http://h:8000", Address("http", "h", 8000), None),
        ("http://h:8000/spl-avro/", Address("http", "h", 8000, "/spl-avro"), "http://h:8000/spl-avro"),
        ("HTTP://H:8000", Address("http", "h", 8000), "http://h:8000"),
    ],
)
def test_an_address_is_read_and_shown(url: str, address: Address, shown: str | None) -> None:
    assert parse_address(url) == address
    assert str(address) == (shown or url)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://h:1", "the scheme 'ftp' is none of tcp, http"),
        ("h:1", "the scheme 'h' is none of"),
        ("", "the scheme '' is none of"),
        ("tcp://h", "lacks a host or a port; write tcp://HOST:PORT"),
        ("http://h", "lacks a host or a port; write http://HOST:PORT"),
        ("tcp://:9000", "lacks a host or a port"),
        ("tcp://h:x", "is no address: Port could not be cast to integer value"),
        ("tcp://h:70000", "is no address: Port out of range"),
        ("tcp://[::1:9000", "is no address: Invalid IPv6 URL"),
        ("tcp://h:1?framing=other", "framing is netty or spec, on tcp:// only"),
        ("tcp://h:1?framing=", "framing is netty or spec"),
        ("http://h:1?framing=spec", "framing is netty or spec, on tcp:// only"),
        ("tcp://h:1?retries=3", "there is no option 'retries'; there is framing=netty|spec"),
        ("tcp://h:1/path", "a tcp:// address has no path"),
    ],
)
def test_what_is_no_address_says_why(url: str, problem: str) -> None:
    with pytest.raises(BindError) as caught:
        parse_address(url)
    assert problem in str(caught.value)
    assert repr(url) in str(caught.value)


TCP = Address("tcp", "node", 9)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "nothing listens there; is the server up?"),
        (socket.gaierror(-2, "Name or service not known"), "the host 'node' is unknown"),
        (OSError(errno.EHOSTUNREACH, "x"), "No route to host"),
        (TimeoutError(errno.ETIMEDOUT, "x"), "Connection timed out"),
        (OSError("odd"), "odd"),
    ],
)
def test_a_failed_connection_is_a_connect_error_that_says_where(error: OSError, problem: str) -> None:
    with pytest.raises(ConnectError) as caught, dialling(TCP):
        raise error
    assert str(caught.value).startswith("cannot connect to tcp://node:9: ")
    assert problem in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ConnectionResetError(errno.ECONNRESET, "x"), "Connection reset by peer"),
        (BrokenPipeError(errno.EPIPE, "x"), "Broken pipe"),
        (TimeoutError(errno.ETIMEDOUT, "x"), "Connection timed out"),
    ],
)
def test_a_broken_connection_is_a_connection_lost(error: OSError, problem: str) -> None:
    with pytest.raises(ConnectionLost) as caught, exchanging(TCP):
        raise error
    assert str(caught.value) == f"the connection to tcp://node:9 broke: {problem}"


def test_a_deadline_is_left_to_those_who_set_it() -> None:
    for manager in (dialling, exchanging):
        with pytest.raises(TimeoutError), manager(TCP):
            raise TimeoutError("timed out")
