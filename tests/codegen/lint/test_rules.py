from __future__ import annotations

import re
from pathlib import Path

import pytest
from avrorpc_codegen.explanation import title
from avrorpc_codegen.lint.rules import Category, LintRule

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference" / "lint.md"


def test_ids_are_in_order_and_their_fifth_character_says_the_category() -> None:
    ids = [str(rule.value) for rule in LintRule]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"AVR4\d\d", rule) for rule in ids)
    digits: dict[Category, set[str]] = {category: set() for category in Category}
    for rule in LintRule:
        digits[rule.category].add(str(rule.value)[4])
    assert all(len(found) == 1 for found in digits.values())


def test_the_reference_lists_all_rules_as_they_are() -> None:
    rows = re.findall(r"^\| (AVR4\d\d) \|(.*)\|$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [rule for rule, _ in rows] == [rule.value for rule in LintRule]
    for rule, (_, row) in zip(LintRule, rows, strict=True):
        severity = rule.severity.value if rule.is_default else "off"
        cells = [title(rule), severity, "yes" if rule.is_fixable else ""]
        assert [cell.strip() for cell in row.split("|")] == cells, rule


@pytest.mark.parametrize("category", Category)
def test_the_reference_has_a_section_for_each_category(category: Category) -> None:
    assert f"## {category.value}\n" in REFERENCE.read_text(encoding="utf-8")
