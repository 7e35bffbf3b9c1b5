"""Two versions of a schema that differ in one thing, and values of which no part is absent."""

from __future__ import annotations

import copy
from typing import Any

from avrorpc.schema import Array, Map, Record, Schema, Union, describe
from hypothesis import strategies as st

from support.avro_strategies import schemas, values

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "string")


def mutate(draw: st.DrawFn, given: Any) -> Any:
    """Change one thing, somewhere."""
    schema: Any = given
    match given:
        case str() if schema in PRIMITIVES:
            return draw(st.sampled_from(PRIMITIVES))
        case [*_] if schema:
            index = draw(st.integers(0, len(schema) - 1))
            if len(schema) > 1 and draw(st.booleans()):
                return schema[:index] + schema[index + 1 :]
            return [*schema[:index], mutate(draw, schema[index]), *schema[index + 1 :]]
        case {"type": "array"}:
            return {**schema, "items": mutate(draw, schema["items"])}
        case {"type": "map"}:
            return {**schema, "values": mutate(draw, schema["values"])}
        case {"type": "fixed"}:
            return {**schema, "size": schema["size"] + draw(st.integers(0, 1))}
        case {"type": "enum"}:
            kept = schema["symbols"][: draw(st.integers(1, len(schema["symbols"])))]
            made = {**schema, "symbols": kept}
            return {**made, "default": kept[0]} if draw(st.booleans()) else made
        case {"type": "record" | "error"}:
            return mutate_record(draw, schema)
    return schema


def mutate_record(draw: st.DrawFn, schema: Any) -> Any:
    fields = copy.deepcopy(schema["fields"])
    match draw(st.sampled_from(["add", "default", "remove", "rename", "alias", "type", "name"])):
        case "add":
            fields.append({"name": "new", "type": "int"})
        case "default":
            fields.insert(0, {"name": "new", "type": "int", "default": 1})
        case "remove" if fields:
            fields.pop()
        case "rename" if fields:
            fields[0]["name"] = "renamed"
        case "alias" if fields:
            fields[0] = {**fields[0], "name": "renamed", "aliases": [fields[0]["name"]]}
        case "type" if fields:
            index = draw(st.integers(0, len(fields) - 1))
            fields[index]["type"] = mutate(draw, fields[index]["type"])
        case "name" if not any(field["name"] == "again" for field in fields):
            return {**schema, "name": "a.Renamed"}
    return {**schema, "fields": fields}


def defined(schema: Any, known: set[str]) -> bool:
    """Return whether all names that a mutated schema refers to are still declared before they are used."""
    match schema:
        case str():
            return schema in (*PRIMITIVES, "bytes") or schema in known
        case list():
            return all(defined(branch, known) for branch in schema)
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            return defined(inner, known)
        case {"name": name, "fields": fields}:
            known.add(name)
            return all(defined(field["type"], known) for field in fields)
        case _:
            return True


def unions_are_sound(schema: Any) -> bool:
    """Return whether no union has a branch twice."""
    match schema:
        case list():
            keys = [
                branch if isinstance(branch, str) else branch.get("name", branch.get("type"))
                for branch in schema
            ]
            return len(keys) == len(set(keys)) and all(map(unions_are_sound, schema))
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            return unions_are_sound(inner)
        case {"fields": fields}:
            return all(unions_are_sound(field["type"]) for field in fields)
        case _:
            return True


def has_an_end(schema: Any) -> bool:
    """Return whether no record must hold another of its own type, so that there are values of it."""
    match schema:
        case list():
            return all(has_an_end(branch) for branch in schema) and not (
                "null" not in schema and any(isinstance(branch, str) and "." in branch for branch in schema)
            )
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            return has_an_end(inner)
        case {"fields": fields}:
            return all(has_an_end(field["type"]) for field in fields)
        case _:
            return True


@st.composite
def versions(draw: st.DrawFn) -> tuple[Any, Any]:
    old: Any = draw(schemas(depth=2))
    new = mutate(draw, copy.deepcopy(old))
    if not (defined(new, set()) and unions_are_sound(new) and has_an_end(new)):
        new = old
    return old, new


def as_records(schema: Any) -> Any:
    """Return a schema without errors: as types of their own they are known to protocols only."""
    match schema:
        case list():
            return [as_records(branch) for branch in schema]
        case dict():
            made = {key: as_records(value) for key, value in schema.items()}
            return {**made, "type": "record"} if schema.get("type") == "error" else made
        case _:
            return schema


@st.composite
def present(draw: st.DrawFn, schema: Schema, depth: int = 6) -> Any:
    """Draw a value whose lists and maps are not empty, and of which nothing optional is absent."""
    match schema:
        case Array():
            return [draw(present(schema.items, depth - 1))] if depth > 0 else []
        case Map():
            return {"k": draw(present(schema.values, depth - 1))} if depth > 0 else {}
        case Union():
            branches = [branch for branch in schema.branches if describe(branch) != "null"]
            if depth <= 0 or not branches:
                return draw(values(schema, 0))
            return draw(present(draw(st.sampled_from(branches)), depth - 1))
        case Record():
            return {item.name: draw(present(item.type, depth - 1)) for item in schema.fields}
        case _:
            return draw(values(schema))
