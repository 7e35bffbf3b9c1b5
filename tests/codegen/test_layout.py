from __future__ import annotations

import ast

import pytest
from avrorpc_codegen import layout
from avrorpc_codegen.layout import Branches, Choice, Group, Joined
from hypothesis import given
from hypothesis import strategies as st

LONG = Group("dict[", ("str", Branches(("A" * 40, "B" * 40))), "]")


def test_what_fits_stays_on_its_line() -> None:
    code = Group("f(", ("a", Joined("b=", Group("[", ("1", "2"), "]"))), ")")
    assert layout.broken(code, 0, "x = ") == "x = f(a, b=[1, 2])"


def test_what_does_not_fit_gets_a_line_for_each_item() -> None:
    assert layout.assignment("field", LONG, None, 4).split("\n") == [
        "field: dict[",
        "        str,",
        "        Union[",
        f"            {'A' * 40},",
        f"            {'B' * 40},",
        "        ],",
        "    ]",
    ]


def test_the_last_column_counts() -> None:
    assert layout.fits("x" * 84, 4)
    assert not layout.fits("x" * 85, 4)
    assert layout.text_width("漢字a\u0301") == 5


def test_values_break_before_annotations() -> None:
    value = Group("field(", (Joined("default_factory=lambda: ", Group("[", ("1" * 30, "2" * 30), "]")),), ")")
    assert layout.assignment("x", "list[int]", value, 4).split("\n") == [
        "x: list[int] = field(",
        "        default_factory=lambda: [",
        f"            {'1' * 30},",
        f"            {'2' * 30},",
        "        ],",
        "    )",
    ]
    assert layout.assignment("x", LONG, "None", 4).endswith("\n    ] = None")


def test_a_choice_breaks_before_its_condition() -> None:
    choice = Choice(Group("[", ("1" * 40, "2" * 40), "]"), "name")
    assert layout.flat(choice).endswith("] if name is None else name")
    assert layout.broken(choice, 4).split("\n")[-3:] == ["    ]", "    if name is None", "    else name"]


def test_definitions() -> None:
    assert layout.definition("def f", ["self"], "None", 4) == "def f(self) -> None:"
    long = layout.definition("def f", ["self", "a: " + "x" * 80], "None", 4)
    assert long == f"def f(\n        self,\n        a: {'x' * 80},\n    ) -> None:"


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("a", '"a"'),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ('it\'s "hi"', "'it\\'s \"hi\"'"),
        ("\"'", '"\\"\'"'),
        ("a\\b\n\t\r", '"a\\\\b\\n\\t\\r"'),
        ("\x00\x7f\xa0\u2028\U000e0001", '"\\x00\\x7f\\xa0\\u2028\\U000e0001"'),
        ("é漢😀", '"é漢😀"'),
    ],
)
def test_string_literals(text: str, literal: str) -> None:
    assert layout.quote(text) == literal


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_string_literals_mean_their_text(text: str) -> None:
    assert ast.literal_eval(layout.quote(text)) == text
    lines = layout.long_string(text, 8)
    assert ast.literal_eval("(" + "\n".join(lines or ['""']) + ")") == text
    assert len(lines) <= 1 or all(layout.fits(line, 8) for line in lines)


@given(st.binary())
def test_bytes_literals_mean_their_bytes(data: bytes) -> None:
    assert ast.literal_eval(layout.quote_bytes(data)) == data
    assert layout.quote_bytes(data).isascii()


def test_long_strings_break_after_commas_and_blanks() -> None:
    text = '{"protocol":"P","doc":"' + "word " * 30 + '","a":1}'
    lines = layout.long_string(text, 8)
    assert all(ast.literal_eval(line)[-1] in " ,}" for line in lines)


def test_escapes_are_not_cut_in_two() -> None:
    for start in range(12):
        lines = layout.long_string("x" * start + "\\u0001" * 60 + "\\\\" * 60, 8)
        for line in lines[1:]:
            assert ast.literal_eval(line)[:2] in ("\\u", "\\\\")


def test_comments_wrap_without_cutting_words() -> None:
    lines = layout.wrapped_comment("Generated from " + "a-very/long-path.avdl, " * 10)
    assert all(line.startswith("# ") and len(line) <= 88 for line in lines)
    assert all(
        word in ("Generated", "from", "a-very/long-path.avdl,") for line in lines for word in line[2:].split()
    )
