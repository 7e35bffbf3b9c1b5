"""Who is at the other end of a connection, as far as the connection itself proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True, frozen=True)
class Principal:
    """A caller whose identity is proved, and not just claimed."""

    name: str
    """What to call it by: `spiffe://...`, a host's name, a certificate's common name, or `uid:1000`."""
    kind: Literal["certificate", "process", "token"]
    """What proves it: a verified TLS certificate, the system that has both ends of a unix socket, or a token
    that `avrorpc.middleware.Authentication` was shown.
    """
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """What else is known. Of a certificate `uri` and `dns` (its names), `subject`, `issuer` (such as
    `commonName=desk`), `serial` and `expires`; of a process `uid`, `gid` and `pid`.
    """
