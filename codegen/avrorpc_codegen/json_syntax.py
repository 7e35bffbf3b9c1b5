"""Avro's JSON, an `.avpr` or an `.avsc` file, to the same syntax tree that IDL gives.

So the resolver treats both alike, and each finding has its place. A type that is declared inside another one
becomes an item of the file, and a reference where it stood. What could not be understood is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from avrorpc.schema import MAX_DEPTH, PRIMITIVES, namespace_of

from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.json_source import Member, Node, parse_json
from avrorpc_codegen.source import Source, Span
from avrorpc_codegen.syntax import Annotation, FullType, Name, Value, Variable

T = TypeVar("T")

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
        file.main_schema = reader.attempt(lambda: reader.schema(node, ""))
        reader.settle()
    return file


class _Unclear(Exception):
    """A part could not be understood; the diagnostic has been made."""


class _AvroReader:
    def __init__(self, file: syntax.File, diagnostics: Diagnostics) -> None:
        self.file = file
        self.diagnostics = diagnostics
        self.depth = 0
        self.waiting: list[tuple[str, Node, dict[str, Member], Name]] = []
        """Declarations that were met, and are still to be read: the kind, the object, the name."""

    def attempt(self, rule: Callable[[], T]) -> T | None:
        """Apply a rule; what it cannot understand is left out."""
        try:
            return rule()
        except _Unclear:
            self.file.is_complete = False
            return None

    def each(self, nodes: Iterable[Node], rule: Callable[[Node], T]) -> list[T]:
        """Apply a rule to each of several nodes; those that it cannot understand are left out."""
        found: list[T] = []
        for node in nodes:
            self.attempt(lambda node=node: found.append(rule(node)))  # type: ignore[misc]
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
        plain = self.schema(node, namespace).plain
        met = [name for *_, name in self.waiting]
        self.settle()
        if not isinstance(plain, syntax.ReferenceType) or plain.name not in met:
            problem = "`types` holds declarations of records, errors, enums and fixed"
            raise self.wrong(problem, node.span)

    def message(self, key: str, member: Member, namespace: str) -> None:
        members = self.members(member.value, f"the message `{key:.40}`")
        name = Name(key, member.key)
        request = self.required(members, "request", member.value, f"the message `{key:.40}`")
        response = self.required(members, "response", member.value, f"the message `{key:.40}`")
        parameters = self.each(self.items(request, "`request`"), lambda item: self.variable(item, namespace))
        result = self.schema(response, namespace)
        one_way: Span | None = None
        if "one-way" in members:
            if not isinstance(members["one-way"].value.scalar, bool):
                raise self.wrong("`one-way` is true or false", members["one-way"].value.span)
            one_way = members["one-way"].key if members["one-way"].value.scalar else None
        throws = self.each(self.optional_list(members, "errors"), lambda item: self.thrown(item, namespace))
        self.settle()
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

    def thrown(self, node: Node, namespace: str) -> Name | None:
        plain = self.schema(node, namespace).plain
        if isinstance(plain, syntax.ReferenceType):
            return plain.name
        if plain == syntax.PrimitiveType("string"):
            return None  # Some writers repeat the implicit branch; it declares nothing.
        self.diagnostics.error(Rule.BAD_THROWS, "only errors can be thrown", node.span)
        raise _Unclear

    # Types.

    def schema(self, node: Node, namespace: str) -> FullType:
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                self.diagnostics.error(Rule.TOO_DEEP, f"nested deeper than {MAX_DEPTH}", node.span)
                raise _Unclear
            if node.items is not None:
                branches = self.each(node.items, lambda item: self.schema(item, namespace))
                return FullType(syntax.UnionType(tuple(branches)), (), False, node.span)
            if node.members is not None:
                return self.complex(node, node.members, namespace)
            if not isinstance(node.scalar, str):
                raise self.wrong(f"{node.shown()} is not a schema", node.span)
            return FullType(_named_type(node.scalar, node.span), (), False, node.span)
        finally:
            self.depth -= 1

    def complex(self, node: Node, members: dict[str, Member], namespace: str) -> FullType:
        kind = self.required(members, "type", node, "a schema")
        if kind.members is not None or kind.items is not None:
            return self.schema(kind, namespace)
        match kind.scalar:
            case "record" | "error" | "enum" | "fixed":
                return self.declare(str(kind.scalar), node, members, namespace)
            case "array":
                items = self.schema(self.required(members, "items", node, "an array"), namespace)
                plain: syntax.PlainType = syntax.ArrayType(items)
            case "map":
                values = self.schema(self.required(members, "values", node, "a map"), namespace)
                plain = syntax.MapType(values)
            case "union":
                raise self.wrong("a union is written as a list of its branches", kind.span)
            case str() if kind.scalar in PRIMITIVES:
                plain = syntax.PrimitiveType(kind.scalar)
            case _:
                return self.schema(kind, namespace)
        return FullType(plain, self.annotations(members, _TYPE), False, kind.span)

    def declare(self, kind: str, node: Node, members: dict[str, Member], namespace: str) -> FullType:
        """Take note of a declaration, and return a reference to it."""
        written = self.name(members, "name", node, _article(kind))
        name = Name(
            _full(written.text, self.namespace(members, written.text, namespace)), written.span, is_full=True
        )
        self.waiting.append((kind, node, members, name))
        return FullType(syntax.ReferenceType(name), (), False, name.span)

    def settle(self) -> None:
        """Read the declarations that were met, each with those inside it before the next."""
        stack, self.waiting = self.waiting[::-1], []
        while stack:
            kind, node, members, name = stack.pop()
            position = len(self.file.items)
            declaration = self.attempt(
                lambda kind=kind, node=node, members=members, name=name: self.declaration(  # type: ignore[misc]
                    kind, node, members, name
                )
            )
            if declaration is not None:
                self.file.items.insert(position, declaration)
            stack += self.waiting[::-1]
            self.waiting = []

    def declaration(
        self, kind: str, node: Node, members: dict[str, Member], name: Name
    ) -> syntax.TypeDeclaration:
        what, doc, aliases = _article(kind), self.doc(members), self.aliases(members)
        if kind == "enum":
            annotations = aliases + self.annotations(members, _TYPE | _SYMBOLS)
            symbols = self.strings(self.required(members, "symbols", node, what), "`symbols`")
            default = None
            if "default" in members:
                (default,) = self.strings_of([members["default"].value], "the default of an enum")
            return syntax.EnumDeclaration(
                doc, annotations, name, tuple(syntax.Symbol(None, (), symbol) for symbol in symbols), default
            )
        annotations = aliases + self.annotations(members, _TYPE)
        if kind == "fixed":
            size = self.required(members, "size", node, what)
            if not isinstance(size.scalar, int) or isinstance(size.scalar, bool):
                raise self.wrong(f"the size of a fixed is an integer, not {size.shown()}", size.span)
            return syntax.FixedDeclaration(doc, annotations, name, Value(size.scalar, size.span))
        inside = namespace_of(name.text)
        listed = self.items(self.required(members, "fields", node, what), "`fields`")
        fields = self.each(listed, lambda item: self.variable(item, inside))
        return syntax.RecordDeclaration(doc, annotations, kind == "error", name, tuple(fields))

    def variable(self, node: Node, namespace: str) -> Variable:
        members = self.members(node, "a field")
        name = self.name(members, "name", node, "a field")
        type_ = self.schema(self.required(members, "type", node, "a field"), namespace)
        default = None
        if "default" in members:
            default = self.value(members["default"].value)
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
        if "namespace" not in members or _is_null(members["namespace"].value):
            return around
        found = members["namespace"].value
        if not isinstance(found.scalar, str):
            raise self.wrong(f'"namespace" is a string, not {found.shown()}', found.span)
        if found.scalar and not all(part.isidentifier() for part in found.scalar.split(".")):
            problem = f"`{found.scalar}` is not a namespace"
            hint = "a namespace consists of names with dots between them"
            self.diagnostics.error(Rule.INVALID_NAME, problem, found.span, help=hint)
            self.file.is_complete = False
            return around
        return around if "." in name else found.scalar

    def doc(self, members: dict[str, Member]) -> str | None:
        if "doc" not in members or _is_null(members["doc"].value):
            return None
        found = members["doc"].value
        if not isinstance(found.scalar, str):
            raise self.wrong(f'"doc" is a string, not {found.shown()}', found.span)
        return found.scalar

    def aliases(self, members: dict[str, Member]) -> tuple[Annotation, ...]:
        if "aliases" not in members:
            return ()
        member = members["aliases"]
        return (Annotation(Name("aliases", member.key), self.value(member.value)),)

    def annotations(self, members: dict[str, Member], reserved: frozenset[str]) -> tuple[Annotation, ...]:
        return tuple(
            Annotation(Name(key, member.key), self.value(member.value))
            for key, member in members.items()
            if key not in reserved
        )

    def value(self, node: Node) -> Value:
        if node.depth() > MAX_DEPTH:
            self.diagnostics.error(Rule.TOO_DEEP, f"nested deeper than {MAX_DEPTH}", node.span)
            raise _Unclear
        return Value(node.plain(), node.span)

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


def _article(kind: str) -> str:
    return f"an {kind}" if kind in ("enum", "error") else f"a {kind}"


def _is_null(node: Node) -> bool:
    return node.scalar is None and not node.is_container


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _named_type(word: str, span: Span) -> syntax.PlainType:
    return syntax.PrimitiveType(word) if word in PRIMITIVES else syntax.ReferenceType(Name(word, span))
