"""Each rule has a page, and what its page calls wrong and right is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from avrorpc_codegen.explanation import all_rules, explanation, title
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from support.contracts import write
from support.linting import FILE, fixed, linted

BY_PAGE = pytest.mark.parametrize("rule", LintRule, ids=lambda rule: rule.value)


def blocks(rule: LintRule, kind: str) -> list[str]:
    return re.findall(rf"^```avdl {kind}\n(.*?)^```$", explanation(rule), re.MULTILINE | re.DOTALL)


def write_beside(rule: LintRule, folder: Path) -> None:
    """Write the files that a page's examples import."""
    pattern = r"^```avdl with (\S+)\n(.*?)^```$"
    beside = re.findall(pattern, explanation(rule), re.MULTILINE | re.DOTALL)
    write((folder / FILE).parent, dict(beside))


@BY_PAGE
def test_a_page_has_a_title_and_both_kinds_of_examples(rule: LintRule) -> None:
    assert rule in all_rules()
    assert re.fullmatch(r"# AVR4\d\d: \S.*[^.]", explanation(rule).partition("\n")[0])
    assert title(rule)
    assert blocks(rule, "wrong")
    assert blocks(rule, "right")


@BY_PAGE
def test_what_is_wrong_is_found(rule: LintRule, tmp_path: Path) -> None:
    write_beside(rule, tmp_path)
    for text in blocks(rule, "wrong"):
        config = LintConfig(tmp_path, frozenset(LintRule))
        assert linted(tmp_path, text, rule, config=config), text


@BY_PAGE
def test_nothing_is_found_in_what_is_right(rule: LintRule, tmp_path: Path) -> None:
    write_beside(rule, tmp_path)
    for text in blocks(rule, "right"):
        config = LintConfig(tmp_path, frozenset(LintRule))
        assert linted(tmp_path, text, rule, config=config) == [], text


@BY_PAGE
def test_what_the_rules_call_fixable_is_mended(rule: LintRule, tmp_path: Path) -> None:
    write_beside(rule, tmp_path)
    for text in blocks(rule, "wrong"):
        found = fixed(tmp_path, {FILE: text}, LintConfig(tmp_path, frozenset(LintRule)))
        assert any(finding.rule is rule for finding in found.mended) is rule.is_fixable
        assert any(finding.rule is rule for finding in found.left) is not rule.is_fixable
