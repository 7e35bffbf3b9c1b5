"""The layout, feature by feature: `format_golden/NAME/input.avdl` becomes `output.avdl` beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.formatting import format_source
from avrorpc_codegen.formatting.formatter import WIDTH
from avrorpc_codegen.source import Source

GOLDEN = Path(__file__).parents[1] / "format_golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def laid_out(text: str) -> str:
    diagnostics = Diagnostics()
    new = format_source(Source("a.avdl", text, Path("a.avdl")), diagnostics)
    assert not diagnostics.items, diagnostics.render()
    assert new is not None
    return new


@pytest.mark.parametrize("case", CASES)
def test_the_layout_is_what_is_committed(case: str, request: pytest.FixtureRequest) -> None:
    new = laid_out((GOLDEN / case / "input.avdl").read_text())
    output = GOLDEN / case / "output.avdl"
    if request.config.getoption("--update-golden"):
        output.write_text(new)
    assert new == output.read_text()
    assert laid_out(new) == new


@pytest.mark.parametrize("case", CASES)
def test_only_texts_that_cannot_be_broken_are_wider_than_the_page(case: str) -> None:
    for line in (GOLDEN / case / "output.avdl").read_text().splitlines():
        assert len(line) <= WIDTH or '"' in line or line.lstrip().startswith("*"), line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n\n", ""),
        ("\x1a x", "\x1a x"),
        ("// a", "// a\n"),
        ("record R{}", "record R {}\n"),
        ("protocol P{record R{int a;// b\r\n\r\n\r\nint c;}}", None),
        ("protocol P\r{\rvoid a();\r}", "protocol P {\n  void a();\n}\n"),
    ],
)
def test_odd_files(text: str, expected: str | None) -> None:
    if expected is None:
        expected = "protocol P {\n  record R {\n    int a; // b\n\n    int c;\n  }\n}\n"
    assert laid_out(text) == expected


def test_the_example_of_the_reference_is_laid_out() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "layout.md").read_text()
    example = page.partition("```java\n")[2].partition("```")[0]
    assert laid_out(example) == example
