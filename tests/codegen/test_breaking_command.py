"""The command as people and their pipelines use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
from support.contracts import write
from support.history import History

OLD = '@namespace("n") protocol P {\n  record R { int a; }\n  R get(int a);\n}\n'
NEW = '@namespace("n") protocol P {\n  record R { int a; }\n  R get(int a, int b);\n}\n'
"""Breaks old clients."""
MORE = '@namespace("n") protocol P {\n  record R { int a; }\n  R get(int a);\n  void more();\n}\n'
"""Breaks new clients at old servers."""
FINE = '@namespace("n") protocol P {\n  record R { int a; int c = 1; }\n  R get(int a);\n}\n'
SETTINGS = '[tool.avrogen]\nschemas = "schemas"\n'


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["breaking", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def document(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    made = History(tmp_path / "project")
    monkeypatch.chdir(made.folder)
    made.commit({"pyproject.toml": SETTINGS, "schemas/a.avdl": OLD}, "v1")
    return made


def change(history: History, text: str = NEW) -> None:
    write(history.folder, {"schemas/a.avdl": text})


def test_nothing_breaks_where_nothing_changed(history: History) -> None:
    result = run("--against", "main")
    assert result.exit_code == 0
    assert result.stdout == (
        "no breaking change (backward, source) against main\n"
        "old clients can call the new server; new clients can call an old server\n"
    )


@pytest.mark.parametrize("name", ["main", "v1", "HEAD", "HEAD~0", "refs/tags/v1"])
def test_the_work_tree_is_compared_with_what_git_remembers(history: History, name: str) -> None:
    change(history)
    before = history.git("status", "--porcelain")
    result = run("-a", name)
    assert result.exit_code == 1
    assert "schemas/a.avdl:3:20: error[AVR512]: n.P.get(b): the parameter is new" in result.stdout
    assert "wire, old client -> new server: old clients send no `b`" in result.stdout
    assert "it was" not in result.stdout
    assert history.git("status", "--porcelain") == before


def test_places_of_the_older_version_are_shown_as_git_takes_them(history: History) -> None:
    change(history, OLD.replace("R get(int a);", ""))
    assert "it was at v1:schemas/a.avdl:3:5" in run("-a", "v1").stdout


def test_imports_are_those_of_their_time(history: History) -> None:
    shared = "namespace n; record S { int a; }"
    main_text = '@namespace("n") protocol P { import idl "../lib/s.avdl"; S get(); }'
    history.commit({"lib/s.avdl": shared, "schemas/a.avdl": main_text}, "v2")
    write(history.folder, {"lib/s.avdl": "namespace n; record S { int a; int b; }"})
    found = document("-a", "v2", "--mode", "full")["findings"]
    assert [(item["id"], item["subject"]) for item in found] == [("AVR522", "n.S.b")]
    (history.folder / "lib" / "s.avdl").rename(history.folder / "schemas" / "s.avdl")
    change(history, '@namespace("n") protocol P { import idl "s.avdl"; S get(); }')
    assert document("-a", "v2", "--mode", "full")["findings"][0]["file"] == "schemas/s.avdl"


def test_a_folder_to_search_is_that_of_its_time(history: History) -> None:
    shared = {"lib/s.avdl": "namespace n; record S { int a; }"}
    main_text = '@namespace("n") protocol P { import idl "s.avdl"; S get(); }'
    history.commit({**shared, "schemas/a.avdl": main_text}, "v2")
    write(history.folder, {"lib/s.avdl": "namespace n; record S { long a; }"})
    found = document("-a", "v2", "-I", "lib", "--level", "wire")["findings"]
    assert [item["subject"] for item in found] == ["n.S.a"]


def test_a_project_may_be_a_folder_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(tmp_path)
    history.commit({"a/b/pyproject.toml": SETTINGS, "a/b/schemas/a.avdl": OLD})
    monkeypatch.chdir(tmp_path / "a" / "b")
    write(tmp_path, {"a/b/schemas/a.avdl": NEW})
    assert "schemas/a.avdl:3:20" in run("-a", "HEAD").stdout


def test_a_folder_that_was_not_there_makes_everything_new(history: History) -> None:
    write(history.folder, {"other/b.avdl": OLD})
    result = run("other", "-a", "v1", "--mode", "full")
    assert (result.exit_code, result.stdout) == (0, "v1 has no contracts here: everything is new\n")
    assert document("other", "-a", "v1")["findings"] == []


def test_a_folder_that_was_elsewhere_is_found_by_the_settings_of_its_time(history: History) -> None:
    (history.folder / "schemas").rename(history.folder / "idl")
    write(history.folder, {"pyproject.toml": '[tool.avrogen]\nschemas = "idl"\n', "idl/a.avdl": NEW})
    assert [item["subject"] for item in document("-a", "v1")["findings"]] == ["n.P.get(b)"]
    assert "everything is new" in run("idl", "-a", "v1").stdout


@pytest.mark.parametrize("settings", ["[tool.avrogen", "tool = 1", '[tool.avrogen]\nschemas = "gone"'])
def test_settings_of_the_past_that_say_nothing_useful_do_not_matter(history: History, settings: str) -> None:
    history.commit({"pyproject.toml": settings}, "v2")
    write(history.folder, {"pyproject.toml": SETTINGS, "schemas/a.avdl": NEW})
    assert len(document("-a", "v2")["findings"]) == 1


def test_a_folder_or_a_file_is_an_older_version_too(history: History, tmp_path: Path) -> None:
    write(tmp_path, {"released/a.avdl": OLD})
    CliRunner().invoke(main, ["compile", "schemas/a.avdl", "-o", str(tmp_path / "p.avpr")])
    change(history)
    for name in (tmp_path / "released", tmp_path / "released" / "a.avdl", tmp_path / "p.avpr"):
        assert [item["subject"] for item in document("-a", str(name))["findings"]] == ["n.P.get(b)"]
    assert len(document("schemas/a.avdl", "-a", "v1")["findings"]) == 1


def test_no_repository_is_needed_to_compare_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    write(tmp_path, {"old/a.avdl": OLD, "new/a.avdl": NEW})
    assert run("new", "-a", "old").exit_code == 1
    assert run("new", "-a", "./old/a.avdl").exit_code == 1
    assert run("new", "-a", "new").exit_code == 0


def test_levels_and_modes_choose_what_counts(history: History) -> None:
    change(history, MORE)
    assert run("-a", "v1", "--level", "wire").exit_code == 0
    assert run("-a", "v1", "--level", "wire", "--mode", "forward").exit_code == 1
    source = run("-a", "v1")
    assert source.exit_code == 1
    assert "1 breaking change (1 source) against v1" in source.stdout
    assert "new clients cannot call all of an old server" in source.stdout


def test_the_last_of_several_versions_counts_or_all_of_them(history: History) -> None:
    history.commit({"schemas/a.avdl": NEW}, "v2")
    history.commit({"schemas/a.avdl": NEW.replace("int b", "int b = 1")}, "v10")
    last = run("--against-tags", "v*", "--level", "wire")
    assert last.exit_code == 0
    assert last.stdout.startswith(
        "compared with v10, the last of 3 versions; `--mode backward_transitive` compares with all\n"
    )
    assert run("-a", "v2", "-a", "v1", "--level", "wire").exit_code == 0
    change(history)
    every = run("--against-tags", "v*", "--level", "wire", "--mode", "backward_transitive")
    assert "1 breaking change (1 wire) against v1, v2, v10" in every.stdout
    assert "against v1," not in every.stdout.partition("1 breaking change")[0]
    history.commit({"schemas/a.avdl": NEW + "// more"}, "v11")
    change(history, OLD.replace("int a);", "int a, int b, int c);"))
    twice = document("--against-tags", "v*", "--level", "wire", "--mode", "backward_transitive")["findings"]
    assert {item["subject"]: item["against"] for item in twice} == {
        "n.P.get(b)": ["v1"],
        "n.P.get(c)": ["v1", "v2", "v10", "v11"],
    }


def test_the_project_says_what_it_compares_with_and_lives_with(history: History) -> None:
    change(history)
    ignore = '[tool.avrogen.breaking]\nagainst = "v1"\n[tool.avrogen.breaking.ignore]\n'
    write(history.folder, {"pyproject.toml": f'{SETTINGS}{ignore}"AVR512:n.P.*" = "not yet released"\n'})
    result = run()
    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        0,
        "no breaking change (backward, source) against v1, 1 ignored",
    )
    (ignored,) = document()["ignored"]
    assert (ignored["subject"], ignored["reason"]) == ("n.P.get(b)", "not yet released")
    change(history, FINE)
    assert run().stdout.startswith(
        "nothing needs `AVR512:n.P.*` in [tool.avrogen.breaking.ignore] any more\n"
    )


def test_arguments_win_over_the_settings(history: History) -> None:
    change(history, MORE)
    more = '[tool.avrogen.breaking]\nagainst = "nothing"\nlevel = "wire"\nmode = "full"\n'
    write(history.folder, {"pyproject.toml": SETTINGS + more})
    assert run("-a", "v1").exit_code == 1
    assert run("-a", "v1", "--mode", "backward").exit_code == 0
    found = document("-a", "v1", "--level", "source")
    assert (found["level"], found["mode"], found["against"]) == ("source", "full", ["v1"])


def test_json_says_all_that_text_says(history: History) -> None:
    change(history)
    found = document("-a", "v1")
    (finding,) = found["findings"]
    assert found["diagnostics"] == []
    assert found["remarks"] == []
    assert found["verdict"] == {
        "old client -> new server": {
            "works": False,
            "text": "old clients cannot call all of the new server",
        },
        "new client -> old server": {"works": True, "text": "new clients can call an old server"},
    }
    assert (finding["id"], finding["file"], finding["line"], finding["column"]) == (
        "AVR512",
        "schemas/a.avdl",
        3,
        20,
    )
    assert finding["breaks"][0] == {
        "level": "wire",
        "side": "old client -> new server",
        "extent": "never",
        "why": "old clients send no `b`, and new servers have no default for it",
        "uses": ["n.P.get"],
    }


def test_the_older_version_may_fail_to_compile(history: History) -> None:
    history.commit({"schemas/a.avdl": "protocol P { Missing get(); }"}, "v2")
    change(history)
    result = run("-a", "v2")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "v2:schemas/a.avdl:1:14: error[AVR203]" in result.stderr
    assert "the older version, v2, does not compile: nothing can be compared with it" in result.stderr
    as_json = run("-a", "v2", "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["diagnostics"][0]["file"] == "v2:schemas/a.avdl"


def test_the_contracts_at_hand_may_fail_to_compile(history: History) -> None:
    change(history, "protocol P { Missing get(); }")
    for form in ("text", "sarif"):
        result = run("-a", "v1", "--format", form)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "schemas/a.avdl:1:14: error[AVR203]" in result.stderr
    assert document("-a", "v1")["diagnostics"][0]["id"] == "AVR203"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "name the older version"),
        (["-a", "v2"], "git knows no commit called 'v2'"),
        (["-a", "mian"], "did you mean `main`?"),
        (["-a", "./nowhere"], "there is no file or folder ./nowhere"),
        (["-a", "nowhere.avdl"], "there is no file or folder nowhere.avdl"),
        (["-a", "./pyproject.toml"], "is no contract: it ends in none of .avdl, .avpr, .avsc"),
        (["--against-tags", "w*"], "no tag matches 'w*'"),
        (["nowhere", "-a", "v1"], "does not exist"),
        (["empty", "-a", "v1"], "there are no contracts"),
        (["-a", "v1", "--level", "binary"], "is not one of"),
        (["-a", "v1", "--mode", "none"], "is not one of"),
    ],
)
def test_wrong_usage_exits_with_two(history: History, arguments: list[str], text: str) -> None:
    (history.folder / "empty").mkdir()
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert text in result.stderr


def test_a_name_that_is_two_things_is_not_guessed_at(history: History) -> None:
    history.git("branch", "schemas")
    result = run("-a", "schemas")
    assert result.exit_code == 2
    assert "write ./schemas for the folder, or refs/heads/schemas" in result.stderr
    change(history)
    assert run("-a", "./schemas").exit_code == 0
    assert run("-a", "refs/heads/schemas").exit_code == 1


def test_outside_a_repository_a_name_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"schemas/a.avdl": NEW})
    result = run("-a", "main")
    assert result.exit_code == 2
    assert "there is no file or folder main; " in result.stderr
    assert "is in no git repository" in result.stderr
