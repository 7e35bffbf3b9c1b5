"""What every layout keeps: the model, the comments, and itself when it is laid out again."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from shutil import copytree

import pytest
from avrorpc_codegen.diagnostic import Diagnostics, Rule, Severity
from avrorpc_codegen.formatting import format_source, formatter
from avrorpc_codegen.formatting.comments import essence
from avrorpc_codegen.json_output import as_text, compiled
from avrorpc_codegen.lexer import Lexed, tokenize
from avrorpc_codegen.reading import read_contracts
from avrorpc_codegen.source import Source, Undecodable, read_source
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[3]
FOLDERS = [
    ROOT / "schemas",
    ROOT / "tests" / "schemas",
    *sorted((ROOT / "tests" / "codegen" / "golden").glob("*/input")),
    ROOT / "tests" / "codegen" / "format_golden",
]
QUICK = settings(max_examples=200, deadline=None)


def formatted(text: str) -> str | None:
    return format_source(Source("a.avdl", text, Path("a.avdl")), Diagnostics())


def lexed(text: str) -> Lexed:
    return tokenize(Source("a.avdl", text, Path("a.avdl")), Diagnostics())


def readable(folders: list[Path]) -> list[Path]:
    """Return the contracts below some folders that have no errors of syntax."""
    found: list[Path] = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*.avdl"))):
        try:
            text = read_source(path).text
        except Undecodable:
            continue
        if formatted(text) is not None:
            found.append(path)
    return found


CONTRACTS = readable(FOLDERS)
TEXTS = [read_source(path).text for path in CONTRACTS]


def test_nearly_all_contracts_of_the_repository_can_be_laid_out() -> None:
    assert len(CONTRACTS) > 60


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_layout_is_final_and_keeps_all_comments(path: Path) -> None:
    text = read_source(path).text
    new = formatted(text)
    assert new is not None
    assert formatted(new) == new
    before, after = lexed(text), lexed(new)
    assert Counter(map(essence, before.comments)) == Counter(map(essence, after.comments))
    assert [token.text for token in before.tokens] == [token.text for token in after.tokens]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_layout_compiles_to_the_same(folder: Path, tmp_path: Path) -> None:
    copy = copytree(folder, tmp_path / "copy")
    before = outcome(folder)
    for path in readable([copy]):
        new = formatted(read_source(path).text)
        assert new is not None
        path.write_text(new, newline="")
    assert outcome(copy) == before


def outcome(folder: Path) -> dict[str, tuple[str | None, list[str]]]:
    """Return for each contract below a folder what it compiles to, and what is found in it."""
    found: dict[str, tuple[str | None, list[str]]] = {}
    for path in sorted(folder.rglob("*.avdl")):
        diagnostics = Diagnostics()
        read = read_contracts([path], [folder, ROOT / "schemas"], diagnostics)
        problems = sorted(f"{item.rule.value} {item.severity.value}" for item in diagnostics.items)
        text = None if diagnostics.has_errors else as_text(compiled(read.contracts, read.roots[0])[0])
        found[path.relative_to(folder).as_posix()] = text, problems
    return found


def test_a_file_with_errors_gives_them_and_no_text() -> None:
    diagnostics = Diagnostics()
    text = "/** lost */ protocol P { record R { int } /** misplaced */ }"
    assert format_source(Source("a.avdl", text, Path("a.avdl")), diagnostics) is None
    assert [item.rule for item in diagnostics.items] == [Rule.SYNTAX]


def test_warnings_are_not_the_formatters_concern() -> None:
    diagnostics = Diagnostics()
    assert format_source(Source("a", "protocol P { /** misplaced */ }", Path("a")), diagnostics)
    assert diagnostics.items == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("int a;", "int b;"), ("int a;", "int a, b;"), ("/** doc */", ""), ("// why", ""), (" doc ", " other ")],
)
def test_a_text_that_says_something_else_is_never_returned(
    monkeypatch: pytest.MonkeyPatch, wrong: str, right: str
) -> None:
    laid_out = formatter.laid_out
    monkeypatch.setattr(
        formatter,
        "laid_out",
        lambda *arguments, **options: laid_out(*arguments, **options).replace(wrong, right),
    )
    diagnostics = Diagnostics()
    text = "record R { /** doc */ int a; // why\n }"
    assert format_source(Source("a.avdl", text, Path("a.avdl")), diagnostics) is None
    assert [(item.rule, item.severity, item.file) for item in diagnostics.items] == [
        (Rule.FORMAT_FAILED, Severity.ERROR, "a.avdl")
    ]


COMMENTS = [
    "// line\n",
    "//\n",
    "// " + "z" * 80 + "\r\n",
    "/* b */",
    "/**/",
    "/* x\n      y\n z */",
    "/*\n * a\n  * b\n */",
    "/* \n\n q*/",
    "/*\n\t*a\n*/",
    "/* long " + "y" * 60 + "*/",
    "/** d */",
    "/***/",
    "/** m\n  * n */",
    "/** a\n\n    b\n  c*/",
    "/** * a*/",
    "/** long " + "x" * 90 + " */",
]
SPACES = ["", " ", "\n", "\n\n", "  \n \n\n\t", "\t", "\r\n", " \r", "\f"]


def scattered(text: str, chance: random.Random) -> str:
    """Return a contract with other white space, and with comments at any place."""
    comments, spaces = chance.choice([0.01, 0.05, 0.3]), chance.choice([0, 0.1, 0.7])
    keeps = chance.random() < 0.5
    out: list[str] = []
    end = 0
    for token in lexed(text).tokens:
        out.append(text[end : token.span.start] if keeps else " ")
        while chance.random() < comments:
            out += [chance.choice(SPACES), chance.choice(COMMENTS), chance.choice(SPACES)]
        if chance.random() < spaces:
            out.append(chance.choice(SPACES))
        out.append(token.text)
        end = token.span.end
    return "".join(out)


@QUICK
@given(seed=st.integers(min_value=0))
def test_comments_at_any_place_survive_and_the_layout_is_final(seed: int) -> None:
    chance = random.Random(seed)
    text = scattered(chance.choice(TEXTS), chance)
    new = formatted(text)
    assert new is not None, text
    assert formatted(new) == new, text
    ends = [line for line in new.partition("\x1a")[0].split("\n") if line.endswith((" ", "\t", "\r"))]
    assert ends == [], text


PIECES = [
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    ";",
    ",",
    "@x(1)",
    '"',
    "`",
    "/*",
    "*/",
    "/** */",
    "//",
    "union {",
    "=",
    "?",
]
PIECES += [
    "\x00",
    "\x1a",
    "é",
    "-",
    "import idl",
    '"a.avdl"',
    "null",
    "decimal(",
    "array<",
    "void",
    "record R {",
]
PIECES += [
    "a",
    "int",
    "protocol P {",
    "1",
    "[",
    "]",
    ":",
    "\n",
    "int a;",
    "void go();",
    "enum E { A }",
    "NaN",
]


@QUICK
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_text_gives_findings_or_a_final_layout(pieces: list[str]) -> None:
    check(" ".join(pieces))


@QUICK
@given(seed=st.integers(min_value=0))
def test_a_contract_with_mistakes_gives_findings_or_a_final_layout(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(TEXTS)
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 5, 40]))
        text = text[:start] + chance.choice(["", chance.choice(PIECES), text[end : end + 30]]) + text[end:]
    check(text)


def check(text: str) -> None:
    diagnostics = Diagnostics()
    new = format_source(Source("a.avdl", text, Path("a.avdl")), diagnostics)
    if new is None:
        assert diagnostics.has_errors
        assert Rule.FORMAT_FAILED not in [item.rule for item in diagnostics.items], diagnostics.render()
    else:
        assert formatted(new) == new


def test_long_contracts_are_laid_out() -> None:
    text = "protocol P { void go(" + ", ".join(f"int a{number}" for number in range(5000)) + "); "
    text += (
        " ".join(f"record R{number} {{ array<int> a = [{number}, 2, 3]; }}" for number in range(2000)) + "}"
    )
    new = formatted(text)
    assert new is not None
    assert new.count("\n") == (5000 + 3) + 2000 * 4 + 1
