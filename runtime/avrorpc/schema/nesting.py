"""How deeply schemas may stand in each other, and a way to read them that needs no stack for it.

JSON has a named type whole where it first occurs, so that a chain of types is as deep in its JSON as it is
long. Knows nothing of what a schema is.
"""

from __future__ import annotations

from collections.abc import Generator
from types import GeneratorType
from typing import Any, Final, Never, TypeVar

from avrorpc.schema.model import Json

T = TypeVar("T")

MAX_JSON_DEPTH: Final = 768
"""How many brackets may be open at once in the JSON of a schema or a protocol.

It is what the JSON decoders and encoders of Python take, with a quarter of its default recursion limit left
for whoever calls them: 190 records in a row by optional fields, 150 by arrays or maps of optional items.
"""

MAX_DEPTH: Final = 64
"""How deeply types without names may stand in each other, and the parts of a default."""

MAX_DEFAULT_VALUES: Final = 100_000
"""How many values a default may imply by those of the fields inside it, which may double at each step."""


def finish(step: Generator[object, Never, T]) -> T:
    """Run a generator to its end and return its result.

    It yields what it waits for, another generator or a value, and is sent the result. So it may be as
    recursive as the data are deep, and none of it lies on Python's stack. An exception ends them all.
    """
    running: list[Generator[object, Any, T]] = [step]
    result: Any = None
    while running:
        try:
            result = running[-1].send(result)
        except StopIteration as stop:
            running.pop()
            result = stop.value
        if isinstance(result, GeneratorType):
            running.append(result)
            result = None
    value: T = result
    return value


def json_depth(value: Json) -> int:
    """Return how many brackets are open at once where JSON is the deepest; 0 for a value without any."""
    depth = 0
    level = [value]
    while level := [part for part in level if isinstance(part, list | dict)]:
        depth += 1
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    return depth
