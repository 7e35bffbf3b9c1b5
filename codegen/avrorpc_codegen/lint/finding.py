"""What lint finds: diagnostics, and the edits that would mend them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from avrorpc_codegen.diagnostic import Diagnostic
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.source import Span


class Edit(NamedTuple):
    """A stretch of a text, and what should stand there instead."""

    span: Span
    text: str


@dataclass(slots=True, frozen=True)
class Finding:
    """A diagnostic of lint."""

    rule: LintRule
    diagnostic: Diagnostic
    span: Span
    edits: tuple[Edit, ...] = ()
    """What mends it: all of these, or none."""


@dataclass(slots=True)
class Findings:
    """Collects what is found in a file, as far as the rules apply to it."""

    config: LintConfig
    rules: frozenset[LintRule]
    items: list[Finding] = field(default_factory=list)

    def add(
        self,
        rule: LintRule,
        message: str,
        span: Span,
        *notes: str,
        help: str | None = None,  # noqa: A002 - the word that diagnostics use
        edits: Sequence[Edit] = (),
    ) -> None:
        """Add a finding, unless its rule does not apply."""
        if rule in self.rules:
            severity = self.config.severity(rule)
            diagnostic = Diagnostic(rule, message, span, "", notes, help, severity)
            self.items.append(Finding(rule, diagnostic, span, tuple(edits)))


def removal(span: Span) -> Edit:
    """Return the edit that takes a stretch away: its whole lines where nothing else is on them."""
    text = span.source.text
    start, end = span.start, span.end
    while end < len(text) and text[end] in " \t":
        end += 1
    line_start = start
    while line_start > 0 and text[line_start - 1] in " \t":
        line_start -= 1
    begins = line_start == 0 or text[line_start - 1] in "\r\n"
    ends = end == len(text) or text[end] in "\r\n"
    if begins and ends:
        end += 2 if text.startswith("\r\n", end) else 1
        return Edit(Span(span.source, line_start, min(end, len(text))), "")
    if ends:
        return Edit(Span(span.source, line_start, end), "")
    is_between_words = text[start - 1 : start].isidentifier() and text[end : end + 1].isidentifier()
    return Edit(Span(span.source, start, end), " " if is_between_words else "")
