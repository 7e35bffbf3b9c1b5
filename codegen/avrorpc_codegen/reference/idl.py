"""Types and messages as Avro IDL, in pieces that link to the types they name.

What it writes, the compiler reads back to the same, as long as names are seen from the same namespace.
"""

from __future__ import annotations

from typing import Final

from avrorpc.schema import (
    Array,
    Field,
    Fixed,
    Json,
    Map,
    Message,
    NoDefault,
    Primitive,
    Props,
    Record,
    Schema,
    Union,
    namespace_of,
    short_name,
)

from avrorpc_codegen.contracts import DeclaredType
from avrorpc_codegen.idl_words import keyword_of, name_word, optional_of, value_word
from avrorpc_codegen.reference.addresses import Kind, Target
from avrorpc_codegen.reference.code import WIDTH, Code, Piece, Role, joined, plain, width

_STEP: Final = "  "


class Idl:
    """Writes code as it stands in a file of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def type(self, schema: Schema, default: Json | NoDefault = None) -> Code:
        """Return a type; `default` decides on which side of null the type of a `T?` stands."""
        match schema:
            case Primitive():
                return self._primitive(schema)
            case Array():
                return self._generic("array", schema.items, schema.props)
            case Map():
                return self._generic("map", schema.values, schema.props)
            case Union():
                return self._union(schema, default)
            case _:
                name = schema.name
                shown = short_name(name) if namespace_of(name) == self.namespace else name
                return (Piece(name_word(shown), Role.TYPE, Target(Kind.TYPE, name)),)

    def message(self, message: Message) -> Code:
        """Return a message as it is declared, on one line where it fits, its annotations above it."""
        result: Code = (Piece("void", Role.KEYWORD),)
        if not (isinstance(message.response, Primitive) and message.response.name == "null"):
            result = self.type(message.response)
        lines = [annotation(name, value) for name, value in message.props.items()]
        head = (*result, Piece(" "), Piece(name_word(message.name), Role.NAME), Piece("("))
        parameters = [self.variable(item) for item in message.request]
        end = (Piece(")"), *self._ending(message), Piece(";"))
        whole = (*head, *joined(parameters, ", "), *end)
        if width(whole) > WIDTH and parameters:
            inner = joined(((Piece(_STEP), *parameter) for parameter in parameters), ",\n")
            whole = (*head, Piece("\n"), *inner, Piece("\n"), *end)
        return joined([*lines, whole], "\n")

    def variable(self, item: Field) -> Code:
        """Return a field or a parameter as it is declared, without a semicolon."""
        pieces = [*self.type(item.type, item.default), Piece(" ")]
        notes: dict[str, Json] = dict(item.props)
        if item.order is not None:
            notes["order"] = item.order
        if item.aliases:
            notes["aliases"] = list(item.aliases)
        for name, value in notes.items():
            pieces += [*annotation(name, value), Piece(" ")]
        pieces.append(Piece(name_word(item.name)))
        if not isinstance(item.default, NoDefault):
            pieces += [Piece(" = "), *literal(item.default)]
        return tuple(pieces)

    def declaration(self, declared: DeclaredType) -> Code:
        """Return a named type as it is declared."""
        named = declared.named
        notes: dict[str, Json] = dict(named.props)
        if named.aliases:
            notes["aliases"] = list(named.aliases)
        lines = [annotation(name, value) for name, value in notes.items()]
        name = Piece(name_word(short_name(named.name)), Role.NAME)
        match named:
            case Record():
                word = "error" if named.is_error else "record"
                head: Code = (Piece(word, Role.KEYWORD), Piece(" "), name, Piece(" {"))
                lines.append(head if named.fields else (*head, Piece("}")))
                lines += [(Piece(_STEP), *self.variable(item), Piece(";")) for item in named.fields]
                lines += [plain("}")] if named.fields else []
            case Fixed():
                size = Piece(str(named.size), Role.STRING)
                lines.append((Piece("fixed", Role.KEYWORD), Piece(" "), name, Piece("("), size, Piece(");")))
            case _:
                head = (Piece("enum", Role.KEYWORD), Piece(" "), name, Piece(" {"))
                tail = f"}} = {named.default};" if named.default is not None else "}"
                symbols = [plain(name_word(symbol)) for symbol in named.symbols]
                whole = (*head, Piece(" "), *joined(symbols, ", "), Piece(f" {tail}"))
                if width(whole) <= WIDTH:
                    lines.append(whole)
                else:
                    lines += [head, joined(((Piece(_STEP), *s) for s in symbols), ",\n"), plain(tail)]
        return joined(lines, "\n")

    def _ending(self, message: Message) -> Code:
        if message.one_way:
            return (Piece(" "), Piece("oneway", Role.KEYWORD))
        if message.errors:
            errors = joined((self.type(error) for error in message.errors), ", ")
            return (Piece(" "), Piece("throws", Role.KEYWORD), Piece(" "), *errors)
        return ()

    def _primitive(self, schema: Primitive) -> Code:
        keyword, props = keyword_of(schema)
        return self._noted(props, (Piece(keyword, Role.KEYWORD),))

    def _generic(self, word: str, inner: Schema, props: Props) -> Code:
        return self._noted(props, (Piece(word, Role.KEYWORD), Piece("<"), *self.type(inner), Piece(">")))

    def _union(self, schema: Union, default: Json | NoDefault) -> Code:
        has_value = default is not None and not isinstance(default, NoDefault)
        optional = None if schema.props else optional_of(schema, is_reversed=has_value)
        if optional is not None:
            return (*self.type(optional), Piece("?"))
        inner = joined((self.type(branch) for branch in schema.branches), ", ")
        braces = (Piece(" { "), *inner, Piece(" }")) if schema.branches else plain(" {}")
        return self._noted(schema.props, (Piece("union", Role.KEYWORD), *braces))

    def _noted(self, props: Props, code: Code) -> Code:
        notes = [annotation(name, value) for name, value in props.items()]
        return joined([*notes, code], " ")


def annotation(name: str, value: Json) -> Code:
    """Return an annotation."""
    return (Piece(f"@{name}", Role.NOTE), Piece("("), *literal(value), Piece(")"))


def literal(value: Json) -> Code:
    """Return a JSON value."""
    return (Piece(value_word(value), Role.STRING),)
