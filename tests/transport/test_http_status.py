"""What an HTTP response means before its body is read."""

from __future__ import annotations

import pytest
from avrorpc.errors import LimitExceeded, RemoteProtocolError, StatusError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.transport.http_status import check_response, request_path
from avrorpc.wire.client import Identity

HERE = Address("http", "h", 8)
LIMITS = Limits(max_body=100)


@pytest.mark.parametrize("kind", ["avro/binary", "avro/binary; charset=x", "avro/binary "])
def test_avro_is_taken(kind: str) -> None:
    assert check_response(HERE, 200, kind, b"body", LIMITS) == b"body"


@pytest.mark.parametrize(
    ("status", "kind", "body", "error", "problem"),
    [
        (200, "text/html", b"<html>", RemoteProtocolError, "answered with text/html, not avro/binary"),
        (200, "", b"", RemoteProtocolError, "answered with no type, not avro/binary"),
        (
            404,
            "text/plain",
            b"there is no protocol X\n",
            RemoteProtocolError,
            "answered 404: there is no protocol X",
        ),
        (302, "", b"", RemoteProtocolError, "answered 302: nothing more"),
        (500, "text/html", b"\xff" * 50, RemoteProtocolError, "answered 500: "),
        (413, "text/plain", b"too large", StatusError, "RESOURCE_EXHAUSTED: too large"),
        (503, "text/plain", b"going down", StatusError, "UNAVAILABLE: going down"),
        (503, "text/plain", b"", StatusError, "UNAVAILABLE: the server is not available"),
        (200, "avro/binary", b"x" * 101, LimitExceeded, "answered with more than max_body=100 bytes"),
    ],
)
def test_anything_else_is_an_error_of_its_kind(
    status: int, kind: str, body: bytes, error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem) as caught:
        check_response(HERE, status, kind, body, LIMITS)
    assert len(str(caught.value)) < 400
    if isinstance(caught.value, StatusError):
        assert caught.value.from_peer


@pytest.mark.parametrize(
    ("path", "name", "target"),
    [
        ("", "a.Shop", "/avro/a.Shop"),
        ("/spl-avro", "a.Shop", "/spl-avro"),
        ("", "a.Größe", "/avro/a.Gr%C3%B6%C3%9Fe"),
        ("/a b", "a.Shop", "/a%20b"),
        ("/a%20b", "a.Shop", "/a%20b"),
    ],
)
def test_calls_are_posted_to_the_urls_path_or_to_the_protocols(path: str, name: str, target: str) -> None:
    assert request_path(Address("http", "h", 8, path), Identity(b"", "", name)) == target
