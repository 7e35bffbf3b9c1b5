from __future__ import annotations

import pytest
from avrorpc_codegen.formatting.document import (
    HARD,
    LINE,
    SOFT,
    SPACE,
    Choice,
    Doc,
    Ending,
    Line,
    Verbatim,
    concat,
    group,
    indent,
    joined,
    render,
)


def bracketed(*items: Doc) -> Doc:
    return group("[", indent(SOFT, joined(items, concat(",", LINE))), SOFT, "]")


@pytest.mark.parametrize(
    ("document", "width", "expected"),
    [
        ("text", 1, "text"),
        (bracketed("a", "b"), 6, "[a, b]"),
        (bracketed("a", "b"), 5, "[\n  a,\n  b\n]"),
        (bracketed("a", bracketed("b", "c")), 8, "[\n  a,\n  [b, c]\n]"),
        (bracketed("a", bracketed("b", "c")), 7, "[\n  a,\n  [\n    b,\n    c\n  ]\n]"),
        (bracketed("漢字", "b"), 9, "[漢字, b]"),
        (bracketed("漢字", "b"), 8, "[\n  漢字,\n  b\n]"),
        (concat(bracketed("a", "b"), ";"), 6, "[\n  a,\n  b\n];"),
        (concat(bracketed("a"), bracketed("b", "c")), 5, "[a][\n  b,\n  c\n]"),
        (group("a", LINE, "b", HARD, "c"), 80, "a\nb\nc"),
        (group(group("a", LINE, "b"), HARD, "c"), 80, "a b\nc"),
        (group("a", Line(has_gap=True), "b"), 80, "a b"),
        (group("a", Line(has_gap=True), "b"), 1, "a\n\nb"),
        (group(Choice("flat", "broken")), 80, "flat"),
        (group(Choice("flat", "broken"), HARD), 80, "broken\n"),
        (concat(SPACE, "a", SPACE, SPACE, "b", SPACE, HARD, SPACE, "c"), 80, "a b\nc"),
        (concat(HARD, "a"), 80, "a"),
        (indent("a", HARD, "b", by=1), 80, "a\n b"),
        (concat("", "a", ""), 80, "a"),
    ],
    ids=range(19),
)
def test_groups_break_where_they_do_not_fit(document: Doc, width: int, expected: str) -> None:
    assert render(document, width) == expected


def test_an_ending_ends_its_line_and_is_not_measured() -> None:
    long = "// " + "x" * 20
    assert render(concat("a", Ending(long), "b"), 10) == f"a {long}\n  b"
    assert render(concat("a", Ending(long), HARD, "b"), 10) == f"a {long}\nb"
    assert render(concat(bracketed("a", "b"), ";", Ending(long)), 10) == f"[a, b]; {long}"
    assert render(bracketed(concat("a", Ending(long)), "b"), 80) == f"[\n  a {long}\n    ,\n  b\n]"


def test_verbatim_text_moves_with_the_line_on_which_it_begins() -> None:
    text = Verbatim("/* a", ((3, "b"), (0, ""), (-5, "c */")))
    assert render(indent("x", HARD, text, SPACE, "y"), 80) == "x\n  /* a\n     b\n\nc */ y"


def test_items_of_a_filled_list_share_lines() -> None:
    items = [str(number) for number in range(10, 20)]
    rest = [group(LINE, item, ",") for item in items[1:]]
    filled = group("[", indent(SOFT, f"{items[0]},", *rest), SOFT, "]")
    assert render(filled, 20) == "[\n  10, 11, 12, 13,\n  14, 15, 16, 17,\n  18, 19,\n]"
