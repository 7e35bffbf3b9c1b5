from __future__ import annotations

from pathlib import Path

from avrorpc.schema import Extent
from avrorpc_codegen.breaking.finding import At, Break, Finding, Findings, Flow, Side, Spot
from avrorpc_codegen.breaking.rules import ABOUT, BreakingRule, Direction, Level
from avrorpc_codegen.source import Source, Span

SOURCE = Source("new/a.avdl", "record R { int a; }", Path("/new/a.avdl"))
SPOT = Spot("n.R.a", At(Span(SOURCE, 15, 16), "new/a.avdl"), At(None, "old/a.avsc"))


def finding() -> Finding:
    return Finding(BreakingRule.FIELD_ADDED, SPOT, "the field is new", against=["v1"])


def test_flows_lead_from_who_writes_to_who_breaks() -> None:
    for flow in Flow:
        age = "old" if flow.old_writes else "new"
        assert flow.writer.startswith(age)
        assert not flow.reader.startswith(age)
        client = flow.writer if flow.is_request else flow.reader
        if "clients" in (flow.writer + flow.reader):
            assert (flow.side is Side.OLD_CLIENT) is (client == "old clients")
    assert {flow.side for flow in Flow} == set(Side) - {Side.CODE}
    assert [side.direction for side in Side] == [*[Direction.BACKWARD, Direction.FORWARD] * 2, None]


def test_one_break_is_kept_once_with_all_its_uses_and_at_its_worst() -> None:
    made = finding()
    made.add(Level.WIRE, Side.OLD_CLIENT, "it fails", Extent.SOME, "n.P.a")
    made.add(Level.WIRE, Side.OLD_CLIENT, "it fails", Extent.NEVER, "n.P.b")
    made.add(Level.WIRE, Side.OLD_CLIENT, "it fails", Extent.MEANING, "n.P.a")
    made.add(Level.JSON, Side.OLD_CLIENT, "it fails")
    assert made.breaks == [
        Break(Level.WIRE, Side.OLD_CLIENT, "it fails", Extent.NEVER, ["n.P.a", "n.P.b"]),
        Break(Level.JSON, Side.OLD_CLIENT, "it fails"),
    ]


def test_many_uses_are_counted_and_the_subject_itself_is_not_one() -> None:
    item = Break(Level.WIRE, Side.OLD_CLIENT, "it fails", uses=[f"n.P.m{number}" for number in range(5)])
    assert item.in_words() == "wire, old client -> new server: it fails (n.P.m0, n.P.m1, n.P.m2, 2 more)"
    item.uses = ["n.P.m0"]
    assert item.in_words("n.P.m0(a)") == "wire, old client -> new server: it fails"


def test_a_finding_is_shown_like_what_the_compiler_finds() -> None:
    made = finding()
    made.add(Level.SOURCE, Side.CODE, "code must pass it")
    made.against.append("v2")
    assert made.to_diagnostic().render().splitlines() == [
        "new/a.avdl:1:16: error[AVR522]: n.R.a: the field is new",
        "    1 | record R { int a; }",
        "      |                ^",
        "  = note: source, old code on new classes: code must pass it",
        "  = note: it was in old/a.avsc",
        "  = note: against v1, v2",
        f"  = help: {ABOUT[BreakingRule.FIELD_ADDED].mend}",
    ]


def test_a_finding_without_a_place_of_its_own_is_shown_in_the_past() -> None:
    made = Finding(
        BreakingRule.TYPE_REMOVED, Spot("n.R", None, At(None, "old/a.avsc")), "the type was removed"
    )
    made.add(Level.SOURCE, Side.CODE, "its class is gone")
    assert made.to_diagnostic().render().startswith("old/a.avsc: error[AVR541]: n.R: the type was removed\n")
    assert "it was" not in made.to_diagnostic().render()


def test_what_fails_on_the_wire_is_not_said_again_of_json() -> None:
    findings = Findings()
    made = findings.at(BreakingRule.FIELD_ADDED, SPOT, "the field is new")
    made.add(Level.SOURCE, Side.CODE, "it must change")
    made.add(Level.JSON, Side.OLD_CLIENT, "it fails")
    made.add(Level.JSON, Side.NEW_CLIENT, "it fails")
    made.add(Level.WIRE, Side.OLD_CLIENT, "it fails")
    assert findings.at(BreakingRule.FIELD_ADDED, SPOT, "said otherwise") is made
    findings.at(BreakingRule.FIELD_REMOVED, SPOT, "breaks nobody")
    (found,) = findings.broken()
    assert [(item.level, item.side) for item in found.breaks] == [
        (Level.WIRE, Side.OLD_CLIENT),
        (Level.JSON, Side.NEW_CLIENT),
        (Level.SOURCE, Side.CODE),
    ]
