from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig, chosen
from support.linting import linted

RULES = frozenset({LintRule.TYPE_NAME, LintRule.MEMBER_NAME, LintRule.BAD_IGNORE, LintRule.UNUSED_IGNORE})


def said(folder: Path, text: str, rules: frozenset[LintRule] = RULES) -> list[str]:
    found = linted(folder, text, config=LintConfig(folder, rules))
    return [f"{item.rule.value} {item.diagnostic.message}" for item in found]


@pytest.mark.parametrize(
    "text",
    [
        "namespace n; record r {} // avrogen: ignore AVR401 -- why",
        "namespace n; record r {} /* avrogen: ignore AVR401 -- why */",
        "namespace n; record r {} // Avrogen:ignore avr401--why",
        "namespace n;\n// avrogen: ignore AVR401 -- why\nrecord r {}",
        "namespace n;\n/* avrogen: ignore AVR401 -- why */\nrecord r {}",
        'namespace n;\n// avrogen: ignore AVR401 -- why\n/** Doc. */\n@x({"a": [1]})\nrecord\n  r {}',
        "namespace n;\n// avrogen: ignore AVR401 -- why\n\n// And more words.\nrecord r {}",
        "namespace n;\n// avrogen: ignore naming -- why\nrecord r {}",
        "namespace n;\n// avrogen: ignore AVR401, naming -- why\nrecord r {}",
        "namespace n;\nrecord r {}\n// avrogen: ignore-file AVR401 -- why",
    ],
)
def test_what_a_comment_ignores_is_not_found(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, text) == []


def test_a_comment_before_a_field_reaches_to_its_name(tmp_path: Path) -> None:
    text = """namespace n; record R {
      int a_b; int c_d;
      // avrogen: ignore AVR402 -- why
      union {
        null,
        int
      } fooBar = null;
      int barFoo;
    }"""
    assert said(tmp_path, text) == ["AVR402 `barFoo` is not in snake_case"]


def test_a_comment_on_a_line_of_its_own_ends_with_what_is_declared_next(tmp_path: Path) -> None:
    text = "namespace n;\n// avrogen: ignore AVR401 -- why\nrecord r {}\nrecord s {}"
    assert said(tmp_path, text) == ["AVR401 `s` is not in PascalCase"]


def test_a_comment_at_the_end_of_a_block_reaches_nothing_behind_it(tmp_path: Path) -> None:
    text = "namespace n; record R {\nint a;\n// avrogen: ignore AVR401 -- why\n}\n\nrecord r {}"
    assert said(tmp_path, text) == [
        "AVR492 nothing here needs `AVR401` ignored",
        "AVR401 `r` is not in PascalCase",
    ]


def test_a_comment_at_the_end_of_a_line_reaches_no_other_line(tmp_path: Path) -> None:
    text = "namespace n; // avrogen: ignore AVR401 -- why\nrecord r {}"
    assert len(said(tmp_path, text)) == 2


def test_documentation_ignores_nothing(tmp_path: Path) -> None:
    text = "namespace n; /** avrogen: ignore AVR401 -- why */ record r {}"
    assert said(tmp_path, text) == ["AVR401 `r` is not in PascalCase"]


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("ignore AVR401", "this ignore gives no reason"),
        ("ignore AVR401 --", "this ignore gives no reason"),
        ("ignore AVR401 -- ", "this ignore gives no reason"),
        ("ignore AVR401 because of them", "this ignore gives no reason"),
        ("ignore-file AVR401", "this ignore gives no reason"),
        ("ignore", "this ignore names no rule"),
        ("ignore -- why", "this ignore names no rule"),
        ("ignore AVR4O1 -- why", "there is no rule 'AVR4O1'"),
        ("ignore all -- why", "there is no rule 'all'"),
        ("ignore AVR203 -- why", "there is no rule 'AVR203'"),
        ("ignroe AVR401 -- why", "avrogen knows no comment `ignroe`"),
        ("", "this comment says nothing"),
    ],
)
def test_an_ignore_that_is_wrong_is_a_finding(tmp_path: Path, comment: str, problem: str) -> None:
    text = f"namespace n;\n// avrogen: {comment}\nrecord r {{}}"
    found = linted(tmp_path, text, LintRule.BAD_IGNORE)
    assert [finding.diagnostic.message for finding in found] == [problem]
    assert found[0].diagnostic.help


def test_an_ignore_without_a_reason_ignores_all_the_same(tmp_path: Path) -> None:
    text = "namespace n;\n// avrogen: ignore AVR401\nrecord r {}"
    assert said(tmp_path, text) == ["AVR491 this ignore gives no reason"]


def test_a_wrong_word_leaves_the_others_in_force(tmp_path: Path) -> None:
    text = "namespace n;\n// avrogen: ignore AVR499, AVR401 -- why\nrecord r {}"
    assert said(tmp_path, text) == ["AVR491 there is no rule 'AVR499'"]


def test_an_ignore_that_ignores_nothing_is_found_word_by_word(tmp_path: Path) -> None:
    text = "namespace n;\n// avrogen: ignore AVR401, AVR402, AVR401 -- why\nrecord r {}"
    (found,) = linted(tmp_path, text, config=LintConfig(tmp_path, RULES))
    assert found.diagnostic.message == "nothing here needs `AVR402` ignored"
    assert found.edits[0].text == "AVR401"
    assert said(tmp_path, "namespace n;\n// avrogen: ignore-file naming -- why\nrecord R {}") == [
        "AVR492 nothing here needs `naming` ignored"
    ]


def test_an_ignore_of_a_rule_that_does_not_apply_is_left_alone(tmp_path: Path) -> None:
    text = "namespace n;\n// avrogen: ignore AVR424, documentation -- why\nrecord R {}"
    assert said(tmp_path, text) == []


def test_two_ignores_of_one_finding_both_have_their_use(tmp_path: Path) -> None:
    text = "// avrogen: ignore-file AVR401 -- why\nnamespace n;\nrecord r {} // avrogen: ignore naming -- why"
    assert said(tmp_path, text) == []


def test_what_is_wrong_with_ignores_cannot_be_ignored(tmp_path: Path) -> None:
    text = (
        "// avrogen: ignore-file AVR491, AVR492 -- why\nnamespace n;\n// avrogen: ignore AVR401\nrecord r {}"
    )
    assert said(tmp_path, text) == [
        "AVR492 nothing here needs `AVR491` or `AVR492` ignored",
        "AVR491 this ignore gives no reason",
    ]


def test_every_rule_but_those_of_ignores_can_be_ignored(tmp_path: Path) -> None:
    text = """// avrogen: ignore-file {} -- all of it
    protocol orders {{ record r {{ `a` b; int? c; @sensitive(1) int cC; r d; }} enum `a` {{ x }} r go(); }}
    """
    rules = chosen(["all"])
    before = {
        finding.rule for finding in linted(tmp_path, text.format(""), config=LintConfig(tmp_path, rules))
    }
    ours = chosen(["ignores"])
    ids = ", ".join(str(rule.value) for rule in sorted(before - ours, key=lambda rule: str(rule.value)))
    assert len(before) > 12
    assert said(tmp_path, text.format(ids), rules) == []
