"""The client's end of a stateless transport: every request and every reply begins with a handshake.

The body of an HTTP request or response is one message in the specification's framing.
"""

from __future__ import annotations

from typing import Final

from avrorpc.codec.binary import Cursor
from avrorpc.errors import RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.wire.client import Connected, Identity, ServerMemory, not_served
from avrorpc.wire.framing import SpecDeframer, frame
from avrorpc.wire.handshake import HandshakeRequest, Match, decode_response, encode_request

CONTENT_TYPE: Final = "avro/binary"


class StatelessClient:
    """Knows what a server at one URL was last known to speak; any number of exchanges may share it."""

    def __init__(self, identity: Identity, limits: Limits) -> None:
        self._identity = identity
        self._limits = limits
        self._server = ServerMemory(identity, None)

    def request(self, call: bytes, *, show_text: bool) -> bytes:
        """Return the body that carries a call, from metadata to parameters.

        `show_text` is for the second try, after a server that did not know the client's protocol.
        """
        text = self._identity.text if show_text else None
        opening = HandshakeRequest(self._identity.fingerprint, text, self._server.hash)
        return frame("spec", 0, encode_request(opening), call)

    def receive(self, body: bytes, *, text_shown: bool) -> tuple[Connected, bytes] | None:
        """Return what a reply's body says: who the server is, and the reply itself.

        None means that nothing was called: the server wants the protocol's text, so request once more.

        Raises:
            RemoteProtocolError: The body is malformed, or the server does not serve this protocol.
        """
        cursor = Cursor(unframe(body, self._limits), self._limits)
        response = decode_response(cursor)
        if response.match is Match.NONE:
            if text_shown:
                raise not_served(self._identity, response)
            self._server.learn(response)
            return None
        self._server.learn(response)
        return self._server.connected(), cursor.data[cursor.position :]


def unframe(body: bytes, limits: Limits) -> bytes:
    """Return the one message of a body.

    Raises:
        RemoteProtocolError: There is none, or more than one.
    """
    messages = SpecDeframer(limits).feed(body)
    if len(messages) != 1:
        raise RemoteProtocolError(
            f"{len(messages)} Avro messages in one HTTP body; is the peer an Avro server?"
        )
    return messages[0][1]
