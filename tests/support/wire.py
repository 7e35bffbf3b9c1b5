"""Contracts without classes, and two connections back to back, for the tests of the wire."""

from __future__ import annotations

from dataclasses import dataclass

from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.schema import Json, compact
from avrorpc.wire.client import ClientConnection, Connected, Event, Identity
from avrorpc.wire.framing import Framing
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import Request, ServerConnection


def contract(name: str, **messages: Json) -> Contract:
    """Return a contract with these messages."""
    namespace, _, short = name.rpartition(".")
    text = compact({"protocol": short, "namespace": namespace, "types": [], "messages": dict(messages)})
    return Contract(name, text, types=dict)


def identity(of: Contract) -> Identity:
    """Return a contract as a client names it."""
    return Identity(of.hash, of.text, of.name)


BUY: Json = {"request": [{"name": "count", "type": "int"}], "response": "int"}
NOTE: Json = {"request": [{"name": "text", "type": "string"}], "response": "null", "one-way": True}
SHOP = contract("a.Shop", buy=BUY, note=NOTE)
OLD_SHOP = contract("a.Shop", buy=BUY)
BANK = contract("a.Bank", pay=BUY)
STRANGER = contract("x.Stranger", buy=BUY)


@dataclass
class Pair:
    """A client's and a server's connection, with the bytes carried between them in pieces of one size."""

    client: ClientConnection
    server: ServerConnection[Contract]
    piece: int = 0
    """How many bytes at a time; 0 for all at once."""

    def to_server(self) -> list[Request[Contract]]:
        """Carry what the client sends; return the calls that the server may start."""
        events = [
            event for data in self._cut(self.client.data_to_send()) for event in self.server.receive(data)
        ]
        return [event for event in events if isinstance(event, Request)]

    def to_client(self) -> list[Event]:
        """Carry what the server sends; return what it means to the client."""
        return [
            event for data in self._cut(self.server.data_to_send()) for event in self.client.receive(data)
        ]

    def connect(self) -> Connected:
        """Carry both ways until the handshake is done."""
        for _ in range(3):
            assert self.to_server() == []
            for event in self.to_client():
                assert isinstance(event, Connected)
                return event
        raise AssertionError("no handshake")

    def _cut(self, data: bytes) -> list[bytes]:
        size = self.piece or len(data) or 1
        return [data[at : at + size] for at in range(0, len(data), size)]


def wire_pair(
    client: Contract = SHOP,
    *served: Contract,
    framing: Framing = "netty",
    known: Connected | None = None,
    limits: Limits = DEFAULT_LIMITS,
    piece: int = 0,
) -> Pair:
    """Return a client's connection and a server's, back to back; the server serves `SHOP` if nothing else."""
    return Pair(
        ClientConnection(identity(client), known, framing, limits),
        ServerConnection(Offers(served or (SHOP,)), framing, limits),
        piece,
    )
