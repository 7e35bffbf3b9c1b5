"""Schemas as Parsing Canonical Form: one text for all schemas that are the same to a reader of data.

Source: Avro 1.12 specification, "Parsing Canonical Form for Schemas". The names in brackets below are those
of its transformations. Knows nothing of protocols and messages, for which no canonical form is specified;
each named type of a protocol is a schema of its own.
"""

from __future__ import annotations

from avrorpc.schema.model import Array, Enum, Field, Fixed, Map, Primitive, Record, Schema, Union


def canonical_form(schema: Schema) -> str:
    """Return the Parsing Canonical Form of a schema.

    The text has no white space [WHITESPACE], attributes in the specified order [ORDER], full names without
    namespaces [FULLNAMES], and primitive types as plain strings [PRIMITIVES]. What does not matter for
    reading data is gone [STRIP]: docs, aliases, defaults of fields and of enums, orders, and all properties.
    A logical type is such properties, so that a date and an int have the same form. A named type stands whole
    where it first occurs, and by its name afterwards, as in any schema.

    What the specification leaves open:

    - An error is written as a record. "An error definition is just like a record definition", `error` is
      known inside protocols only, and no data tells the two apart, which is what the form is to express.
      The Java implementation does the same, so that its readers find what ours have written.
    - Names beyond ASCII, which Avro IDL allows, are kept character by character, as [STRINGS] demands, and
      not normalized: names that look alike and differ in their characters differ.
    - The size of a fixed is a number already where a schema was read, so that nothing is left of [INTEGERS].

    In a canonical form there is no way to say that a type has no namespace. Where such a type stands inside
    one that has a namespace, whoever reads the form back takes the namespace around it; this holds for the
    form as specified, whoever writes it.
    """
    out: list[str] = []
    written: set[str] = set()
    # A chain of named types is as deep as there are types, so the stack is not Python's.
    waiting: list[str | Schema] = [schema]
    while waiting:
        part = waiting.pop()
        match part:
            case str():
                out.append(part)
            case Primitive():
                out.append(f'"{part.name}"')
            case Array():
                waiting += ["}", part.items, '{"type":"array","items":']
            case Map():
                waiting += ["}", part.values, '{"type":"map","values":']
            case Union():
                waiting += _union(part)[::-1]
            case _ if part.name in written:
                out.append(f'"{part.name}"')
            case Enum():
                written.add(part.name)
                symbols = ",".join(f'"{symbol}"' for symbol in part.symbols)
                out.append(f'{{"name":"{part.name}","type":"enum","symbols":[{symbols}]}}')
            case Fixed():
                written.add(part.name)
                out.append(f'{{"name":"{part.name}","type":"fixed","size":{part.size}}}')
            case Record():
                written.add(part.name)
                out.append(f'{{"name":"{part.name}","type":"record","fields":[')
                waiting += ["]}", *_fields(part.fields)[::-1]]
    return "".join(out)


def _union(union: Union) -> list[str | Schema]:
    parts: list[str | Schema] = ["["]
    for index, branch in enumerate(union.branches):
        parts += [",", branch] if index else [branch]
    return [*parts, "]"]


def _fields(fields: list[Field]) -> list[str | Schema]:
    parts: list[str | Schema] = []
    for index, field in enumerate(fields):
        comma = "," if index else ""
        parts += [f'{comma}{{"name":"{field.name}","type":', field.type, "}"]
    return parts
