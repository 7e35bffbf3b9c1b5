"""Which token a comment stands with, and how a comment is written.

A comment stays between the two tokens where it stood; the rules here only say whether it goes with the one
before or the one after. A documentation comment always goes with the one after, since that is what it
documents. Only `//` comments go past a mark: the comma in `a // why`, next line `, b`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from avrorpc_codegen.comment import LINE_END, Comment, doc_text
from avrorpc_codegen.formatting.document import (
    HARD,
    LINE,
    Choice,
    Doc,
    Verbatim,
    concat,
    group,
    indent,
    joined,
)
from avrorpc_codegen.lexer import Kind, Lexed, Token

_OPENERS: Final = frozenset("([{<@")
_CLOSERS: Final = frozenset(")]}>")
_PASSED: Final = frozenset(",;")
"""The marks that a `//` comment before them goes past."""
_PASSED_BY_NAMES: Final = _PASSED | frozenset("{(")
"""The same for a comment that stands after a name."""
_TAB: Final = 4


@dataclass(slots=True, eq=False)
class Remark:
    """A comment, and what white space was before it."""

    comment: Comment
    begins_line: bool
    after_gap: bool
    """Whether an empty line was before it."""

    @property
    def text(self) -> str:
        """The comment as it was written."""
        span = self.comment.span
        return span.source.text[span.start : span.end]

    @property
    def is_line(self) -> bool:
        """Whether it ends with its line."""
        return self.text.startswith("//")


@dataclass(slots=True, eq=False)
class Word:
    """A token with its comments: those `before` it, and those `after` it to the end of its line."""

    token: Token
    begins_line: bool
    after_gap: bool
    before: list[Remark] = field(default_factory=list)
    after: list[Remark] = field(default_factory=list)


def attach(lexed: Lexed, text: str) -> list[Word]:
    """Return the tokens of a text, each with its comments."""
    words: list[Word] = []
    comments = iter(lexed.comments)
    comment = next(comments, None)
    end = 0
    for token in lexed.tokens:
        remarks: list[Remark] = []
        while comment is not None and comment.span.start < token.span.start:
            remarks.append(Remark(comment, *_white_space(text, end, comment.span.start)))
            end = comment.span.end
            comment = next(comments, None)
        word = Word(token, *_white_space(text, end, token.span.start), before=remarks)
        if words:
            _give_back(words[-1], word)
        words.append(word)
        end = token.span.end
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        is_name = before.token.kind is Kind.NAME
        if word.token.kind is Kind.MARK and word.token.text in (_PASSED_BY_NAMES if is_name else _PASSED):
            _pass(before, word, after)
    return words


def written(remark: Remark) -> Doc:
    """Return a comment as a document; one from `//` on needs the end of the line after it."""
    if remark.comment.is_doc:
        return _doc_comment(remark.comment.text)
    if remark.is_line:
        return remark.text.rstrip()
    first, *others = (line.rstrip() for line in LINE_END.split(remark.text))
    if not others:
        return first
    if all(line.lstrip().startswith("*") for line in others):
        return concat(first, indent(*(part for line in others for part in (HARD, line.lstrip())), by=1))
    span = remark.comment.span
    margin = _margin(span.source.line(span.source.position(span.start)[0]))
    return Verbatim(first, tuple((_margin(line) - margin, line.lstrip()) for line in others))


def doc_comment(text: str) -> str:
    """Return a documentation comment that says a text; the text may not hold `*/`."""
    if _fits_one_line(text):
        return f"/** {text} */" if text else "/** */"
    return "\n".join(["/**", *(f" * {line}" if line else " *" for line in text.split("\n")), " */"])


def essence(comment: Comment) -> str:
    """Return what no layout changes of a comment."""
    if comment.is_doc:
        return f"/**{comment.text}"
    text = comment.span.source.text[comment.span.start : comment.span.end]
    return "\n".join(line.strip() for line in LINE_END.split(text))


def _white_space(text: str, start: int, end: int) -> tuple[bool, bool]:
    ends = len(LINE_END.findall(text, start, end))
    return ends > 0 or start == 0, ends > 1


def _give_back(before: Word, word: Word) -> None:
    """Give those comments of a word to the one before that belong to its line."""
    own = 0
    while own < len(word.before) and not (word.before[own].begins_line or word.before[own].comment.is_doc):
        own += 1
    follower = word.before[own] if own < len(word.before) else word
    is_closed = follower is word and (word.token.text in _CLOSERS or word.token.kind is Kind.END)
    is_first = before.token.text in _OPENERS and own > 0 and not word.before[own - 1].is_line
    if not is_first and (follower.begins_line or is_closed):
        before.after, word.before = word.before[:own], word.before[own:]


def _pass(before: Word, word: Word, after: Word) -> None:
    """Let the comments between two words, the last of which ends its line, go past the second."""
    between = [*before.after, *word.before]
    if not between or not between[-1].is_line or any(remark.is_line for remark in word.after):
        return
    if any(remark.comment.is_doc or "\n" in remark.text or "\r" in remark.text for remark in between):
        return
    if not any(remark.is_line for remark in between[:-1]):
        before.after, word.before = [], []
        word.after, after.before = between, [*word.after, *after.before]


def _fits_one_line(text: str) -> bool:
    return "\n" not in text and doc_text(f"/** {text} */") == text


def _doc_comment(text: str) -> Doc:
    if _fits_one_line(text):
        star = Choice("", "* " if text else "*")
        return group("/**", indent(LINE, star, text, LINE, "*/", by=1))
    lines = [f"* {line}" if line else "*" for line in text.split("\n")]
    return concat("/**", indent(HARD, joined(lines, HARD), HARD, "*/", by=1))


def _margin(line: str) -> int:
    expanded = line.expandtabs(_TAB)
    return len(expanded) - len(expanded.lstrip())
