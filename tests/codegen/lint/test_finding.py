from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.diagnostic import Severity
from avrorpc_codegen.lint.finding import Findings, removal
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.source import Source, Span


def without(text: str) -> str:
    """Return a text without what stands in brackets."""
    start, end = text.index("["), text.index("]") - 1
    plain = text.replace("[", "").replace("]", "")
    source = Source("a.avdl", plain, Path("a.avdl"))
    edit = removal(Span(source, start, end))
    return plain[: edit.span.start] + edit.text + plain[edit.span.end :]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\n  [x]\nb\n", "a\nb\n"),
        ("a\r\n\t[x]  \r\nb", "a\r\nb"),
        ("[x]\nb", "b"),
        ("a\n[x]", "a\n"),
        ("[x]", ""),
        ("a [x]\nb", "a\nb"),
        ("a [x] b", "a b"),
        ("  [x] b", "  b"),
        ("a[x]b", "a b"),
        ("a[x];", "a;"),
        ("a\n  [x] // why\n", "a\n  // why\n"),
    ],
)
def test_a_removal_leaves_no_blank_line_and_no_blank_end(text: str, left: str) -> None:
    assert without(text) == left


def test_findings_of_rules_that_do_not_apply_are_not_taken() -> None:
    span = Span(Source("a.avdl", "abc", Path("a.avdl")), 0, 1)
    config = LintConfig(severities={LintRule.TYPE_NAME: Severity.ERROR})
    findings = Findings(config, frozenset({LintRule.TYPE_NAME}))
    findings.add(LintRule.TYPE_NAME, "one", span)
    findings.add(LintRule.MEMBER_NAME, "two", span)
    assert [(item.rule, item.diagnostic.severity) for item in findings.items] == [
        (LintRule.TYPE_NAME, Severity.ERROR)
    ]
