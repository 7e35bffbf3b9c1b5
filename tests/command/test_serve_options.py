"""What `avrogen serve` makes of its options."""

from __future__ import annotations

import socket
from pathlib import Path

import click
import pytest
from avrorpc import Limits, Tls
from avrorpc.middleware import Authentication
from avrorpc_codegen.command.serve_options import (
    certificates,
    host_port,
    limits,
    middleware,
    places,
    rate,
    sockets,
)


def test_without_an_address_tcp_is_taken() -> None:
    assert [place.url for place in places((), (), (), (), (), "netty", None)] == ["tcp://127.0.0.1:9000"]


def test_addresses_keep_their_order_by_kind() -> None:
    shown = Tls(cert="c")
    found = places(("1",), (":2",), ("/a b",), ("h:3",), ("[::1]:4",), "spec", shown)
    assert [place.url for place in found] == [
        "tcp://127.0.0.1:1?framing=spec",
        "http://:2",
        "unix:/a%20b?framing=spec",
        "tls://h:3?framing=spec",
        "https://[::1]:4",
    ]
    assert [place.tls for place in found] == [None, None, None, shown, shown]


@pytest.mark.parametrize("value", ["", "localhost", "a:99999", "a:b"])
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(click.UsageError, match="must be HOST:PORT"):
        host_port(value)


def test_with_tokens_a_certificate_is_one_way_of_two() -> None:
    ca, cert = Path("ca"), Path("cert")
    strict = certificates(cert, None, ca, is_used=True, has_tokens=False)
    either = certificates(cert, None, ca, is_used=True, has_tokens=True)
    assert (strict, either) == (Tls(cert=cert, ca=ca), Tls(cert=cert, ca=ca, require_client=False))
    with pytest.raises(click.UsageError, match="are for --tls and --https"):
        certificates(cert, None, None, is_used=False, has_tokens=False)


def test_limits_are_changed_by_name() -> None:
    assert limits(["max_calls=6_4", "receive_timeout=2.5"]) == Limits(max_calls=64, receive_timeout=2.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_calls", "must be NAME=VALUE"),
        ("max_call=1", "did you mean max_calls?"),
        ("zzz=1", "there are max_body"),
        ("max_calls=2.5", "a whole number, and not '2.5'"),
        ("receive_timeout=long", "is a number, and not 'long'"),
        ("max_calls=0", "is above 0"),
        ("receive_timeout=nan", "is above 0"),
    ],
)
def test_a_limit_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        limits([text])
    assert said in refused.value.message


@pytest.mark.parametrize("text", ["100/s", "10/5s", "1000/h", "1/0.5s", "5/200ms"])
def test_a_rate_is_calls_in_a_time(text: str) -> None:
    rate(text)


@pytest.mark.parametrize("text", ["", "100", "0/s", "1/0s", "a/s", "5/year"])
def test_a_rate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="must be CALLS/TIME"):
        rate(text)


def test_the_check_of_tokens_stands_outside_of_rate_and_recording(tmp_path: Path) -> None:
    (tmp_path / "t").touch()
    found = middleware(
        lines=True,
        token_file=tmp_path / "t",
        by_certificate=True,
        rates=rate("1/s"),
        record=tmp_path / "r",
    )
    guard = found[1]
    assert isinstance(guard, Authentication)
    assert guard.schemes == ("bearer", "mutual_tls")
    assert len(found) == 4


@pytest.mark.parametrize(
    ("tokens", "record", "said"),
    [("none", None, "begins it"), ("wrong", None, "no SHA-256"), (None, "no/where", "cannot write")],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, tokens: str | None, record: str | None, said: str
) -> None:
    (tmp_path / "wrong").write_text("hello")
    with pytest.raises(click.UsageError) as refused:
        middleware(
            lines=False,
            token_file=None if tokens is None else tmp_path / tokens,
            by_certificate=False,
            rates=None,
            record=None if record is None else tmp_path / record,
        )
    assert said in refused.value.message


def test_sockets_that_another_process_holds_are_used_for_their_addresses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        held = sockets([f"127.0.0.1:9000={sock.dup().detach()}"])
        (place,) = places((), (), (), (), (), "netty", None, held)
        assert place.sock is not None
        with place.sock as own:
            assert own.getsockname() == sock.getsockname()
    for wrong in ("127.0.0.1:9000=x", "127.0.0.1:9000", f"127.0.0.1:9000={10**6}"):
        with pytest.raises(click.UsageError, match="of a socket"):
            sockets([wrong])
