"""Hypothesis strategies for the values of contracts: whatever a schema allows, as generated classes have it.

    from avrorpc.testing.strategies import arguments, values

    @given(values(Order, SHOP), arguments(SHOP.methods["buy"]))
    def test_...

NaN is left out, since it equals nothing. Needs the extra `avrorpc[testing]`.
"""

from __future__ import annotations

import array
import datetime
import decimal
import math
from collections.abc import Mapping
from typing import Any, Final, cast

from avrorpc.codec.logical import Duration
from avrorpc.codec.types import Types, maker, symbols
from avrorpc.contracts import DType
from avrorpc.method import Contract, Method
from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
    buffer_code,
    decimal_precision,
    decimal_scale,
    logical_name,
)
from avrorpc.tensor import ITEM_SIZE, Tensor

try:
    import hypothesis
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "avrorpc.testing.strategies needs Hypothesis: install avrorpc[testing]", name=error.name
    ) from error

DEFAULT_DEPTH: Final = 3
"""How deeply values are nested where they need not be."""
FEW: Final = 3
"""The most items of an array, a map, or a stream."""
_MOST_DIGITS: Final = 50

PRIMITIVES: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=20),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
}
"""By the names of Avro's primitive types."""


def _to_millis(value: Any) -> Any:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


_UNSIGNED: Final = st.integers(0, 2**32 - 1)
_MOMENT: Final = st.datetimes(timezones=st.just(datetime.UTC))
_LOGICAL: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "date": st.dates(),
    "time-millis": st.times().map(_to_millis),
    "time-micros": st.times(),
    "timestamp-millis": _MOMENT.map(_to_millis),
    "timestamp-micros": _MOMENT,
    "local-timestamp-millis": st.datetimes().map(_to_millis),
    "local-timestamp-micros": st.datetimes(),
    "uuid": st.uuids(),
    "duration": st.builds(Duration, months=_UNSIGNED, days=_UNSIGNED, milliseconds=_UNSIGNED),
    "big-decimal": st.decimals(allow_nan=False, allow_infinity=False),
}


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """Draw small tensors of any dtype."""
    dtype = draw(st.sampled_from(list(DType)))
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    size = math.prod(shape) * ITEM_SIZE[dtype]
    return Tensor(dtype=dtype, shape=shape, data=draw(st.binary(min_size=size, max_size=size)))


BY_HAND: Final[Mapping[str, st.SearchStrategy[Any]]] = {"avrorpc.Tensor": tensors()}
"""For classes that are written by hand and do not take any value, by the full names of their types."""


class TypedValues:
    """Strategies for values of generated classes: logical types are Python's own, records are made.

    Args:
        types: Classes by the full names of records and enums; without one, a record is a `dict`.
        by_hand: Strategies for classes that do not take any value, besides `BY_HAND`.
    """

    def __init__(self, types: Types, by_hand: Mapping[str, st.SearchStrategy[Any]] | None = None) -> None:
        self._types = types
        self._by_hand = {**BY_HAND, **(by_hand or {})}
        self._known: dict[tuple[int, int], tuple[Schema, st.SearchStrategy[Any]]] = {}

    def of(self, schema: Schema, depth: int = DEFAULT_DEPTH) -> st.SearchStrategy[Any]:
        """Return a strategy for values of a schema, nested no deeper than they have to be from `depth` on."""
        key = (id(schema), max(depth, -1))
        if key not in self._known:
            # The schema is kept, so that its id stays its own.
            self._known[key] = schema, st.deferred(lambda: self._made(schema, depth))
        return self._known[key][1]

    def _made(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        few = FEW if depth > 0 else 0
        match schema:
            case Array():
                code, lists = buffer_code(schema), st.lists(self.of(schema.items, depth - 1), max_size=few)
                return lists if code is None else lists.map(lambda items: array.array(code, items))
            case Map():
                return st.dictionaries(PRIMITIVES["string"], self.of(schema.values, depth - 1), max_size=few)
            case Union():
                branches = schema.branches
                if depth <= 0:
                    branches = [b for b in branches if not isinstance(b, Record)] or branches
                return st.one_of([self.of(branch, depth - 1) for branch in branches])
            case Record() if schema.name in self._by_hand and schema.name in self._types:
                return self._by_hand[schema.name]
            case Record():
                make = maker(schema, self._types)
                return st.tuples(*(self.of(field.type, depth - 1) for field in schema.fields)).map(
                    lambda values: make(list(values))
                )
            case Enum():
                return st.sampled_from(list(symbols(schema, self._types).values()))
            case Primitive() | Fixed():
                return scalars(schema)


def scalars(schema: Primitive | Fixed) -> st.SearchStrategy[Any]:
    """Return a strategy for values that have no parts; logical types are Python's own."""
    name = logical_name(schema)
    if name == "decimal":
        limit, scale = 10 ** min(decimal_precision(schema), _MOST_DIGITS) - 1, decimal_scale(schema)
        context = decimal.Context(prec=_MOST_DIGITS + 10)
        return st.integers(-limit, limit).map(lambda number: decimal.Decimal(number).scaleb(-scale, context))
    if name is not None:
        return _LOGICAL[name]
    if isinstance(schema, Fixed):
        return st.binary(min_size=schema.size, max_size=schema.size)
    return PRIMITIVES[schema.name]


def values(
    schema: Schema | type,
    contract: Contract | None = None,
    *,
    depth: int = DEFAULT_DEPTH,
    by_hand: Mapping[str, st.SearchStrategy[Any]] | None = None,
) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a schema, or of a generated class.

    Args:
        schema: A schema, or one of the contract's classes.
        contract: Whose classes are made; without one, records are `dict`s and enums `str`.
        depth: How deeply values are nested where they need not be; recursion ends there.
        by_hand: Strategies for classes that do not take any value, by the full names of their types.

    Raises:
        TypeError: A class is given without the contract.
        SchemaError: The contract has no such class.
    """
    if isinstance(schema, type):
        if contract is None:
            raise TypeError(f"values({schema.__name__}) needs the contract that the class was generated from")
        schema = contract.schema_of(schema)
    return TypedValues(contract.types if contract else {}, by_hand).of(schema, depth)


def arguments(
    method: Method[Any],
    *,
    depth: int = DEFAULT_DEPTH,
    by_hand: Mapping[str, st.SearchStrategy[Any]] | None = None,
) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for a method's arguments, in the message's order; a request stream is a list.

    For the arguments see `values`.
    """
    made = TypedValues(method.contract.types, by_hand)
    drawn = [made.of(field.type, depth) for field in method.message.request]
    if method.streaming.takes_stream:
        drawn[-1] = st.lists(drawn[-1], max_size=FEW)
    return st.tuples(*drawn)


def results(
    method: Method[Any],
    *,
    depth: int = DEFAULT_DEPTH,
    by_hand: Mapping[str, st.SearchStrategy[Any]] | None = None,
) -> st.SearchStrategy[Any]:
    """Return a strategy for a method's results; of a response stream, for one item.

    For the arguments see `values`.
    """
    return TypedValues(method.contract.types, by_hand).of(method.message.response, depth)


def errors(
    method: Method[Any],
    *,
    depth: int = DEFAULT_DEPTH,
    by_hand: Mapping[str, st.SearchStrategy[Any]] | None = None,
) -> st.SearchStrategy[Any]:
    """Return a strategy for the errors that a method declares; for none, one that draws nothing.

    For the arguments see `values`.
    """
    made = TypedValues(method.contract.types, by_hand)
    return st.one_of([made.of(error, depth) for error in method.message.errors])


def examples(strategy: st.SearchStrategy[Any], count: int, seed: int = 0) -> list[Any]:
    """Draw values outside of a test, the same for the same seed: at most `count`, no less than one.

    Args:
        strategy: Where from.
        count: How many.
        seed: Which.
    """
    drawn: list[Any] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=max(count, 1),
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=cast("list[hypothesis.HealthCheck]", list(hypothesis.HealthCheck)),
    )
    @hypothesis.given(strategy)
    def collect(value: Any) -> None:
        drawn.append(value)

    collect()
    return drawn[: max(count, 1)]
