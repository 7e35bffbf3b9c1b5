"""Every rule on contracts of its own: what is found is what is committed."""

from __future__ import annotations

import pytest
from avrorpc_codegen.breaking.finding import Side
from avrorpc_codegen.breaking.rules import ABOUT, BreakingRule, Direction, Level
from support.breaking import CASES, GOLDEN, compared, golden_findings, golden_text


@pytest.mark.parametrize("case", CASES)
def test_findings_are_what_is_committed(case: str, request: pytest.FixtureRequest) -> None:
    path, text = GOLDEN / case / "findings.txt", golden_text(case)
    if request.config.getoption("--update-golden"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_a_case_holds_two_versions_and_the_findings_and_nothing_else() -> None:
    for case in CASES:
        assert sorted(path.name for path in (GOLDEN / case).iterdir()) == ["findings.txt", "new", "old"]


@pytest.fixture(scope="module")
def shown() -> dict[BreakingRule, dict[Level, set[Direction | None]]]:
    """What the goldens show of each rule."""
    found: dict[BreakingRule, dict[Level, set[Direction | None]]] = {}
    for case in CASES:
        for finding in golden_findings(case):
            levels = found.setdefault(finding.rule, {level: set() for level in Level})
            for item in finding.breaks:
                levels[item.level].add(item.side.direction)
    return found


@pytest.mark.parametrize("rule", BreakingRule, ids=lambda rule: str(rule.name))
def test_a_rule_breaks_whom_it_says_and_no_others(
    rule: BreakingRule, shown: dict[BreakingRule, dict[Level, set[Direction | None]]]
) -> None:
    about = ABOUT[rule]
    assert rule in shown, "no golden breaks this rule"
    assert shown[rule][Level.WIRE] == about.wire
    assert shown[rule][Level.JSON] == about.json
    assert shown[rule][Level.SOURCE] == ({None} if about.source else set())


def test_every_finding_says_who_breaks_why_and_how_to_mend_it() -> None:
    for case in CASES:
        for finding in golden_findings(case):
            assert finding.breaks
            assert all(item.why and item.side in Side for item in finding.breaks)
            assert finding.to_diagnostic().help


@pytest.mark.parametrize("case", CASES)
def test_a_version_compared_with_itself_breaks_nothing(case: str) -> None:
    for side in ("old", "new"):
        assert compared(GOLDEN / case / side, GOLDEN / case / side) == []
