"""Addresses as URLs, and the sentences for what goes wrong on the way to them."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from avrorpc.errors import BindError, ConnectError, ConnectionLost
from avrorpc.transport.address import Address, parse_address
from avrorpc.transport.faults import dialling, exchanging
from hypothesis import assume, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        ("tcp://127.0.0.1:9000", Address("tcp", "127.0.0.1", 9000), None),
        ("tcp://node-02:9000/", Address("tcp", "node-02", 9000), "tcp://node-02:9000"),
        ("tcp://h:1?framing=spec", Address("tcp", "h", 1, framing="spec"), None),
        ("tcp://h:1?framing=netty", Address("tcp", "h", 1), "tcp://h:1"),
        ("tcp://h:1?upgrade=no", Address("tcp", "h", 1, upgrade=False), None),
        ("tcp://h:1?upgrade=yes", Address("tcp", "h", 1), "tcp://h:1"),
        ("tls://h:1?compression=zstd", Address("tls", "h", 1, compression="zstd"), None),
        ("tcp://[::1]:9000", Address("tcp", "::1", 9000), None),
        ("tcp://h:0", Address("tcp", "h", 0), None),
        ("unix:///run/a.sock", Address("unix", path="/run/a.sock"), None),
        ("unix:/run/a.sock", Address("unix", path="/run/a.sock"), "unix:///run/a.sock"),
        ("unix:a.sock", Address("unix", path="a.sock"), None),
        ("unix:dir/a%23%3F%25b%20.sock", Address("unix", path="dir/a#?%b .sock"), None),
        (
            "unix:a?framing=spec&mode=0660",
            Address("unix", path="a", framing="spec", mode=0o660),
            "unix:a?framing=spec&mode=660",
        ),
        ("http://h:8000", Address("http", "h", 8000), None),
        ("http://h:8000/spl-avro/", Address("http", "h", 8000, "/spl-avro"), "http://h:8000/spl-avro"),
        ("HTTP://H:8000", Address("http", "h", 8000), "http://h:8000"),
        (
            "https://h:1/a?ca=/etc/ca.pem&cert=c.pem&key=k.pem&server_name=n",
            Address("https", "h", 1, "/a", ca="/etc/ca.pem", cert="c.pem", key="k.pem", server_name="n"),
            None,
        ),
        (
            "wss://h:1/live?compression=deflate&ca=a%26b",
            Address("wss", "h", 1, "/live", compression="deflate", ca="a&b"),
            None,
        ),
        ("ws://h:1", Address("ws", "h", 1), None),
    ],
)
def test_an_address_is_read_and_shown(url: str, address: Address, shown: str | None) -> None:
    assert parse_address(url) == address
    assert str(address) == (shown or url)
    assert parse_address(str(address)) == address


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(NAMES, st.sampled_from([None, "deflate", "zstd"]), st.one_of(st.none(), NAMES))
def test_what_an_address_shows_is_read_as_the_same(path: str, compression: Any, name: str | None) -> None:
    assume(not path.endswith("/") and not path.startswith("//"))
    unix = Address("unix", path=path, compression=compression)
    assert parse_address(str(unix)) == unix
    tls = Address("tls", "host", 9, compression=compression, ca=name, server_name=name)
    assert parse_address(str(tls)) == tls


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://h:1", "the scheme 'ftp' is none of tcp, tls, unix, http, https, ws, wss"),
        ("htps://h:1", "did you mean https?"),
        ("h:1", "the scheme 'h' is none of"),
        ("127.0.0.1:9000", "; write tcp://127.0.0.1:9000"),
        ("contract.avdl", "; write tcp://HOST:PORT"),
        ("", "the scheme '' is none of"),
        ("tcp://h", "lacks a host or a port; write tcp://HOST:PORT"),
        ("https://h", "lacks a host or a port; write https://HOST:PORT"),
        ("tcp://:9000", "lacks a host or a port"),
        ("tcp://h:x", "is no address: Port could not be cast to integer value"),
        ("tcp://h:70000", "is no address: Port out of range"),
        ("tcp://[::1:9000", "is no address: Invalid IPv6 URL"),
        ("tcp://h:1?framing=other", "framing is netty or spec, not 'other'"),
        ("tcp://h:1?framing=spek", "not 'spek'; did you mean spec?"),
        ("tcp://h:1?framing=", "framing is netty or spec, not ''"),
        ("tcp://h:1?framing=spec&framing=spec", "has framing twice"),
        ("tcp://h:1?upgrade=maybe", "upgrade is yes or no, not 'maybe'"),
        ("tcp://h:1?compression=zstd&upgrade=no", "plain Avro has no compression"),
        (
            "http://h:1?framing=spec",
            "http:// addresses have no option framing; tcp, tls, unix, memory have it",
        ),
        ("tcp://h:1?ca=x", "tcp:// addresses have no option ca; tls, https, wss have it"),
        ("http://h:1?x=y", "there is no option 'x'; http:// addresses have none"),
        (
            "tcp://h:1?retries=3",
            "there is no option 'retries'; there is framing=netty|spec, upgrade=yes|no, compression=",
        ),
        ("tls://h:1?server-name=x", "did you mean server_name?"),
        ("tls://h:1?key=x", "a key goes with its certificate; add cert=FILE"),
        ("tls://h:1?ca=", "ca is empty; write ca=FILE"),
        ("tcp://h:1/path", "a tcp:// address has no path"),
        ("tls://h:1/path", "a tls:// address has no path"),
        ("http://h:1#part", "write # as %23"),
        ("unix:", "lacks the path of a socket; write unix:///run/server.sock"),
        ("unix://run/a.sock", "lacks the path of a socket"),
        ("unix:///run/", "lacks the path of a socket"),
        ("unix:a%00b", "has no zero byte"),
        ("unix:a?mode=rw", "mode is three or four octal digits, such as 660"),
        ("unix:a?mode=999", "mode is three or four octal digits"),
        ("unix:" + "a" * 200, "the path of a unix socket has at most"),
        ("unix:" + "%C3%A4" * 60, "this one has 120; a relative path may be shorter"),
    ],
)
def test_what_is_no_address_says_why(url: str, problem: str) -> None:
    with pytest.raises(BindError) as caught:
        parse_address(url)
    assert problem in str(caught.value)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize("url", ["tcp://me:secret@h:1", "http://secret@h:1/a@b", "ftp://a:secret@h"])
def test_a_password_is_refused_and_never_shown(url: str) -> None:
    with pytest.raises(BindError, match="an address has no user and no password") as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def test_a_listener_may_leave_the_host_out() -> None:
    assert parse_address("tcp://:9000", listening=True) == Address("tcp", "", 9000)
    assert parse_address("https://:0", listening=True) == Address("https", "", 0)


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
