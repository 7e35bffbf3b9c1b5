"""The functions of the rule language, each on JSON values alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeGuard

from avrorpc.schema import Json, same_json

NON_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""The numbers that JSON has no number for."""


class Misuse(Exception):
    """A function or an operator got what it has no result for."""


@dataclass(slots=True, frozen=True)
class Function:
    """A function, and how it is called."""

    usage: str
    call: Callable[..., Json]
    least: int = 1
    most: int = 1


def is_number(value: Json) -> TypeGuard[int | float]:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def leaves(value: Json) -> Iterator[Json]:
    """Yield the innermost items of nested lists, in their order; of any other value, the value."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            waiting.extend(reversed(found))
        else:
            yield found


def size(value: Json) -> int:
    """Return how many values there are in a value, itself included: what work on it costs."""
    count, waiting = 0, [value]
    while waiting:
        found = waiting.pop()
        count += 1
        if isinstance(found, list):
            waiting.extend(found)
        elif isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, str):
            count += len(found) // 8
    return count


def kind(value: Json) -> str:
    """Return what a value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "an object"


def _numbers(value: Json) -> list[int | float]:
    """Return the numbers in nested lists; NaN and the infinities come as strings in JSON."""
    found: list[int | float] = []
    for item in leaves(value):
        if isinstance(item, str) and item in NON_FINITE:
            found.append(NON_FINITE[item])
        elif is_number(item):
            found.append(item)
        else:
            raise Misuse(f"it takes numbers, and there is {kind(item)}")
    return found


def finite(number: float) -> Json:
    """Return a number as JSON has it: NaN and the infinities are strings."""
    if isinstance(number, int) or math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise Misuse(f"it takes a list, and not {kind(value)}")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise Misuse(f"it takes a string, and not {kind(value)}")
    return value


def _len(value: Json) -> Json:
    if not isinstance(value, str | list | dict):
        raise Misuse(f"{kind(value)} has no length")
    return len(value)


def _length(value: Json) -> Json:
    return len(list(leaves(value))) if isinstance(value, list) else _len(value)


def _sum(value: Json) -> Json:
    return finite(sum(_numbers(value)))


def _extreme(choose: Callable[[list[int | float]], int | float]) -> Callable[..., Json]:
    def call(*values: Json) -> Json:
        numbers = _numbers(list(values))
        if not numbers:
            raise Misuse("there is no number")
        return finite(choose(numbers))

    return call


def _mean(value: Json) -> Json:
    numbers = _numbers(value)
    if not numbers:
        raise Misuse("there is no number")
    return finite(math.fsum(numbers) / len(numbers))


def _abs(value: Json) -> Json:
    return finite(abs(_number(value)))


def _number(value: Json) -> int | float:
    (number,) = _numbers([value])
    return number


def _round(value: Json, digits: Json = None) -> Json:
    number = _number(value)
    if not math.isfinite(number):
        raise Misuse("NaN and the infinities cannot be rounded")
    if digits is None:
        return round(number)
    if not isinstance(digits, int) or isinstance(digits, bool) or abs(digits) > 300:
        raise Misuse("the number of digits is a whole number up to 300")
    return round(number, digits)


def _booleans(value: Json) -> list[bool]:
    found: list[bool] = []
    for item in leaves(_list(value)):
        if not isinstance(item, bool):
            raise Misuse(f"it takes true and false, and there is {kind(item)}")
        found.append(item)
    return found


def _all(value: Json) -> Json:
    return all(_booleans(value))


def _any(value: Json) -> Json:
    return any(_booleans(value))


def _approx(one: Json, other: Json, absolute: Json = 1e-6, relative: Json = 0) -> Json:
    ones, others = _numbers(one), _numbers(other)
    if _shape(one) != _shape(other):
        return False
    within, share = _number(absolute), _number(relative)
    return all(is_close(a, b, within, share) for a, b in zip(ones, others, strict=True))


def is_close(got: float, expected: float, absolute: float, relative: float) -> bool:
    """Whether a number is as near to another as a tolerance allows; NaN is equal to NaN."""
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    if math.isinf(expected) or math.isinf(got):
        return expected == got
    return abs(got - expected) <= max(absolute, relative * abs(expected))


def _sorted(value: Json) -> Json:
    items = _list(value)
    if all(isinstance(item, str) for item in items):
        return sorted(items, key=str)
    if all(is_number(item) for item in items):
        return sorted(items, key=lambda item: item)  # type: ignore[arg-type, return-value]
    raise Misuse("it sorts numbers or strings, and not both")


def _unique(value: Json) -> Json:
    found: list[Json] = []
    scalars: set[tuple[str, object]] = set()
    nested: list[Json] = []
    for item in _list(value):
        if not isinstance(item, list | dict):
            is_new = (kind(item), item) not in scalars
            scalars.add((kind(item), item))
        else:
            is_new = not any(same_json(item, other) for other in nested)
            nested += [item] if is_new else []
        if len(nested) > _MOST_NESTED:
            raise Misuse(f"it compares no more than {_MOST_NESTED} lists and objects")
        found += [item] if is_new else []
    return found


_MOST_NESTED: Final = 1_000


def _flatten(value: Json) -> Json:
    return list(leaves(_list(value)))


def _shape(value: Json) -> Json:
    """Return the lengths of nested lists, outermost first, as far as all lists of a level are as long."""
    shape: list[Json] = []
    level = [value]
    while level and all(isinstance(item, list) for item in level):
        lists = [item for item in level if isinstance(item, list)]
        lengths = {len(item) for item in lists}
        if len(lengths) != 1:
            raise Misuse("its lists differ in length, and so it has no shape")
        shape.append(lengths.pop())
        level = [inner for item in lists for inner in item]
    return shape


def _is(what: str) -> Callable[..., Json]:
    return lambda value: kind(value) == what


def _keys(value: Json) -> Json:
    if not isinstance(value, dict):
        raise Misuse(f"it takes an object, and not {kind(value)}")
    return list(value)


def _values(value: Json) -> Json:
    if not isinstance(value, dict):
        raise Misuse(f"it takes an object, and not {kind(value)}")
    return list(value.values())


FUNCTIONS: Final[dict[str, Function]] = {
    "abs": Function("abs(number)", _abs),
    "all": Function("all(list)", _all),
    "any": Function("any(list)", _any),
    "approx": Function("approx(a, b, absolute, relative)", _approx, 2, 4),
    "flatten": Function("flatten(list)", _flatten),
    "is_bool": Function("is_bool(value)", _is("a boolean")),
    "is_list": Function("is_list(value)", _is("a list")),
    "is_null": Function("is_null(value)", _is("null")),
    "is_number": Function("is_number(value)", _is("a number")),
    "is_object": Function("is_object(value)", _is("an object")),
    "is_string": Function("is_string(value)", _is("a string")),
    "keys": Function("keys(object)", _keys),
    "len": Function("len(value)", _len),
    "length": Function("length(value)", _length),
    "lower": Function("lower(text)", lambda text: _text(text).lower()),
    "max": Function("max(value, ...)", _extreme(max), 1, 16),
    "mean": Function("mean(list)", _mean),
    "min": Function("min(value, ...)", _extreme(min), 1, 16),
    "round": Function("round(number, digits)", _round, 1, 2),
    "rows": Function("rows(list)", lambda value: len(_list(value))),
    "shape": Function("shape(list)", _shape),
    "sorted": Function("sorted(list)", _sorted),
    "starts_with": Function(
        "starts_with(text, beginning)", lambda text, start: _text(text).startswith(_text(start)), 2, 2
    ),
    "sum": Function("sum(list)", _sum),
    "unique": Function("unique(list)", _unique),
    "upper": Function("upper(text)", lambda text: _text(text).upper()),
    "utf8_length": Function(
        "utf8_length(text)", lambda text: len(_text(text).encode("utf-8", "surrogatepass"))
    ),
    "values": Function("values(object)", _values),
}
"""All of them, by name."""
MEASURES: Final = ("length", "rows", "sum", "min", "max", "mean")
"""The functions that a key such as `input_ids_length` may end in."""
