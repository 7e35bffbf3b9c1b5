"""The client's end of a stateless transport: every request and every reply begins with a handshake.

The body of an HTTP request or response is one message in the specification's framing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from avrorpc.codec.binary import Cursor
from avrorpc.errors import RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.wire.client import Connected, Identity, ServerMemory
from avrorpc.wire.framing import SpecDeframer, frame
from avrorpc.wire.handshake import HandshakeRequest, Match, decode_response, encode_request

CONTENT_TYPE: Final = "avro/binary"


class StatelessClient:
    """Knows what a server at one URL was last known to speak; any number of exchanges may share it."""

    def __init__(self, identity: Identity, limits: Limits) -> None:
        self.identity: Final = identity
        self.limits: Final = limits
        self.known: Connected | None = None
        """Who the server was in the last exchange that came to an end."""

    def exchange(self, call: bytes, meta: Mapping[str, bytes] = MappingProxyType({})) -> Exchange:
        """Return the exchange of a call, from metadata to parameters, for its reply; `meta` is first."""
        return Exchange(self, call, meta)


class Exchange:
    """One call: send `request`, give `receive` the answer, and do so once more where it returns None."""

    def __init__(self, client: StatelessClient, call: bytes, meta: Mapping[str, bytes]) -> None:
        self.meta: Mapping[str, bytes] = {}
        """What came beside the server's last handshake."""
        self._client = client
        self._call = call
        self._offered = meta
        self._server = ServerMemory(client.identity, client.known)
        self._text: str | None = None

    def request(self) -> bytes:
        """Return the body to send."""
        opening = HandshakeRequest(self._client.identity.hash, self._text, self._server.hash, self._offered)
        return frame("spec", 0, encode_request(opening), self._call)

    def receive(self, body: bytes) -> tuple[Connected, bytes] | None:
        """Return what a reply's body says: who the server is, and the reply itself.

        None means that nothing was called: the server wants the protocol's text.

        Raises:
            RemoteProtocolError: The body is malformed, or the server does not serve this protocol.
            ContractMismatch: It refuses the client's version of it.
        """
        cursor = Cursor(unframe(body, self._client.limits), self._client.limits)
        response = decode_response(cursor)
        self.meta = response.meta
        if response.match is Match.NONE:
            self._server.take_none(response)
            self._text = self._client.identity.text
            return None
        self._server.learn(response)
        self._client.known = self._server.connected()
        return self._client.known, cursor.data[cursor.position :]


def unframe(data: bytes, limits: Limits) -> bytes:
    """Return the one message of a body.

    Empty ones may follow: Java's HTTP client writes an empty buffer where a message has no parameters, and so
    ends its request twice.

    Raises:
        RemoteProtocolError: There is none, or more than one.
    """
    deframer = SpecDeframer(limits)
    messages = deframer.feed(data)
    if not messages or any(excess for _, excess in messages[1:]) or not deframer.idle:
        raise RemoteProtocolError("the HTTP body is not one Avro message; does the peer speak Avro?")
    body = messages[0][1]
    assert isinstance(body, bytes)  # what is above the limit was raised
    return body
