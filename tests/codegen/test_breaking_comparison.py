"""What the goldens do not show: many versions, many types, and how findings come about."""

from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Extent
from avrorpc_codegen.breaking.comparison import compare
from avrorpc_codegen.breaking.finding import Finding, Side
from avrorpc_codegen.breaking.rules import BreakingRule, Level
from support.breaking import of_texts, version
from support.contracts import write


def subjects(found: list[Finding]) -> list[tuple[str, str]]:
    return [(str(item.rule.value), item.spot.subject) for item in found]


def test_findings_come_from_top_to_bottom(tmp_path: Path) -> None:
    found = of_texts(
        tmp_path, "void b(int x); void a(int x); record R { int x; }", "void b(); void a(); record R {}"
    )
    assert subjects(found) == [("AVR511", "n.P.b(x)"), ("AVR511", "n.P.a(x)"), ("AVR521", "n.R.x")]


def test_a_message_by_import_is_found_where_it_is_declared(tmp_path: Path) -> None:
    for name, parameter in (("old", ""), ("new", "int x")):
        shared = f'@namespace("n") protocol Q {{ void m({parameter}); }}'
        write(
            tmp_path / name,
            {"q.avdl": shared, "p.avdl": '@namespace("n") protocol P { import idl "q.avdl"; }'},
        )
    found = compare(version(tmp_path / "old"), version(tmp_path / "new"))
    assert subjects(found) == [("AVR512", "n.P.m(x)"), ("AVR512", "n.Q.m(x)")]
    assert all(item.spot.new and item.spot.new.file.endswith("new/q.avdl") for item in found)


def test_one_changed_type_is_one_finding_with_all_who_use_it(tmp_path: Path) -> None:
    messages = "R a(); array<R> b(); void c(R r); union { null, R } d(map<R> r);"
    (found,) = of_texts(tmp_path, f"record R {{}} {messages}", f"record R {{ int x; }} {messages}")
    uses = {item.side: item.uses for item in found.breaks if item.level is Level.WIRE}
    assert uses == {Side.OLD_CLIENT: ["n.P.c", "n.P.d"], Side.NEW_CLIENT: ["n.P.a", "n.P.b", "n.P.d"]}


def test_how_much_fails_depends_on_where_the_type_is_used(tmp_path: Path) -> None:
    (found,) = of_texts(
        tmp_path, "record R {} R a(); array<R> b();", "record R { int x; } R a(); array<R> b();"
    )
    assert [item.extent for item in found.breaks if item.level is Level.WIRE] == [Extent.NEVER]
    (found,) = of_texts(tmp_path, "record R {} array<R> b();", "record R { int x; } array<R> b();")
    assert [item.extent for item in found.breaks if item.level is Level.WIRE] == [Extent.SOME]


def test_documentation_and_order_break_nothing(tmp_path: Path) -> None:
    old = "record R { int a; string b; } R get(int x = 1); void put(union { int, string } v);"
    new = '/** R. */ record R { string b; /** A. */ int @order("ignore") a; }'
    new += " void put(union { string, int } v); @note(1) R get(int x = 1);"
    assert of_texts(tmp_path, old, new) == []


def test_a_type_of_one_protocol_alone_concerns_nobody_else(tmp_path: Path) -> None:
    for name, field in (("old", "int x;"), ("new", "long x;")):
        first = f'@namespace("n") protocol P {{ record R {{ {field} }} R get(); }}'
        write(tmp_path / name, {"p.avdl": first, "q.avdl": '@namespace("n") protocol Q { void get(); }'})
    (found,) = compare(version(tmp_path / "old"), version(tmp_path / "new"))
    assert {use for item in found.breaks for use in item.uses} == {"n.P.get"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("@timeout('1s') void m();", "void m();", [(Side.NEW_CLIENT, Extent.MEANING)]),
        ("void m();", "@timeout('1s') void m();", [(Side.OLD_CLIENT, Extent.MEANING)]),
        ("@timeout('1s') void m();", "@timeout('1000ms') void m();", []),
        ("@readonly(false) void m();", "void m();", []),
        ("@http('GET /a') void m();", "@http(['GET /a']) void m();", []),
    ],
)
def test_annotations_are_compared_by_what_they_mean(
    tmp_path: Path, old: str, new: str, expected: list[tuple[Side, Extent]]
) -> None:
    found = of_texts(tmp_path, old.replace("'", '"'), new.replace("'", '"'))
    assert [(item.side, item.extent) for finding in found for item in finding.breaks] == expected


def test_a_fixed_with_a_logical_type_is_compared_like_any_other(tmp_path: Path) -> None:
    old = "@logicalType('decimal') @precision(5) @scale(1) fixed F(4); void m(F f);".replace("'", '"')
    (found,) = of_texts(tmp_path, old, old.replace("@scale(1)", "@scale(2)"))
    assert found.rule is BreakingRule.LOGICAL_TYPE_CHANGED
    assert {(item.level, item.extent) for item in found.breaks} == {(Level.WIRE, Extent.MEANING)}


def test_a_change_far_away_is_put_down_to_all_who_reach_it(tmp_path: Path) -> None:
    def text(last: str) -> str:
        records = "".join(f"record R{n} {{ union {{ null, R{n + 1} }} next; int x; }} " for n in range(120))
        messages = "".join(f"R{n * 2} m{n}(R{n} r); " for n in range(60))
        return f"{records} record R120 {{ {last} }} {messages}"

    (found,) = of_texts(tmp_path, text("int x;"), text("int x; int y;"))
    assert found.spot.subject == "n.R120.y"
    assert {len(item.uses) for item in found.breaks if item.level is Level.WIRE} == {60}
