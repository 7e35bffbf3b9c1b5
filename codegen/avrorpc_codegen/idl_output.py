"""Contracts as Avro IDL: what compiles to the same model, in the layout of the formatter.

What IDL has no way to say is a finding that names it: a warning where the rest stands without it, an error
where nothing would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

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
    Props,
    Protocol,
    Record,
    Schema,
    Union,
    namespace_of,
    short_name,
)

from avrorpc_codegen.annotations import (
    ENUM_WORDS,
    FIELD_WORDS,
    MESSAGE_WORDS,
    PROTOCOL_WORDS,
    TYPE_WORDS,
)
from avrorpc_codegen.comment import LINE_END, doc_text
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.formatting import doc_comment, format_source
from avrorpc_codegen.idl_words import default_word, keyword_of, name_word, optional_of, text_word, value_word
from avrorpc_codegen.parser import PRIMITIVE_KEYWORDS
from avrorpc_codegen.source import Source


def as_idl(contract: Protocol | Schema, file: str, diagnostics: Diagnostics) -> str | None:
    """Return a protocol or a schema as the text of an IDL file; None where IDL cannot say it.

    Args:
        contract: What the file is to say.
        file: The name of the file that it comes from, for findings.
        diagnostics: Takes what gets lost.
    """
    writer = _Writer(file, diagnostics)
    text = writer.contract(contract)
    if writer.has_failed:
        return None
    return format_source(Source(f"{file} as IDL", text, Path(file)), diagnostics)


class _Writer:
    def __init__(self, file: str, diagnostics: Diagnostics) -> None:
        self.file = file
        self.diagnostics = diagnostics
        self.namespace = ""
        """The namespace of what has none of its own."""
        self.has_failed = False

    # Findings.

    def lost(self, where: str, what: str) -> None:
        self.diagnostics.warning(Rule.NOT_IN_IDL, f"{where}: {what}", None, file=self.file)

    def impossible(self, where: str, what: str) -> None:
        self.diagnostics.error(Rule.NOT_IN_IDL, f"{where}: {what}", None, file=self.file)
        self.has_failed = True

    # Files.

    def contract(self, contract: Protocol | Schema) -> str:
        if isinstance(contract, Protocol):
            return self.protocol(contract)
        return self.schema_file(contract)

    def protocol(self, protocol: Protocol) -> str:
        self.namespace = namespace_of(protocol.name)
        lines = self.doc(protocol.doc, protocol.name)
        if self.namespace:
            lines.append(f"@namespace({text_word(self.namespace)})")
        lines += self.properties(protocol.props, PROTOCOL_WORDS, protocol.name)
        lines.append(f"protocol {name_word(short_name(protocol.name))} {{")
        for named in protocol.types:
            lines += self.declaration(named)
        for message in protocol.messages.values():
            lines += self.message(message, f"{protocol.name}.{message.name}")
        return "\n".join([*lines, "}"])

    def schema_file(self, schema: Schema) -> str:
        types = list(_declared(schema, set()))
        if all(namespace_of(named.name) for named in types):
            self.namespace = namespace_of(types[0].name) if types else ""
        lines = [f"namespace {name_word(self.namespace)};"] if self.namespace else []
        is_list = isinstance(schema, Union) and schema.branches == types and not schema.props
        if not is_list:
            lines.append(f"schema {self.type(schema, self.namespace, 'the schema')};")
        for named in types:
            lines += self.declaration(named)
        return "\n".join(lines)

    # Declarations.

    def declaration(self, named: Named) -> list[str]:
        name, own = short_name(named.name), namespace_of(named.name)
        if name in PRIMITIVE_KEYWORDS:
            self.impossible(named.name, f"in IDL no type can be called `{name}`")
        lines = self.doc(named.doc, named.name)
        if own != self.namespace:
            lines.append(f"@namespace({text_word(own)})")
        if named.aliases:
            lines.append(f"@aliases({value_word(list(named.aliases))})")
        words = ENUM_WORDS if isinstance(named, Enum) else TYPE_WORDS
        lines += self.properties(named.props, words, named.name)
        match named:
            case Fixed():
                lines.append(f"fixed {name_word(name)}({named.size});")
            case Enum():
                default = f" = {name_word(named.default)};" if named.default is not None else ""
                symbols = ", ".join(name_word(symbol) for symbol in named.symbols)
                lines.append(f"enum {name_word(name)} {{ {symbols} }}{default}")
            case Record():
                lines.append(f"{'error' if named.is_error else 'record'} {name_word(name)} {{")
                for field in named.fields:
                    lines += self.field(field, own, f"{named.name}.{field.name}")
                    lines[-1] += ";"
                lines.append("}")
        return lines

    def field(self, field: Field, namespace: str, where: str) -> list[str]:
        has_value = not (isinstance(field.default, NoDefault) or field.default is None)
        words = [self.type(field.type, namespace, where, is_reversed=has_value)]
        if field.order is not None:
            words.append(f"@order({text_word(field.order)})")
        if field.aliases:
            words.append(f"@aliases({value_word(list(field.aliases))})")
        words += self.properties(field.props, FIELD_WORDS, where)
        words.append(name_word(field.name))
        if not isinstance(field.default, NoDefault):
            words.append(f"= {default_word(field.type, field.default)}")
        return [*self.doc(field.doc, where), " ".join(words)]

    def message(self, message: Message, where: str) -> list[str]:
        lines = self.doc(message.doc, where)
        lines += self.properties(message.props, MESSAGE_WORDS, where)
        lines.append(f"{self.result(message.response, where)} {name_word(message.name)}(")
        for number, parameter in enumerate(message.request):
            lines[-1] += "," if number else ""
            lines += self.field(parameter, self.namespace, f"{where}.{parameter.name}")
        errors = [self.error(error, where) for error in message.errors]
        throws = ", ".join(error for error in errors if error)
        tail = "oneway" if message.one_way else f"throws {throws}" if throws else ""
        return [*lines, f") {tail};"]

    def result(self, schema: Schema, where: str) -> str:
        if isinstance(schema, Primitive) and schema.name == "null" and not schema.props:
            return "void"
        annotations, text = self.plain(schema, self.namespace, where)
        for annotation in annotations:
            self.lost(where, f"the type of a result cannot be annotated: `{annotation}` is left out")
        return text

    def error(self, schema: Schema, where: str) -> str:
        if isinstance(schema, Record) and schema.is_error:
            return self.reference(schema, self.namespace, where)
        named = short_name(schema.name) if isinstance(schema, Named) else "a type without a name"
        self.lost(where, f"only errors can be thrown: {named} is left out")
        return ""

    # Types.

    def type(self, schema: Schema, namespace: str, where: str, *, is_reversed: bool = False) -> str:
        """Return a type with its annotations; `is_reversed` where `T?` means that null comes last."""
        annotations, text = self.plain(schema, namespace, where, is_reversed=is_reversed)
        return " ".join([*annotations, text])

    def plain(
        self, schema: Schema, namespace: str, where: str, *, is_reversed: bool = False
    ) -> tuple[list[str], str]:
        match schema:
            case Primitive():
                keyword, props = keyword_of(schema)
                return self.properties(props, TYPE_WORDS, where), keyword
            case Array():
                text = f"array<{self.type(schema.items, namespace, where)}>"
                return self.properties(schema.props, TYPE_WORDS, where), text
            case Map():
                text = f"map<{self.type(schema.values, namespace, where)}>"
                return self.properties(schema.props, TYPE_WORDS, where), text
            case Union():
                return self.union(schema, namespace, where, is_reversed=is_reversed)
            case _:
                return [], self.reference(schema, namespace, where)

    def union(self, union: Union, namespace: str, where: str, *, is_reversed: bool) -> tuple[list[str], str]:
        for name in union.props:
            self.lost(where, f"a union cannot be annotated: the property `{name}` is left out")
        if not union.branches:
            self.impossible(where, "in IDL a union has at least one branch")
        if optional := optional_of(union, is_reversed=is_reversed):
            annotations, text = self.plain(optional, namespace, where)
            return annotations, f"{text}?"
        return [], f"union {{ {', '.join(self.type(b, namespace, where) for b in union.branches)} }}"

    def reference(self, named: Named, namespace: str, where: str) -> str:
        own = namespace_of(named.name)
        if own == namespace:
            return name_word(short_name(named.name))
        if not own:
            self.impossible(
                where,
                f"`{named.name}` has no namespace, and IDL cannot name it from inside `{namespace}`",
            )
        return named.name

    # Words.

    def doc(self, text: str | None, where: str) -> list[str]:
        if text is None:
            return []
        said = "\n".join(LINE_END.split(text)).replace("*/", "* /")
        comment = doc_comment(said)
        if "*/" in text:
            self.lost(where, "a comment ends at `*/`: in the documentation, it becomes `* /`")
        if doc_text(comment) != text.replace("*/", "* /"):
            self.lost(where, "a comment keeps neither white space at its end nor carriage returns")
        return [comment]

    def properties(self, props: Props, reserved: frozenset[str], where: str) -> list[str]:
        annotations: list[str] = []
        for name, value in props.items():
            if not all(part.isidentifier() for part in re.split("[.-]", name)):
                self.lost(where, f"`{name}` is no name for an annotation: the property is left out")
            elif name in reserved:
                self.lost(where, f"an annotation `@{name}` means something else: the property is left out")
            else:
                annotations.append(f"@{name_word(name)}({value_word(value)})")
        return annotations


def _declared(schema: Schema, seen: set[str]) -> Iterator[Named]:
    """Yield the named types that a schema declares, in the order in which JSON does."""
    match schema:
        case Array():
            inner: Iterable[Schema] = [schema.items]
        case Map():
            inner = [schema.values]
        case Union():
            inner = schema.branches
        case Primitive():
            return
        case _:
            if schema.name in seen:
                return
            seen.add(schema.name)
            yield schema
            inner = [field.type for field in schema.fields] if isinstance(schema, Record) else []
    for part in inner:
        yield from _declared(part, seen)
