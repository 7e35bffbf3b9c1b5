"""The values of annotations that mean something here; to other Avro peers they are mere properties."""

from __future__ import annotations

import re
from typing import Final

from avrorpc.errors import SchemaError
from avrorpc.schema.model import Json

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h)")
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: Json) -> float:
    """Return the seconds that a text such as `30s`, `500ms` or `2m` stands for.

    Raises:
        SchemaError: It is no such text.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise SchemaError(f'{value!r} is no duration such as "30s", "500ms" or "2m"')
    return float(match[1]) * _UNITS[match[2]]
