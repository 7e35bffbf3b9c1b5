"""What a client says of its connection: what is spoken, what protects it, which version the server has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from avrorpc import connect, describe
from avrorpc.client.description import remote_details
from avrorpc.codec import acceleration
from avrorpc.transport.address import parse_address
from support.implementations import AsyncSmall
from support.serving import ServerThread
from testcontracts.small import SMALL, SmallClient


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(AsyncSmall()) as served:
        yield served


def test_nothing_is_known_before_the_first_call(server: ServerThread) -> None:
    with connect(SmallClient, server.tcp) as client:
        description = describe(client)
        assert description.server_hash is None
        assert description.details["connection"].startswith("none yet")


@pytest.mark.parametrize(
    ("scheme", "options", "spoken"),
    [
        ("tcp", "", "frames of avrorpc"),
        ("unix", "", "frames of avrorpc"),
        ("tcp", "?upgrade=no", "plain Avro"),
        ("spec", "&upgrade=no", "plain Avro"),
    ],
)
def test_after_it_there_is_what_is_spoken(
    server: ServerThread, scheme: str, options: str, spoken: str
) -> None:
    with connect(SmallClient, getattr(server, scheme) + options) as client:
        assert client.double(2) == 4
        description = describe(client)
        assert description.details["connection"].startswith(spoken)
        assert description.server_hash == SMALL.hash.hex()
        assert "server: the same contract" in str(description)


def test_http_posts_avro(server: ServerThread) -> None:
    with connect(SmallClient, server.http) as client:
        client.double(2)
        assert describe(client).details == {
            "body": "Avro binary over POST",
            "codec": acceleration.description,
        }


def test_tls_is_named() -> None:
    assert remote_details(parse_address("tls://node:1"), None)["security"] == "TLS"
    assert "security" not in remote_details(parse_address("tcp://node:1"), None)
