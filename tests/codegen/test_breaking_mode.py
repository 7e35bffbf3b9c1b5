from __future__ import annotations

import pytest
from avrorpc.schema import Extent
from avrorpc_codegen.breaking.finding import Finding, Side, Spot
from avrorpc_codegen.breaking.mode import Ignore, Mode, merge, outcome, select
from avrorpc_codegen.breaking.rules import BreakingRule, Direction, Level


def finding(subject: str = "n.P.m", *breaks: tuple[Level, Side], against: str = "v1") -> Finding:
    made = Finding(BreakingRule.FIELD_ADDED, Spot(subject, None, None), "it is new", against=[against])
    for level, side in breaks:
        made.add(level, side, "it fails", use="n.P.m")
    return made


WIRE_OLD = (Level.WIRE, Side.OLD_CLIENT)
JSON_NEW = (Level.JSON, Side.NEW_CLIENT)
DATA_OLD = (Level.WIRE, Side.OLD_READER)
CODE = (Level.SOURCE, Side.CODE)


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: str(mode.value))
def test_a_mode_says_who_must_not_break(mode: Mode) -> None:
    name, _, rest = str(mode.value).partition("_")
    expected = {"backward": {Direction.BACKWARD}, "forward": {Direction.FORWARD}, "full": set(Direction)}
    assert mode.directions == expected[name]
    assert mode.is_transitive is bool(rest)


@pytest.mark.parametrize(
    ("level", "mode", "kept"),
    [
        (Level.SOURCE, Mode.FULL, [WIRE_OLD, JSON_NEW, DATA_OLD, CODE]),
        (Level.JSON, Mode.FULL, [WIRE_OLD, JSON_NEW, DATA_OLD]),
        (Level.WIRE, Mode.FULL, [WIRE_OLD, DATA_OLD]),
        (Level.SOURCE, Mode.BACKWARD, [WIRE_OLD, CODE]),
        (Level.SOURCE, Mode.FORWARD_TRANSITIVE, [JSON_NEW, DATA_OLD, CODE]),
        (Level.WIRE, Mode.FORWARD, [DATA_OLD]),
    ],
)
def test_what_is_not_asked_for_does_not_count(
    level: Level, mode: Mode, kept: list[tuple[Level, Side]]
) -> None:
    whole = finding("n.P.m", WIRE_OLD, JSON_NEW, DATA_OLD, CODE)
    (found,) = select([whole], level, mode, ()).findings
    assert [(item.level, item.side) for item in found.breaks] == kept
    assert len(whole.breaks) == 4


def test_a_finding_without_a_break_that_counts_is_none() -> None:
    assert select([finding("n.P.m", JSON_NEW)], Level.WIRE, Mode.FULL, ()).findings == []


def test_ignored_findings_are_kept_apart_with_the_reason() -> None:
    ignores = [
        Ignore("AVR522", "n.P.*", "known"),
        Ignore("AVR521", "*", "gone"),
        Ignore("AVR522", "n.R*", "x"),
    ]
    found = [finding("n.P.m", WIRE_OLD), finding("n.Q.m", WIRE_OLD)]
    selection = select(found, Level.SOURCE, Mode.BACKWARD, ignores)
    assert [item.spot.subject for item in selection.findings] == ["n.Q.m"]
    assert [(item.spot.subject, ignore.reason) for item, ignore in selection.ignored] == [("n.P.m", "known")]
    assert [str(ignore) for ignore in selection.unused] == ["AVR521", "AVR522:n.R*"]


def test_an_ignored_finding_that_would_not_count_is_not_mentioned() -> None:
    selection = select([finding("n.P.m", CODE)], Level.WIRE, Mode.FULL, [Ignore("AVR522", "*", "known")])
    assert (selection.findings, selection.ignored, selection.unused) == ([], [], [])


def test_the_same_finding_against_several_versions_is_one() -> None:
    first = [finding("n.P.m", WIRE_OLD), finding("n.P.a", CODE)]
    second = [finding("n.P.m", JSON_NEW, against="v2")]
    merged = merge([first, second])
    assert [(item.spot.subject, item.against) for item in merged] == [
        ("n.P.a", ["v1"]),
        ("n.P.m", ["v1", "v2"]),
    ]
    assert [(item.level, item.side) for item in merged[1].breaks] == [WIRE_OLD, JSON_NEW]


def test_the_outcome_is_the_worst_for_each_side_on_the_wire() -> None:
    changed = finding("n.P.b")
    changed.add(Level.WIRE, Side.NEW_READER, "it is another value", Extent.MEANING)
    changed.add(Level.WIRE, Side.OLD_READER, "it is another value", Extent.MEANING)
    found = [changed, finding("n.P.m", WIRE_OLD, JSON_NEW, DATA_OLD)]
    assert outcome(found, [Side.OLD_CLIENT, Side.NEW_CLIENT, Side.NEW_READER, Side.OLD_READER]) == {
        Side.OLD_CLIENT: Extent.NEVER,
        Side.NEW_CLIENT: None,
        Side.NEW_READER: Extent.MEANING,
        Side.OLD_READER: Extent.NEVER,
    }
    assert outcome(found, [Side.NEW_CLIENT]) == {Side.NEW_CLIENT: None}
