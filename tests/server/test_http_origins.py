"""Whose web pages may call: those that are named, and those of this very address."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from avrorpc import BindError, Server
from avrorpc.server.http_origins import Origins
from support.implementations import SyncSmall
from support.serving import ServerThread

NONE = Origins(())


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        pytest.param(None, "api.example", id="no browser"),
        pytest.param("http://127.0.0.1:8000", "127.0.0.1:8000", id="a number"),
        pytest.param("http://[::1]:8000", "[::1]:8000", id="a number of IPv6"),
        pytest.param("http://localhost:8000", "localhost:8000", id="localhost"),
        pytest.param("HTTP://LOCALHOST", "localhost", id="other capitals"),
    ],
)
def test_pages_of_this_address_and_all_that_are_no_pages_may_call(origin: str | None, host: str) -> None:
    assert NONE.refusal(origin, host) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        pytest.param("http://evil.example", "127.0.0.1:8000", id="another site"),
        pytest.param("http://127.0.0.1:9000", "127.0.0.1:8000", id="another port"),
        pytest.param("http://evil.example:8000", "evil.example:8000", id="a name that was pointed here"),
        pytest.param("http://127.0.0.1.evil.example", "127.0.0.1.evil.example", id="a name like a number"),
        pytest.param("http://localhost.evil.example", "localhost.evil.example", id="a name like localhost"),
        pytest.param("http://a@127.0.0.1", "127.0.0.1", id="a user"),
        pytest.param("null", "127.0.0.1", id="no origin"),
        pytest.param("", "", id="nothing"),
        pytest.param("http://[", "[", id="half a number"),
        pytest.param("file://", "", id="a file"),
    ],
)
def test_other_pages_may_not_and_are_told_of_the_option(origin: str, host: str) -> None:
    refusal = NONE.refusal(origin, host)
    assert refusal is not None
    assert "origins=" in refusal


def test_named_origins_may_call_from_anywhere() -> None:
    origins = Origins(["https://Shop.example", "http://localhost:3000"])
    assert origins.refusal("https://shop.example", "api.example") is None
    assert origins.refusal("http://localhost:3000", "api.example") is None
    for other in ("http://shop.example", "https://shop.example:444", "https://shop.example.evil", "null"):
        assert origins.refusal(other, "api.example") is not None


def test_a_star_is_everybody() -> None:
    assert Origins(["*"]).refusal("null", "") is None


@pytest.mark.parametrize(
    "wrong", ["shop.example", "https://shop.example/", "ftp://shop.example", "https://", ""]
)
def test_what_is_no_origin_is_refused_at_once(wrong: str) -> None:
    with pytest.raises(BindError, match="is no origin, such as"):
        Server([SyncSmall()], origins=[wrong])


def test_one_origin_alone_is_no_list_of_them() -> None:
    with pytest.raises(BindError, match="origins must be several"):
        Origins("https://shop.example")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncSmall(), origins=["https://shop.example"]) as served:
        yield served


@pytest.mark.parametrize(("origin", "status"), [("https://shop.example", 101), ("https://evil.example", 403)])
def test_a_server_lets_the_pages_open_websockets_that_it_names(
    server: ServerThread, origin: str, status: int
) -> None:
    where = urlsplit(server.http)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "avrorpc.v1",
        "Origin": origin,
    }
    connection.request("GET", "/avro", headers=headers)
    assert connection.getresponse().status == status
    connection.close()
