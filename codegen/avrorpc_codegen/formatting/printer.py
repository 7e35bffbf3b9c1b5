"""Tokens to a document, by recursive descent: each method lays out one rule of the grammar.

Source of the rules: the parser part of Avro 1.12's `Idl.g4`, as in `parser`, but for tokens that are known
to be a contract: nothing is checked here, and no token is added, changed or left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from avrorpc_codegen.formatting.comments import Remark, Word, written
from avrorpc_codegen.formatting.document import (
    EMPTY,
    HARD,
    LINE,
    SOFT,
    SPACE,
    Doc,
    Ending,
    Line,
    concat,
    group,
    indent,
)
from avrorpc_codegen.lexer import Kind

_DECLARATIONS: Final = ("record", "error", "enum", "fixed")
_CLOSERS: Final = frozenset(")]}>")
_OPENERS: Final = frozenset("([{<")
_AFTER_OPENING: Final = frozenset("(<[@")
"""What no blank follows."""
_BEFORE_NONE: Final = frozenset(",;)>]?:(<")
"""What no blank stands before."""


def document(words: list[Word], *, is_protocol: bool) -> Doc:
    """Return the document of a file without errors."""
    return _Printer(words, is_protocol=is_protocol).file()


class _Printer:
    def __init__(self, words: list[Word], *, is_protocol: bool) -> None:
        self.words = words
        self.is_protocol = is_protocol
        self.index = 0

    # Tokens and comments.

    @property
    def word(self) -> Word:
        return self.words[self.index]

    def at(self, *texts: str) -> bool:
        return self.word.token.text in texts and self.word.token.kind is not Kind.STRING

    def follows(self, distance: int) -> str:
        return self.words[min(self.index + distance, len(self.words) - 1)].token.text

    def at_end(self) -> bool:
        """Return whether a block, a list or the file ends here."""
        return self.word.token.kind is Kind.END or (
            self.word.token.kind is Kind.MARK and self.word.token.text in _CLOSERS
        )

    def take(self) -> Doc:
        """Return the current token, after all comments before it that are not written yet, and go on."""
        comments = self.comments()
        self.index += 1
        return concat(comments, self.words[self.index - 1].token.text)

    def comments(self) -> Doc:
        """Return the comments before the current token that are not written yet, in the midst of a line."""
        word, before = self.word, self.words[self.index - 1] if self.index else None
        remarks = [*before.after, *word.before] if before else word.before
        parts: list[Doc] = []
        for remark in remarks:
            is_inside = before is not None and before.token.text in _AFTER_OPENING and not parts
            parts.append(EMPTY if is_inside else SPACE)
            parts.append(Ending(remark.text.rstrip()) if remark.is_line else written(remark))
        if before:
            before.after = []
        word.before = []
        gap = SPACE if remarks and word.token.text not in _BEFORE_NONE else EMPTY
        return concat(*parts, gap)

    def trailing(self) -> Doc:
        """Return the comments that stand on the line of the token before."""
        if self.index == 0:
            return EMPTY
        before = self.words[self.index - 1]
        parts: list[Doc] = []
        for remark in before.after:
            parts += [Ending(remark.text.rstrip())] if remark.is_line else [SPACE, written(remark)]
        before.after = []
        return concat(*parts) if parts else EMPTY

    def leading(self, *, has_docs: bool = True) -> Doc:
        """Return the comments before an item that begins a line, each on lines of its own.

        Those that stand on the item's line stay there, unless they document it.
        """
        word = self.word
        parts: list[Doc] = []
        followers: list[Remark | Word] = [*word.before[1:], word]
        for remark, after in zip(word.before, followers, strict=False):
            is_apart = remark.is_line or after.begins_line or (has_docs and remark.comment.is_doc)
            line = Line(is_hard=True, has_gap=after.after_gap)
            parts += [written(remark), line if is_apart else SPACE]
        word.before = []
        return concat(*parts)

    def closing(self, edge: Doc, *, is_empty: bool) -> Doc:
        """Return the comments before the mark that closes a block or a list."""
        parts: list[Doc] = []
        for number, remark in enumerate(self.word.before):
            is_first = number == 0
            has_ended = not is_first and self.word.before[number - 1].is_line
            if edge is HARD or remark.begins_line or has_ended:
                parts.append(Line(is_hard=True, has_gap=remark.after_gap and not (is_first and is_empty)))
            else:
                parts.append(edge if is_first and is_empty else SPACE)
            parts.append(Ending(remark.text.rstrip()) if remark.is_line else written(remark))
        self.word.before = []
        return concat(*parts)

    def after_gap(self) -> bool:
        """Return whether an empty line stands before the current token and its comments."""
        return (self.word.before[0] if self.word.before else self.word).after_gap

    def line(self) -> Doc:
        """Return the place of a line's end before something that may begin a line."""
        return concat(self.trailing(), LINE, self.leading())

    # Blocks and lists.

    def members(self, member: Callable[[], Doc], *, is_spaced: bool) -> Doc:
        """Return what stands in a block, each on a line of its own, up to the mark that closes it."""
        parts: list[Doc] = []
        was_import = False
        while not self.at_end():
            is_import = self.at_import()
            has_gap = self.after_gap() or (is_spaced and not (was_import and is_import))
            parts.append(Line(is_hard=True, has_gap=has_gap and bool(parts)))
            parts += [self.leading(), member(), self.trailing()]
            was_import = is_import
        return concat(*parts, self.closing(HARD, is_empty=not parts))

    def block(self, member: Callable[[], Doc], *, is_spaced: bool) -> Doc:
        """Return a block in braces."""
        opening, comments = self.take(), self.trailing()
        if self.at("}") and not self.word.before and comments == EMPTY:
            return concat(opening, self.take())
        inner = self.members(member, is_spaced=is_spaced)
        return concat(opening, comments, indent(inner), HARD, self.take())

    def listed(
        self, item: Callable[[], Doc], edge: Line, *, has_docs: bool = False, is_filled: bool = False
    ) -> Doc:
        """Return a list in brackets, `edge` inside them; a filled list has several items on a line."""
        opening, comments = self.take(), self.trailing()
        if self.at_end() and not self.word.before:
            return concat(opening, comments, HARD if comments != EMPTY else EMPTY, self.take())
        parts: list[Doc] = []
        while not self.at_end():
            is_blank = bool(parts) or edge.is_blank
            line = Line(is_blank, has_gap=bool(parts) and self.after_gap())
            piece = [line, self.leading(has_docs=has_docs), item()]
            if self.at(","):
                piece.append(self.take())
            piece.append(self.trailing())
            parts.append(group(*piece) if is_filled and parts else concat(*piece))
        closing = self.closing(edge, is_empty=not parts)
        return concat(opening, comments, indent(*parts, closing), edge, self.take())

    # Declarations.

    def file(self) -> Doc:
        return self.members(self.statement, is_spaced=True)

    def at_import(self) -> bool:
        return self.at("import") and self.follows(1) in ("idl", "protocol", "schema")

    def statement(self) -> Doc:
        """Return what stands in a file or a protocol."""
        if self.at_import():
            return concat(self.take(), SPACE, self.take(), SPACE, self.take(), self.take())
        annotations: list[Doc] = []
        while self.at("@"):
            annotations += [self.annotation(), self.trailing(), HARD, self.leading()]
        if self.at(*_DECLARATIONS):
            return concat(*annotations, self.declaration())
        if not self.is_protocol:
            is_schema = self.at("schema")
            word = concat(self.take(), SPACE)
            return concat(word, self.full_type() if is_schema else self.take(), self.take())
        if self.at("protocol") and self.follows(2) == "{":
            head = concat(self.take(), SPACE, self.take(), SPACE)
            return concat(*annotations, head, self.block(self.statement, is_spaced=True))
        return concat(*annotations, self.message())

    def declaration(self) -> Doc:
        kind = self.word.token.text
        head = concat(self.take(), SPACE, self.take())
        if kind == "fixed":
            return concat(head, self.take(), self.take(), self.take(), self.take())
        if kind != "enum":
            return concat(head, SPACE, self.block(self.field, is_spaced=False))
        symbols = concat(head, SPACE, self.listed(self.symbol, LINE, has_docs=True))
        if not self.at("="):
            return group(symbols)
        default = concat(SPACE, self.take(), SPACE, self.take())
        return concat(group(symbols, default), self.take())

    def symbol(self) -> Doc:
        return group(self.type_annotations(), self.take())

    def field(self) -> Doc:
        annotations = self.type_annotations()
        type_ = self.plain_type()
        if not self.is_several():
            return concat(group(annotations, type_, self.variable()), self.take())
        parts: list[Doc] = []
        while not self.at(";"):
            parts += [self.line(), self.named()]
            if self.at(","):
                parts.append(self.take())
        return concat(group(annotations, type_, group(indent(*parts))), self.take())

    def is_several(self) -> bool:
        """Return whether the type just taken is that of several variables."""
        depth, index = 0, self.index
        while depth or self.words[index].token.text not in (",", ";"):
            token = self.words[index].token
            if token.kind is Kind.MARK:
                depth += (token.text in _OPENERS) - (token.text in _CLOSERS)
            index += 1
        return self.words[index].token.text == ","

    def parameter(self) -> Doc:
        return group(self.type_annotations(), self.plain_type(), self.variable())

    def variable(self) -> Doc:
        """Return the one variable after a type, its default included."""
        if not self.at("@"):
            return concat(SPACE, self.named())
        return group(indent(self.line(), self.named()))

    def named(self) -> Doc:
        """Return annotations, the name that they belong to, and its default."""
        parts: list[Doc] = []
        while self.at("@"):
            parts += [self.annotation(), self.line()]
        parts.append(self.take())
        if self.at("="):
            parts += [SPACE, self.take(), SPACE, self.value()]
        return concat(*parts)

    def message(self) -> Doc:
        head = concat(self.plain_type(), SPACE, self.take())
        parts: list[Doc] = [self.listed(self.parameter, SOFT, has_docs=True)]
        if self.at("oneway"):
            parts += [SPACE, self.take()]
        elif self.at("throws"):
            errors: list[Doc] = []
            keyword = concat(SPACE, self.take())
            while not self.at(";"):
                errors += [self.line(), self.take()]
                if self.at(","):
                    errors.append(self.take())
            parts.append(group(keyword, indent(*errors)))
        return concat(head, group(*parts), self.take())

    # Types, annotations, values.

    def full_type(self) -> Doc:
        annotations: list[Doc] = []
        while self.at("@"):
            annotations += [self.annotation(), SPACE]
        return concat(*annotations, self.plain_type())

    def plain_type(self) -> Doc:
        follower = self.follows(1)
        if self.at("array", "map") and follower == "<":
            return concat(self.take(), self.take(), self.full_type(), self.take())
        if self.at("union") and follower == "{":
            return concat(self.comments(), group(self.take(), SPACE, self.listed(self.full_type, LINE)))
        parts = [self.take()]
        if follower == "(" and parts and self.words[self.index - 1].token.text == "decimal":
            parts += [self.take(), self.take()]
            if self.at(","):
                parts += [self.take(), SPACE, self.take()]
            parts.append(self.take())
        if self.at("?"):
            parts.append(self.take())
        return concat(*parts)

    def type_annotations(self) -> Doc:
        """Return the annotations before a type or a symbol that may begin a line."""
        parts: list[Doc] = []
        while self.at("@"):
            parts += [self.annotation(), self.line()]
        return concat(*parts)

    def annotation(self) -> Doc:
        return concat(self.take(), self.take(), self.take(), self.value(), self.take())

    def value(self) -> Doc:
        if self.at("["):
            comments, is_filled = self.comments(), self.holds_numbers()
            return concat(comments, group(self.listed(self.value, SOFT, is_filled=is_filled)))
        if self.at("{"):
            return concat(self.comments(), group(self.listed(self.pair, SOFT)))
        return self.take()

    def pair(self) -> Doc:
        return concat(self.take(), self.take(), SPACE, self.value())

    def holds_numbers(self) -> bool:
        """Return whether the list that begins here has only numbers, with neither comments nor gaps."""
        index = self.index
        while True:
            before, word = self.words[index], self.words[index + 1]
            if before.after or word.before or word.token.text == "]":
                return not (before.after or word.before)
            is_number = word.token.kind in (Kind.INTEGER, Kind.FLOAT)
            has_gap = is_number and word.after_gap and before.token.text != "["
            if has_gap or not (is_number or word.token.text == ","):
                return False
            index += 1
