"""Whether a result is the one that a case expects: wildcards, and numbers within a tolerance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from avrorpc.examples.case import EXACT, Tolerance
from avrorpc.examples.functions import NON_FINITE, is_close, is_number
from avrorpc.examples.problem import Problem, below
from avrorpc.schema import Json

WILDCARD: Final = "..."
"""What stands for any value, as an item for any number of items, and as a key for further members."""
MOST_MISMATCHES: Final = 5
"""How many differences are told."""


def mismatches(expected: Json, got: Json, tolerance: Tolerance = EXACT) -> list[Problem]:
    """Return where a result differs from what is expected, the first few; none where it fits."""
    found: list[Problem] = []
    for problem in _differences(expected, got, tolerance, ""):
        found.append(problem)
        if len(found) == MOST_MISMATCHES:
            break
    return found


def shown(value: Json, most: int = 120) -> str:
    """Return a value as JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[: most * 2 // 3]} ... {text[-most // 4 :]}"


def _differences(expected: Json, got: Json, tolerance: Tolerance, pointer: str) -> Iterator[Problem]:
    if isinstance(expected, str) and expected == WILDCARD:
        return
    if isinstance(expected, list) and isinstance(got, list):
        yield from _list(expected, got, tolerance, pointer)
    elif isinstance(expected, dict) and isinstance(got, dict):
        yield from _object(expected, got, tolerance, pointer)
    elif not _same(expected, got, tolerance):
        yield Problem(pointer, f"expected {shown(expected)}, got {shown(got)}")


def _same(expected: Json, got: Json, tolerance: Tolerance) -> bool:
    one, other = _number(expected), _number(got)
    if one is not None and other is not None:
        if isinstance(one, int) and isinstance(other, int) and tolerance == EXACT:
            return one == other
        try:
            return is_close(other, one, tolerance.absolute, tolerance.relative)
        except OverflowError:  # a whole number that no float holds
            return one == other
    return type(expected) is type(got) and expected == got


def _number(value: Json) -> int | float | None:
    """Return the number that a value is or stands for; one that is too large for a float stays whole."""
    if isinstance(value, str):
        return NON_FINITE.get(value)
    return value if is_number(value) else None


def _list(expected: list[Json], got: list[Json], tolerance: Tolerance, pointer: str) -> Iterator[Problem]:
    if len(expected) == 1 and _is_open(expected[0]):
        for index, item in enumerate(got):  # any number of rows, each like the one that is written
            yield from _differences(expected[0], item, tolerance, below(pointer, index))
        return
    if WILDCARD in expected:
        yield from _with_gaps(expected, got, tolerance, pointer)
        return
    if len(expected) != len(got):
        yield Problem(
            pointer, f"expected {len(expected)} items, got {len(got)}: {shown(expected)} / {shown(got)}"
        )
        return
    for index, (one, other) in enumerate(zip(expected, got, strict=True)):
        yield from _differences(one, other, tolerance, below(pointer, index))


def _is_open(expected: Json) -> bool:
    """Whether it is the wildcard, or a list of nothing else."""
    while isinstance(expected, list) and len(expected) == 1:
        expected = expected[0]
    return isinstance(expected, str) and expected == WILDCARD


def _with_gaps(
    expected: list[Json], got: list[Json], tolerance: Tolerance, pointer: str
) -> Iterator[Problem]:
    """Compare what stands before the first gap and behind the last; between gaps, look for runs."""
    runs: list[list[Json]] = [[]]
    for item in expected:
        if isinstance(item, str) and item == WILDCARD:
            runs.append([])
        else:
            runs[-1].append(item)
    first, *middle, last = runs
    if len(got) < sum(map(len, runs)):
        yield Problem(pointer, f"expected at least {sum(map(len, runs))} items, got {len(got)}: {shown(got)}")
        return
    for index, item in enumerate(first):
        yield from _differences(item, got[index], tolerance, below(pointer, index))
    at, end = len(first), len(got) - len(last)
    for run in middle:
        while at + len(run) <= end and not all(
            _fits(one, other, tolerance) for one, other in zip(run, got[at : at + len(run)], strict=True)
        ):
            at += 1
        if at + len(run) > end:
            yield Problem(pointer, f"expected {shown(run)} among the items of {shown(got)}")
            return
        at += len(run)
    for index, item in enumerate(last, end):
        yield from _differences(item, got[index], tolerance, below(pointer, index))


def _fits(expected: Json, got: Json, tolerance: Tolerance) -> bool:
    return next(_differences(expected, got, tolerance, ""), None) is None


def _object(
    expected: dict[str, Json], got: dict[str, Json], tolerance: Tolerance, pointer: str
) -> Iterator[Problem]:
    for key, value in expected.items():
        if key == WILDCARD:
            continue
        if key not in got:
            yield Problem(below(pointer, key), f"expected {shown(value)}, got nothing")
        else:
            yield from _differences(value, got[key], tolerance, below(pointer, key))
    if WILDCARD not in expected:
        for key in got.keys() - expected.keys():
            yield Problem(below(pointer, key), f"expected nothing, got {shown(got[key])}")
