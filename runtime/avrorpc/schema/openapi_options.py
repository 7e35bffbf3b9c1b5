"""What an OpenAPI document says beside its contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from avrorpc.schema.model import Json

Mode = Literal["research", "production"]
Case = Mapping[str, Json]
Scheme = Literal["bearer", "mutual_tls"]


@dataclass(slots=True, frozen=True, kw_only=True)
class DocumentOptions:
    """What a document says beside its contracts."""

    title: str = "Services"
    """What the whole is called."""
    version: str = "1.0.0"
    """The version of the whole."""
    description: str | None = None
    """What it is about; Markdown."""
    servers: Sequence[str] = ()
    """URLs at which it is served."""
    mode: Mode = "production"
    """Whether answers are the bare results, or the envelope of research mode."""
    security: Sequence[Scheme] = ()
    """How callers may say who they are; where there is any, they must."""
    cases: Mapping[tuple[str, str], Sequence[Case]] = field(default_factory=dict)
    """Example cases by full name of the protocol and name of the message: objects with `description`,
    `input`, and maybe `expected_output`. Those with an `expected_error` are left out: what is shown works."""
    generated: bool = True
    """Whether to list what there is without a message for it: of each service, such as
    `GET /{service}/info`, and of the server, such as `GET /readyz`."""
