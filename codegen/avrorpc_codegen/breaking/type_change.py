"""How one type differs from another where neither has a name: the changes inside a field or a parameter.

Looks into lists, maps and unions, and not into named types, which are compared on their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum as PythonEnum
from enum import auto

from avrorpc.schema import Array, Fixed, Map, Named, Primitive, Schema, Union, describe, logical_type
from avrorpc.schema.resolution import matches

from avrorpc_codegen.breaking.pairing import Pairing


class ChangeKind(PythonEnum):
    """What kind of change it is."""

    TYPE = auto()
    """Another type."""
    BRANCH_ADDED = auto()
    """One more branch of a union."""
    BRANCH_REMOVED = auto()
    """One branch of a union less."""
    LOGICAL = auto()
    """Another logical type over the same type."""


@dataclass(slots=True, frozen=True)
class Change:
    """One difference. For a branch, `part_old` and `part_new` are the branches of both versions."""

    kind: ChangeKind
    part_old: tuple[Schema, ...]
    part_new: tuple[Schema, ...]
    branch: Schema | None = None


def branches(schema: Schema) -> tuple[Schema, ...]:
    """Return the branches of a union; any other type is its own."""
    return tuple(schema.branches) if isinstance(schema, Union) else (schema,)


def type_changes(old: Schema, new: Schema, pairing: Pairing) -> Iterator[Change]:
    """Yield the differences between two types."""
    match old, new:
        case (Union(), _) | (_, Union()):
            yield from _union_changes(branches(old), branches(new), pairing)
        case Array(), Array():
            yield from type_changes(old.items, new.items, pairing)
        case Map(), Map():
            yield from type_changes(old.values, new.values, pairing)
        case Primitive(), Primitive() if old.name == new.name:
            if logical_words(old) != logical_words(new):
                yield Change(ChangeKind.LOGICAL, (old,), (new,))
        case _:
            if not _is_same(old, new, pairing):
                yield Change(ChangeKind.TYPE, (old,), (new,))


def counterpart(branch: Schema, others: tuple[Schema, ...]) -> Schema | None:
    """Return the branch that another one was widened or narrowed to, such as `long` for `int`."""
    return next((other for other in others if matches(branch, other) or matches(other, branch)), None)


def shown(schema: Schema) -> str:
    """Return a type in the words of Avro IDL, its logical type behind it."""
    match schema:
        case Array():
            return f"array<{shown(schema.items)}>"
        case Map():
            return f"map<{shown(schema.values)}>"
        case Union():
            return f"union {{ {', '.join(map(shown, schema.branches))} }}"
        case Primitive():
            words = logical_words(schema)
            return f"{schema.name} ({words})" if words else schema.name
        case _:
            return describe(schema)


def logical_words(schema: Primitive | Fixed) -> str:
    """Return the logical type of a schema with its numbers; nothing where it has none."""
    name = logical_type(schema)
    if name != "decimal":
        return name or ""
    return f"decimal({schema.props['precision']}, {schema.props.get('scale', 0)})"


def _union_changes(old: tuple[Schema, ...], new: tuple[Schema, ...], pairing: Pairing) -> Iterator[Change]:
    rest = list(new)
    removed: list[Schema] = []
    for same in (True, False):
        waiting = list(old) if same else removed[:]
        removed = []
        for branch in waiting:
            if same:
                found = next((other for other in rest if _is_same(branch, other, pairing)), None)
            else:
                found = counterpart(branch, tuple(rest))
            if found is None:
                removed.append(branch)
                continue
            rest.remove(found)
            yield from type_changes(branch, found, pairing)
    for branch in removed:
        yield Change(ChangeKind.BRANCH_REMOVED, old, new, branch)
    for branch in rest:
        yield Change(ChangeKind.BRANCH_ADDED, old, new, branch)


def _is_same(old: Schema, new: Schema, pairing: Pairing) -> bool:
    """Return whether two types are the same but for what is inside them."""
    match old, new:
        case Primitive(), Primitive():
            return old.name == new.name
        case (Array(), Array()) | (Map(), Map()):
            return True
        case _:
            return isinstance(old, Named) and isinstance(new, Named) and pairing.is_same(old, new)
