from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
from support.contracts import write

UGLY = "protocol   P{void go( ) ;}"
FINE = "protocol P {\n  void go();\n}\n"
WRONG = "protocol P { void go( }"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"pyproject.toml": "", "schemas/fine.avdl": FINE, "schemas/n/ugly.avdl": UGLY})
    return tmp_path


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(main, ["format", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_schemas_of_the_project_are_formatted_in_their_place(project: Path) -> None:
    result = run()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "formatted schemas/n/ugly.avdl\n1 file formatted, 1 file unchanged\n"
    assert (project / "schemas/n/ugly.avdl").read_text() == FINE
    assert run().stdout == "2 files unchanged\n"


def test_a_file_that_is_fine_is_not_written(project: Path) -> None:
    before = (project / "schemas/fine.avdl").stat()
    assert run("schemas/fine.avdl").exit_code == 0
    after = (project / "schemas/fine.avdl").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_check_names_what_would_change_and_writes_nothing(project: Path) -> None:
    result = run("--check")
    assert (result.exit_code, result.stdout) == (1, "would format schemas/n/ugly.avdl\n")
    assert result.stderr == "1 file to format, 1 file unchanged; run `avrogen format`\n"
    assert (project / "schemas/n/ugly.avdl").read_text() == UGLY
    assert run("--check", "schemas/fine.avdl").exit_code == 0


def test_diff_shows_what_would_change_and_writes_nothing(project: Path) -> None:
    result = run("--diff")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "--- a/schemas/n/ugly.avdl",
        "+++ b/schemas/n/ugly.avdl",
        "@@ -1 +1,3 @@",
        f"-{UGLY}",
        *(f"+{line}" for line in FINE.splitlines()),
    ]
    assert (project / "schemas/n/ugly.avdl").read_text() == UGLY
    assert run("--diff", "schemas/fine.avdl").stdout == ""


@pytest.mark.parametrize("option", [[], ["--check"], ["--diff"]])
def test_a_file_with_errors_is_left_alone_and_the_others_are_not(project: Path, option: list[str]) -> None:
    (project / "schemas/wrong.avdl").write_text(WRONG)
    (project / "schemas/latin.avdl").write_bytes(b"// \xe9\n")
    result = run(*option)
    assert result.exit_code == 1
    assert "schemas/wrong.avdl:1:23: error[AVR107]" in result.stderr
    assert "schemas/latin.avdl:1:4: error[AVR102]" in result.stderr
    assert "2 files with errors" in result.output
    assert (project / "schemas/wrong.avdl").read_text() == WRONG
    assert (project / "schemas/n/ugly.avdl").read_text() == (UGLY if option else FINE)


def test_programs_get_one_document(project: Path) -> None:
    (project / "schemas/wrong.avdl").write_text(WRONG)
    result = run("--json", "--diff")
    assert (result.exit_code, result.stderr) == (1, "")
    found = json.loads(result.stdout)
    assert [item["id"] for item in found["diagnostics"]] == ["AVR107"]
    assert (found["changed"], found["unchanged"]) == (["schemas/n/ugly.avdl"], ["schemas/fine.avdl"])
    assert found["diff"].startswith("--- a/schemas/n/ugly.avdl\n")


@pytest.mark.parametrize("old", [b"\xef\xbb\xbf" + FINE.encode(), FINE.replace("\n", "\r\n").encode()])
def test_a_byte_order_mark_and_other_line_ends_go(project: Path, old: bytes) -> None:
    path = project / "schemas/fine.avdl"
    path.write_bytes(old)
    assert run("--diff").exit_code == 1
    assert run("schemas/fine.avdl").exit_code == 0
    assert path.read_bytes() == FINE.encode()


def test_links_and_permissions_stay(project: Path) -> None:
    target = project / "schemas/n/ugly.avdl"
    target.chmod(0o640)
    (project / "link.avdl").symlink_to(target)
    assert run("link.avdl").stdout == "formatted schemas/n/ugly.avdl\n1 file formatted\n"
    assert (project / "link.avdl").is_symlink()
    assert (target.read_text(), target.stat().st_mode & 0o777) == (FINE, 0o640)


def test_a_file_that_is_named_twice_is_formatted_once(project: Path) -> None:
    assert run("schemas", "schemas/n", "schemas/n/ugly.avdl", "--check").stdout.count("ugly") == 1


def test_standard_input_goes_to_standard_output(project: Path) -> None:
    result = run("-", stdin=UGLY.encode())
    assert (result.exit_code, result.stdout_bytes, result.stderr) == (0, FINE.encode(), "")
    assert run("-", stdin=FINE.encode()).stdout_bytes == FINE.encode()
    assert run("-", stdin="// größe".encode()).stdout_bytes == "// größe\n".encode()
    assert json.loads(run("-", "--json", stdin=UGLY.encode()).stdout)["text"] == FINE


def test_standard_input_can_be_checked(project: Path) -> None:
    result = run("-", "--check", stdin=UGLY.encode())
    assert (result.exit_code, result.stdout) == (1, "")
    assert run("-", "--check", stdin=FINE.encode()).exit_code == 0
    shown = run("-", "--diff", "--stdin-filename", "schemas/x.avdl", stdin=UGLY.encode())
    assert shown.stdout.startswith("--- a/schemas/x.avdl\n+++ b/schemas/x.avdl\n")


def test_findings_in_standard_input_have_the_name_that_is_given(project: Path) -> None:
    result = run("-", "--stdin-filename", "schemas/x.avdl", stdin=WRONG.encode())
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("schemas/x.avdl:1:23: error[AVR107]")
    assert "<stdin>:1:23" in run("-", stdin=WRONG.encode()).stderr
    assert "not UTF-8" in run("-", stdin=b"\xff").stderr


PROTOCOL = {
    "protocol": "P",
    "namespace": "n",
    "types": [],
    "messages": {"go": {"request": [], "response": "int"}},
}
AS_IDL = '@namespace("n")\nprotocol P {\n  int go();\n}\n'


def test_a_contract_in_json_becomes_idl(project: Path) -> None:
    (project / "p.avpr").write_text(json.dumps(PROTOCOL))
    result = run("p.avpr")
    assert (result.exit_code, result.stdout, result.stderr) == (0, AS_IDL, "")
    assert run("p.avpr", "-o", "q.avdl").output == ""
    assert (project / "q.avdl").read_text() == AS_IDL
    assert run("p.avpr", "-o", "schemas").exit_code == 0
    assert (project / "schemas/p.avdl").read_text() == AS_IDL
    assert json.loads(run("p.avpr", "--json").stdout) == {"diagnostics": [], "text": AS_IDL}
    assert json.loads((project / "p.avpr").read_text()) == PROTOCOL
    (project / "s.avsc").write_text('{"type": "array", "items": "int"}')
    assert run("s.avsc").stdout == "schema array<int>;\n"


def test_what_gets_lost_is_a_warning(project: Path) -> None:
    messages = {"go": {"request": [], "response": {"type": {"type": "int"}, "x": 1}}}
    (project / "p.avpr").write_text(json.dumps({**PROTOCOL, "$id": 1, "messages": messages}))
    result = run("p.avpr")
    assert (result.exit_code, result.stdout) == (0, AS_IDL)
    first, second, summary = result.stderr.split("\n\n")
    assert first.startswith(
        "p.avpr: warning[AVR304]: $.messages.go.response: a reference cannot be annotated"
    )
    assert second.startswith("p.avpr: warning[AVR304]: n.P: `$id` is no name for an annotation")
    assert summary == "2 warnings\n"


def test_json_that_is_wrong_gives_findings(project: Path) -> None:
    (project / "p.avpr").write_text("{")
    result = run("p.avpr", "-o", "q.avdl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[AVR110]" in result.stderr
    (project / "s.avsc").write_text('{"type": "fixed", "name": "n.date", "size": 1}')
    assert "s.avsc:1:27: error[AVR205]: `date` is the name of a type of Avro's own" in run("s.avsc").stderr
    assert not (project / "q.avdl").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere"], "does not exist"),
        (["empty"], "there are no .avdl files below empty"),
        (["schemas", "-o", "x"], "-o goes with one .avpr or .avsc file"),
        (["schemas", "-"], "is taken alone"),
        (["p.avpr", "schemas"], "is taken alone"),
        (["p.avpr", "--check"], "nothing to compare"),
        (["p.avpr", "-o", "schemas/fine.avdl/x"], "schemas/fine.avdl"),
    ],
)
def test_wrong_usage_exits_with_two(project: Path, arguments: list[str], text: str) -> None:
    (project / "empty").mkdir()
    (project / "p.avpr").write_text(json.dumps(PROTOCOL))
    result = run(*arguments)
    assert result.exit_code == 2
    assert text in result.stderr


def test_a_project_without_schemas_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr
