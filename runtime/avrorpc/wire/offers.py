"""The contracts that a server has, and which of them a client's handshake binds it to.

Several protocols share a port. A client is bound to the one that has the name of its protocol, which is known
by its hash or shown as text; else to the one whose hash it takes for the server's. NONE answers a client that
is not known.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from avrorpc import schema
from avrorpc.errors import RemoteProtocolError, SchemaError
from avrorpc.wire.handshake import HandshakeRequest, HandshakeResponse, Match

MAX_KNOWN_CLIENTS: Final = 128
"""How many clients' protocols a server remembers; the least recently seen is forgotten."""
MAX_KNOWN_TEXT: Final = 4 * 1024 * 1024
"""Characters that they may have together: what is made of them takes many times as much memory."""


class Offer(Protocol):
    """What the wire must know of a contract that a server serves."""

    @property
    def name(self) -> str:
        """The protocol's full name."""
        ...

    @property
    def text(self) -> str:
        """Its compact `.avpr` text."""
        ...

    @property
    def hash(self) -> bytes:
        """The MD5 of the text."""
        ...

    @property
    def protocol(self) -> schema.Protocol:
        """The protocol."""
        ...


O_co = TypeVar("O_co", bound=Offer, covariant=True)


@dataclass(slots=True, frozen=True)
class Session(Generic[O_co]):
    """What a connection is bound to."""

    offer: O_co
    client: schema.Protocol
    """The client's version of the contract: what it writes requests with, and reads replies with."""
    client_hash: bytes = b""
    """What stands for that version: the MD5 of its text, as the client says."""


class Offers(Generic[O_co]):
    """The contracts served at one address, and the clients' protocols met so far."""

    def __init__(self, offers: Iterable[O_co]) -> None:
        self._by_name = {offer.name: offer for offer in offers}
        self._by_hash = {offer.hash: offer for offer in self._by_name.values()}
        self._clients: OrderedDict[bytes, schema.Protocol] = OrderedDict()
        self._sizes: dict[bytes, int] = {}

    def __iter__(self) -> Iterator[O_co]:
        return iter(self._by_name.values())

    def get(self, name: str) -> O_co | None:
        """Return the contract of a full name."""
        return self._by_name.get(name)

    def meet(
        self, request: HandshakeRequest, preferred: str | None = None, message: str = ""
    ) -> tuple[Session[O_co] | None, HandshakeResponse]:
        """Return what a handshake binds a connection to, if anything, and its answer.

        Args:
            request: The handshake.
            preferred: The contract that an unknown client is shown.
            message: The message that comes with the handshake; empty for a ping.
        """
        session = self._find(request)
        if session is None:
            return None, self._unknown(request, preferred, message)
        if request.server_hash == session.offer.hash:
            return session, HandshakeResponse(Match.BOTH)
        return session, HandshakeResponse(Match.CLIENT, session.offer.text, session.offer.hash)

    def _unknown(self, request: HandshakeRequest, preferred: str | None, message: str) -> HandshakeResponse:
        """Return NONE, with the contract that the client most likely wants.

        Where there are several, a ping alone gets none of them: avsc, which pings first, would give up on one
        that it cannot use. Java's client and Apache's for Python need one, and never ping.
        """
        offer = self._by_name.get(preferred or "") or self._by_hash.get(request.server_hash)
        if offer is None and len(self._by_name) > 1 and request.client_text is None:
            if not message:
                return HandshakeResponse(Match.NONE)
            offer = next((each for each in self if message in each.protocol.messages), None)
        offer = offer or next(iter(self))
        return HandshakeResponse(Match.NONE, offer.text, offer.hash)

    def _find(self, request: HandshakeRequest) -> Session[O_co] | None:
        client = self._client(request)
        if client is None:
            return None
        # The hash that a client guesses comes last: after NONE it is that of whichever protocol NONE carried.
        offer = self._by_name.get(client.name) or self._by_hash.get(request.server_hash)
        return None if offer is None else Session(offer, client, request.client_hash)

    def _client(self, request: HandshakeRequest) -> schema.Protocol | None:
        same = self._by_hash.get(request.client_hash)
        if same is not None:
            return same.protocol
        known = self._clients.get(request.client_hash)
        if known is not None:
            self._clients.move_to_end(request.client_hash)
            return known
        if request.client_text is None:
            return None
        try:
            client = schema.parse_protocol(request.client_text)
        except SchemaError as error:
            raise RemoteProtocolError(f"the client's protocol: {error}") from error
        # A hash stands for its own text only, lest one client decide what others mean by theirs.
        if schema.handshake_hash(request.client_text) == request.client_hash:
            self._clients[request.client_hash] = client
            self._sizes[request.client_hash] = len(request.client_text)
            while len(self._clients) > MAX_KNOWN_CLIENTS or sum(self._sizes.values()) > MAX_KNOWN_TEXT:
                forgotten, _ = self._clients.popitem(last=False)
                del self._sizes[forgotten]
        return client
