"""A conversation over HTTP: one post, or two where the server does not know the client's protocol."""

from __future__ import annotations

import hashlib

from avrorpc.limits import DEFAULT_LIMITS
from avrorpc.transport.http_conversation import MAX_KNOWN_SERVERS, HttpConversation
from avrorpc.wire.client import Connected, Identity
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import HandshakeResponse, Match, encode_response

TEXT = '{"protocol":"P","types":[],"messages":{}}'
OWN = Identity(hashlib.md5(TEXT.encode()).digest(), TEXT, "P")


class Server:
    """Gives the handshake responses it was told to, each followed by `reply`, and counts its acceptances."""

    def __init__(self, *responses: HandshakeResponse) -> None:
        self.responses = list(responses)
        self.posted: list[bytes] = []
        self.accepted: list[Connected] = []

    async def post(self, body: bytes) -> bytes:
        self.posted.append(body)
        return frame("spec", 0, encode_response(self.responses.pop(0)), b"reply")

    def accept(self, connected: Connected) -> int:
        self.accepted.append(connected)
        return len(self.accepted)


async def test_a_server_that_knows_the_client_is_posted_to_once() -> None:
    server = Server(HandshakeResponse(Match.BOTH), HandshakeResponse(Match.BOTH))
    conversation = HttpConversation(OWN, DEFAULT_LIMITS, server.accept)
    assert await conversation.exchange(b"call", server.post) == (1, b"reply")
    assert await conversation.exchange(b"call", server.post) == (1, b"reply")
    assert len(server.posted) == 2
    assert len(server.accepted) == 1


async def test_a_server_that_does_not_is_shown_the_text() -> None:
    other = TEXT[:-1] + ',"doc":"newer"}'
    newer = hashlib.md5(other.encode()).digest()
    server = Server(HandshakeResponse(Match.NONE, other, newer), HandshakeResponse(Match.BOTH))
    conversation = HttpConversation(OWN, DEFAULT_LIMITS, server.accept)
    assert await conversation.exchange(b"call", server.post) == (1, b"reply")
    assert [TEXT.encode() in body for body in server.posted] == [False, True]
    assert server.accepted == [Connected(newer, other)]


async def test_only_so_many_versions_of_a_server_are_remembered() -> None:
    count = MAX_KNOWN_SERVERS + 1
    hashes = [number.to_bytes(16, "big") for number in range(count)]
    responses = [HandshakeResponse(Match.CLIENT, TEXT, server_hash) for server_hash in hashes]
    server = Server(*responses, responses[-1], responses[0])
    conversation = HttpConversation(OWN, DEFAULT_LIMITS, server.accept)
    views = [(await conversation.exchange(b"call", server.post))[0] for _ in range(count + 2)]
    assert views == [*range(1, count + 1), count, count + 1]
