"""Documentation comments as docstrings."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Final

from avrorpc_codegen.layout import FORMATTER_WIDTH, WIDTH, escaped, text_width

_SENTENCE_END: Final = re.compile(r"[.!?][)\"'`]*(?=\s+[^a-z\s])")
_LIST_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_OPEN_QUOTE: Final = re.compile(r'(?<!\\)(?:\\\\)*"$')
"""A quote at the end that no backslash escapes: it would end a docstring too early."""
_STEP: Final = "    "


def docstring(text: str, indent: int = 0) -> str:
    """Return a docstring literal; its lines after the first are indented.

    What would end the literal early, or be read as an escape, is escaped.
    """
    margin = " " * indent
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"""{text.rstrip()}"""'
    lines = [line.rstrip() for line in _escaped(text).split("\n")]
    if len(lines) > 1:
        body = "\n".join([lines[0], *(f"{margin}{line}" if line else "" for line in lines[1:]), margin])
        return f'"""{_opened(body)}"""'
    space = " " if _OPEN_QUOTE.search(lines[0]) else ""
    return f'"""{_opened(lines[0])}{space}"""'


def attribute(text: str, indent: int) -> str:
    """Return a comment as the text of an attribute's docstring, long lines wrapped."""
    if text.isprintable() and indent + text_width(text) + 6 <= WIDTH:
        return text.rstrip()
    return "\n".join(_wrapped(text.split("\n"), WIDTH - indent, first=3, last=3))


def block(text: str, indent: int) -> str:
    """Return a comment as the text of a class's or a function's docstring: a summary, then the rest."""
    summary, rest = split_summary(text)
    lines = [summary]
    if indent + text_width(summary) + 6 > FORMATTER_WIDTH:
        lines = _wrapped([summary], WIDTH - indent, first=3)
    if rest:
        lines += ["", *_wrapped(rest.split("\n"), WIDTH - indent)]
    return "\n".join(lines)


def section(title: str, items: Iterable[tuple[str, str]], indent: int) -> str:
    """Return a section such as `Args:`, an entry for each item."""
    lines = [f"{title}:"]
    for name, text in items:
        flat = " ".join(text.split())
        lines += textwrap.wrap(
            f"{name}: {flat}" if flat else name,
            WIDTH - indent,
            initial_indent=_STEP,
            subsequent_indent=_STEP * 2,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def split_summary(text: str) -> tuple[str, str]:
    """Split a comment into its first sentence, on one line, and the rest."""
    first, gap, others = text.partition("\n\n")
    lines = first.split("\n")
    for count in range(1, len(lines) + 1):
        joined = " ".join(line.strip() for line in lines[:count])
        rest = "\n".join(lines[count:])
        end = _SENTENCE_END.search(joined)
        if end is not None:
            left = joined[end.end() :].strip()
            rest = f"{left}\n{rest}" if rest else left
            return joined[: end.end()], f"{rest}{gap}{others}".strip("\n")
        if re.search(r"[.!?][)\"'`]*$", joined):
            return joined, f"{rest}{gap}{others}".strip("\n")
    return " ".join(line.strip() for line in lines), others.strip("\n")


def _wrapped(lines: Iterable[str], width: int, first: int = 0, last: int = 0) -> list[str]:
    """Wrap lines that are too long; `first` and `last` are the columns that quotes take."""
    texts = list(lines)
    out: list[str] = []
    is_code = False
    for line in texts:
        is_code ^= line.lstrip().startswith("```")
        opening = 0 if out else first
        closing = last if len(texts) == 1 else 0
        if is_code or text_width(line) + opening + closing <= width:
            out.append(line.rstrip())
            continue
        item = _LIST_ITEM.match(line)
        lead = len(item[0]) if item else len(line) - len(line.lstrip())
        wrapped = _wrapped_line(line, width, opening, lead)
        if len(wrapped) == 1:
            wrapped = _wrapped_line(line, width - closing, opening, lead)
        out += [wrapped[0][opening:], *wrapped[1:]]
    return out


def _wrapped_line(line: str, width: int, opening: int, lead: int) -> list[str]:
    return textwrap.wrap(
        line,
        width,
        initial_indent=" " * opening,
        subsequent_indent=" " * lead,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _opened(text: str) -> str:
    return f" {text}" if text.startswith('"') else text


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").expandtabs(4).replace('"""', '""\\"')
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else escaped(c) for c in text)
