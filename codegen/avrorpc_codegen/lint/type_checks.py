"""Rules about types that do not do what they seem to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avrorpc.schema import Enum, Fixed, Named, Record, Schema, Union, short_name

from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import did_you_mean
from avrorpc_codegen.lint.finding import Findings
from avrorpc_codegen.lint.linted_file import LintedFile
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.syntax import Annotation, FullType

LOGICAL_TYPES: Final = {
    "big-decimal": ("bytes",),
    "date": ("int",),
    "decimal": ("bytes", "fixed"),
    "duration": ("fixed(12)",),
    "local-timestamp-micros": ("long",),
    "local-timestamp-millis": ("long",),
    "local-timestamp-nanos": ("long",),
    "time-micros": ("long",),
    "time-millis": ("int",),
    "timestamp-micros": ("long",),
    "timestamp-millis": ("long",),
    "timestamp-nanos": ("long",),
    "uuid": ("string", "fixed(16)"),
}
"""The types that each logical type of Avro 1.12 can be. Source: its specification, "Logical Types"."""
_BASES: Final = {
    "date": "int",
    "decimal": "bytes",
    "local_timestamp_ms": "long",
    "time_ms": "int",
    "timestamp_ms": "long",
    "uuid": "string",
}
"""What the keywords of IDL for logical types stand for."""
_LOOKS: Final = {
    "int": "a whole number",
    "long": "a whole number",
    "float": "a number with a fraction",
    "double": "a number with a fraction",
    "string": "a string",
    "bytes": "a string",
    "fixed": "a string",
    "enum": "a string",
    "map": "an object",
    "record": "an object",
}
"""What values look like in plain JSON."""


def check(file: LintedFile, findings: Findings) -> None:
    """Check the types that a file declares and those that it writes out."""
    for full in file.full_types():
        if isinstance(full.plain, syntax.UnionType):
            _check_union(full, full.plain, file, findings)
        _check_logical(full.annotations, _base(full, file), file, findings)
    for declared in file.declared:
        size = f"({declared.named.size})" if isinstance(declared.named, Fixed) else ""
        _check_logical(declared.tree.annotations, _kind(declared.named) + size, file, findings)
    _check_endless(file, findings)


def _base(full: FullType, file: LintedFile) -> str:
    """Return what a type is beneath its logical type, in the words of IDL."""
    match full.plain:
        case syntax.PrimitiveType():
            return _BASES.get(full.plain.keyword, full.plain.keyword)
        case syntax.DecimalType():
            return "bytes"
        case syntax.ReferenceType():
            named = file.named(full.plain.name)
            return _kind(named) if named else ""
        case syntax.ArrayType():
            return "array"
        case syntax.MapType():
            return "map"
        case syntax.UnionType():
            return "union"


def _kind(named: Named) -> str:
    match named:
        case Record():
            return "record"
        case Enum():
            return "enum"
        case Fixed():
            return "fixed"


def _check_union(full: FullType, union: syntax.UnionType, file: LintedFile, findings: Findings) -> None:
    groups: dict[str, list[FullType]] = {}
    for branch in union.branches:
        look = _LOOKS.get(_base(branch, file))
        if look is not None:
            groups.setdefault(look, []).append(branch)
    for look, branches in groups.items():
        # Records in a union are told apart by their names.
        if len(branches) > 1 and {_base(branch, file) for branch in branches} != {"record"}:
            named = " and ".join(f"`{_written(branch)}`" for branch in branches)
            message = f"{named} in one union look the same in JSON: {look}"
            hint = "keep one of them, or give each a record of its own"
            findings.add(LintRule.UNION_ALIKE, message, full.span, help=hint)


def _written(branch: FullType) -> str:
    return " ".join(branch.span.source.text[branch.span.start : branch.span.end].split())


def _a(kind: str) -> str:
    return f"an {kind}" if kind in ("int", "enum") else kind if kind == "bytes" else f"a {kind}"


def _check_logical(
    annotations: tuple[Annotation, ...], base: str, file: LintedFile, findings: Findings
) -> None:
    stated = {annotation.name.text: annotation for annotation in annotations}
    logical = stated.get("logicalType")
    name = logical.value.json if logical else None
    if logical is not None and name not in file.config.logical_types:
        span = file.annotation_span(logical)
        fitting = LOGICAL_TYPES.get(name, ()) if isinstance(name, str) else ()
        if not isinstance(name, str) or not fitting:
            message = f"there is no logical type {name!r}" if name else "a logical type needs a name"
            note = "a type that Avro does not know is read as the type beneath, without a word"
            close = did_you_mean(str(name).replace("_", "-"), LOGICAL_TYPES)
            hint = close or "if your peers know it, add it to `logical-types` in the settings"
            findings.add(LintRule.UNKNOWN_LOGICAL_TYPE, message, span, note, help=hint)
        elif base not in fitting and base.partition("(")[0] not in fitting:
            message = f"`{name}` is for {' or '.join(fitting)}, not for {base}"
            note = "Avro ignores it here, without a word"
            hint = f"annotate {_a(fitting[0])} with it"
            findings.add(LintRule.IDLE_LOGICAL_TYPE, message, span, note, help=hint)
    for word in ("precision", "scale"):
        if word in stated and name != "decimal" and name not in file.config.logical_types:
            message = f'`@{word}` means nothing without `@logicalType("decimal")`'
            span = file.annotation_span(stated[word])
            findings.add(LintRule.IDLE_LOGICAL_TYPE, message, span, help="write `decimal(9, 2)` for both")


def _check_endless(file: LintedFile, findings: Findings) -> None:
    finite = file.surroundings.finite
    for declared in file.declared:
        named = declared.named
        if not isinstance(named, Record) or named.name in finite:
            continue
        path = _way_back(named, finite)
        if path:
            message = f"no value of `{short_name(named.name)}` can exist, since each holds another one"
            note = f"it contains itself by {' -> '.join(f'`{name}`' for name in path)}"
            hint = "make one of these optional, or an array"
            findings.add(LintRule.ENDLESS_RECORD, message, declared.tree.name.span, note, help=hint)


def _way_back(record: Record, finite: frozenset[str]) -> list[str]:
    """Return the fields that lead from a record back to itself, by the shortest way; none if none do."""
    waiting: list[tuple[Record, list[str]]] = [(record, [])]
    seen: set[str] = set()
    while waiting:
        current, path = waiting.pop(0)
        for item in current.fields:
            for inner in _needed(item.type, finite):
                way = [*path, f"{short_name(current.name)}.{item.name}"]
                if inner is record:
                    return way
                if inner.name not in seen:
                    seen.add(inner.name)
                    waiting.append((inner, way))
    return []


def _needed(schema: Schema, finite: frozenset[str]) -> Iterator[Record]:
    """Yield the records without a value that a value of a type may need."""
    for part in schema.branches if isinstance(schema, Union) else [schema]:
        if isinstance(part, Record) and part.name not in finite:
            yield part
