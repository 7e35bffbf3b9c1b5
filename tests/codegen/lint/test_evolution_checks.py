from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from support.linting import linted, messages


def test_an_enum_needs_a_default(tmp_path: Path) -> None:
    text = "namespace n; enum Open { A } = A; enum Closed { B }"
    assert messages(tmp_path, text, LintRule.CLOSED_ENUM) == ["the enum `Closed` has no default"]


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("string? x", LintRule.NULLABLE_WITHOUT_DEFAULT),
        ("union { null, string } x", LintRule.NULLABLE_WITHOUT_DEFAULT),
        ("union { null } x", LintRule.NULLABLE_WITHOUT_DEFAULT),
        ("union { string, null } x", LintRule.UNION_ORDER),
        ("union { string, null } x = null", LintRule.UNION_ORDER),
        ('union { null, string } x = "a"', LintRule.UNION_ORDER),
        ('union { int, string } x = "a"', LintRule.UNION_ORDER),
    ],
)
def test_a_union_that_will_be_in_the_way(tmp_path: Path, field: str, rule: LintRule) -> None:
    rules = (LintRule.NULLABLE_WITHOUT_DEFAULT, LintRule.UNION_ORDER)
    (in_record,) = linted(tmp_path, f"namespace n; record R {{ {field}; }}", *rules)
    (in_message,) = linted(tmp_path, f'@namespace("n") protocol P {{ void m({field}); }}', *rules)
    assert in_record.rule is in_message.rule is rule
    assert "the field `x`" in in_record.diagnostic.message
    assert "the parameter `x`" in in_message.diagnostic.message


@pytest.mark.parametrize(
    "field",
    [
        "string? x = null",
        'string? x = "a"',
        "union { null, string } x = null",
        'union { string, null } x = "a"',
        "union { int, string } x",
        "string x",
        "array<union { null, string }> x",
        "map<string?> x",
    ],
)
def test_a_union_that_will_not(tmp_path: Path, field: str) -> None:
    rules = (LintRule.NULLABLE_WITHOUT_DEFAULT, LintRule.UNION_ORDER)
    assert linted(tmp_path, f"namespace n; record R {{ {field}; }}", *rules) == []


def test_bare_results_are_found_where_the_rule_is_selected(tmp_path: Path) -> None:
    text = """
    @namespace("n") protocol P {
      record R {} enum E { A }
      long a(); array<R> b(); map<string> c();
      R d(); R? e(); void f(); E g(); null h(); union { null, R } i();
    }
    """
    assert messages(tmp_path, text, LintRule.BARE_RESULT) == []
    config = LintConfig(tmp_path, frozenset({LintRule.BARE_RESULT}))
    assert messages(tmp_path, text, config=config) == [
        "the result of `a` is long, which can never hold more",
        "the result of `b` is array<n.R>, which can never hold more",
        "the result of `c` is map<string>, which can never hold more",
    ]
