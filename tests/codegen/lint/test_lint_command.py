from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from avrorpc_codegen.command import main
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import lint_config
from click.testing import CliRunner, Result
from support.contracts import write
from support.golden import REPOSITORY

CLEAN = "namespace n; /** What is sold. */ record Article { /** In grams. */ long weight; }\n"
TICKS = CLEAN.replace("weight", "`weight`")
NAMES = CLEAN.replace("Article", "price")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"pyproject.toml": "", "schemas/clean.avdl": CLEAN})
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["lint", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def configure(folder: Path, text: str) -> None:
    write(folder, {"pyproject.toml": f"[tool.avrogen.lint]\n{text}\n"})


def test_clean_contracts_exit_with_zero(project: Path) -> None:
    result = run()
    assert (result.exit_code, result.stdout, result.stderr) == (0, "1 contract: nothing found\n", "")


def test_findings_exit_with_one_and_say_whether_they_can_be_mended(project: Path) -> None:
    write(project, {"schemas/ticks.avdl": TICKS.replace("Article", "Other")})
    result = run()
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("schemas/ticks.avdl:1:")
    assert "warning[AVR452]: `weight` is no keyword, and needs no back-ticks" in result.stderr
    assert result.stderr.endswith("1 warning\n1 of these can be mended by `avrogen lint --fix`\n")


def test_fix_writes_and_diff_does_not(project: Path) -> None:
    text = TICKS.replace("Article", "Other")
    write(project, {"schemas/ticks.avdl": text})
    shown = run("--diff")
    assert shown.exit_code == 1
    assert (
        "-namespace n; /** What is sold. */ record Other { /** In grams. */ long `weight`; }" in shown.stdout
    )
    assert shown.stderr == "1 finding could be mended in 1 file\n"
    assert run("--diff", "--fix").stdout == shown.stdout
    assert (project / "schemas/ticks.avdl").read_text() == text
    result = run("--fix")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "1 finding mended in 1 file\n")
    assert (project / "schemas/ticks.avdl").read_text() == text.replace("`", "")
    assert run("--diff").exit_code == 0


def test_what_cannot_be_mended_still_exits_with_one(project: Path) -> None:
    write(project, {"schemas/x.avdl": NAMES.replace("weight", "`weight`")})
    result = run("--fix")
    assert result.exit_code == 1
    assert "[AVR401]" in result.stderr
    assert "[AVR452]" not in result.stderr


def test_rules_are_selected_and_ignored(project: Path) -> None:
    write(project, {"schemas/x.avdl": "namespace x; record article { int? x; }"})

    def found(*arguments: str) -> set[str]:
        return set(re.findall(r"\[(AVR\d+)\]", run(*arguments).stderr))

    assert found() == {"AVR401", "AVR414", "AVR416", "AVR422"}
    assert found("--select", "AVR401") == {"AVR401"}
    assert found("--select", "naming,AVR414", "--select", "evolution") == {"AVR401", "AVR414", "AVR422"}
    assert found("--ignore", "documentation") == {"AVR401", "AVR422"}
    assert found("--ignore", "documentation,AVR401", "--ignore", "AVR422") == set()
    configure(project, "ignore = ['naming']")
    assert found("--ignore", "documentation") == {"AVR422"}
    assert found("--select", "AVR401") == {"AVR401"}


def test_the_exit_code_can_be_for_errors_alone(project: Path) -> None:
    write(project, {"schemas/x.avdl": NAMES})
    assert run("--fail-on", "error").exit_code == 0
    assert run("--fail-on", "warning").exit_code == 1
    configure(project, "fail-on = 'error'")
    assert run().exit_code == 0
    assert "warning[AVR401]" in run().stderr
    configure(project, "fail-on = 'error'\nseverity = {naming = 'error'}")
    assert run().exit_code == 1
    assert "error[AVR401]" in run().stderr


def test_paths_name_files_and_folders(project: Path) -> None:
    write(project, {"other/x.avdl": NAMES, "other/readme.txt": "", "other/x.avsc": '"int"'})
    assert run().exit_code == 0
    for path in ("other", "other/x.avdl"):
        assert "other/x.avdl:1:" in run(path).stderr
    both = run("other", "schemas", "other/x.avdl", "--statistics")
    assert both.stdout == "     1  AVR401  a type or a protocol that is not in PascalCase\n"


def test_the_settings_are_those_of_the_project_that_is_linted(project: Path) -> None:
    configure(project, "select = ['AVR401']")
    write(
        project, {"inner/pyproject.toml": "[tool.avrogen.lint]\nignore = ['AVR401']\n", "inner/x.avdl": NAMES}
    )
    assert run("inner/x.avdl").exit_code == 0
    assert run("inner").exit_code == 0


def test_excluded_files_are_not_even_compiled(project: Path) -> None:
    write(project, {"schemas/legacy/x.avdl": "nonsense"})
    assert run().exit_code == 1
    configure(project, "exclude = ['schemas/legacy']")
    assert run().exit_code == 0
    result = run("schemas/legacy/x.avdl")
    assert result.exit_code == 2
    assert "1 file excluded by the settings" in result.stderr


def test_rules_are_left_out_for_files(project: Path) -> None:
    write(project, {"schemas/old/x.avdl": NAMES.replace("namespace n", "namespace old")})
    configure(project, "per-file-ignores = {'schemas/old/**' = ['naming']}")
    assert run().exit_code == 0


def test_imports_are_searched_for(project: Path) -> None:
    text = CLEAN.replace("Article", "Box").replace("long", "x.X").replace("n;", 'n; import idl "x.avdl";', 1)
    write(project, {"lib/x.avdl": "namespace x; record X {}", "schemas/b.avdl": text})
    assert "[AVR201]" in run().stderr
    assert run("-I", "lib").exit_code == 0


def test_errors_of_the_compiler_come_alone(project: Path) -> None:
    write(project, {"schemas/x.avdl": "namespace n; record bad { Missing m; }"})
    result = run()
    assert result.exit_code == 1
    assert "[AVR203]" in result.stderr
    assert "[AVR4" not in result.stderr
    document = json.loads(run("--json").stdout)
    assert [item["id"] for item in document["diagnostics"]] == ["AVR203"]


def test_warnings_of_the_compiler_are_shown_and_fail_nothing(project: Path) -> None:
    write(project, {"schemas/x.avdl": CLEAN.replace("Article", "Other") + "/** lost */"})
    result = run()
    assert result.exit_code == 0
    assert "warning[AVR109]" in result.stderr


def test_json_is_one_document(project: Path) -> None:
    write(project, {"schemas/x.avdl": NAMES.replace("weight", "`weight`")})
    result = run("--json")
    document: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "")
    assert [item["id"] for item in document["diagnostics"]] == ["AVR401", "AVR452"]
    assert document["diagnostics"][0]["file"] == "schemas/x.avdl"
    assert document["statistics"] == {"AVR401": 1, "AVR452": 1}
    assert (document["fixable"], document["mended"], document["changed"]) == (1, 0, [])
    document = json.loads(run("--json", "--fix").stdout)
    assert (document["fixable"], document["mended"], document["changed"]) == (0, 1, ["schemas/x.avdl"])
    assert json.loads(run("--json", "--select", "AVR452").stdout)["diagnostics"] == []


def test_statistics_count_the_most_frequent_rule_first(project: Path) -> None:
    write(project, {"schemas/x.avdl": "namespace n; record a {} record b { int `c`; } fixed `d`(1);"})
    lines = run("--statistics", "--select", "AVR401,AVR414,AVR452").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["3", "AVR401"], ["3", "AVR414"], ["2", "AVR452"]]
    assert lines[2].endswith("(--fix)")


def test_the_list_shows_what_applies(project: Path) -> None:
    configure(project, "ignore = ['AVR402']\nseverity = {AVR401 = 'error'}")
    lines = {line.split()[0]: line.split() for line in run("--list").stdout.splitlines()}
    assert list(lines) == [rule.value for rule in LintRule]
    assert lines["AVR401"][1:3] == ["naming", "error"]
    assert lines["AVR402"][2] == lines["AVR424"][2] == "off"
    assert lines["AVR452"][3] == "--fix"
    rules = json.loads(run("--list", "--json").stdout)["rules"]
    assert [rule["id"] for rule in rules] == list(lines)
    assert (rules[0]["severity"], rules[0]["applies"], rules[1]["applies"]) == ("error", True, False)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere.avdl"], "does not exist"),
        (["pyproject.toml"], "pyproject.toml is not Avro IDL (.avdl); lint reads nothing else"),
        (["schemas", "noxfile"], "noxfile is not Avro IDL (.avdl); lint reads nothing else"),
        (["empty"], "there are no contracts (.avdl) in empty"),
        (["--select", "AVR4O1"], "there is no rule 'AVR4O1'; did you mean `AVR401`?"),
        (["--ignore", "nameing"], "there is no rule 'nameing'; did you mean `naming`?"),
        (["--fail-on", "note"], "'note' is not one of"),
        (["--unknown"], "No such option"),
    ],
)
def test_wrong_usage_exits_with_two(project: Path, arguments: list[str], text: str) -> None:
    (project / "empty").mkdir()
    (project / "noxfile").touch()
    result = run(*arguments)
    assert result.exit_code == 2
    assert text in result.stderr


@pytest.mark.parametrize("text", ["selct = []", "select = ['AVR1']", "naming = 1"])
def test_wrong_settings_exit_with_two(project: Path, text: str) -> None:
    configure(project, text)
    result = run()
    assert result.exit_code == 2
    assert "Error: [tool.avrogen.lint]" in result.stderr
    assert CliRunner().invoke(main, ["generate"]).exit_code == 0


def test_a_project_without_contracts_is_told_so(project: Path) -> None:
    (project / "schemas/clean.avdl").unlink()
    assert "there are no contracts (.avdl) in schemas" in run().stderr
    (project / "schemas").rmdir()
    assert "there is no folder schemas" in run().stderr


def test_a_file_that_cannot_be_written_is_a_usage_error(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, {"schemas/x.avdl": TICKS.replace("Article", "Other")})

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", "schemas/x.avdl")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    result = run("--fix")
    assert result.exit_code == 2
    assert "schemas/x.avdl: Permission denied" in result.stderr


def test_the_settings_in_the_documentation_are_valid() -> None:
    page = (REPOSITORY / "docs/how-to/lint-contracts.md").read_text()
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        lint_config(tomllib.loads(block)["tool"]["avrogen"]["lint"], REPOSITORY)
