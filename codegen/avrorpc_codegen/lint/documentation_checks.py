"""Rules about documentation comments: that they are there, and that they say something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from avrorpc.schema import short_name

from avrorpc_codegen import syntax
from avrorpc_codegen.lint.finding import Findings
from avrorpc_codegen.lint.letter_case import words
from avrorpc_codegen.lint.linted_file import LintedFile
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.syntax import Name

_UNFINISHED: Final = re.compile(r"\b(?:TODO|FIXME|TBD)\b")
_WORD: Final = re.compile(r"[^\W_]+")
_FILLERS: Final = frozenset(
    {
        *("a", "an", "the", "this", "that", "is", "its", "it", "of", "for", "to", "in", "and", "or"),
        *("given", "returns", "return"),
    }
)
_MOST_NAMED: Final = 5


def check(file: LintedFile, findings: Findings) -> None:
    """Check the documentation of everything that a file declares."""
    protocol = file.tree.protocol
    if protocol is not None:
        _require(protocol.doc, protocol.name, "the protocol", LintRule.UNDOCUMENTED_PROTOCOL, findings)
    for message in file.messages:
        tree = message.tree
        _require(tree.doc, tree.name, "the message", LintRule.UNDOCUMENTED_MESSAGE, findings)
        _require_each(tree.parameters, tree.name, "parameter", LintRule.UNDOCUMENTED_PARAMETER, findings)
    for declared in file.declared:
        _check_type(declared.tree, findings)
    for doc, name, kind in _docs(file):
        _check_words(doc, name, kind, file, findings)


def _check_type(tree: syntax.TypeDeclaration, findings: Findings) -> None:
    kind = _kind(tree)
    rule = LintRule.UNDOCUMENTED_ERROR if kind == "error" else LintRule.UNDOCUMENTED_TYPE
    if isinstance(tree, syntax.RecordDeclaration):
        _require_each(tree.fields, tree.name, "field", LintRule.UNDOCUMENTED_FIELD, findings)
    _require(tree.doc, tree.name, f"the {kind}", rule, findings)


def _kind(tree: syntax.TypeDeclaration) -> str:
    match tree:
        case syntax.RecordDeclaration():
            return "error" if tree.is_error else "record"
        case syntax.EnumDeclaration():
            return "enum"
        case syntax.FixedDeclaration():
            return "fixed"


def _require(doc: str | None, name: Name, what: str, rule: LintRule, findings: Findings) -> None:
    if not _is_said(doc):
        message = f"{what} `{short_name(name.text)}` has no documentation"
        findings.add(rule, message, name.span, help="say in `/** ... */` before it what it is for")


def _require_each(
    variables: Iterable[syntax.Variable], owner: Name, what: str, rule: LintRule, findings: Findings
) -> None:
    """Report the silent ones of a record or a message together, since they are mended together."""
    silent = [variable.name.text for variable in variables if not _is_said(variable.doc)]
    if not silent:
        return
    named = ", ".join(f"`{name}`" for name in silent[:_MOST_NAMED])
    if len(silent) > _MOST_NAMED:
        named += f" and {len(silent) - _MOST_NAMED} more"
    some = f"a {what}" if len(silent) == 1 else f"{what}s"
    message = f"`{short_name(owner.text)}` has {some} without documentation: {named}"
    findings.add(rule, message, owner.span, help=f"say in `/** ... */` before each {what} what it holds")


def _is_said(doc: str | None) -> bool:
    return bool(doc and doc.strip())


def _docs(file: LintedFile) -> Iterator[tuple[str | None, Name, str]]:
    """Yield documentation, the name of what it documents, and the word for what that is."""
    if file.tree.protocol is not None:
        yield file.tree.protocol.doc, file.tree.protocol.name, "protocol"
    for declared in file.declared:
        yield declared.tree.doc, declared.tree.name, _kind(declared.tree)
        if isinstance(declared.tree, syntax.EnumDeclaration):
            yield from ((symbol.doc, symbol.name, "symbol") for symbol in declared.tree.symbols)
    for message in file.messages:
        yield message.tree.doc, message.tree.name, "message"
    for variable in file.variables:
        yield variable.tree.doc, variable.tree.name, variable.place.value


def _check_words(doc: str | None, name: Name, kind: str, file: LintedFile, findings: Findings) -> None:
    if doc is None or not _is_said(doc):
        return
    short = short_name(name.text)
    unfinished = _UNFINISHED.search(doc)
    if unfinished:
        message = f"the documentation of `{short}` says {unfinished[0]}"
        hint = "finish it, or move the note into a `//` comment"
        findings.add(LintRule.UNFINISHED, message, file.doc_span(doc, name), help=hint)
    elif _repeats(doc, short, kind):
        message = f"the documentation of `{short}` says no more than its name"
        hint = "say what the name cannot: a unit, a range, where it comes from, when it is missing"
        findings.add(LintRule.EMPTY_WORDS, message, file.doc_span(doc, name), help=hint)


def _repeats(doc: str, name: str, kind: str) -> bool:
    """Return whether a comment has the words of a name, and no others that mean anything."""
    said = {_stem(word.lower()) for word in _WORD.findall(doc)} - _FILLERS
    parts = words(name)
    names = [set(map(_stem, parts)), {_stem("".join(parts))}, {_stem(name.lower())}]
    return said <= {kind} or any(said - {kind} == own - {kind} - _FILLERS for own in names)


def _stem(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word
