from __future__ import annotations

import ast

import pytest
from avrorpc_codegen import layout
from avrorpc_codegen.layout import Branches, Group, Joined, Lambda, Text
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


def test_brackets_without_a_comma_are_held_open_by_a_comment() -> None:
    assert layout.assignment("a", Group("list[", ("X" * 85,), "]", has_comma=False), None, 0).split("\n") == [
        "a: list[",
        "    # too long for one line",
        f"    {'X' * 85}",
        "]",
    ]
    nested = Group("list[", (Group("f(", ("X" * 40, "Y" * 40), ")"),), "]", has_comma=False)
    assert layout.broken(nested, 0).split("\n") == [
        "list[",
        "    f(",
        f"        {'X' * 40},",
        f"        {'Y' * 40},",
        "    )",
        "]",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (layout.statement("a = ", "1", 0), ["a = 1"]),
        (
            layout.statement("a = ", "b" * 85, 0),
            ["a = (", "    # too long for one line", f"    {'b' * 85}", ")"],
        ),
        (
            layout.statement("a = ", Group(f"{'b' * 84}(", ("c",), ")"), 0),
            ["a = (", "    # too long for one line", f"    {'b' * 84}(", "        c,", "    )", ")"],
        ),
        (
            layout.broken(Joined("a=", Lambda("b" * 85)), 0, after=","),
            ["a=lambda: (", "    # too long for one line", f"    {'b' * 85}", "),"],
        ),
        (layout.broken(Text("a b"), 0, "x="), ['x="a b"']),
        (
            layout.broken(Text(f"{'a' * 80} {'b' * 80}"), 0, "x="),
            ["x=(", f'    "{"a" * 80} "', f'    "{"b" * 80}"', ")"],
        ),
        (
            layout.assignment("a" * 40, "b" * 40, "c" * 40, 0),
            [
                f"{'a' * 40}: {'b' * 40} = (",
                "    # too long for one line",
                f"    {'c' * 40}",
                ")",
            ],
        ),
        (
            layout.assignment("a" * 60, "b" * 40, "c", 0),
            [f"{'a' * 60}: (", "    # too long for one line", f"    {'b' * 40}", ") = c"],
        ),
        (layout.class_head("a", ("b",)), ["class a(b):"]),
        (layout.class_head("a" * 80, ("b",)), [f"class {'a' * 80}(", "    b,", "):"]),
        (layout.defaulted("a", "b()", 0), ["if a is None:", "    a = b()"]),
        (
            layout.defaulted("a" * 80, "b()", 0),
            [
                "if (",
                f"    {'a' * 80}  # too long for one line",
                "    is None",
                "):",
                f"    {'a' * 80} = (",
                "        # too long for one line",
                "        b()",
                "    )",
            ],
        ),
        (
            layout.definition("def f", ["self"], "a" * 75, 0),
            ["def f(", "    self,", f") -> {'a' * 75}:"],
        ),
        (
            layout.definition("def f", ["self"], "a" * 85, 0),
            ["def f(", "    self,", ") -> (", "    # too long for one line", f"    {'a' * 85}", "):"],
        ),
    ],
)
def test_what_has_no_brackets_gets_parentheses(text: str, lines: list[str]) -> None:
    assert text.split("\n") == lines


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
