"""Values of every generated type and message survive the codec, and fastavro has the same bytes."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import sys
import typing
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum as PythonEnum
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import fastavro
import msgspec
import pytest
from avrorpc import DType, Tensor, stub
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.defaults import default_value
from avrorpc.codec.encode import compile_choice, compile_encoder
from avrorpc.codec.json import from_json, to_json
from avrorpc.codec.logical import logical_of
from avrorpc.codec.message import (
    ReplyDecoder,
    ReplyEncoder,
    RequestEncoder,
    item_decoder,
    parameters,
    request_decoder,
)
from avrorpc.schema import (
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Message,
    Named,
    NoDefault,
    Primitive,
    Record,
    Schema,
    Streaming,
    Union,
    logical_name,
    schema_to_json,
    streaming,
)
from avrorpc.testing.strategies import TypedValues
from avrorpc_codegen.config import RUNTIME_EXTERNAL, Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.placing import Placement, place
from avrorpc_codegen.reading import read_contracts
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from support.avro_strategies import plain
from support.golden import GOLDEN, REPOSITORY, good_cases, package, working_directory

EXAMPLES = 8
NOT_ASCII = {"unicode"}
"""Cases with names that fastavro refuses."""
BY_HAND = {
    "avrorpc.Tensor": st.binary(max_size=5).map(
        lambda data: Tensor(dtype=DType.UINT8, shape=[len(data)], data=data)
    )
}


@dataclass
class Case:
    """A golden case: its contracts, and what was generated from them."""

    name: str
    placement: Placement
    modules: dict[str, ModuleType]
    types: dict[str, type]
    """Classes of records, errors and enums, by full names."""
    named: dict[str, Named]

    @property
    def contracts(self) -> list[stub.Contract]:
        values = [value for module in self.modules.values() for value in vars(module).values()]
        return [value for value in values if isinstance(value, stub.Contract)]

    def client(self, contract: stub.Contract, base: type) -> Any:
        """Return the client class of a contract and a colour."""
        for module in self.modules.values():
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, base) and value is not base:
                    made: Any = value
                    if made.__contract__ is contract:
                        return made
        raise AssertionError(f"{contract.name} has no client")


@cache
def load(name: str) -> Case:
    folder = GOLDEN / name
    diagnostics = Diagnostics()
    include = [REPOSITORY / "schemas"] if name == "external" else []
    with working_directory(folder / "input"):
        read = read_contracts([Path.cwd()], [*include, Path.cwd()], diagnostics)
    config = Config(folder / "input", (Target(package(name), folder / "python"),), dict(RUNTIME_EXTERNAL))
    placement = place(read.contracts, config, diagnostics)
    assert not diagnostics.has_errors
    modules: dict[str, ModuleType] = {}
    types: dict[str, type] = {}
    named: dict[str, Named] = {}
    sys.path.insert(0, str(folder / "python"))
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        for full, py_type in placement.types.items():
            module = importlib.import_module(py_type.module)
            named[full] = py_type.named
            if not isinstance(py_type.named, Fixed):
                types[full] = getattr(module, py_type.py_name)
        for generated in placement.modules.values():
            modules[generated.py_module] = importlib.import_module(generated.py_module)
    finally:
        sys.dont_write_bytecode = before
        sys.path.remove(str(folder / "python"))
    return Case(name, placement, modules, types, named)


def check(strategy: st.SearchStrategy[Any], property_: Callable[[Any], None]) -> None:
    """Check a property of some values, the same ones in each run."""

    @seed(1)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run(value: Any) -> None:
        property_(value)

    run()


def generic(schema: Schema, value: Any, types: dict[str, type]) -> Any:
    """Return what fastavro has for a typed value."""
    match schema:
        case Array():
            return [generic(schema.items, item, types) for item in value]
        case Map():
            return {key: generic(schema.values, item, types) for key, item in value.items()}
        case Union():
            branch = schema.branches[compile_choice(schema, types)(value)]
            return generic(branch, value, types)
        case Record():
            names = [field.name for field in schema.fields]
            values = [getattr(value, name) for name in fields_of(type(value))]
            return {
                name: generic(field.type, item, types)
                for name, field, item in zip(names, schema.fields, values, strict=True)
            }
        case Enum():
            return value.value
        case Primitive() | Fixed():
            logical = logical_of(schema)
            name = logical_name(schema)
            unknown = name in ("duration", "big-decimal") or (name == "uuid" and isinstance(schema, Fixed))
            return logical.to_avro(value) if logical is not None and unknown else value


def with_branches(schema: Schema, value: Any, typed: Any, types: dict[str, type]) -> Any:
    """Return a generic value in which unions say, as fastavro wants it, which branch they take."""
    match schema:
        case Array():
            pairs = zip(value, typed, strict=True)
            return [with_branches(schema.items, item, other, types) for item, other in pairs]
        case Map():
            return {key: with_branches(schema.values, item, typed[key], types) for key, item in value.items()}
        case Record():
            attributes = fields_of(type(typed))
            return {
                field.name: with_branches(field.type, value[field.name], getattr(typed, attribute), types)
                for field, attribute in zip(schema.fields, attributes, strict=True)
            }
        case Union():
            branch = schema.branches[compile_choice(schema, types)(typed)]
            inner = with_branches(branch, value, typed, types)
            return inner if inner is None else (branch_name(branch), inner)
        case _:
            return value


def branch_name(branch: Schema) -> str:
    match branch:
        case Array():
            return "array"
        case Map():
            return "map"
        case Union():
            raise AssertionError("a union in a union")
        case _:
            return branch.name


def fields_of(cls: type) -> list[str]:
    struct_fields: tuple[str, ...] = getattr(cls, "__struct_fields__", ())
    return list(struct_fields or getattr(cls, "__dataclass_fields__", ()))


def fastavro_schema(schema: Schema) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = json.dumps(schema_to_json(schema)).replace('"type": "error"', '"type": "record"')
        return fastavro.parse_schema(json.loads(text), {})


def round_trip(case: Case, schema: Schema, oracle: Any, value: Any) -> None:
    out = bytearray()
    compile_encoder(schema, case.types)(out, value)
    cursor = Cursor(bytes(out))
    again = compile_decoder(schema, schema, case.types)(cursor)
    cursor.finish()
    assert plain(again) == plain(value)
    as_json = to_json(schema, value, case.types)
    assert plain(from_json(schema, json.loads(json.dumps(as_json)), case.types)) == plain(value)
    if oracle is not None:
        same = generic(schema, value, case.types)
        assert fastavro.schemaless_reader(io.BytesIO(out), oracle, None) == same
        written = io.BytesIO()
        fastavro.schemaless_writer(written, oracle, with_branches(schema, same, value, case.types))
        assert written.getvalue() == out


def has_values(schema: Schema) -> bool:
    return not isinstance(schema, Enum) or bool(schema.symbols)


@pytest.mark.parametrize("name", good_cases())
def test_values_of_every_type_come_back(name: str) -> None:
    case = load(name)
    values = TypedValues(case.types, BY_HAND)
    for schema in case.named.values():
        if has_values(schema):
            oracle = None if name in NOT_ASCII else fastavro_schema(schema)
            check(values.of(schema), partial(round_trip, case, schema, oracle))


def messages(case: Case) -> Iterator[tuple[stub.Contract, Message]]:
    for contract in case.contracts:
        for message in contract.protocol.messages.values():
            yield contract, message


@pytest.mark.parametrize("name", good_cases())
def test_requests_of_every_message_come_back(name: str) -> None:
    case = load(name)
    for contract, message in messages(case):
        types = dict(contract.types)
        assert types == {full: case.types[full] for full in types}
        sent = parameters(message)
        oracle = None if name in NOT_ASCII else fastavro_schema(Record("request", sent))
        values = TypedValues(types, BY_HAND)
        arguments = st.tuples(*(values.of(field.type) for field in sent))
        check(arguments, partial(request_comes_back, message, types, oracle))
        if streaming(message).takes_stream:
            check(values.of(message.request[-1].type), partial(item_comes_back, message, types))


def request_comes_back(message: Message, types: dict[str, type], oracle: Any, arguments: Any) -> None:
    out = bytearray()
    RequestEncoder(message, types)(out, arguments)
    cursor = Cursor(bytes(out))
    again = request_decoder(message, message, types)(cursor)
    cursor.finish()
    assert [plain(item) for item in again] == [plain(item) for item in arguments]
    if oracle is not None:
        read: Any = fastavro.schemaless_reader(io.BytesIO(out), oracle, None)
        for field, argument in zip(parameters(message), arguments, strict=True):
            assert read[field.name] == generic(field.type, argument, types)


def item_comes_back(message: Message, types: dict[str, type], item: Any) -> None:
    cursor = Cursor(RequestEncoder(message, types).item(item, 0))
    assert plain(item_decoder(message, message, types)(cursor)) == plain(item)
    cursor.finish()


@pytest.mark.parametrize("name", good_cases())
def test_replies_of_every_message_come_back(name: str) -> None:
    case = load(name)
    for contract, message in messages(case):
        types = dict(contract.types)
        values = TypedValues(types, BY_HAND)
        encoder, decoder = ReplyEncoder(message, types), ReplyDecoder(message, message, types)
        check(values.of(message.response), partial(comes_back, encoder.result, decoder.result))
        for error in message.errors:
            check(values.of(error), partial(comes_back, encoder.error, decoder.error))


def comes_back(encode: Callable[[bytearray, Any], None], decode: Callable[[Cursor], Any], value: Any) -> None:
    out = bytearray()
    encode(out, value)
    cursor = Cursor(bytes(out))
    assert plain(decode(cursor)) == plain(value)
    cursor.finish()


def defaults(fields: list[Field], types: dict[str, type]) -> dict[str, Any]:
    """Return the defaults of fields, by the fields' names."""
    return {
        field.name: default_value(field.type, field.default, types)
        for field in fields
        if not isinstance(field.default, NoDefault)
    }


def shown(value: Any) -> Any:
    """Return what two equal values have in common, NaN included."""
    return repr(plain(value))


@pytest.mark.parametrize("name", good_cases())
def test_fields_left_out_have_the_contracts_defaults(name: str) -> None:
    case = load(name)
    values = TypedValues(case.types, BY_HAND)
    for schema in case.named.values():
        if not isinstance(schema, Record) or schema.name in BY_HAND:
            continue
        members = case.placement.types[schema.name].members
        required = [field for field in schema.fields if isinstance(field.default, NoDefault)]
        expected = defaults(schema.fields, case.types)

        def left_out(given_values: Any, s: Record = schema, r: Any = required, e: Any = expected) -> None:
            names = case.placement.types[s.name].members
            arguments = {names[f.name]: v for f, v in zip(r, given_values, strict=True)}
            one, other = case.types[s.name](**arguments), case.types[s.name](**arguments)
            for avro_name, value in e.items():
                assert shown(getattr(one, names[avro_name])) == shown(value), f"{s.name}.{avro_name}"
                if isinstance(value, list | dict):
                    assert getattr(one, names[avro_name]) is not getattr(other, names[avro_name])

        assert fields_of(case.types[schema.name]) == [members[field.name] for field in schema.fields]
        check(st.tuples(*(values.of(field.type) for field in required)), left_out)


class Recorder:
    """A channel that keeps what it is asked to send."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, method: Any, /, *arguments: Any) -> Any:
        self.calls.append((method, *arguments))
        return None

    def iterate(self, method: Any, /, *arguments: Any) -> Any:
        assert method.streaming.gives_stream
        self.calls.append((method, *arguments))

    def converse(self, method: Any, /, *arguments: Any) -> Any:
        assert method.streaming is Streaming.BOTH
        self.calls.append((method, *arguments))

    def close(self) -> None:
        raise AssertionError("nobody closes it")


class AsyncRecorder(Recorder):
    """The same for asynchronous clients."""

    async def __call__(self, method: Any, /, *arguments: Any) -> Any:
        return super().__call__(method, *arguments)


@pytest.mark.parametrize("name", good_cases())
def test_clients_pass_every_parameter_and_the_contracts_defaults(name: str) -> None:
    case = load(name)
    for contract, message in messages(case):
        method = contract.methods[message.name]
        required = {field.name: object() for field in message.request if isinstance(field.default, NoDefault)}
        expected = {**required, **defaults(message.request, dict(contract.types))}
        channel, async_channel = Recorder(), AsyncRecorder()
        client = case.client(contract, stub.Client)(channel)
        async_client = case.client(contract, stub.AsyncClient)(async_channel)
        asking: Any = getattr(client, method.attribute)
        asking_async: Any = getattr(async_client, method.attribute)
        by_name = dict(zip((f.name for f in message.request), signature(asking_async), strict=True))
        arguments = {by_name[avro_name]: value for avro_name, value in required.items()}
        given = asking_async(**arguments)
        if not method.streaming.gives_stream:
            asyncio.run(given)
        wanted = [shown(expected[field.name]) for field in message.request]
        (sent,) = async_channel.calls
        assert sent[0] is method
        assert [shown(item) for item in sent[1:]] == wanted
        if method.item is not None:
            assert by_name[message.request[-1].name] == method.item
        if method.streaming is Streaming.BOTH:
            del arguments[by_name[message.request[-1].name]], wanted[-1]
        assert signature(asking) == list(by_name.values())[: len(wanted)]
        asking(**arguments)
        (sent,) = channel.calls
        assert sent[0] is method
        assert [shown(item) for item in sent[1:]] == wanted


def signature(method: Any) -> list[str]:
    code = method.__code__
    return list(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])


@pytest.mark.parametrize("name", good_cases())
def test_every_annotation_means_something(name: str) -> None:
    case = load(name)
    seen = 0
    for module in case.modules.values():
        for value in vars(module).values():
            if not isinstance(value, type) or value.__module__ != module.__name__:
                continue
            seen += 1
            if issubclass(value, msgspec.Struct):
                assert list(typing.get_type_hints(value))[-len(fields_of(value)) :] == fields_of(value)
            elif not issubclass(value, PythonEnum):
                for member in vars(value).values():
                    if callable(member) and hasattr(member, "__code__"):
                        typing.get_type_hints(member, vars(module))
    assert seen or all(isinstance(item, Fixed) for item in case.named.values())
