from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.diagnostic import MOST_SHOWN, Diagnostics, Rule, Severity, did_you_mean
from avrorpc_codegen.source import Source, Span


def span(text: str, marked: str) -> Span:
    start = text.index(marked)
    return Span(Source("a.avdl", text, Path("a.avdl")), start, start + len(marked))


def render(text: str, marked: str) -> list[str]:
    diagnostics = Diagnostics()
    diagnostics.error(Rule.SYNTAX, "wrong", span(text, marked))
    return diagnostics.render().split("\n")


def test_a_finding_shows_place_line_caret_notes_and_help() -> None:
    diagnostics = Diagnostics()
    diagnostics.error(
        Rule.UNKNOWN_TYPE, "there is no `B`", span("x\nint B c;", "B"), "one", "two", help="three"
    )
    assert diagnostics.render() == (
        "a.avdl:2:5: error[AVR203]: there is no `B`\n"
        "    2 | int B c;\n"
        "      |     ^\n"
        "  = note: one\n"
        "  = note: two\n"
        "  = help: three\n"
        "\n"
        "1 error"
    )


def test_tabs_and_wide_characters_do_not_shift_the_caret() -> None:
    assert render("\tx漢字y", "y")[2] == "      |" + " " * 10 + "^"
    assert render("\tx漢字y", "漢字")[2] == "      |" + " " * 6 + "^^^^"


def test_a_span_over_lines_is_marked_on_the_first() -> None:
    assert render("ab cd\nef", "cd\nef")[2] == "      |    ^^"


def test_a_long_line_is_cut_around_the_caret() -> None:
    lines = render("x" * 1000 + "HERE" + "y" * 1000, "HERE")
    assert len(lines[1]) < 160
    column = lines[2].index("^")
    assert lines[1][column : column + 4] == "HERE"
    assert lines[1].endswith("...")


def test_what_cannot_be_printed_is_replaced() -> None:
    assert render("a\x00b\x1b[31m HERE", "HERE")[1] == "    1 | a\ufffdb\ufffd[31m HERE"


def test_findings_come_in_the_order_of_their_places() -> None:
    diagnostics = Diagnostics()
    text = "one two"
    diagnostics.error(Rule.SYNTAX, "second", span(text, "two"))
    diagnostics.error(Rule.SYNTAX, "first", span(text, "one"))
    diagnostics.error(Rule.UNREADABLE, "whole file", None, file="a.avdl")
    titles = [line for line in diagnostics.render().split("\n") if "error[" in line]
    assert [title.split(": ")[-1] for title in titles] == ["whole file", "first", "second"]


def test_warnings_are_no_errors() -> None:
    diagnostics = Diagnostics()
    diagnostics.warning(Rule.MISPLACED_DOC, "odd", span("abc", "b"))
    assert not diagnostics.has_errors
    assert diagnostics.items[0].severity is Severity.WARNING
    assert diagnostics.render().endswith("\n\n1 warning")


def test_very_many_findings_are_counted() -> None:
    diagnostics = Diagnostics()
    for _ in range(MOST_SHOWN + 5):
        diagnostics.error(Rule.SYNTAX, "wrong", span("abc", "b"))
    assert "... and 5 more" in diagnostics.render()
    assert diagnostics.render().endswith(f"{MOST_SHOWN + 5} errors")


def test_ids_are_unique() -> None:
    ids = [rule.value for rule in Rule]
    assert len(ids) == len(set(ids))


def test_did_you_mean_only_what_is_close() -> None:
    assert did_you_mean("Tokeniser", ["Tokenizer", "Model"]) == "did you mean `Tokenizer`?"
    assert did_you_mean("Tokeniser", ["Model"]) is None
