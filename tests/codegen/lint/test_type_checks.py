from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.lint.type_checks import LOGICAL_TYPES
from support.linting import linted, messages

LOGICAL = (LintRule.UNKNOWN_LOGICAL_TYPE, LintRule.IDLE_LOGICAL_TYPE)
NAMED = "namespace n; enum E { A } fixed F(4); record R {} record S {} "


@pytest.mark.parametrize(
    ("branches", "alike"),
    [
        ("int, long", "`int` and `long`"),
        ("float, null, double", "`float` and `double`"),
        ("string, bytes, E", "`string` and `bytes` and `E`"),
        ("F, string", "`F` and `string`"),
        ("uuid, decimal(4, 2)", "`uuid` and `decimal(4, 2)`"),
        ("date, timestamp_ms", "`date` and `timestamp_ms`"),
        ("map<int>, R", "`map<int>` and `R`"),
        ("array<union { int, long }>, null", "`int` and `long`"),
    ],
)
def test_branches_that_look_the_same_in_json(tmp_path: Path, branches: str, alike: str) -> None:
    text = f"{NAMED} record X {{ union {{ {branches} }} f; }}"
    (found,) = messages(tmp_path, text, LintRule.UNION_ALIKE)
    assert found.startswith(f"{alike} in one union look the same in JSON: ")


@pytest.mark.parametrize(
    "branches",
    ["null, int", "int, double", "string, int", "R, S", "R, string", "array<int>, map<int>", "boolean, E"],
)
def test_branches_that_json_tells_apart(tmp_path: Path, branches: str) -> None:
    text = f"{NAMED} record X {{ union {{ {branches} }} f; }}"
    assert messages(tmp_path, text, LintRule.UNION_ALIKE) == []


def test_a_union_that_variables_share_is_judged_once(tmp_path: Path) -> None:
    text = "namespace n; record X { union { int, long } a, b; }"
    assert len(linted(tmp_path, text, LintRule.UNION_ALIKE)) == 1


@pytest.mark.parametrize(("name", "bases"), LOGICAL_TYPES.items())
def test_a_logical_type_fits_its_own_types_alone(tmp_path: Path, name: str, bases: tuple[str, ...]) -> None:
    more = "@precision(4)" if name == "decimal" else ""
    for base in ("int", "long", "string", "bytes", "array<int>", "map<int>", "union { null, int }"):
        if name == "decimal" and base != "bytes":
            continue  # The compiler refuses it.
        text = f'namespace n; record R {{ @logicalType("{name}") {more} {base} f; }}'
        assert bool(linted(tmp_path, text, *LOGICAL)) is (base not in bases), base
    for size in (4, 12, 16):
        text = f'namespace n; @logicalType("{name}") {more} fixed F({size});'
        fits = f"fixed({size})" in bases or "fixed" in bases
        assert bool(linted(tmp_path, text, *LOGICAL)) is not fits, size


def test_an_unknown_logical_type_is_ignored_by_avro_and_so_reported(tmp_path: Path) -> None:
    text = """
    namespace n;
    record R {
      @logicalType("timestamp_millis") long a;
      @logicalType("money") long b;
      @logicalType(1) long c;
      @logicalType("") long d;
      array<@logicalType("uid") string> e;
    }
    """
    found = linted(tmp_path, text, *LOGICAL)
    assert {finding.rule for finding in found} == {LintRule.UNKNOWN_LOGICAL_TYPE}
    assert [finding.diagnostic.message for finding in found] == [
        "there is no logical type 'timestamp_millis'",
        "there is no logical type 'money'",
        "there is no logical type 1",
        "a logical type needs a name",
        "there is no logical type 'uid'",
    ]
    assert found[0].diagnostic.help == "did you mean `timestamp-millis`?"
    assert "`logical-types`" in str(found[1].diagnostic.help)


def test_a_logical_type_of_the_projects_own_is_left_alone(tmp_path: Path) -> None:
    config = LintConfig(tmp_path, logical_types=frozenset({"money"}))
    text = 'namespace n; record R { @logicalType("money") @scale(2) string a; }'
    assert linted(tmp_path, text, *LOGICAL, config=config) == []


def test_digits_without_a_decimal_mean_nothing(tmp_path: Path) -> None:
    text = "namespace n; record R { @precision(9) @scale(2) bytes a; decimal(9, 2) b; } @scale(1) fixed F(4);"
    assert messages(tmp_path, text, *LOGICAL) == [
        '`@precision` means nothing without `@logicalType("decimal")`',
        '`@scale` means nothing without `@logicalType("decimal")`',
        '`@scale` means nothing without `@logicalType("decimal")`',
    ]


def test_a_record_that_needs_itself_has_no_value(tmp_path: Path) -> None:
    text = "namespace n; record A { B b; } record B { union { A, C } x; } record C { C c; } record D { A a; }"
    found = linted(tmp_path, text, LintRule.ENDLESS_RECORD)
    assert [finding.diagnostic.message.split("`")[1] for finding in found] == ["A", "B", "C"]
    assert found[0].diagnostic.notes == ("it contains itself by `A.b` -> `B.x`",)
    assert found[2].diagnostic.notes == ("it contains itself by `C.c`",)


@pytest.mark.parametrize("field", ["R?", "array<R>", "map<R>", "union { R, int }", "union { null, R }"])
def test_a_chain_that_can_stop_is_fine(tmp_path: Path, field: str) -> None:
    assert linted(tmp_path, f"namespace n; record R {{ {field} next; }}", LintRule.ENDLESS_RECORD) == []
