from __future__ import annotations

import re
from pathlib import Path

import pytest
from avrorpc_codegen.breaking.rules import ABOUT, BreakingRule, Direction, Level
from avrorpc_codegen.explanation import all_rules, explanation, title
from support.breaking import compared
from support.contracts import write

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "breaking.md"


def blocks(rule: BreakingRule) -> dict[str, str]:
    return dict(re.findall(r"^```avdl (\w+)\n(.*?)^```$", explanation(rule), re.MULTILINE | re.DOTALL))


def test_each_rule_has_an_id_of_its_own_that_says_what_it_is_about() -> None:
    ids = [str(rule.value) for rule in BreakingRule]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"AVR5\d\d", rule) for rule in ids)
    assert set(ABOUT) == set(BreakingRule) <= set(all_rules())


@pytest.mark.parametrize("rule", BreakingRule, ids=lambda rule: str(rule.name))
def test_a_page_shows_a_change_that_breaks_somebody_and_a_better_one(
    rule: BreakingRule, tmp_path: Path
) -> None:
    page = blocks(rule)
    assert sorted(page) == ["old", "right", "wrong"]
    for name, text in page.items():
        write(tmp_path / name, {"shop.avdl": text})
    wrong, right = (
        compared(tmp_path / "old", tmp_path / "wrong"),
        compared(tmp_path / "old", tmp_path / "right"),
    )
    breaks = [[item for f in found if f.rule is rule for item in f.breaks] for found in (wrong, right)]
    assert len(breaks[0]) > len(breaks[1])
    assert not [
        item.why
        for finding in right
        for item in finding.breaks
        if item.level is Level.WIRE and item.side.direction is Direction.BACKWARD
    ]
    assert explanation(rule).startswith(f"# {rule.value}: {title(rule)}\n")


def test_levels_are_ordered_by_what_they_include() -> None:
    assert [level for level in Level if Level.WIRE.includes(level)] == [Level.WIRE]
    assert [level for level in Level if Level.JSON.includes(level)] == [Level.WIRE, Level.JSON]
    assert all(Level.SOURCE.includes(level) for level in Level)


def test_a_rule_breaks_somebody_and_says_how_to_mend_it() -> None:
    for about in ABOUT.values():
        assert about.wire or about.json or about.source
        assert about.mend[0].islower()
        assert not about.mend.endswith(".")


def sides(directions: frozenset[Direction]) -> str:
    names = {Direction.BACKWARD: "old", Direction.FORWARD: "new"}
    return ", ".join(names[direction] for direction in Direction if direction in directions) or "-"


def test_the_reference_has_the_table_of_rules() -> None:
    rows = [
        f"| {rule.value} | {title(rule)} | {sides(about.wire)} | {sides(about.json)}"
        f" | {'code' if about.source else '-'} |"
        for rule, about in ABOUT.items()
    ]
    text = REFERENCE.read_text(encoding="utf-8")
    assert re.findall(r"^\| AVR5.*$", text, re.MULTILINE) == rows
