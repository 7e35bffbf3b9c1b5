"""`avrogen docs`, as a user runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
from support.contracts import write

GOOD = '/** Does it. */ @namespace("n") protocol P { record R { int a; } R get(int a = 1); }'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"pyproject.toml": "", "schemas/a.avdl": GOOD})
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["docs", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def files(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_it_writes_a_site_and_says_where_to_look(project: Path) -> None:
    result = run()
    assert (result.exit_code, result.output) == (
        0,
        "1 namespace, 1 protocol, 1 message, 1 type: 6 files, 6 written, 0 removed\nopen site/index.html\n",
    )
    assert "Does it." in (project / "site" / "n" / "protocol.P.html").read_text()
    assert "6 files, all up to date" in run().output


def test_what_is_gone_is_removed_and_nothing_else(project: Path) -> None:
    run()
    write(
        project,
        {
            "site/mine.html": "by hand",
            "site/n/mine.txt": "by hand",
            "schemas/a.avdl": GOOD.replace('"n"', '"m"'),
        },
    )
    assert "6 files, 4 written, 2 removed" in run().output
    assert set(files(project / "site")) == {
        "assets/search-index.js",
        "assets/site.js",
        "assets/style.css",
        "index.html",
        "m/index.html",
        "m/protocol.P.html",
        "mine.html",
        "n/mine.txt",
    }


def test_a_file_that_is_not_ours_is_never_overwritten(project: Path) -> None:
    write(project, {"site/index.html": "my own site"})
    result = run()
    assert result.exit_code == 2
    assert "site/index.html would be lost, and is not ours; choose another folder with -o" in result.output
    assert files(project / "site") == {"index.html": "my own site"}


def test_markdown_and_html_share_a_folder(project: Path) -> None:
    run("-o", "reference")
    run("-o", "reference", "--format", "markdown")
    run("-o", "reference")
    assert {"index.html", "README.md", "n/README.md", "n/index.html"} <= set(files(project / "reference"))


def test_check_writes_nothing_and_shows_what_differs(project: Path) -> None:
    arguments = ("-o", "docs/api", "--format", "markdown")
    stale = run(*arguments, "--check")
    assert stale.exit_code == 1
    assert "+++ b/docs/api/n/protocol.P.md" in stale.stdout
    assert stale.stderr == "3 files out of date; run this without --check\n"
    assert not (project / "docs").exists()
    run(*arguments)
    assert run(*arguments, "--check").exit_code == 0
    write(project, {"schemas/a.avdl": GOOD.replace("Does it", "Did it")})
    stale = run(*arguments, "--check")
    assert stale.exit_code == 1
    assert "-Does it.\n+Did it." in stale.stdout


def test_check_of_html_names_the_files(project: Path) -> None:
    stale = run("--check")
    assert stale.exit_code == 1
    assert stale.stdout.splitlines()[-1] == "site/n/protocol.P.html"
    assert len(stale.stdout.splitlines()) == 6
    assert not (project / "site").exists()


def test_json_for_programs(project: Path) -> None:
    result = json.loads(run("--json").stdout)
    assert result["diagnostics"] == []
    assert result["first"] == "site/index.html"
    assert "site/n/protocol.P.html" in result["write"]
    assert json.loads(run("--json").stdout)["write"] == []
    assert run("--json", "--check").exit_code == 0


def test_errors_in_contracts_are_findings(project: Path) -> None:
    write(project, {"schemas/b.avdl": "namespace n; record X { Missing a; }"})
    result = run()
    assert result.exit_code == 1
    assert "error[AVR203]" in result.stderr
    assert not (project / "site").exists()
    assert "AVR203" in str(json.loads(run("--json").stdout)["diagnostics"])


def test_examples_that_are_not_there_are_a_warning(project: Path) -> None:
    write(project, {"schemas/a.avdl": '@namespace("n") protocol P { @examples("x.json") void go(); }'})
    result = run()
    assert result.exit_code == 0
    assert "warning[AVR309]: cannot read x.json" in result.stderr
    assert (project / "site" / "index.html").exists()


def test_contracts_without_python_are_documented_all_the_same(project: Path) -> None:
    write(project, {"schemas/a.avdl": "protocol P { void go(); }"})
    result = run()
    assert result.exit_code == 0
    assert "no Python is shown: `avrogen generate` has 1 finding" in result.stderr
    assert (project / "site" / "no-namespace" / "protocol.P.html").exists()


def test_a_single_file_and_a_title(project: Path) -> None:
    write(project, {"schemas/b.avdl": "namespace other; fixed F(1);"})
    assert run("schemas/a.avdl", "--title", "A <b> & c", "-o", "one").exit_code == 0
    text = (project / "one" / "index.html").read_text()
    assert "<title>A &lt;b&gt; &amp; c</title>" in text
    assert "other" not in files(project / "one")["assets/search-index.js"]


@pytest.mark.parametrize("title", ["", " ", "two\nlines", "\udcff"])
def test_a_title_is_a_line_of_text(title: str, project: Path) -> None:
    result = run("--title", title)
    assert result.exit_code == 2
    assert "a title is a line of text" in result.stderr
    assert not (project / "site").exists()


def test_imports_are_searched_for_and_documented(project: Path) -> None:
    write(project, {"lib/x.avdl": "namespace x; /** Far. */ record X {}"})
    write(project, {"schemas/a.avdl": 'namespace n; import idl "x.avdl"; record R { x.X x; }'})
    assert run().exit_code == 1
    assert run("-I", "lib").exit_code == 0
    assert "Far." in (project / "site" / "x" / "index.html").read_text()


def test_wrong_usage(project: Path) -> None:
    assert run("none").exit_code == 2
    (project / "empty").mkdir()
    result = run("empty")
    assert (result.exit_code, result.stderr.count("there are no contracts")) == (2, 1)
    write(project, {"taken": ""})
    assert run("-o", "taken").exit_code == 2
    assert run("--format", "pdf").exit_code == 2
    assert run("-o", "taken/below").exit_code == 2


def test_a_project_without_schemas_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


def test_open_shows_the_first_page(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = project / "seen"
    script = project / "browser.py"
    script.write_text(f"import sys, pathlib\npathlib.Path({str(seen)!r}).write_text(sys.argv[1])\n")
    monkeypatch.setattr("webbrowser._tryorder", None)
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
    assert run("--open").exit_code == 0
    assert seen.read_text() == (project / "site" / "index.html").as_uri()
    seen.unlink()
    assert run("--open", "--check").exit_code == 0
    assert not seen.exists()
