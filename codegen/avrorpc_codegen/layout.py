"""Where lines are broken, so that no formatter has to run and none finds anything to change.

A piece of code that fits its line stays on it; else each of its items gets a line and a trailing comma,
which formatters never join again, at whatever width they run. Where Python has no place for a comma, a
comment does the same. Knows Python's brackets and nothing of Avro.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import Final, TypeAlias

WIDTH: Final = 88
"""The width that generated code keeps to."""
FORMATTER_WIDTH: Final = 110
"""The widest setting of a formatter under which generated code is stable too."""
_STEP: Final = 4
_HELD: Final = "# too long for one line"
"""The comment that holds brackets open."""
_JSON_TOKEN: Final = re.compile(r"(?:[^\s,\\]|\\u....|\\.)+(?:,|\s+)?|,|\s+")
_JSON_CHARACTER: Final = re.compile(r"\\u....|\\.|.", re.DOTALL)


@dataclass(slots=True, frozen=True)
class Group:
    """Items between brackets: a call, a display or a subscript."""

    opening: str
    items: tuple[Code, ...]
    closing: str
    has_comma: bool = True
    """Whether the last item may be followed by a comma; a subscript of one item may not."""


@dataclass(slots=True, frozen=True)
class Branches:
    """`A | B`, which turns into `Union[A, B]` where it is too long for a line."""

    items: tuple[Code, ...]


@dataclass(slots=True, frozen=True)
class Joined:
    """Code with text before or after it: `default=[1, 2]`, or `[1, 2] if a is None else a`."""

    before: str
    code: Code
    after: str = ""


@dataclass(slots=True, frozen=True)
class Lambda:
    """`lambda: code`."""

    code: Code


@dataclass(slots=True, frozen=True)
class Text:
    """A string, which is cut into adjacent literals where it is too long for a line."""

    text: str


Code: TypeAlias = str | Group | Branches | Joined | Lambda | Text


def flat(code: Code) -> str:
    """Return code on one line."""
    if isinstance(code, str):
        return code
    match code:
        case Group():
            return f"{code.opening}{', '.join(flat(item) for item in code.items)}{code.closing}"
        case Branches():
            return " | ".join(flat(item) for item in code.items)
        case Joined():
            return f"{code.before}{flat(code.code)}{code.after}"
        case Lambda():
            return f"lambda: {flat(code.code)}"
        case Text():
            return quote(code.text)


def fits(text: str, indent: int) -> bool:
    """Return whether a line of text keeps to the width."""
    return indent + text_width(text) <= WIDTH


def text_width(text: str) -> int:
    """Return the columns that a text takes, as formatters count them."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else unicodedata.combining(c) == 0 for c in text)


def broken(code: Code, indent: int, before: str = "", after: str = "") -> str:
    """Return code with what stands before and after it on its lines, broken where it is too long.

    The first line is not indented; the others are, by `indent` and more.
    """
    one_line = f"{before}{flat(code)}{after}"
    if isinstance(code, str) or fits(one_line, indent):
        return one_line
    match code:
        case Joined():
            return broken(code.code, indent, before + code.before, code.after + after)
        case Branches():
            return broken(Group("Union[", code.items, "]"), indent, before, after)
        case Lambda():
            return statement(f"{before}lambda: ", code.code, indent, after)
        case Text():
            lines = long_string(code.text, indent + _STEP)
            if len(lines) == 1:
                return f"{before}{lines[0]}{after}"
            margin = " " * indent
            return "\n".join([f"{before}(", *(f"{margin}    {line}" for line in lines), f"{margin}){after}"])
        case Group():
            return f"{before}{exploded(code, indent)}{after}"


def exploded(group: Group, indent: int) -> str:
    """Return a group with a line for each of its items."""
    if not group.items:
        return flat(group)
    inner = indent + _STEP
    margin = " " * inner
    lines = [margin + broken(item, inner, after="," if group.has_comma else "") for item in group.items]
    if group.opening == "(" or (not group.has_comma and "\n" not in lines[0]):
        lines.insert(0, f"{margin}{_HELD}")
    return "\n".join([group.opening, *lines, f"{' ' * indent}{group.closing}"])


def statement(before: str, code: Code, indent: int, after: str = "") -> str:
    """Return code that may stand in parentheses, such as what is assigned; it does where it is too long."""
    if fits(f"{before}{flat(code)}{after}", indent):
        return f"{before}{flat(code)}{after}"
    if isinstance(code, Branches) or _opens(code, before, indent):
        return broken(code, indent, before, after)
    return f"{before}{exploded(_parenthesised(code), indent)}{after}"


def assignment(name: str, annotation: Code, value: Code | None, indent: int, after: str = "") -> str:
    """Return `name: annotation = value`; if too long, the value breaks first, then the annotation."""
    if value is None:
        return statement(f"{name}: ", annotation, indent, after)
    start = f"{name}: {flat(annotation)} = "
    if fits(f"{start}{flat(value)}{after}", indent):
        return f"{start}{flat(value)}{after}"
    if _opens(value, start, indent) or (isinstance(annotation, str) and fits(f"{start}(", indent)):
        return statement(start, value, indent, after)
    if isinstance(annotation, Branches):
        annotation = Group("Union[", annotation.items, "]")
    group = annotation if isinstance(annotation, Group) else _parenthesised(annotation)
    head = f"{name}: {exploded(group, indent)}".removesuffix(group.closing)
    return head + statement(f"{group.closing} = ", value, indent, after)


def _opens(code: Code, before: str, indent: int) -> bool:
    """Return whether code has brackets to break at, which open on the line of what stands before it."""
    return isinstance(code, Group) and bool(code.items) and fits(f"{before}{code.opening}", indent)


def _parenthesised(code: Code) -> Group:
    return Group("(", (code,), ")", has_comma=False)


def class_head(name: str, bases: tuple[Code, ...]) -> str:
    """Return the first line of a class, or its first lines."""
    return broken(Group(f"class {name}(", bases, ")"), 0, after=":")


def definition(start: str, parameters: list[str], result: Code, indent: int) -> str:
    """Return `def` or `async def` up to the colon; `parameters` are laid out already."""
    one_line = f"{start}({', '.join(parameters)}) -> {flat(result)}:"
    if "\n" not in one_line and fits(one_line, indent):
        return one_line
    inner = " " * (indent + _STEP)
    lines = [f"{inner}{parameter}," for parameter in parameters]
    return "\n".join([f"{start}(", *lines, " " * indent + statement(") -> ", result, indent, ":")])


def defaulted(name: str, value: Code, indent: int) -> str:
    """Return the statement that puts a value in the place of None."""
    inner = indent + _STEP
    margin = " " * inner
    condition = statement("if ", f"{name} is None", indent, ":")
    if not fits(f"{name} is None", inner):
        condition = f"if (\n{margin}{name}  {_HELD}\n{margin}is None\n{' ' * indent}):"
    return f"{condition}\n{margin}{statement(f'{name} = ', value, inner)}"


def quote(text: str) -> str:
    """Return a string literal with the quotes that a formatter would choose."""
    mark = "'" if text.count('"') > text.count("'") else '"'
    body = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    if not body.isprintable():
        body = "".join(character if character.isprintable() else escaped(character) for character in body)
    return f"{mark}{body}{mark}"


def quote_bytes(data: bytes) -> str:
    """Return a bytes literal with the quotes that a formatter would choose."""
    text = quote(data.decode("latin-1"))
    return "b" + "".join(c if c.isascii() else f"\\x{ord(c):02x}" for c in text)


def long_string(text: str, indent: int) -> list[str]:
    """Return a string as the lines of adjacent literals, broken after commas and blanks.

    A single line may be longer than the width where a formatter would otherwise join what was broken.
    """
    whole = quote(text)
    if indent - _STEP + text_width(whole) + 1 <= FORMATTER_WIDTH:
        return [whole]
    if text.isascii() and text.isprintable():
        return _plain_pieces(text, indent)
    lines: list[str] = []
    piece = ""
    for token in _JSON_TOKEN.findall(text):
        if piece and not fits(quote(piece + token), indent):
            lines.append(quote(piece))
            piece = ""
        while not fits(quote(piece + token), indent):
            cut = _longest_fit(token, indent)
            lines.append(quote(token[:cut]))
            token = token[cut:]  # noqa: PLW2901 - the rest of the token, until it fits
        piece += token
    return [*lines, quote(piece)] if piece else lines


def _plain_pieces(text: str, indent: int) -> list[str]:
    """Return printable ASCII as literals: each as much as fits its line, up to a comma or a blank."""
    room = WIDTH - indent - 2
    lines: list[str] = []
    start = 0
    while start < len(text):
        end = min(start + room, len(text))
        while (over := _body_width(text[start:end]) - room) > 0:
            end -= (over + 1) // 2  # Each character takes one column or two.
        if end < len(text):
            after = max(text.rfind(",", start, end), text.rfind(" ", start, end)) + 1
            end = after or _whole_characters(text, start, end)
        lines.append(quote(text[start:end]))
        start = end
    return lines


def _body_width(text: str) -> int:
    """Return the columns that printable ASCII takes between the quotes of a literal."""
    return len(text) + text.count("\\") + min(text.count('"'), text.count("'"))


def _whole_characters(text: str, start: int, end: int) -> int:
    """Return the last place up to `end` that cuts no escape in two, but one behind `start`."""
    ends = [match.end() for match in _JSON_CHARACTER.finditer(text, start, end + 6)]
    return max((place for place in ends if place <= end), default=ends[0])


def _longest_fit(token: str, indent: int) -> int:
    """Return how much of a token fits a line, at least one character, no escape cut in two."""
    ends = [match.end() for match in _JSON_CHARACTER.finditer(token)]
    return max((end for end in ends if fits(quote(token[:end]), indent)), default=ends[0])


def wrapped_comment(text: str) -> list[str]:
    """Return text as the lines of a comment."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def escaped(character: str) -> str:
    """Return the escape of a character that cannot stand in a literal as it is."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if short:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
