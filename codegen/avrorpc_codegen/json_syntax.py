"""Avro's JSON, an `.avpr` or an `.avsc` file, to the same syntax tree that IDL gives.

So the resolver treats both alike, and each finding has its place. A type that is declared inside another one
becomes an item of the file, and a reference where it stood. What could not be understood is left out. What
reads a part with types in it is a generator, since types may be nested more deeply than Python's stack is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Final, NoReturn, TypeAlias, TypeVar

from avrorpc.schema import MAX_DEPTH, PRIMITIVES, Json, finish, namespace_of

from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.json_source import Member, Node, parse_json
from avrorpc_codegen.source import Source, Span
from avrorpc_codegen.syntax import Annotation, FullType, Name, Value, Variable

T = TypeVar("T")
_Reading: TypeAlias = "Generator[_Reading[FullType], FullType, T]"
"""Reads a part: yields what reads a type inside it, and is sent that type."""

_TYPE: Final = frozenset({"type", "name", "namespace", "doc", "aliases", "fields", "items", "values", "size"})
_SYMBOLS: Final = frozenset({"symbols", "default"})
_FIELD: Final = frozenset({"name", "type", "doc", "default"})
_MESSAGE: Final = frozenset({"doc", "request", "response", "errors", "one-way"})
_PROTOCOL: Final = frozenset({"protocol", "namespace", "doc", "types", "messages"})


def read_json(source: Source, diagnostics: Diagnostics, *, is_protocol: bool) -> syntax.File:
    """Read a file; an `.avsc` file too may hold a protocol, an `.avpr` file holds nothing else."""
    file = syntax.File(source, is_json=True)
    node = parse_json(source, diagnostics)
    if node is None:
        file.is_complete = False
        return file
    reader = _AvroReader(file, diagnostics)
    members = node.members or {}
    if is_protocol or ("protocol" in members and "type" not in members):
        reader.attempt(lambda: reader.protocol(node))
    else:
        file.main_schema = reader.attempt(lambda: finish(reader.schema(node, "")))
    return file


class _Unclear(Exception):
    """A part could not be understood; the diagnostic has been made."""


class _AvroReader:
    def __init__(self, file: syntax.File, diagnostics: Diagnostics) -> None:
        self.file = file
        self.diagnostics = diagnostics
        self.depth = 0
        """How many types without names are being read inside each other, and inside nothing else."""

    def attempt(self, rule: Callable[[], T]) -> T | None:
        """Apply a rule; what it cannot understand is left out."""
        try:
            return rule()
        except _Unclear:
            self.file.is_complete = False
            return None

    def each(self, nodes: Iterable[Node], rule: Callable[[Node], _Reading[T]]) -> _Reading[list[T]]:
        """Apply a rule to each of several nodes; those that it cannot understand are left out."""
        found: list[T] = []
        for node in nodes:
            try:
                found.append((yield from rule(node)))
            except _Unclear:
                self.file.is_complete = False
        return found

    def wrong(self, message: str, span: Span, help_line: str | None = None) -> _Unclear:
        self.diagnostics.error(Rule.BAD_JSON, message, span, help=help_line)
        return _Unclear()

    # Protocols.

    def protocol(self, node: Node) -> None:
        members = self.members(node, "a protocol")
        if "protocol" not in members and "type" in members:
            problem = "this is a schema, and no protocol"
            raise self.wrong(problem, members["type"].key, "give the file the suffix `.avsc`")
        name = self.name(members, "protocol", node, "a protocol")
        namespace = self.namespace(members, name.text, "")
        full = _full(name.text, namespace)
        self.file.protocol = syntax.Protocol(
            self.doc(members), self.annotations(members, _PROTOCOL), Name(full, name.span, is_full=True)
        )
        inside = namespace_of(full)
        for item in self.optional_list(members, "types"):
            self.attempt(lambda item=item: self.declared(item, inside))  # type: ignore[misc]
        if "messages" in members:
            for key, member in self.members(members["messages"].value, "`messages`").items():
                self.attempt(lambda key=key, member=member: self.message(key, member, inside))  # type: ignore[misc]

    def declared(self, node: Node, namespace: str) -> None:
        before = len(self.file.items)
        finish(self.schema(node, namespace))
        if len(self.file.items) == before:
            problem = "`types` holds declarations of records, errors, enums and fixed"
            raise self.wrong(problem, node.span)

    def message(self, key: str, member: Member, namespace: str) -> None:
        members = self.members(member.value, f"the message `{key:.40}`")
        name = Name(key, member.key)
        request = self.required(members, "request", member.value, f"the message `{key:.40}`")
        response = self.required(members, "response", member.value, f"the message `{key:.40}`")
        parameters = finish(
            self.each(self.items(request, "`request`"), lambda item: self.variable(item, namespace))
        )
        result = finish(self.schema(response, namespace))
        one_way: Span | None = None
        if "one-way" in members:
            if not isinstance(members["one-way"].value.scalar, bool):
                raise self.wrong("`one-way` is true or false", members["one-way"].value.span)
            one_way = members["one-way"].key if members["one-way"].value.scalar else None
        errors = self.optional_list(members, "errors")
        throws = finish(self.each(errors, lambda item: self.thrown(item, namespace)))
        message = syntax.Message(
            self.doc(members),
            self.annotations(members, _MESSAGE),
            result,
            name,
            tuple(parameters),
            one_way,
            tuple(error for error in throws if error is not None),
        )
        self.file.items.append(message)

    def thrown(self, node: Node, namespace: str) -> _Reading[Name | None]:
        plain = (yield self.schema(node, namespace)).plain
        if isinstance(plain, syntax.ReferenceType):
            return plain.name
        if plain == syntax.PrimitiveType("string"):
            return None  # Some writers repeat the implicit branch; it declares nothing.
        self.diagnostics.error(Rule.BAD_THROWS, "only errors can be thrown", node.span)
        raise _Unclear

    # Types.

    def schema(self, node: Node, namespace: str) -> _Reading[FullType]:
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                self.too_deep(node.span)
            if node.items is not None:
                branches = yield from self.each(node.items, lambda item: self.inner(item, namespace))
                return FullType(syntax.UnionType(tuple(branches)), (), False, node.span)
            if node.members is not None:
                return (yield from self.complex(node, node.members, namespace))
            if not isinstance(node.scalar, str):
                raise self.wrong(f"{node.shown()} is not a schema", node.span)
            return FullType(_named_type(node.scalar, node.span), (), False, node.span)
        finally:
            self.depth -= 1

    def inner(self, node: Node, namespace: str) -> _Reading[FullType]:
        return (yield self.schema(node, namespace))

    def complex(self, node: Node, members: dict[str, Member], namespace: str) -> _Reading[FullType]:
        kind = self.required(members, "type", node, "a schema")
        if kind.members is not None or kind.items is not None:
            return (yield self.schema(kind, namespace))
        match kind.scalar:
            case "record" | "error" | "enum" | "fixed":
                return (yield from self.declare(str(kind.scalar), node, members, namespace))
            case "array":
                items = yield self.schema(self.required(members, "items", node, "an array"), namespace)
                plain: syntax.PlainType = syntax.ArrayType(items)
            case "map":
                values = yield self.schema(self.required(members, "values", node, "a map"), namespace)
                plain = syntax.MapType(values)
            case "union":
                raise self.wrong("a union is written as a list of its branches", kind.span)
            case str() if kind.scalar in PRIMITIVES:
                plain = syntax.PrimitiveType(kind.scalar)
            case _:
                return (yield self.schema(kind, namespace))
        return FullType(plain, self.annotations(members, _TYPE), False, kind.span)

    def declare(
        self, kind: str, node: Node, members: dict[str, Member], namespace: str
    ) -> _Reading[FullType]:
        what = f"{'a' if kind in ('record', 'fixed') else 'an'} {kind}"
        written = self.name(members, "name", node, what)
        own = self.namespace(members, written.text, namespace)
        name = Name(_full(written.text, own), written.span, is_full=True)
        doc, aliases = self.doc(members), self.aliases(members)
        position = len(self.file.items)
        declaration: syntax.TypeDeclaration
        if kind == "enum":
            annotations = aliases + self.annotations(members, _TYPE | _SYMBOLS)
            symbols = self.strings(self.required(members, "symbols", node, what), "`symbols`")
            default = None
            if "default" in members:
                (default,) = self.strings_of([members["default"].value], "the default of an enum")
            declaration = syntax.EnumDeclaration(
                doc, annotations, name, tuple(syntax.Symbol(None, (), symbol) for symbol in symbols), default
            )
        elif kind == "fixed":
            annotations = aliases + self.annotations(members, _TYPE)
            size = self.required(members, "size", node, what)
            if not isinstance(size.scalar, int) or isinstance(size.scalar, bool):
                raise self.wrong(f"the size of a fixed is an integer, not {size.shown()}", size.span)
            declaration = syntax.FixedDeclaration(doc, annotations, name, Value(size.scalar, size.span))
        else:
            annotations = aliases + self.annotations(members, _TYPE)
            inside = namespace_of(name.text)
            listed = self.items(self.required(members, "fields", node, what), "`fields`")
            outside, self.depth = self.depth, 0
            fields = yield from self.each(listed, lambda item: self.variable(item, inside))
            self.depth = outside
            declaration = syntax.RecordDeclaration(doc, annotations, kind == "error", name, tuple(fields))
        self.file.items.insert(position, declaration)
        return FullType(syntax.ReferenceType(name), (), False, name.span)

    def variable(self, node: Node, namespace: str) -> _Reading[Variable]:
        members = self.members(node, "a field")
        name = self.name(members, "name", node, "a field")
        type_ = yield self.schema(self.required(members, "type", node, "a field"), namespace)
        default = None
        if "default" in members:
            value = members["default"].value
            default = Value(self.plain(value), value.span)
        annotations = self.annotations(members, _FIELD)
        return Variable(self.doc(members), type_, annotations, name, default)

    # Parts.

    def members(self, node: Node, what: str) -> dict[str, Member]:
        if node.members is None:
            raise self.wrong(f"{what} is an object, not {node.shown()}", node.span)
        return node.members

    def required(self, members: dict[str, Member], key: str, node: Node, what: str) -> Node:
        if key in members:
            return members[key].value
        hint = did_you_mean(key, members)
        close = hint and next((member for name, member in members.items() if f"`{name}`" in hint), None)
        if close:
            raise self.wrong(f'{what} needs "{key}"', close.key, f'did you mean "{key}"?')
        raise self.wrong(f'{what} needs "{key}"', node.span)

    def name(self, members: dict[str, Member], key: str, node: Node, what: str) -> Name:
        found = self.required(members, key, node, what)
        if not isinstance(found.scalar, str):
            raise self.wrong(f'"{key}" is a string, not {found.shown()}', found.span)
        return Name(found.scalar, found.span)

    def namespace(self, members: dict[str, Member], name: str, around: str) -> str:
        """Return the namespace of something with a name: a stated one counts where the name has no dots."""
        if "namespace" not in members or members["namespace"].value.plain() is None:
            return around
        found = members["namespace"].value
        if not isinstance(found.scalar, str):
            raise self.wrong(f'"namespace" is a string, not {found.shown()}', found.span)
        return around if "." in name else found.scalar

    def doc(self, members: dict[str, Member]) -> str | None:
        if "doc" not in members:
            return None
        found = members["doc"].value
        if not isinstance(found.scalar, str | None) or found.items is not None or found.members is not None:
            raise self.wrong(f'"doc" is a string, not {found.shown()}', found.span)
        return found.scalar

    def aliases(self, members: dict[str, Member]) -> tuple[Annotation, ...]:
        if "aliases" not in members:
            return ()
        member = members["aliases"]
        value = Value(self.plain(member.value), member.value.span)
        return (Annotation(Name("aliases", member.key), value),)

    def annotations(self, members: dict[str, Member], reserved: frozenset[str]) -> tuple[Annotation, ...]:
        return tuple(
            Annotation(Name(key, member.key), Value(self.plain(member.value), member.value.span))
            for key, member in members.items()
            if key not in reserved
        )

    def plain(self, node: Node) -> Json:
        """Return a value without its places."""
        if node.depth() > MAX_DEPTH:
            self.too_deep(node.span)
        return node.plain()

    def too_deep(self, span: Span) -> NoReturn:
        self.diagnostics.error(Rule.TOO_DEEP, f"nested deeper than {MAX_DEPTH}", span)
        raise _Unclear

    def items(self, node: Node, what: str) -> list[Node]:
        if node.items is None:
            raise self.wrong(f"{what} is a list, not {node.shown()}", node.span)
        return node.items

    def optional_list(self, members: dict[str, Member], key: str) -> list[Node]:
        return self.items(members[key].value, f"`{key}`") if key in members else []

    def strings(self, node: Node, what: str) -> list[Name]:
        return self.strings_of(self.items(node, what), what)

    def strings_of(self, nodes: Iterable[Node], what: str) -> list[Name]:
        names: list[Name] = []
        for node in nodes:
            if not isinstance(node.scalar, str):
                raise self.wrong(f"{what}: expected a string, found {node.shown()}", node.span)
            names.append(Name(node.scalar, node.span))
        return names


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _named_type(word: str, span: Span) -> syntax.PlainType:
    return syntax.PrimitiveType(word) if word in PRIMITIVES else syntax.ReferenceType(Name(word, span))
