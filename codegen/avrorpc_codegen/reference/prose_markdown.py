"""Documentation comments as Markdown that every renderer shows as our own HTML does.

What a comment means as Markdown is kept; what it does not mean, such as a heading or HTML, is escaped.
"""

from __future__ import annotations

import re
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from avrorpc_codegen.reference.prose import Finder, first_sentence, parse, parse_span

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>&|~])")
_LINE_START: Final = re.compile(r"^(\s*)([-+#=>]|\d{1,9}(?=[.)]))")
_INDENT: Final = re.compile(r"^(?=.)", re.MULTILINE)


def to_markdown(text: str, find: Finder) -> str:
    """Return a comment as Markdown."""
    return _blocks(parse(text).children, find)


def to_markdown_line(text: str, find: Finder, *, in_table: bool = False) -> str:
    """Return the first sentence of a comment as Markdown that fits into a line."""
    return to_markdown_span(first_sentence(text), find, in_table=in_table)


def to_markdown_span(text: str, find: Finder, *, in_table: bool = False) -> str:
    """Return text that fits into a line as Markdown."""
    return _one_line(_inline(parse_span(text), find, in_table=in_table))


def to_markdown_cell(text: str, find: Finder) -> str:
    """Return a comment as Markdown that fits into a cell of a table: its lines, with breaks between them."""
    lines = [line for node in parse(text).children for line in _cell(node, find)]
    return "<br>".join(lines)


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _LINE_START.sub(_escape_start, _SPECIAL.sub(r"\\\1", text))


def code_span(text: str, *, in_table: bool = False) -> str:
    """Return text as code within a line, whatever back-ticks are in it; in a table, bars are escaped."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    code = f"{marks}{space}{text}{space}{marks}"
    return code.replace("|", "\\|") if in_table else code


def fenced(text: str, language: str = "") -> str:
    """Return text as a fenced block, whatever back-ticks are in it."""
    marks = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{marks}{language}\n{text.removesuffix(chr(10))}\n{marks}"


def _escape_start(match: re.Match[str]) -> str:
    return match[0] + "\\" if match[2][0].isdigit() else f"{match[1]}\\{match[2]}"


def _blocks(nodes: list[SyntaxTreeNode], find: Finder) -> str:
    return "\n\n".join(_block(node, find) for node in nodes)


def _block(node: SyntaxTreeNode, find: Finder) -> str:
    match node.type:
        case "paragraph":
            return _inline(node.children[0], find)
        case "fence":
            return fenced(node.content, re.sub(r"[^\w+#.-]", "", node.info.partition(" ")[0]))
        case "hr":
            return "___"  # The other marks begin list items, too.
        case _:
            return _list(node, find)


def _cell(node: SyntaxTreeNode, find: Finder) -> list[str]:
    match node.type:
        case "paragraph":
            return [_one_line(_inline(node.children[0], find, in_table=True))]
        case "fence":
            return [code_span(line, in_table=True) for line in node.content.splitlines() if line]
        case "hr":
            return []
        case _:
            lines: list[str] = []
            for item in node.children:
                inner = [line for child in item.children for line in _cell(child, find)]
                lines += [f"• {line}" if at == 0 else line for at, line in enumerate(inner)]
            return lines


def _one_line(text: str) -> str:
    return text.replace("\\\n", "<br>").replace("\n", " ")


def _list(node: SyntaxTreeNode, find: Finder) -> str:
    is_tight = any(child.hidden for item in node.children for child in item.children)
    gap = "\n" if is_tight else "\n\n"
    items: list[str] = []
    for number, item in enumerate(node.children, int(node.attrs.get("start", 1))):
        mark = f"{number}{node.markup}" if node.type == "ordered_list" else node.markup
        body = gap.join(_block(child, find) for child in item.children)
        items.append(f"{mark} {_INDENT.sub(' ' * (len(mark) + 1), body).lstrip()}".rstrip())
    return gap.join(items)


def _inline(node: SyntaxTreeNode, find: Finder, *, in_table: bool = False) -> str:
    pieces: list[str] = []
    for child in node.children:
        text = _span(child, find, in_table=in_table)
        at_start = not pieces or pieces[-1].endswith("\n")
        pieces.append(_LINE_START.sub(_escape_start, text) if at_start and child.type == "text" else text)
    return "".join(pieces)


def _span(node: SyntaxTreeNode, find: Finder, *, in_table: bool) -> str:
    match node.type:
        case "text":
            return _SPECIAL.sub(r"\\\1", node.content)
        case "code_inline":
            target = find(node.content)
            code = code_span(node.content, in_table=in_table)
            return f"[{code}]({target})" if target else code
        case "softbreak":
            return "\n"
        case "hardbreak":
            return "\\\n"
        case "em" | "strong":
            return f"{node.markup}{_inline(node, find, in_table=in_table)}{node.markup}"
        case "link":
            return f"[{_inline(node, find, in_table=in_table)}](<{node.attrs['href']}>)"
        case _:
            return _inline(node, find, in_table=in_table)
