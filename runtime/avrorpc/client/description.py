"""What a client is: where its calls go, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from avrorpc.codec import acceleration
from avrorpc.schema import MessageVerdict, Verdict
from avrorpc.stub import AsyncClient, Client
from avrorpc.transport.address import Address
from avrorpc.wire.client import Connected


@dataclass(slots=True, frozen=True, kw_only=True)
class Description:
    """Where a client's calls go, and how."""

    placement: str
    """The scheme that is active: `direct`, `local`, `verify`, `tcp` or `http`."""
    url: str
    """The address as it is used."""
    contract: str
    """The protocol's full name."""
    hash: str
    """The MD5 of the client's version of the contract, in hexadecimal."""
    asynchronous: bool
    """Whether the client's methods are coroutines."""
    details: dict[str, str] = field(default_factory=dict)
    """What else there is to say about this placement."""
    server_hash: str | None = None
    """The MD5 of the server's version of the contract, in hexadecimal; None before the first call."""
    verdicts: Mapping[str, MessageVerdict] = field(default_factory=dict)
    """What becomes of each message between this version and the server's; empty before the first call."""

    def __str__(self) -> str:
        colour = "asynchronous" if self.asynchronous else "synchronous"
        lines = [f"{self.contract} over {self.url} ({colour} client, contract {self.hash[:12]})"]
        lines += [f"  {name}: {value}" for name, value in self.details.items()]
        differing = [item for item in self.verdicts.values() if item.verdict is not Verdict.WORKS]
        if self.server_hash is not None:
            same = self.server_hash == self.hash
            lines.append(f"  server: {'the same contract' if same else f'contract {self.server_hash[:12]}'}")
        if self.verdicts:
            count = len(self.verdicts) - len(differing)
            lines.append(f"  server's version: {count} of {len(self.verdicts)} messages work as they are")
        lines += [f"  {line}" for item in differing for line in str(item).splitlines()]
        return "\n".join(lines)


def remote_details(address: Address, connected: Connected | None) -> dict[str, str]:
    """Return what there is to say of a connection: what is spoken on it, and what protects it.

    Args:
        address: Where the server is.
        connected: What the last handshake gave; None before the first.
    """
    details = {"body": "Avro binary over POST"} if address.is_http else {"framing": str(address.framing)}
    if connected is None:
        details["connection"] = "none yet: it is made with the first call"
    elif connected.settings is not None:
        compression = connected.settings.compression
        details["connection"] = "frames of avrorpc, " + (
            "uncompressed" if compression is None else f"compressed by {compression.name}"
        )
        details.pop("framing", None)
    elif not address.is_http:
        details["connection"] = "plain Avro: no streams, deadlines reach the server, cancelling does not"
    if address.is_secure:
        details["security"] = "TLS"
    details["codec"] = acceleration.description
    return details


@runtime_checkable
class Describable(Protocol):
    """A channel that can say what it is."""

    def describe(self) -> Description:
        """Return what this channel is."""
        ...


def describe(client: Client | AsyncClient) -> Description:
    """Return where a client's calls go, and how; its text is for people."""
    channel = client.__avrorpc__
    if not isinstance(channel, Describable):
        raise TypeError(f"{channel!r} was not made by avrorpc.connect")
    return channel.describe()
