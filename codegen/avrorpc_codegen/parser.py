"""Tokens to a syntax tree, by recursive descent.

Source of the rules: the parser part of Avro 1.12's `Idl.g4`; each method is one of its rules. After an
error, parsing goes on behind the next `;` or before the `}` that closes the block, so that one mistake
gives one diagnostic.
"""

from __future__ import annotations

from typing import Final

from avrorpc.schema import PRIMITIVES, Json

from avrorpc_codegen import syntax
from avrorpc_codegen.cursor import Cursor, Failed
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.lexer import Kind, Token
from avrorpc_codegen.mistakes import Place, recognise
from avrorpc_codegen.source import Source, Span, where
from avrorpc_codegen.syntax import FullType, Name, Value, Variable

PRIMITIVE_KEYWORDS: Final = frozenset(
    [*PRIMITIVES, "date", "time_ms", "timestamp_ms", "local_timestamp_ms", "uuid"],
)
"""The types that are written as one keyword."""
_DECLARATIONS: Final = ("record", "error", "enum", "fixed")


def parse(source: Source, diagnostics: Diagnostics) -> syntax.File:
    """Parse a file; what could not be understood is a diagnostic, and is left out of the tree."""
    return _Parser(source, diagnostics).file()


class _Parser(Cursor):
    def complain(self, message: str, help_line: str | None) -> None:
        mistake = recognise(Place(self.tokens, self.start, self.index, message))
        if mistake is None:
            super().complain(message, help_line)
        else:
            self.diagnostics.error(Rule.SYNTAX, mistake.message, mistake.token.span, help=mistake.help)
            if mistake.is_outside and self.is_short_of_braces():
                self.is_left = True
                self.move_to(self.start)

    def is_short_of_braces(self) -> bool:
        """Return whether more braces are opened than closed in the whole text."""
        return sum((token.text == "{") - (token.text == "}") for token in self.tokens) > 0

    def file(self) -> syntax.File:
        file = syntax.File(self.source)
        errors = len(self.diagnostics.items)
        keyword = self.protocol_keyword()
        try:
            if keyword is not None:
                file.protocol = self.protocol(keyword, file.items)
            else:
                self.schema_file(file)
            if self.token.kind is not Kind.END:
                raise self.failure("expected the end of the file")
        except Failed:
            self.is_complete = False
        file.is_complete = self.is_complete
        if len(self.diagnostics.items) == errors:
            self.warn_of_misplaced_docs()
        return file

    def protocol_keyword(self) -> int | None:
        """Return the index of the word `protocol` that makes the file a protocol, if there is one."""
        for index, token in enumerate(self.tokens[:-2]):
            if token.text == ";":
                return None
            if token.text == "protocol" and self.tokens[index + 1].kind is Kind.NAME:
                return index if self.tokens[index + 2].text in ("{", ";") else None
        return None

    def protocol(self, keyword: int, items: list[syntax.Item]) -> syntax.Protocol:
        doc = self.doc()
        annotations: tuple[syntax.Annotation, ...] = ()
        try:
            annotations = self.annotations()
        except Failed:
            self.move_to(keyword)
        if self.index != keyword:
            raise self.failure("expected `protocol`")
        self.advance()
        name = self.identifier("a name for the protocol")
        opening = self.advance()
        protocol = syntax.Protocol(doc, annotations, name)
        if opening.text == ";":
            self.unopened_protocol(name, opening, items)
            return protocol
        try:
            self.block(lambda: items.append(self.item(in_protocol=True)), opening, "protocol")
        except Failed:
            self.is_complete = False
        return protocol

    def unopened_protocol(self, name: Name, end: Token, items: list[syntax.Item]) -> None:
        """Say that a protocol has no braces, and read the rest of the file as if it were inside."""
        problem = "the types and messages of a protocol stand in its braces"
        help_line = f"write `protocol {name.text} {{`, and a `}}` at the end of the file"
        self.diagnostics.error(Rule.SYNTAX, problem, end.span, help=help_line)
        self.is_complete = False
        while not self.at_end():
            before = self.index
            self.attempt(lambda: items.append(self.item(in_protocol=True)))
            if self.index == before:
                self.advance()

    def late_protocol(self, annotations: tuple[syntax.Annotation, ...]) -> Failed:
        """Say that a protocol stands behind something else, and read what it holds."""
        if self.is_complete:
            problem, help_line = "a protocol stands alone in its file", "put this one into a file of its own"
            if self.tokens[0].text == "namespace":
                problem = "a protocol has its namespace as an annotation"
                help_line = (
                    f'write `@namespace("{self.tokens[1].value}")` before it, in place of the statement'
                )
            elif self.tokens[0].text == "import" and not annotations:
                problem, help_line = "a protocol has its imports inside", "move them behind its `{`"
            self.diagnostics.error(Rule.SYNTAX, problem, self.token.span, help=help_line)
        self.is_complete = False
        self.advance()
        self.identifier("a name for the protocol")
        opening = self.expect("{", "to open the protocol")
        ignored: list[syntax.Item] = []
        self.block(lambda: ignored.append(self.item(in_protocol=True)), opening, "protocol")
        return Failed()

    def schema_file(self, file: syntax.File) -> None:
        if self.at_word("namespace"):
            self.attempt(lambda: self.namespace(file))
        if self.at_word("schema"):
            self.attempt(lambda: self.main_schema(file))
        while self.token.kind is not Kind.END:
            before = self.index
            self.attempt(lambda: file.items.append(self.item(in_protocol=False)))
            if self.index == before:
                self.advance()

    def namespace(self, file: syntax.File) -> None:
        file.doc = self.doc()
        self.advance()
        file.namespace = self.identifier("a namespace")
        self.end_statement("after the namespace")

    def main_schema(self, file: syntax.File) -> None:
        self.advance()
        file.main_schema = self.full_type()
        self.end_statement("after the schema")

    def warn_of_misplaced_docs(self) -> None:
        for comment in self.lexed.comments:
            if comment.is_doc and comment not in self.used_docs:
                self.diagnostics.warning(
                    Rule.MISPLACED_DOC,
                    "this documentation comment documents nothing",
                    comment.span,
                    help="put it before what it describes and its annotations, or begin it with `/*`",
                )

    # Declarations.

    def item(self, *, in_protocol: bool) -> syntax.Item:
        if self.at_word("import") and self.word_follows(1, "idl", "protocol", "schema"):
            return self.import_statement()
        doc = self.doc()
        annotations = self.annotations()
        if annotations:
            self.start = self.index
        if self.at_word(*_DECLARATIONS):
            return self.declaration(doc, annotations)
        if in_protocol:
            return self.message(doc, annotations)
        hint = None
        after = self.tokens[min(self.index + 2, len(self.tokens) - 1)]
        if self.at_word("protocol") and after.text == "{":
            raise self.late_protocol(annotations)
        if self.at_word("namespace", "schema"):
            hint = "`namespace` comes first in a file, then `schema`, then everything else"
        raise self.failure(
            "expected `import` or a declaration of a record, an error, an enum or a fixed", hint
        )

    def import_statement(self) -> syntax.Import:
        self.advance()
        kind = syntax.ImportKind(self.advance().text)
        if self.token.kind is not Kind.STRING:
            raise self.failure('expected a file name in `"`')
        location = self.advance()
        self.end_statement("after the import")
        return syntax.Import(kind, str(location.value), location.span)

    def declaration(
        self, doc: str | None, annotations: tuple[syntax.Annotation, ...]
    ) -> syntax.TypeDeclaration:
        kind = self.advance().text
        name = self.identifier(f"a name for the {kind}")
        if kind == "fixed":
            return self.fixed(doc, annotations, name)
        opening = self.expect("{", f"to open the {kind}")
        if kind == "enum":
            return self.enum(doc, annotations, name)
        fields: list[Variable] = []
        self.block(lambda: self.field(fields), opening, kind, lambda: self.is_forgotten(opening, kind))
        return syntax.RecordDeclaration(doc, annotations, kind == "error", name, tuple(fields))

    def fixed(
        self, doc: str | None, annotations: tuple[syntax.Annotation, ...], name: Name
    ) -> syntax.FixedDeclaration:
        self.expect("(", "and the size")
        size = self.integer("a size in bytes")
        self.expect(")", "after the size")
        self.end_statement("after the fixed")
        return syntax.FixedDeclaration(doc, annotations, name, size)

    def enum(
        self, doc: str | None, annotations: tuple[syntax.Annotation, ...], name: Name
    ) -> syntax.EnumDeclaration:
        symbols: list[syntax.Symbol] = []
        self.listed("}", lambda: symbols.append(self.symbol()), "the enum")
        default = None
        if self.accept("="):
            default = self.identifier("the symbol that is the default")
            self.end_statement("after the default of the enum")
        return syntax.EnumDeclaration(doc, annotations, name, tuple(symbols), default)

    def at_declaration(self) -> bool:
        """Return whether a type is declared here, and not a field of a type called so."""
        if self.token.text not in _DECLARATIONS:
            return False
        return self.tokens[min(self.index + 2, len(self.tokens) - 1)].text in ("{", "(")

    def is_forgotten(self, opening: Token, kind: str) -> bool:
        """Return whether the next declaration begins here, because the `}` of this one is missing."""
        if not self.at_declaration() or not self.begins_line():
            return False
        if self.indentation(self.token) > self.indentation(opening):
            return False
        note = f"a new declaration begins {where(self.token.span)}"
        self.diagnostics.error(
            Rule.SYNTAX, f"this {kind} is not closed", opening.span, note, help="add a `}`"
        )
        return True

    def symbol(self) -> syntax.Symbol:
        doc = self.doc()
        annotations = self.annotations()
        return syntax.Symbol(doc, annotations, self.identifier("a symbol"))

    def field(self, fields: list[Variable]) -> None:
        if self.at_declaration():
            problem = "a type may not be declared inside another"
            self.diagnostics.error(Rule.SYNTAX, problem, self.token.span, help="put it beside the other")
            self.nested(lambda: self.declaration(None, ()))
            self.is_complete = False
            return
        doc = self.doc()
        type_ = self.full_type()
        fields.append(self.variable(doc, type_))
        while self.accept(","):
            fields.append(self.variable(doc, type_))
        self.end_statement("after the field")

    def variable(self, doc: str | None, type_: FullType) -> Variable:
        own_doc = self.doc()
        annotations = self.annotations()
        name = self.identifier("a name")
        default = self.value() if self.accept("=") else None
        return Variable(doc if own_doc is None else own_doc, type_, annotations, name, default)

    def message(self, doc: str | None, annotations: tuple[syntax.Annotation, ...]) -> syntax.Message:
        if self.token.kind is not Kind.NAME:
            raise self.failure("expected an import, a type or a message")
        if self.at_word("import") and self.tokens[self.index + 1].kind is Kind.STRING:
            self.advance()
            raise self.failure("expected `idl`, `protocol` or `schema`")
        result: FullType | None = None
        if self.at_word("void"):
            self.advance()
        else:
            start = self.token.start
            plain, is_optional = self.plain_type()
            result = FullType(plain, (), is_optional, self.since(start))
        name = self.identifier("a name for the message")
        if not self.at_mark("("):
            hint = did_you_mean(self.tokens[self.index - 2].text, [*_DECLARATIONS, "import"])
            raise self.failure("expected `(` after the name of the message", hint)
        self.advance()
        parameters: list[Variable] = []
        self.listed(")", lambda: parameters.append(self.parameter()), "the parameters")
        one_way: Span | None = None
        throws: list[Name] = []
        if self.at_word("oneway"):
            one_way = self.advance().span
        if self.at_word("throws"):
            self.advance()
            throws.append(self.identifier("an error"))
            while self.accept(","):
                throws.append(self.identifier("an error"))
        if self.at_word("oneway") and one_way is None:
            one_way = self.advance().span
        self.end_statement("after the message")
        return syntax.Message(doc, annotations, result, name, tuple(parameters), one_way, tuple(throws))

    def parameter(self) -> Variable:
        doc = self.doc()
        return self.variable(doc, self.full_type())

    # Types.

    def full_type(self) -> FullType:
        start = self.token.start
        annotations = self.annotations()
        plain, is_optional = self.plain_type()
        return FullType(plain, annotations, is_optional, self.since(start))

    def plain_type(self) -> tuple[syntax.PlainType, bool]:
        word = self.token.text
        if word in PRIMITIVE_KEYWORDS:
            self.advance()
            return syntax.PrimitiveType(word), self.accept("?")
        if self.token.kind is not Kind.NAME:
            raise self.failure("expected a type")
        follows = self.tokens[self.index + 1].text
        if word in ("array", "map") and follows == "<":
            return self.nested(self.collection), False
        if word == "union" and follows == "{":
            return self.nested(self.union), False
        if word == "decimal" and follows == "(":
            plain: syntax.PlainType = self.decimal()
        else:
            plain = syntax.ReferenceType(self.identifier("a type"))
        return plain, self.accept("?")

    def collection(self) -> syntax.PlainType:
        keyword = self.advance().text
        self.advance()
        inner = self.full_type()
        self.expect(">", f"to close the {keyword}")
        return syntax.ArrayType(inner) if keyword == "array" else syntax.MapType(inner)

    def union(self) -> syntax.PlainType:
        self.advance()
        self.advance()
        branches = [self.full_type()]
        while self.accept(","):
            branches.append(self.full_type())
        self.expect("}", "or `,` in the union")
        return syntax.UnionType(tuple(branches))

    def decimal(self) -> syntax.PlainType:
        self.advance()
        self.advance()
        precision = self.integer("a precision")
        scale = self.integer("a scale") if self.accept(",") else None
        self.expect(")", "to close the decimal")
        return syntax.DecimalType(precision, scale)

    # Names, annotations, values.

    def identifier(self, what: str) -> Name:
        if self.token.kind is not Kind.NAME:
            raise self.failure(f"expected {what}")
        token = self.advance()
        name = str(token.value)
        return Name(name, token.span, is_quoted=len(name) != len(token.text))

    def integer(self, what: str) -> Value:
        if self.token.kind is not Kind.INTEGER:
            raise self.failure(f"expected {what}")
        token = self.advance()
        return Value(token.value, token.span)

    def annotations(self) -> tuple[syntax.Annotation, ...]:
        if not self.at_mark("@"):
            return ()
        annotations: list[syntax.Annotation] = []
        while self.accept("@"):
            name = self.identifier("a name after `@`")
            self.expect("(", "and a value after the name of the annotation")
            value = self.value()
            self.expect(")", "to close the annotation")
            annotations.append(syntax.Annotation(name, value))
        return tuple(annotations)

    def value(self) -> Value:
        start = self.token.start
        json = self.json()
        return Value(json, self.since(start))

    def json(self) -> Json:
        self.depth += 1
        try:
            self.check_depth()
            if self.accept("{"):
                return self.json_object()
            if self.accept("["):
                return self.json_array()
        finally:
            self.depth -= 1
        token = self.token
        if token.kind in (Kind.STRING, Kind.INTEGER, Kind.FLOAT):
            return self.advance().value
        if self.at_word("true", "false", "null"):
            self.advance()
            return {"true": True, "false": False, "null": None}[token.text]
        raise self.failure("expected a value")

    def json_object(self) -> Json:
        values: dict[str, Json] = {}

        def pair() -> None:
            if self.token.kind is not Kind.STRING:
                raise self.failure("expected a key as a string")
            key = str(self.advance().value)
            self.expect(":", "after the key")
            values[key] = self.json()

        self.listed("}", pair, "the object")
        return values

    def json_array(self) -> Json:
        values: list[Json] = []
        self.listed("]", lambda: values.append(self.json()), "the list")
        return values
