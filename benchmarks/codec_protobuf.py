"""Messages of protobuf, described at run time after Avro schemas: what a `.proto` file would have said."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from avrorpc.schema import Array, Enum, Map, Primitive, Record, Schema, Union, describe, reachable, short_name
from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)
from google.protobuf.internal import api_implementation  # type: ignore[import-untyped]

KIND: Final = api_implementation.Type()
"""Which of protobuf's implementations is measured; `upb` is the fast one."""

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES: Final = {
    "boolean": _Field.TYPE_BOOL,
    "int": _Field.TYPE_SINT32,
    "long": _Field.TYPE_SINT64,
    "float": _Field.TYPE_FLOAT,
    "double": _Field.TYPE_DOUBLE,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}


def protobuf_class(schema: Record) -> Any:
    """Return the class of messages that are like values of a schema.

    A union of one type and null is an optional field, one of several a `oneof`, as users of protobuf have it.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{schema.name}.proto", package="bench", syntax="proto3")
    for named in reachable([schema]):
        if isinstance(named, Record):
            message = file.message_type.add(name=short_name(named.name))
            for field in named.fields:
                _add(message, field.name, field.type)
            # The descriptors of optional fields come last.
            for made_field in message.field:
                if made_field.proto3_optional:
                    made_field.oneof_index = len(message.oneof_decl)
                    message.oneof_decl.add(name=f"_{made_field.name}")
        elif isinstance(named, Enum):
            made = file.enum_type.add(name=short_name(named.name))
            for number, symbol in enumerate(named.symbols):
                made.value.add(name=symbol, number=number)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bench.{short_name(schema.name)}"))


def _add(message: descriptor_pb2.DescriptorProto, name: str, schema: Schema) -> None:
    match schema:
        case Array():
            _typed(message, name, schema.items).label = _Field.LABEL_REPEATED
        case Map():
            entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
            entry.options.map_entry = True
            _typed(entry, "key", Primitive("string"))
            _typed(entry, "value", schema.values)
            field = message.field.add(name=name, number=len(message.field) + 1, label=_Field.LABEL_REPEATED)
            field.type, field.type_name = _Field.TYPE_MESSAGE, f".bench.{message.name}.{entry.name}"
        case Union():
            others = [branch for branch in schema.branches if describe(branch) != "null"]
            for branch in others:
                field = _typed(message, branch_field(name, branch, len(others)), branch)
                field.oneof_index = len(message.oneof_decl)
                field.proto3_optional = len(others) == 1
            if len(others) > 1:
                message.oneof_decl.add(name=name)
        case _:
            _typed(message, name, schema)


def _typed(
    message: descriptor_pb2.DescriptorProto, name: str, schema: Schema
) -> descriptor_pb2.FieldDescriptorProto:
    field = message.field.add(name=name, number=len(message.field) + 1, label=_Field.LABEL_OPTIONAL)
    if isinstance(schema, Primitive):
        field.type = _TYPES[schema.name]
    else:
        field.type = _Field.TYPE_ENUM if isinstance(schema, Enum) else _Field.TYPE_MESSAGE
        field.type_name = f".bench.{short_name(schema.name)}"  # type: ignore[union-attr]
    return field


def branch_field(name: str, branch: Schema, count: int) -> str:
    """Return the field of a branch of a union that has so many besides null."""
    return name if count == 1 else f"{name}_{short_name(describe(branch)).lower()}"


def arguments_of(schema: Schema, value: Any) -> Any:
    """Return a plain value as the arguments of a message's class: each branch of a union by its own name."""
    match schema:
        case Array():
            return [arguments_of(schema.items, item) for item in value]
        case Record():
            out: dict[str, Any] = {}
            for field in schema.fields:
                given, type_ = value[field.name], field.type
                if not isinstance(type_, Union):
                    out[field.name] = arguments_of(type_, given)
                elif given is not None:
                    others = [branch for branch in type_.branches if describe(branch) != "null"]
                    branch = next(one for one in others if _fits(one, given))
                    out[branch_field(field.name, branch, len(others))] = arguments_of(branch, given)
            return out
        case _:
            return value


def _fits(branch: Schema, value: Any) -> bool:
    if isinstance(branch, Record):
        return isinstance(value, dict) and value["-type"] == branch.name
    return type(value) is {"boolean": bool, "long": int, "double": float, "string": str}[describe(branch)]


def reader_of(cls: Any) -> Callable[[Any], Any]:
    """Return what reads each field of a message, as a hand-written function would."""
    return _reader(cls.DESCRIPTOR, {})


def _reader(descriptor: Any, known: dict[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Return the reader of a type, which may refer to itself."""
    if descriptor.full_name in known:
        return known[descriptor.full_name]

    def again(message: Any) -> Any:
        return read(message)

    known[descriptor.full_name] = again
    scalars: list[str] = []
    lists: list[str] = []
    maps: list[str] = []
    inner: list[tuple[str, bool, Callable[[Any], Any]]] = []
    for field in descriptor.fields:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            maps.append(field.name)
        elif field.message_type is not None:
            of_message = _reader(field.message_type, known)
            inner.append((field.name, getattr(field, "is_repeated", False), of_message))
        else:
            (lists if field.is_repeated else scalars).append(field.name)
    plain = attrgetter(*scalars) if scalars else lambda message: None

    def read(message: Any) -> Any:
        values: list[Any] = [plain(message)]
        values.extend([list(getattr(message, name)) for name in lists])
        values.extend([dict(getattr(message, name)) for name in maps])
        for name, is_repeated, of_message in inner:
            if is_repeated:
                values.append([of_message(item) for item in getattr(message, name)])
            elif message.HasField(name):
                values.append(of_message(getattr(message, name)))
        return values

    return read
