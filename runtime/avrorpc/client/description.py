"""What a client is: where its calls go, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from avrorpc.stub import AsyncClient, Client


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

    def __str__(self) -> str:
        colour = "asynchronous" if self.asynchronous else "synchronous"
        lines = [f"{self.contract} over {self.url} ({colour} client, contract {self.hash[:12]})"]
        lines += [f"  {name}: {value}" for name, value in self.details.items()]
        return "\n".join(lines)


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
