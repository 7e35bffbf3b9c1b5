"""What a call over REST gives in research mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from avrorpc.schema import Json

_NAMES: Final = ("data", "metadata", "examples")


@dataclass(slots=True, frozen=True)
class RESTfulResponse(Mapping[str, Json]):
    """The envelope of research mode; also a mapping with the keys `data`, `metadata` and `examples`."""

    data: Json
    """The result."""
    metadata: dict[str, Json] = field(default_factory=dict)
    """What is known of the call: service, message, request id, how long which stage took."""
    examples: list[Json] = field(default_factory=list)
    """The example cases of the message."""

    @classmethod
    def of(cls, value: Json) -> Self:
        """Return the response that an answer is: an envelope, or data without one."""
        if not isinstance(value, dict) or not set(_NAMES) <= value.keys():
            return cls(value)
        metadata, examples = value["metadata"], value["examples"]
        return cls(
            value["data"],
            metadata if isinstance(metadata, dict) else {},
            examples if isinstance(examples, list) else [],
        )

    def __getitem__(self, name: str) -> Json:
        if name not in _NAMES:
            raise KeyError(name)
        value: Json = getattr(self, name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)
