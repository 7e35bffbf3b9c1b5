"""Comments that ignore rules: `// avrogen: ignore AVR401 -- why`, and `ignore-file` for a whole file.

At the end of a line a comment holds for that line; on a line of its own for the next line and for all up to
the name that is declared next, so that it may stand before documentation and annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from avrorpc_codegen import syntax
from avrorpc_codegen.comment import Comment
from avrorpc_codegen.diagnostic import did_you_mean
from avrorpc_codegen.lexer import Kind
from avrorpc_codegen.lint.finding import Edit, Finding, Findings, removal
from avrorpc_codegen.lint.linted_file import LintedFile
from avrorpc_codegen.lint.rules import Category, LintRule
from avrorpc_codegen.lint.settings import UnknownSelector, chosen
from avrorpc_codegen.source import Span

_MARK: Final = re.compile(r"\s*avrogen\s*:\s*", re.IGNORECASE)
_WORDS: Final = ("ignore", "ignore-file")
_SHAPE: Final = "write `// avrogen: ignore AVR401 -- and the reason`"
_ID: Final = re.compile(r"[Aa][Vv][Rr]\d+")


@dataclass(slots=True, eq=False)
class _Ignore:
    """One comment that ignores rules."""

    span: Span
    list_span: Span
    """The place of the words that say which."""
    selectors: list[str]
    lines: range | None
    """The lines that it holds for; None: all of the file."""
    used: set[str] = field(default_factory=set)

    def covers(self, finding: Finding) -> bool:
        """Return whether a finding is ignored, and remember by which word."""
        line, _ = finding.span.source.position(finding.span.start)
        if self.lines is not None and line not in self.lines:
            return False
        words = [word for word in self.selectors if finding.rule in chosen([word], sets=False)]
        self.used.update(words)
        return bool(words)


def suppress(file: LintedFile, findings: Findings) -> list[Finding]:
    """Return the findings that no comment ignores, and what is wrong with the comments themselves."""
    ignores = _read(file, findings)
    left: list[Finding] = []
    for finding in findings.items:
        can_be_ignored = finding.rule.category is not Category.IGNORES
        # All are asked, since each that ignores something has its use.
        covering = [ignore for ignore in ignores if can_be_ignored and ignore.covers(finding)]
        if not covering:
            left.append(finding)
    unused = Findings(findings.config, findings.rules)
    for ignore in ignores:
        _check_use(ignore, unused)
    return left + unused.items


def _read(file: LintedFile, findings: Findings) -> list[_Ignore]:
    ignores: list[_Ignore] = []
    anchors = sorted(_anchors(file.tree))
    for comment in file.lexed.comments:
        text = file.source.text
        begin = comment.span.start + 2
        end = comment.span.end - 2 * text.startswith("/*", comment.span.start)
        mark = _MARK.match(text, begin, end)
        if mark is not None and not comment.is_doc:
            ignore = _parse(comment, mark.end(), end, file, anchors, findings)
            ignores += [ignore] if ignore else []
    return ignores


def _parse(
    comment: Comment, begin: int, end: int, file: LintedFile, anchors: list[int], findings: Findings
) -> _Ignore | None:
    """Read what follows `avrogen:`; what is wrong with it is found, and the rest is taken."""

    def wrong(message: str, hint: str | None = _SHAPE) -> None:
        findings.add(LintRule.BAD_IGNORE, message, comment.span, help=hint)

    text = file.source.text[begin:end]
    head, dashes, reason = text.partition("--")
    match = re.match(r"[\w-]*", head)
    word = match[0] if match else ""
    if word not in _WORDS:
        said = f"avrogen knows no comment `{word}`" if word else "this comment says nothing"
        wrong(said, did_you_mean(word, _WORDS) or _SHAPE)
        return None
    listed = head[len(word) :]
    words = listed.replace(",", " ").split()
    selectors: list[str] = []
    for position, selector in enumerate(words):
        try:
            chosen([selector], sets=False)
        except UnknownSelector as error:
            if position and not dashes and not _ID.fullmatch(selector):
                break  # The reason, without its dashes: said below.
            wrong(str(error).partition(";")[0], str(error).partition("; ")[2] or _SHAPE)
        else:
            selectors.append(selector)
    if not words:
        wrong("this ignore names no rule")
    elif not reason.strip():
        hint = "put ` -- ` and the reason behind the rules: a reader should learn why this is right here"
        wrong("this ignore gives no reason", hint)
    if not selectors:
        return None
    first = begin + len(word) + len(listed) - len(listed.lstrip())
    last = begin + len(word) + len(listed.rstrip())
    lines = None if word == "ignore-file" else _lines(comment, file, anchors)
    return _Ignore(comment.span, file.span(first, last), selectors, lines)


def _lines(comment: Comment, file: LintedFile, anchors: list[int]) -> range:
    source = file.source
    first, column = source.position(comment.span.start)
    if source.line(first)[: column - 1].strip():
        return range(first, first + 1)
    last, _ = source.position(comment.span.end)
    depth = 0
    for token in file.tokens_from(comment.span.end):
        if token.kind is Kind.MARK:
            depth += (token.text == "{") - (token.text == "}")
        if depth < 0 or token.kind is Kind.END:
            break
        if token.span.start in anchors:
            return range(first, max(last + 1, source.position(token.span.start)[0]) + 1)
    return range(first, last + 2)


def _anchors(tree: syntax.File) -> Iterable[int]:
    """Yield where the names of all that the file declares begin, and what it imports."""
    names = [tree.namespace, tree.protocol.name if tree.protocol else None]
    for item in tree.items:
        match item:
            case syntax.Import():
                yield item.span.start
                continue
            case syntax.RecordDeclaration():
                names += [variable.name for variable in item.fields]
            case syntax.EnumDeclaration():
                names += [symbol.name for symbol in item.symbols]
            case syntax.Message():
                names += [variable.name for variable in item.parameters]
        names.append(item.name)
    yield from (name.span.start for name in names if name is not None)


def _check_use(ignore: _Ignore, findings: Findings) -> None:
    """Report the words that ignored nothing, but for those whose rules were not looked at."""
    idle = [
        word
        for word in dict.fromkeys(ignore.selectors)
        if word not in ignore.used and chosen([word], sets=False) & findings.rules
    ]
    if not idle:
        return
    kept = [word for word in dict.fromkeys(ignore.selectors) if word not in idle]
    edit = Edit(ignore.list_span, ", ".join(kept)) if kept else removal(ignore.span)
    message = f"nothing here needs {' or '.join(f'`{word}`' for word in idle)} ignored"
    hint = "leave it out" if kept else "remove the comment"
    findings.add(LintRule.UNUSED_IGNORE, message, ignore.span, help=hint, edits=[edit])
