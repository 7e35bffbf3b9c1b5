"""A file under inspection: its syntax tree side by side with Avro's model, and its text as tokens.

Knows no rule. The file compiles: the tree is whole, and all that it refers to is there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from avrorpc.schema import Field, Message, Named, Protocol, Record, namespace_of, short_name

from avrorpc_codegen import syntax
from avrorpc_codegen.comment import Comment
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.lexer import Lexed, Token, tokenize
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.lint.surroundings import Surroundings
from avrorpc_codegen.loading import Unit
from avrorpc_codegen.source import Source, Span
from avrorpc_codegen.syntax import Annotation, FullType, Name, TypeDeclaration, Variable


class Place(Enum):
    """Where an annotation may stand."""

    PROTOCOL = "protocol"
    """Before `protocol`."""
    MESSAGE = "message"
    """Before a message."""
    DECLARATION = "declaration of a type"
    """Before `record`, `error`, `enum` or `fixed`."""
    FIELD = "field"
    """Between the type and the name of a field."""
    PARAMETER = "parameter"
    """Between the type and the name of a parameter."""
    SYMBOL = "symbol"
    """Before a symbol of an enum."""
    TYPE = "type"
    """Before a type that is no reference."""


@dataclass(slots=True, frozen=True)
class Annotated:
    """Something with annotations."""

    place: Place
    annotations: tuple[Annotation, ...]
    type: FullType | TypeDeclaration | None = None
    """The type that is annotated, if it is one."""


@dataclass(slots=True, frozen=True)
class DeclaredHere:
    """A named type that the file declares."""

    tree: TypeDeclaration
    named: Named


@dataclass(slots=True, frozen=True)
class MessageHere:
    """A message that the file declares."""

    tree: syntax.Message
    message: Message


@dataclass(slots=True, frozen=True)
class VariableHere:
    """A field or a parameter that the file declares."""

    tree: Variable
    field: Field
    place: Place
    owner: str
    """The record's or the message's own name."""
    is_in_error: bool = False


@dataclass(slots=True, eq=False)
class LintedFile:
    """One IDL file that compiles."""

    unit: Unit
    tree: syntax.File
    surroundings: Surroundings
    protocol: Protocol | None = field(init=False)
    """The protocol of the file, if it has one."""
    namespace: str = field(init=False)
    """The namespace of what has none of its own."""
    lexed: Lexed = field(init=False)
    declared: list[DeclaredHere] = field(init=False)
    messages: list[MessageHere] = field(init=False)
    variables: list[VariableHere] = field(init=False)
    _starts: list[int] = field(init=False)
    _docs: list[Comment] = field(init=False)

    def __post_init__(self) -> None:
        found = (item.protocol for item in self.contracts.protocols.values() if item.unit is self.unit)
        self.protocol = next(found, None)
        self.namespace = self.tree.namespace.text if self.tree.namespace else ""
        if self.protocol is not None:
            self.namespace = namespace_of(self.protocol.name)
        self.lexed = tokenize(self.tree.source, Diagnostics())
        self._starts = [token.span.start for token in self.lexed.tokens]
        self._docs = [comment for comment in self.lexed.comments if comment.is_doc]
        named = iter(self.contracts.by_unit[self.unit])
        types = [item for item in self.tree.items if isinstance(item, TypeDeclaration)]
        self.declared = [DeclaredHere(item, next(named)) for item in types]
        messages = self.protocol.messages if self.protocol else {}
        trees = [item for item in self.tree.items if isinstance(item, syntax.Message)]
        self.messages = [MessageHere(item, messages[item.name.text]) for item in trees]
        self.variables = [*self._fields(), *self._parameters()]

    @property
    def contracts(self) -> Contracts:
        """All contracts that were read."""
        return self.surroundings.contracts

    @property
    def config(self) -> LintConfig:
        """The settings of the project."""
        return self.surroundings.config

    @property
    def source(self) -> Source:
        """The text."""
        return self.tree.source

    @property
    def namespace_span(self) -> Span | None:
        """Where the namespace is said."""
        if self.tree.protocol is None:
            return self.tree.namespace.span if self.tree.namespace else None
        if "." in self.tree.protocol.name.text:
            return self.tree.protocol.name.span
        annotations = self.tree.protocol.annotations
        return next((a.value.span for a in annotations if a.name.text == "namespace"), None)

    @property
    def imports(self) -> list[syntax.Import]:
        """What the file imports."""
        return [item for item in self.tree.items if isinstance(item, syntax.Import)]

    def named(self, name: Name) -> Named | None:
        """Return the type that a reference in this file means."""
        return named_type(name, self.namespace, self.contracts)

    def annotated(self) -> Iterator[Annotated]:
        """Yield everything in the file that has annotations."""
        if self.tree.protocol is not None:
            yield Annotated(Place.PROTOCOL, self.tree.protocol.annotations)
        for declared in self.declared:
            yield Annotated(Place.DECLARATION, declared.tree.annotations, declared.tree)
            if isinstance(declared.tree, syntax.EnumDeclaration):
                yield from (Annotated(Place.SYMBOL, item.annotations) for item in declared.tree.symbols)
        for message in self.messages:
            yield Annotated(Place.MESSAGE, message.tree.annotations)
        for variable in self.variables:
            yield Annotated(variable.place, variable.tree.annotations)
        for full in self.full_types():
            yield Annotated(Place.TYPE, full.annotations, full)

    def full_types(self) -> Iterator[FullType]:
        """Yield all types that the file writes out, outer before inner, each once."""
        waiting = [variable.tree.type for variable in self.variables][::-1]
        waiting += [item.tree.result for item in self.messages if item.tree.result is not None]
        waiting += [self.tree.main_schema] if self.tree.main_schema else []
        seen: set[int] = set()  # Several variables may share a type.
        while waiting:
            full = waiting.pop()
            if id(full) in seen:
                continue
            seen.add(id(full))
            yield full
            match full.plain:
                case syntax.ArrayType():
                    waiting.append(full.plain.items)
                case syntax.MapType():
                    waiting.append(full.plain.values)
                case syntax.UnionType():
                    waiting.extend(full.plain.branches[::-1])

    def span(self, start: int, end: int) -> Span:
        """Return a stretch of the text."""
        return Span(self.source, start, end)

    def token_at(self, offset: int) -> int:
        """Return the index of the token that begins at an offset, or else of the next one."""
        return min(bisect_left(self._starts, offset), len(self._starts) - 1)

    def tokens_from(self, offset: int) -> Iterator[Token]:
        """Yield the tokens from an offset onward."""
        for index in range(self.token_at(offset), len(self._starts)):
            yield self.lexed.tokens[index]

    def annotation_span(self, annotation: Annotation) -> Span:
        """Return the place of an annotation from its `@` to its `)`."""
        at = self.lexed.tokens[self.token_at(annotation.name.span.start) - 1]
        return at.span.to(next(self.tokens_from(annotation.value.span.end)).span)

    def import_span(self, item: syntax.Import) -> Span:
        """Return the place of an import from the word to its `;`."""
        index = self.token_at(item.span.start)
        return self.lexed.tokens[index - 2].span.to(self.lexed.tokens[index + 1].span)

    def doc_span(self, doc: str, name: Name) -> Span:
        """Return the place of the comment that documents what has this name; the name's if there is none."""
        before = bisect_right([comment.span.start for comment in self._docs], name.span.start)
        for comment in reversed(self._docs[:before]):
            if comment.text == doc:
                return comment.span
        return name.span

    def _fields(self) -> Iterator[VariableHere]:
        for item in self.declared:
            if isinstance(item.tree, syntax.RecordDeclaration) and isinstance(item.named, Record):
                owner = short_name(item.named.name)
                for variable, resolved in zip(item.tree.fields, item.named.fields, strict=True):
                    yield VariableHere(variable, resolved, Place.FIELD, owner, item.tree.is_error)

    def _parameters(self) -> Iterator[VariableHere]:
        for item in self.messages:
            for variable, resolved in zip(item.tree.parameters, item.message.request, strict=True):
                yield VariableHere(variable, resolved, Place.PARAMETER, item.tree.name.text)


def named_type(name: Name, namespace: str, contracts: Contracts) -> Named | None:
    """Return the type that a reference in a namespace means."""
    found = contracts.types.get(name.within(namespace)) or contracts.types.get(name.text)
    return found.named if found else None
