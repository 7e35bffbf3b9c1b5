"""What a client is: where its calls go, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from avrorpc.schema import MessageVerdict, Verdict
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

    verdicts: Mapping[str, MessageVerdict] = field(default_factory=dict)
    """What becomes of each message between this version and the server's; empty before the first call."""

    def __str__(self) -> str:
        colour = "asynchronous" if self.asynchronous else "synchronous"
        lines = [f"{self.contract} over {self.url} ({colour} client, contract {self.hash[:12]})"]
        lines += [f"  {name}: {value}" for name, value in self.details.items()]
        differing = [item for item in self.verdicts.values() if item.verdict is not Verdict.WORKS]
        if self.verdicts:
            count = len(self.verdicts) - len(differing)
            lines.append(f"  server's version: {count} of {len(self.verdicts)} messages work as they are")
        lines += [f"  {line}" for item in differing for line in str(item).splitlines()]
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
