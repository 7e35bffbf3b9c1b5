"""Text to tokens.

Source of the rules: the lexer part of Avro 1.12's `Idl.g4`. Keywords are names here; which of them mean
something is for the parser to say. Comments are kept beside the tokens, documentation comments in front of
the token that they may document.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from avrorpc_codegen.comment import LINE_END, Comment
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.source import Source, Span


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    """An identifier or a keyword; `value` has no back-ticks."""
    STRING = auto()
    """A string; `value` has its escapes replaced."""
    INTEGER = auto()
    """An integer; `value` is an int."""
    FLOAT = auto()
    """A number that is no integer, NaN and the infinities included; `value` is a float."""
    MARK = auto()
    """A punctuation mark."""
    BAD = auto()
    """A character without a meaning; it has been reported."""
    END = auto()
    """The end of the text."""


@dataclass(slots=True, eq=False)
class Token:
    """A token; `docs` are the documentation comments between it and the token before."""

    kind: Kind
    text: str
    value: str | int | float
    source: Source
    start: int
    end: int
    docs: tuple[Comment, ...] = ()
    is_flawed: bool = False
    """Whether something about it has been reported."""

    @property
    def span(self) -> Span:
        """Its place."""
        return Span(self.source, self.start, self.end)


@dataclass(slots=True)
class Lexed:
    """A whole text: tokens, the last of which is the end, and all comments."""

    tokens: list[Token] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    is_cut: bool = False
    """Whether a comment without an end has swallowed the rest."""


_NAME_PART: Final = re.compile(r"[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*")
_SPACE: Final = re.compile(r"[ \t\n\r\f]+")
_PLAIN: Final = re.compile(
    r"[ \t\n\r\f]*+(?:"
    r"((?!(?:NaN|Infinity)\b)[A-Za-z_][A-Za-z0-9_]*+(?![.`-]|[^\x00-\x7f]))"
    r"|([(){}\[\]:;,@=?<>]))"
)
"""White space, then a mark, or a name of ASCII letters without dots, dashes, back-ticks: most tokens."""
_BACK_TICKS: Final = re.compile(r"`[^`\s]*`?")
_NUMBER_REST: Final = re.compile(r"[\w.]+")
_INTEGER: Final = re.compile(r"(-?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)[lL]?")
_HEX_FLOAT: Final = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?[0-9]+[fFdD]?"
)
_FLOAT: Final = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?"
    r"|[0-9]+(?:[eE][+-]?[0-9]+[fFdD]?|[fFdD]))"
)
_PLAIN_STRING: Final = re.compile(r'"[^"\\\r\n\t\b\f]*"')
_STRING: Final = re.compile(r'"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"')
_ESCAPE: Final = re.compile(r"\\(?:([nrbft\\'\"])|([0-3][0-7]{2}|[0-7]{1,2})|u([0-9a-fA-F]{4}))")
_MOST_DIGITS: Final = 400
_QUOTES: Final = {"'": "'", "\u2018": "\u2019", "\u201c": "\u201d", "\u00ab": "\u00bb", "\u201e": "\u201c"}
"""Quotes that are not Avro's, with those that close them."""
_LONGEST_QUOTED: Final = 200
_HINTS: Final = {
    "#": "comments begin with `//`",
    "|": "a union is written `union { null, string }`",
    "!": "a type without `?` is never null, so that nothing need be said",
    "&": "Avro has no intersections of types",
    "\\": "only strings have escapes",
    "$": "names consist of letters, digits and `_`",
    "*": "comments stand between `/*` and `*/`",
}
_MUST_ESCAPE: Final = {"\b": "\\b", "\f": "\\f", "\t": "\\t"}
_ESCAPES: Final = {"n": "\n", "r": "\r", "b": "\b", "f": "\f", "t": "\t"}


def tokenize(source: Source, diagnostics: Diagnostics) -> Lexed:
    """Split a source into tokens; what is none becomes a diagnostic, and is left out."""
    return _Lexer(source, diagnostics).run()


class _Lexer:
    def __init__(self, source: Source, diagnostics: Diagnostics) -> None:
        self.source = source
        self.text = source.text
        self.diagnostics = diagnostics
        self.lexed = Lexed()
        self.docs: list[Comment] = []

    def run(self) -> Lexed:
        text, source, tokens, plain = self.text, self.source, self.lexed.tokens, _PLAIN.match
        docs = self.docs
        position, end = 0, len(text)
        while position < end:
            if match := plain(text, position):
                group = match.lastindex or 0
                word = match[group]
                start, position = match.span(group)
                kind = Kind.NAME if group == 1 else Kind.MARK
                taken = self.take_docs() if docs else ()
                tokens.append(Token(kind, word, word, source, start, position, taken))
                continue
            if space := _SPACE.match(text, position):
                position = space.end()
            character = text[position : position + 1]
            if character == "" or character == "\x1a":
                break  # The substitute character ends the text, as the grammar says.
            if character == '"':
                position = self.string(position)
            elif text.startswith(("//", "/*"), position):
                position = self.comment(position)
            elif character.isdigit() or character in "+-.":
                position = self.number(position)
            else:
                position = self.name(position)
        position = min(position, end)
        self.add(Kind.END, position, position, "")
        return self.lexed

    def add(self, kind: Kind, start: int, end: int, value: str | float, *, is_flawed: bool = False) -> None:
        text = self.text[start:end]
        self.lexed.tokens.append(
            Token(kind, text, value, self.source, start, end, self.take_docs(), is_flawed)
        )

    def take_docs(self) -> tuple[Comment, ...]:
        if not self.docs:
            return ()
        docs = tuple(self.docs)
        self.docs.clear()
        return docs

    def comment(self, start: int) -> int:
        if self.text[start + 1] == "/":
            line_end = LINE_END.search(self.text, start)
            end = line_end.start() if line_end else len(self.text)
            self.lexed.comments.append(Comment(Span(self.source, start, end), is_doc=False))
            return end
        close = self.text.find("*/", start + 2)
        if close < 0:
            self.error(Rule.UNTERMINATED, "this comment has no end", start, start + 2, "close it with `*/`")
            self.lexed.is_cut = True
            return len(self.text)
        is_doc = self.text.startswith("/**", start) and close > start + 2
        comment = Comment(Span(self.source, start, close + 2), is_doc)
        self.lexed.comments.append(comment)
        if is_doc:
            self.docs.append(comment)
        return close + 2

    def string(self, start: int) -> int:
        if plain := _PLAIN_STRING.match(self.text, start):
            self.add(Kind.STRING, start, plain.end(), plain[0][1:-1])
            return plain.end()
        match = _STRING.match(self.text, start)
        if match is None:
            line_end = LINE_END.search(self.text, start)
            end = line_end.start() if line_end else len(self.text)
            self.error(
                Rule.UNTERMINATED, "this string has no end on its line", start, end, 'close it with `"`'
            )
            self.add(Kind.STRING, start, end, self.text[start + 1 : end], is_flawed=True)
            return end
        self.add(Kind.STRING, start, match.end(), self.unescape(start + 1, match.end() - 1))
        return match.end()

    def unescape(self, start: int, end: int) -> str:
        out: list[str] = []
        position = start
        while position < end:
            character = self.text[position]
            if character == "\\":
                escape = _ESCAPE.match(self.text, position, end)
                if escape is None:
                    help_line = r"the escapes are \n \r \t \b \f \\ \' \", octal \101 and \u0041"
                    shown = self.text[position : position + 2]
                    problem = f"`{shown}` is no escape"
                    self.error(Rule.BAD_STRING, problem, position, position + 2, help_line)
                    position += 2
                    continue
                plain, octal, unicode = escape.groups()
                code = int(octal, 8) if octal else int(unicode, 16) if unicode else 0
                out.append(_ESCAPES.get(plain, plain) if plain else chr(code))
                position = escape.end()
                continue
            if character in _MUST_ESCAPE:
                problem = "a string may not hold this control character as it is"
                self.error(
                    Rule.BAD_STRING, problem, position, position + 1, f"write `{_MUST_ESCAPE[character]}`"
                )
            out.append(character)
            position += 1
        try:
            return "".join(out).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            problem = "this string holds half of a surrogate pair"
            self.error(
                Rule.BAD_STRING, problem, start - 1, end + 1, "write both halves, or the character itself"
            )
            return ""

    def number(self, start: int) -> int:
        matches = [pattern.match(self.text, start) for pattern in (_HEX_FLOAT, _FLOAT, _INTEGER)]
        best = max((match for match in matches if match), key=lambda match: match.end(), default=None)
        end = best.end() if best else start + 1
        if rest := _NUMBER_REST.match(self.text, end):
            end = rest.end()
        text = self.text[start:end]
        if best is None and text in ("-", "+", "."):
            arrow = self.text.startswith("->", start)
            end, text = (start + 2, "->") if arrow else (end, text)
            help_line = "the result of a message stands before its name" if arrow else None
            self.error(Rule.BAD_CHARACTER, f"`{text}` has no meaning here", start, end, help_line)
            self.add(Kind.BAD, start, end, "", is_flawed=True)
        elif best is None or end != best.end():
            help_line = "a leading 0 means octal" if re.fullmatch(r"-?0[0-9]+", text) else None
            if re.fullmatch(r"[0-9]+[^\W\d]\w*", text):
                help_line = "a name does not begin with a digit"
            self.error(Rule.BAD_NUMBER, f"`{text}` is not a number", start, end, help_line)
            self.add(Kind.INTEGER, start, end, 0, is_flawed=True)
        elif best is matches[2]:
            sign, digits = best.groups()
            base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
            if len(digits) > _MOST_DIGITS:
                self.error(Rule.BAD_NUMBER, "this number has too many digits", start, end)
                digits = "0"
            self.add(Kind.INTEGER, start, end, int(sign + digits, base))
        else:
            self.add(Kind.FLOAT, start, end, self.float(text, start, end))
        return end

    def float(self, text: str, start: int, end: int) -> float:
        digits = text if text.endswith(("NaN", "Infinity")) else text.rstrip("fFdD")
        if len(digits) > _MOST_DIGITS:
            self.error(Rule.BAD_NUMBER, "this number has too many digits", start, end)
            return 0.0
        try:
            number = float.fromhex(digits) if "x" in text.lower() else float(digits)
        except OverflowError:
            number = math.inf
        if math.isinf(number) and not text.endswith("Infinity"):
            self.error(Rule.BAD_NUMBER, f"`{text}` does not fit a double", start, end)
            return 0.0
        return number

    def name(self, start: int) -> int:
        end = self.name_part(start)
        if end == start:
            return self.bad_character(start)
        while self.text[end : end + 1] in (".", "-") and (after := self.name_part(end + 1)) > end + 1:
            end = after
        text = self.text[start:end]
        if text in ("NaN", "Infinity"):
            self.add(Kind.FLOAT, start, end, float(text))
        else:
            self.add(Kind.NAME, start, end, text.replace("`", ""))
        return end

    def name_part(self, start: int) -> int:
        """Return where the part of a name that begins here ends; `start` where none does."""
        if self.text.startswith("`", start):
            close = self.text.find("`", start + 1)
            return close + 1 if close > 0 and self.text[start + 1 : close].isidentifier() else start
        match = _NAME_PART.match(self.text, start)
        end = match.end() if match else start
        if end > start and not self.text[start:end].isidentifier():
            ends = range(start + 1, end + 1)  # The beginning of a name is a name, too.
            end = start + bisect_left(ends, 1, key=lambda stop: not self.text[start:stop].isidentifier())
        return end

    def bad_character(self, start: int) -> int:
        character = self.text[start]
        help_line = None
        end = start + 1
        closing = self.text.find(_QUOTES.get(character, "\n"), end, end + _LONGEST_QUOTED)
        if character in _QUOTES and closing > 0 and not LINE_END.search(self.text, end, closing):
            return self.misquoted(start, closing + 1)
        if character == "`":
            quoted = _BACK_TICKS.match(self.text, start)
            end = quoted.end() if quoted else end
            self.error(Rule.UNTERMINATED, "back-ticks enclose one part of a name", start, end)
        else:
            run = re.compile(f"{re.escape(character)}+").match(self.text, start)
            end = run.end() if run else end
            shown = character if character.isprintable() else f"U+{ord(character):04X}"
            name = unicodedata.name(character, "")
            note = f" ({name.lower()})" if name and not character.isascii() else ""
            help_line = _HINTS.get(character)
            self.error(Rule.BAD_CHARACTER, f"`{shown}`{note} has no meaning here", start, end, help_line)
        if character == "#":
            line_end = LINE_END.search(self.text, start)
            return line_end.start() if line_end else len(self.text)
        self.add(Kind.BAD, start, end, "", is_flawed=True)
        return end

    def misquoted(self, start: int, end: int) -> int:
        text = self.text[start + 1 : end - 1]
        problem = 'a string stands between `"` and `"`'
        self.error(Rule.BAD_STRING, problem, start, end, f'write `"{text}"`')
        self.add(Kind.STRING, start, end, text, is_flawed=True)
        return end

    def error(self, rule: Rule, message: str, start: int, end: int, help_line: str | None = None) -> None:
        self.diagnostics.error(rule, message, Span(self.source, start, end), help=help_line)
