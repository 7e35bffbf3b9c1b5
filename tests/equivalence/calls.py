"""Generated calls of a contract: arguments, and what the implementation does with them."""

from __future__ import annotations

import datetime
import functools
import inspect
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from avrorpc import Code, DeclaredError, StatusError, error_info
from avrorpc.contracts import ErrorReason, ResourceInfo, RetryInfo
from avrorpc.method import Method
from avrorpc.schema import Record, Streaming
from avrorpc.testing.strategies import TypedValues
from equivalence.scripted import Outcome
from hypothesis import strategies as st

ALL = 1_000
"""More items than any call has."""
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_DETAILS = st.lists(
    st.one_of(
        st.builds(RetryInfo, seconds=st.floats(0, 1e6)),
        st.builds(ResourceInfo, type=_TEXTS, name=_TEXTS),
        st.builds(ErrorReason, reason=_TEXTS, domain=_TEXTS),
    ),
    max_size=2,
)
_STATUSES = st.builds(
    lambda code, message, details: StatusError(code, message, details=details),
    st.sampled_from(Code),
    _TEXTS,
    _DETAILS,
)
_UNDECLARED = st.builds(ValueError, _TEXTS)


@dataclass
class Planned:
    """One call, and its outcome."""

    method: Method[Any]
    arguments: list[Any]
    outcome: Outcome
    items: list[Any] = field(default_factory=list)
    """What the caller streams."""

    @property
    def is_bare(self) -> bool:
        """Whether a bare method call does the same: `direct:` maps no error that is not declared."""
        error = self.outcome.error
        return error is None or (isinstance(error, DeclaredError) and type(error) in self.method.errors)


@st.composite
def planned(draw: st.DrawFn, view: Any, left_out: tuple[str, ...] = ()) -> Planned:
    """Draw a call of any message of a contract."""
    contract = view.__contract__
    names = [name for name in contract.methods if name not in left_out]
    method = contract.methods[draw(st.sampled_from(names))]
    values = _values(contract)
    parameters = [values.of(parameter.type) for parameter in method.message.request]
    items: list[Any] = []
    if method.streaming.takes_stream:
        items = draw(st.lists(parameters.pop(), max_size=4))
    arguments = [draw(strategy) for strategy in parameters]
    return Planned(method, arguments, draw(_outcomes(method, values, len(items))), items)


def _values(contract: Any) -> TypedValues:
    if contract.name not in _known:
        _known[contract.name] = TypedValues(dict(contract.types))
    return _known[contract.name]


_known: dict[str, TypedValues] = {}


@st.composite
def _outcomes(draw: st.DrawFn, method: Method[Any], values: TypedValues, sent: int) -> Outcome:
    outcome, result = Outcome(), values.of(method.message.response)
    if method.streaming.takes_stream:
        outcome.reads = draw(st.one_of(st.just(ALL), st.integers(0, sent)))
    match method.streaming:
        case Streaming.RESPONSE:
            outcome.items = draw(st.lists(result, max_size=5))
        case Streaming.BOTH:
            outcome.items = draw(st.lists(result, min_size=sent, max_size=sent))
        case _ if not method.message.one_way:
            outcome.value = draw(result)
    errors = [values.of(error) for error in method.message.errors if isinstance(error, Record)]
    fails = st.one_of(*errors, _STATUSES, _UNDECLARED)
    outcome.error = draw(st.one_of(st.none(), st.none(), fails))
    return outcome


def passed(view: Any, planned: Planned) -> tuple[list[Any], dict[str, Any]]:
    """Return a call's arguments as they are passed: by name from the first default on."""
    given = dict(zip(_parameters(view, planned.method.attribute), planned.arguments, strict=False))
    by_place = [value for parameter, value in given.items() if not parameter.is_named]
    return by_place, {parameter.name: value for parameter, value in given.items() if parameter.is_named}


class _Parameter(NamedTuple):
    name: str
    is_named: bool


@functools.cache
def _parameters(view: Any, attribute: str) -> list[_Parameter]:
    parameters = list(inspect.signature(getattr(view, attribute)).parameters.values())[1:]
    return [_Parameter(one.name, one.kind is inspect.Parameter.KEYWORD_ONLY) for one in parameters]


def shown(value: Any) -> Any:
    """Return a value with the types of all its parts, so that 1, 1.0 and True differ."""
    match value:
        case DeclaredError():
            return type(value), str(value), error_info(value)
        case StatusError():
            details = [shown(detail) for detail in error_info(value).details]
            return type(value), value.code, value.message, details, value.error_id is not None
        case BaseException():
            return type(value), str(value)
        case msgspec.Struct():
            return type(value), [shown(getattr(value, name)) for name in value.__struct_fields__]
        case list() | tuple():
            return [shown(item) for item in value]
        case dict():
            return [(key, shown(item)) for key, item in value.items()]
        case datetime.datetime() | datetime.time():
            return type(value), repr(value.replace(fold=0))  # which of two equal ones it is has no meaning
        case bytes() | bytearray() | memoryview():
            return bytes(value)
        case _:
            return type(value), repr(value)
