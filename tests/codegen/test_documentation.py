from __future__ import annotations

import ast

import pytest
from avrorpc_codegen import documentation
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("Text.", '"""Text."""'),
        ('"Quoted"', '""" "Quoted" """'),
        ('a """ b', '"""a ""\\" b"""'),
        ("back\\slash\\", '"""back\\\\slash\\\\"""'),
        ("one\n\ntwo", '"""one\n\n    two\n    """'),
        ("a\tb", '"""a   b"""'),
        ("a\x00b", '"""a\\x00b"""'),
    ],
)
def test_docstrings_survive_what_is_in_them(text: str, literal: str) -> None:
    assert documentation.docstring(text, 4) == literal


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\\n ')))
def test_docstrings_are_always_literals_that_keep_the_words(text: str) -> None:
    value = ast.literal_eval(documentation.docstring(text, 4))
    assert value.split() == text.split()


@pytest.mark.parametrize(
    ("text", "summary", "rest"),
    [
        ("One.", "One.", ""),
        ("No end", "No end", ""),
        ("One. Two.", "One.", "Two."),
        ("One.\nTwo.", "One.", "Two."),
        ("One,\nand more. Two.\nThree.", "One, and more.", "Two.\nThree."),
        ("Such as e.g. this, and v1.2 here.", "Such as e.g. this, and v1.2 here.", ""),
        ("Why? Because.", "Why?", "Because."),
        ("First line\n\nSecond paragraph.", "First line", "Second paragraph."),
        ('He said "hi." Then left.', 'He said "hi."', "Then left."),
    ],
)
def test_the_first_sentence_is_the_summary(text: str, summary: str, rest: str) -> None:
    assert documentation.split_summary(text) == (summary, rest)


def test_a_block_has_summary_blank_line_and_rest() -> None:
    lines = documentation.block("One. Words " + "word " * 20, 4).split("\n")
    assert (lines[:2], len(lines), len(lines[2])) == (["One.", ""], 4, 80)


def test_long_lines_wrap_and_code_does_not() -> None:
    text = "Summary.\n\n- " + "item " * 20 + "\n\n```\n" + "code " * 20 + "\n```"
    lines = documentation.block(text, 0).split("\n")
    assert lines[3].startswith("  item")
    assert max(map(len, lines)) == 99


def test_attributes_leave_room_for_their_quotes() -> None:
    text = "x" * 40 + " " + "y" * 37
    assert documentation.attribute(text, 4) == text
    assert documentation.attribute(text + "yy", 4).count("\n") == 1


def test_sections_hang_their_text() -> None:
    section = documentation.section("Args", [("a", "One\n two."), ("b", "word " * 20)], 8)
    lines = section.split("\n")
    assert lines[:2] == ["Args:", "    a: One two."]
    assert lines[2].startswith("    b: word")
    assert lines[3].startswith("        word")
    assert max(map(len, lines)) <= 80
