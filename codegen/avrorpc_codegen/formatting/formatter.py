"""A source in the one layout, checked before anybody writes it."""

from __future__ import annotations

from typing import Final

from avrorpc_codegen.diagnostic import Diagnostics, Rule, Severity
from avrorpc_codegen.formatting.comments import attach, essence
from avrorpc_codegen.formatting.document import render
from avrorpc_codegen.formatting.printer import document
from avrorpc_codegen.lexer import Lexed, tokenize
from avrorpc_codegen.parser import parse
from avrorpc_codegen.source import Source

WIDTH: Final = 100
"""The width that lines keep to where they have a place to break."""


def format_source(source: Source, diagnostics: Diagnostics) -> str | None:
    """Return the text of a source in the one layout; None, and diagnostics, where it has errors.

    Warnings are for those who compile it. The text has the same tokens and comments, so it means the same;
    that is checked, and a difference is an error of ours.
    """
    found = Diagnostics()
    tree = parse(source, found)
    if found.has_errors:
        diagnostics.items += [item for item in found.items if item.severity is Severity.ERROR]
        return None
    lexed = tokenize(source, found)
    text = laid_out(lexed, source, is_protocol=tree.protocol is not None)
    again = tokenize(Source(source.name, text, source.path), found)
    if _essence(lexed) != _essence(again):
        diagnostics.error(
            Rule.FORMAT_FAILED,
            "the formatter would have changed what this file says, so it left it alone",
            None,
            help="this is a mistake in avrogen: please report it, with the file",
            file=source.name,
        )
        return None
    return text


def laid_out(lexed: Lexed, source: Source, *, is_protocol: bool) -> str:
    """Return tokens and comments as text, and what follows the mark that ends a source as it is."""
    body = render(document(attach(lexed, source.text), is_protocol=is_protocol), WIDTH)
    rest = source.text[lexed.tokens[-1].span.start :]
    return f"{body}\n{rest}" if body else rest


def _essence(lexed: Lexed) -> tuple[list[tuple[str, ...]], list[str]]:
    """Return what a layout keeps: each token with what documents it, and the comments in their order."""
    tokens = [(token.text, *(comment.text for comment in token.docs)) for token in lexed.tokens]
    return tokens, [essence(comment) for comment in lexed.comments]
