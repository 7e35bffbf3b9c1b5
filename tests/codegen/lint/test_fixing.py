from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint import fixing
from avrorpc_codegen.lint.finding import Edit
from avrorpc_codegen.lint.linter import lint
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.output import Changes, apply
from support.golden import CASES, GOLDEN, working_directory
from support.linting import FILE, fixed, project

ALL = frozenset(LintRule)


def mended(folder: Path, text: str) -> str:
    """Return a contract after all fixes; it stays as it is on disk."""
    result = fixed(folder, {FILE: text}, LintConfig(folder, ALL))
    assert (folder / FILE).read_text() == text
    return result.texts.get(folder / FILE, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('namespace n; @namespace("n") record R {}', "namespace n; record R {}"),
        (
            'namespace n;\n@namespace("n")\n@x(1)\nrecord R {}\n',
            "namespace n;\n@x(1)\nrecord R {}\n",
        ),
        ("namespace n; record R { `S` `a`; } record `S` {}", "namespace n; record R { S a; } record S {}"),
        ("namespace `n`.`error`; record R {}", "namespace `n`.`error`; record R {}"),
        (
            "namespace n;\n// avrogen: ignore AVR401 -- gone\nrecord R {}\n",
            "namespace n;\nrecord R {}\n",
        ),
        (
            "namespace n;\nrecord r {} // avrogen: ignore AVR401, AVR402, AVR404 -- stays\n",
            "namespace n;\nrecord r {} // avrogen: ignore AVR401 -- stays\n",
        ),
        ("namespace n; // avrogen: ignore AVR401 -- gone", "namespace n;"),
    ],
)
def test_what_is_mended(tmp_path: Path, text: str, expected: str) -> None:
    assert mended(tmp_path, text) == expected


def test_an_ignore_that_a_fix_makes_idle_goes_in_the_next_pass(tmp_path: Path) -> None:
    text = "namespace n;\nrecord R {\n  // avrogen: ignore AVR402 -- old\n  int `a`;\n}\n"
    assert mended(tmp_path, text) == "namespace n;\nrecord R {\n  int a;\n}\n"


def test_overlapping_fixes_are_made_one_after_the_other(tmp_path: Path) -> None:
    text = 'namespace n; @`namespace`("n") record `R` {}'
    assert mended(tmp_path, text) == "namespace n; record R {}"


def test_imports_are_left_out_once(tmp_path: Path) -> None:
    files = {
        FILE: 'namespace n;\nimport idl "t.avdl";\nimport idl "t.avdl"; // again\nrecord R { t.T t; }\n',
        "schemas/shop/t.avdl": "namespace t; record T {}",
    }
    result = fixed(tmp_path, files, LintConfig(tmp_path, ALL))
    assert result.texts == {
        tmp_path / FILE: 'namespace n;\nimport idl "t.avdl";\n// again\nrecord R { t.T t; }\n'
    }


def test_line_ends_and_a_byte_order_mark_stay(tmp_path: Path) -> None:
    path = tmp_path / FILE
    made = project(tmp_path, {FILE: ""}, LintConfig(tmp_path, ALL))
    path.write_bytes(b'\xef\xbb\xbfnamespace n;\r\n@namespace("n")\r\nrecord `R` {}\r\n')
    read = made.read({})
    assert read is not None
    apply(Changes(write=fixing.fix(made, read).texts))
    assert path.read_bytes() == b"\xef\xbb\xbfnamespace n;\r\nrecord R {}\r\n"


def test_an_edit_that_would_change_the_contract_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "namespace n; record R { int `a`; int `b`; int `c`; }"

    def wrong(*arguments: object) -> object:
        """Lint as always, but mend `b` in a way that renames it, and `c` in one that does not compile."""
        found = lint(*arguments)  # type: ignore[arg-type]
        for finding in found:
            for bad, replacement in (("`b`", "other"), ("`c`", "{")):
                if bad in finding.diagnostic.message:
                    object.__setattr__(finding, "edits", (Edit(finding.span, replacement),))
        return found

    monkeypatch.setattr(fixing, "lint", wrong)
    result = fixed(tmp_path, {FILE: text}, LintConfig(tmp_path, frozenset({LintRule.NEEDLESS_BACK_TICKS})))
    assert list(result.texts.values()) == ["namespace n; record R { int a; int `b`; int `c`; }"]
    assert [finding.diagnostic.message.split("`")[1] for finding in result.mended] == ["a"]
    assert [finding.diagnostic.message.split("`")[1] for finding in result.left] == ["b", "c"]


GOOD = [
    case for case in CASES if (GOLDEN / case / "python").is_dir() and case not in ("external", "json_inputs")
]


@pytest.mark.parametrize("case", GOOD)
def test_mended_contracts_compile_to_the_same_and_need_no_more_mending(case: str) -> None:
    folder = GOLDEN / case / "input"
    with working_directory(folder):
        files = sorted(Path.cwd().rglob("*.avdl"))
        made = fixing.Project(files, [Path.cwd()], LintConfig(Path.cwd(), ALL), Path.cwd())
        read = made.read({})
        assert read is not None
        result = fixing.fix(made, read)
        again = made.read(result.texts)
        assert again is not None
        assert fixing.fix(made, again).mended == []
        assert [finding for finding in result.left if finding.edits] == []
