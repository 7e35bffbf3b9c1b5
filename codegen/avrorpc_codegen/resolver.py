"""Syntax trees to Avro's model: names looked up, annotations and defaults understood, rules checked.

First all named types of all files are declared, then filled, so that any may refer to any; defaults are
checked last, when all types are whole. A file sees what it declares and what it imports.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from avrorpc import schema as avro
from avrorpc.schema import Json, Named, Schema, describe, schema_to_json

from avrorpc_codegen import syntax
from avrorpc_codegen.alias_rules import AliasRules
from avrorpc_codegen.annotations import (
    ENUM_WORDS,
    FIELD_WORDS,
    MESSAGE_WORDS,
    PROTOCOL_WORDS,
    TYPE_WORDS,
    check_buffer,
    check_ours,
    plain_json,
    read_annotations,
)
from avrorpc_codegen.contracts import Contracts, DeclaredProtocol, DeclaredType, declared_at
from avrorpc_codegen.default_rules import check_defaults
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.foreign_words import type_hint
from avrorpc_codegen.loading import Unit, closure
from avrorpc_codegen.merging import merge_imports
from avrorpc_codegen.name_rules import NameRules
from avrorpc_codegen.nesting import check_nesting
from avrorpc_codegen.parser import PRIMITIVE_KEYWORDS
from avrorpc_codegen.route_rules import check_deprecated, check_error_status, check_routes, check_same_routes
from avrorpc_codegen.source import Span
from avrorpc_codegen.stream_rules import check_stream
from avrorpc_codegen.syntax import FullType, Name

_MOST_COMPARED: Final = 300_000
"""How many names are compared with names that are unknown."""
_INT_MAX: Final = 2**31 - 1
_UNKNOWN: Final = avro.Primitive("null")
"""Stands for a type that could not be resolved, so that its defaults are not checked."""
_NAMED: Final = frozenset({"namespace", "aliases"})
_FIELD: Final = frozenset({"aliases", "order"})
_NONE: Final[frozenset[str]] = frozenset()
_LOGICAL: Final = {
    "date": ("int", "date"),
    "time_ms": ("int", "time-millis"),
    "timestamp_ms": ("long", "timestamp-millis"),
    "local_timestamp_ms": ("long", "local-timestamp-millis"),
    "uuid": ("string", "uuid"),
}


def resolve(units: Iterable[Unit], roots: Sequence[Unit], diagnostics: Diagnostics) -> Contracts:
    """Resolve files. With a single root, whatever it imports is visible in all of its files."""
    return _Resolver(list(units), roots, diagnostics).run()


@dataclass(slots=True)
class _Pending:
    """A record whose fields are still syntax."""

    record: avro.Record
    fields: tuple[syntax.Variable, ...]
    unit: Unit


class _Resolver:
    def __init__(self, units: list[Unit], roots: Sequence[Unit], diagnostics: Diagnostics) -> None:
        self.units = units
        self.roots = roots
        self.diagnostics = diagnostics
        self.names = NameRules(diagnostics)
        self.aliases = AliasRules(diagnostics)
        self.contracts = Contracts()
        self.pending: list[_Pending] = []
        self.repeated: list[tuple[DeclaredType, DeclaredType]] = []
        self.compared = 0
        self.repeated_names: set[str] = set()
        self.defaults: list[tuple[Schema, syntax.Value]] = []
        self.scopes: dict[Unit, set[Unit]] = {}
        self.unit = units[0] if units else roots[0]

    def run(self) -> Contracts:
        for unit in self.units:
            self.declare_unit(unit)
        for pending in self.pending:
            self.unit = pending.unit
            namespace = avro.namespace_of(pending.record.name)
            pending.record.fields = self.variables(pending.fields, namespace, "field")
        for unit in self.units:
            self.resolve_unit(unit)
        for first, again in self.repeated:
            self.check_repeated(first, again)
        self.aliases.check(self.contracts.types)
        merge_imports(self.contracts, self.diagnostics)
        types = [pending.record for pending in self.pending]
        check_defaults(self.defaults, types, _UNKNOWN, self.diagnostics)
        check_nesting(self.contracts, self.diagnostics)
        return self.contracts

    # Declaring.

    def declare_unit(self, unit: Unit) -> None:
        self.unit = unit
        self.contracts.by_unit[unit] = []
        if unit.tree is None:
            return
        namespace = self.file_namespace(unit.tree)
        for item in unit.tree.items:
            if isinstance(item, syntax.TypeDeclaration):
                self.declare(item, namespace)

    def file_namespace(self, tree: syntax.File) -> str:
        if tree.protocol is not None:
            return avro.namespace_of(self.protocol_name(tree.protocol))
        return tree.namespace.text if tree.namespace else ""

    def protocol_name(self, protocol: syntax.Protocol) -> str:
        stated = next((a.value.json for a in protocol.annotations if a.name.text == "namespace"), "")
        namespace = stated if isinstance(stated, str) else ""
        return protocol.name.within(namespace)

    def declare(self, item: syntax.TypeDeclaration, namespace: str) -> None:
        words = ENUM_WORDS if isinstance(item, syntax.EnumDeclaration) else TYPE_WORDS
        meaning = read_annotations(item.annotations, words, _NAMED, self.diagnostics)
        own = namespace if meaning.namespace is None else meaning.namespace
        full = item.name.within(own)
        self.names.namespace(item.annotations)
        self.names.of_type(item.name)
        aliases, props, doc = meaning.aliases, meaning.props, item.doc
        declared: DeclaredType
        match item:
            case syntax.RecordDeclaration():
                record = avro.Record(full, [], doc, item.is_error, aliases, props)
                if item.is_error:
                    check_error_status(item.annotations, self.diagnostics)
                self.pending.append(_Pending(record, item.fields, self.unit))
                declared = DeclaredType(record, self.unit, item.name.span)
                declared.field_spans = {variable.name.text: variable.name.span for variable in item.fields}
            case syntax.EnumDeclaration():
                declared = DeclaredType(self.enum(item, full), self.unit, item.name.span)
                declared.named.aliases, declared.named.props = aliases, props
                docs = {symbol.name.text: symbol.doc for symbol in item.symbols}
                declared.symbol_docs = {symbol: text for symbol, text in docs.items() if text}
            case syntax.FixedDeclaration():
                size = self.number(item.size, 0, _INT_MAX, "the size of a fixed")
                declared = DeclaredType(
                    avro.Fixed(full, size, doc, aliases, props), self.unit, item.name.span
                )
        self.aliases.declare(declared, item.annotations)
        self.check_logical(props, declared.named, item.name.span)
        self.add(declared)

    def enum(self, item: syntax.EnumDeclaration, full: str) -> avro.Enum:
        seen: dict[str, Span] = {}
        for symbol in item.symbols:
            if self.names.simple(symbol.name):
                self.names.unique(symbol.name, seen, "symbol", self.unit)
        default = None if item.default is None else item.default.text
        if item.default is not None and default not in seen:
            self.diagnostics.error(
                Rule.BAD_DEFAULT,
                f"`{default}` is no symbol of this enum",
                item.default.span,
                help=did_you_mean(item.default.text, seen),
            )
        return avro.Enum(full, list(seen), item.doc, default)

    def add(self, declared: DeclaredType) -> None:
        name = declared.named.name
        self.contracts.by_unit[self.unit].append(declared.named)
        first = self.contracts.types.setdefault(name, declared)
        if first is declared:
            return
        self.repeated.append((first, declared))
        self.repeated_names.add(name)

    def check_repeated(self, first: DeclaredType, again: DeclaredType) -> None:
        """Report a type declared twice, but let a JSON file repeat the types that it uses."""
        may_repeat = first.unit is not again.unit and (first.unit.is_json or again.unit.is_json)
        if may_repeat and schema_to_json(first.named) == schema_to_json(again.named):
            return
        problem = f"`{again.named.name}` is declared twice"
        note = declared_at(first.span, first.unit)
        self.diagnostics.error(Rule.DUPLICATE, problem, again.span, note, file=again.unit.name)

    def resolve_unit(self, unit: Unit) -> None:
        self.unit = unit
        tree = unit.tree
        if tree is None:
            return
        namespace = self.file_namespace(tree)
        if tree.namespace is not None:
            self.names.full(tree.namespace.text, tree.namespace.span)
        if tree.main_schema is not None:
            self.contracts.main_schemas[unit] = self.full_type(tree.main_schema, namespace)
        if tree.protocol is not None:
            self.resolve_protocol(tree.protocol, tree.items, namespace)

    def resolve_protocol(self, tree: syntax.Protocol, items: list[syntax.Item], namespace: str) -> None:
        meaning = read_annotations(
            tree.annotations, PROTOCOL_WORDS, frozenset({"namespace"}), self.diagnostics
        )
        check_ours(tree.annotations, self.diagnostics)
        check_deprecated(tree.annotations, self.diagnostics)
        name = self.protocol_name(tree)
        self.names.namespace(tree.annotations)
        self.names.full(tree.name.text, tree.name.span)
        protocol = avro.Protocol(name, [], {}, tree.doc, meaning.props)
        declared = DeclaredProtocol(protocol, self.unit, tree.name.span)
        seen: dict[str, Span] = {}
        routed: dict[str, Span] = {}
        for item in items:
            if isinstance(item, syntax.Message):
                message = self.message(item, namespace, declared)
                if self.names.unique(item.name, seen, "message", self.unit):
                    protocol.messages[message.name] = message
                    if check_routes(item, message, self.diagnostics):
                        routed[message.name] = item.name.span
        check_same_routes(protocol, routed, self.diagnostics)
        self.add_protocol(declared)

    def add_protocol(self, declared: DeclaredProtocol) -> None:
        name = declared.protocol.name
        first = self.contracts.protocols.setdefault(name, declared)
        if first is not declared:
            self.diagnostics.error(
                Rule.DUPLICATE,
                f"the protocol `{name}` is declared twice",
                declared.span,
                declared_at(first.span, first.unit),
                file=declared.unit.name,
            )

    def message(self, item: syntax.Message, namespace: str, declared: DeclaredProtocol) -> avro.Message:
        meaning = read_annotations(item.annotations, MESSAGE_WORDS, _NONE, self.diagnostics)
        check_ours(item.annotations, self.diagnostics)
        check_deprecated(item.annotations, self.diagnostics)
        check_stream(item, self.diagnostics, is_json=self.unit.is_json)
        name = item.name
        self.names.simple(name)
        request = self.variables(item.parameters, namespace, "parameter")
        for parameter in item.parameters:
            declared.parameter_spans[name.text, parameter.name.text] = parameter.name.span
        response: Schema = avro.Primitive("null")
        if item.result is not None:
            nothing, word = ('"null"', '"one-way"') if self.unit.is_json else ("`void`", "`oneway`")
            response = self.full_type(item.result, namespace)
            if item.one_way and not (isinstance(response, avro.Primitive) and response.name == "null"):
                self.diagnostics.error(
                    Rule.BAD_ONE_WAY,
                    "a one-way message has no result",
                    item.result.span,
                    help=f"write {nothing}, or leave {word} out",
                )
        for thrown in item.throws if item.one_way else ():
            self.diagnostics.error(Rule.BAD_ONE_WAY, "a one-way message declares no errors", thrown.span)
        errors: dict[Schema, Name] = {}
        for thrown in item.throws:
            if (error := self.thrown(thrown, namespace)) is not None:
                self.names.listed_once(thrown, errors.setdefault(error, thrown))
        is_one_way, doc = item.one_way is not None, item.doc
        return avro.Message(name.text, request, response, list(errors), is_one_way, doc, meaning.props)

    def thrown(self, name: Name, namespace: str) -> Schema | None:
        schema = self.reference(name, namespace)
        if schema is _UNKNOWN:
            return None
        if not (isinstance(schema, avro.Record) and schema.is_error):
            hint = 'its type would be "error"' if self.unit.is_json else f"declare it as `error {name.text}`"
            self.diagnostics.error(
                Rule.BAD_THROWS,
                f"`{name.text}` is no error, and only errors can be thrown",
                name.span,
                help=hint if isinstance(schema, avro.Record) else None,
            )
            return None
        return schema

    def variables(self, variables: Sequence[syntax.Variable], namespace: str, what: str) -> list[avro.Field]:
        seen: dict[str, Span] = {}
        types: dict[int, Schema] = {}
        fields: list[avro.Field] = []
        for variable in variables:
            type_ = types.get(id(variable.type))
            if type_ is None:
                type_ = types[id(variable.type)] = self.full_type(variable.type, namespace)
            resolved = self.variable(variable, type_)
            if self.names.unique(variable.name, seen, what, self.unit):
                fields.append(resolved)
        self.aliases.check_variables(fields, seen, variables, what)
        return fields

    def variable(self, variable: syntax.Variable, type_: Schema) -> avro.Field:
        meaning = read_annotations(variable.annotations, FIELD_WORDS, _FIELD, self.diagnostics)
        name = variable.name
        self.names.simple(name)
        default: Json | avro.NoDefault = avro.NO_DEFAULT
        if variable.default is not None:
            default = plain_json(variable.default.json)
            if variable.type.is_optional and default is not None and isinstance(type_, avro.Union):
                type_ = avro.Union(type_.branches[::-1])  # Null comes last where the default is not null.
            self.defaults.append((type_, variable.default))
        return avro.Field(
            name.text, type_, variable.doc, default, meaning.order, meaning.aliases, meaning.props
        )

    # Types.

    def full_type(self, tree: FullType, namespace: str) -> Schema:
        meaning = read_annotations(tree.annotations, TYPE_WORDS, _NONE, self.diagnostics)
        schema = self.plain_type(tree, namespace)
        if meaning.props and isinstance(tree.plain, syntax.ReferenceType):
            self.diagnostics.error(
                Rule.BAD_ANNOTATION,
                "a reference to a type may not be annotated",
                tree.annotations[0].name.span,
                help="to annotate the field or the parameter, put it between type and name",
            )
        elif meaning.props and isinstance(schema, avro.Union):
            self.diagnostics.warning(
                Rule.BAD_ANNOTATION,
                "this annotation is lost: Avro's JSON has no place for those of a union",
                tree.annotations[0].name.span,
                help="put it on a branch, or between type and name to annotate the field or the parameter",
            )
        elif meaning.props and not isinstance(schema, Named):
            schema.props.update(meaning.props)
            self.check_logical(schema.props, schema, tree.span)
            check_buffer(schema, tree.annotations, self.diagnostics)
        if not tree.is_optional:
            return schema
        return self.union([avro.Primitive("null"), schema], [tree, tree])

    def plain_type(self, tree: FullType, namespace: str) -> Schema:
        plain = tree.plain
        match plain:
            case syntax.PrimitiveType():
                base, logical = _LOGICAL.get(plain.keyword, (plain.keyword, ""))
                return avro.Primitive(base, {"logicalType": logical} if logical else {})
            case syntax.DecimalType():
                precision = self.number(plain.precision, 1, _INT_MAX, "the precision of a decimal")
                scale = 0
                if plain.scale is not None:
                    scale = self.number(plain.scale, 0, max(precision, 0), "the scale of a decimal")
                return avro.Primitive(
                    "bytes", {"logicalType": "decimal", "precision": precision, "scale": scale}
                )
            case syntax.ArrayType():
                return avro.Array(self.full_type(plain.items, namespace))
            case syntax.MapType():
                return avro.Map(self.full_type(plain.values, namespace))
            case syntax.UnionType():
                branches = [self.full_type(branch, namespace) for branch in plain.branches]
                return self.union(branches, plain.branches)
            case syntax.ReferenceType():
                return self.reference(plain.name, namespace)

    def union(self, branches: list[Schema], trees: Sequence[FullType]) -> avro.Union:
        seen: set[str] = set()
        for branch, tree in zip(branches, trees, strict=True):
            if branch is _UNKNOWN:
                continue
            if isinstance(branch, avro.Union):
                self.diagnostics.error(Rule.BAD_UNION, "a union may not contain a union", tree.span)
                continue
            kind = (
                branch.name if isinstance(branch, avro.Primitive | Named) else type(branch).__name__.lower()
            )
            if kind in seen and kind not in self.repeated_names:
                problem = f"a union may not have two branches of type {kind}"
                note = "logical types and annotations make no difference here"
                self.diagnostics.error(
                    Rule.BAD_UNION, problem, tree.span, *([] if isinstance(branch, Named) else [note])
                )
            seen.add(kind)
        return avro.Union(branches)

    def reference(self, name: Name, namespace: str) -> Schema:
        types = self.contracts.types
        full = name.within(namespace)
        found = types.get(full)
        if found is None and self.unit.is_json:
            found = types.get(name.text)
        if found is not None and found.unit in self.scope():
            return found.named
        if not all(unit.is_complete for unit in self.scope()):
            return _UNKNOWN  # It may be declared in what could not be read.
        if name.text == "void" and found is None:
            self.diagnostics.error(Rule.VOID, "`void` stands only for the result of a message", name.span)
        elif found is not None:
            problem = f"`{full}` is declared in {found.unit.name}, which this file does not import"
            self.diagnostics.error(Rule.UNKNOWN_TYPE, problem, name.span, help="import that file")
        else:
            problem = f"there is no type `{full}`"
            self.diagnostics.error(
                Rule.UNKNOWN_TYPE, problem, name.span, help=self.suggestion(name.text, full)
            )
        return _UNKNOWN

    def suggestion(self, written: str, full: str) -> str | None:
        if self.compared > _MOST_COMPARED:
            return None  # Nobody reads so many, and looking takes its time.
        self.compared += len(self.contracts.types)
        visible = [n for n, declared in self.contracts.types.items() if declared.unit in self.scope()]
        if written in PRIMITIVE_KEYWORDS:  # A type of Avro's own is not found only where an error has to be.
            return "only errors are listed; any message may fail with a text as it is"
        short = avro.short_name(written)
        same = next((candidate for candidate in visible if avro.short_name(candidate) == short), None)
        if same:
            return f"did you mean `{same}`?"
        foreign = type_hint(written)
        if foreign and not any(avro.short_name(name).lower() == short.lower() for name in visible):
            return foreign
        namespace = avro.namespace_of(full)
        names = {c: avro.short_name(c) if avro.namespace_of(c) == namespace else c for c in visible}
        return did_you_mean(written, [*names.values(), *sorted(PRIMITIVE_KEYWORDS)])

    def scope(self) -> set[Unit]:
        scope = self.scopes.get(self.unit)
        if scope is None:
            scope = set(self.units if self.unit.is_json else closure(self.unit))
            if len(self.roots) == 1:
                scope |= set(closure(self.roots[0]))
            self.scopes[self.unit] = scope
        return scope

    def number(self, value: syntax.Value, low: int, high: int, what: str) -> int:
        number = value.json
        if isinstance(number, int) and low <= number <= high:
            return number
        self.diagnostics.error(Rule.BAD_SIZE, f"{what} is from {low} to {high}, not {number}", value.span)
        return low

    def check_logical(self, props: avro.Props, schema: Schema, span: Span) -> None:
        """Check the numbers of a decimal given by annotations; unknown logical types mean nothing."""
        if props.get("logicalType") != "decimal":
            return
        precision, scale = props.get("precision"), props.get("scale", 0)
        problem = ""
        if not isinstance(schema, avro.Fixed) and describe(schema) != "bytes":
            problem = "a decimal is bytes or a fixed"
        elif not isinstance(precision, int) or not 1 <= precision <= _INT_MAX:
            problem = f"a decimal needs a `@precision` from 1 to {_INT_MAX}"
        elif not isinstance(scale, int) or not 0 <= scale <= precision:
            problem = f"the `@scale` of this decimal is from 0 to {precision}"
        elif isinstance(schema, avro.Fixed) and precision > (most := avro.most_digits(schema.size)):
            problem = f"a fixed of {schema.size} bytes holds decimals of up to {most} digits, not {precision}"
        if problem:
            self.diagnostics.error(Rule.BAD_SIZE, problem, span)
        elif not self.unit.is_json:
            props.setdefault("scale", 0)  # As Avro's own tools write it.
