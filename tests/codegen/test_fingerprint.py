"""`avrogen fingerprint`."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from avrorpc.schema import ALGORITHMS, Algorithm, canonical_form, fingerprint, handshake_hash, parse_schema
from avrorpc_codegen.command import main
from avrorpc_codegen.command.fingerprint_ import Identified, render
from click.testing import CliRunner, Result
from rich.console import Console
from support.contracts import write
from support.golden import GOLDEN, REPOSITORY, good_cases

PROTOCOL = """@namespace("n") protocol P {
  import idl "types.avdl";
  /** Documented. */
  enum Kind { A, B } = A;
  error Failed { date on; }
  n.types.Word get(Kind kind) throws Failed;
}"""
TYPES = "namespace n.types; schema array<Word>; fixed Word(4); record Unused {}"
KIND = parse_schema('{"type":"enum","name":"n.Kind","symbols":["A","B"]}')


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files = {"pyproject.toml": "[tool.avrogen]\n", "schemas/p.avdl": PROTOCOL, "schemas/types.avdl": TYPES}
    write(tmp_path, files)
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["fingerprint", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def lines(*arguments: str) -> list[tuple[str, ...]]:
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return [tuple(line.split("\t")) for line in result.stdout.splitlines()]


def test_without_paths_the_schemas_of_the_project_are_taken(project: Path) -> None:
    found = lines()
    assert [line[:3] for line in found] == [
        ("protocol", "n.P", "handshake"),
        ("enum", "n.Kind", "crc64"),
        ("error", "n.Failed", "crc64"),
        ("fixed", "n.types.Word", "crc64"),
        ("record", "n.types.Unused", "crc64"),
        ("schema", "schemas/types.avdl", "crc64"),
    ]
    assert found[1][3] == fingerprint(KIND).hex()
    assert found == lines("schemas")


def test_a_file_gives_what_it_declares_and_not_what_it_imports(project: Path) -> None:
    assert [line[1] for line in lines("schemas/p.avdl")] == ["n.P", "n.Kind", "n.Failed"]
    both = lines("schemas/types.avdl", "schemas/p.avdl")
    assert [line[1] for line in both][:2] == ["n.types.Word", "n.types.Unused"]
    assert lines("schemas/p.avdl", "schemas/p.avdl") == lines("schemas/p.avdl")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_algorithm_is_chosen_for_types(project: Path, algorithm: Algorithm) -> None:
    found = lines("schemas/p.avdl", "--algorithm", algorithm)
    assert found[0][2] == "handshake"
    assert found[1] == ("enum", "n.Kind", algorithm, fingerprint(KIND, algorithm).hex())


def test_all_algorithms_give_a_line_each(project: Path) -> None:
    found = lines("schemas/p.avdl", "-a", "all")
    assert [line[2] for line in found] == ["handshake", *ALGORITHMS, *ALGORITHMS]


def test_canonical_forms_stand_alone(project: Path) -> None:
    found = lines("schemas", "--canonical")
    assert found[0] == ("enum", "n.Kind", "canonical", canonical_form(KIND))
    assert [line[1] for line in found] == [line[1] for line in lines()[1:]]
    assert found[-1][3] == '{"type":"array","items":{"name":"n.types.Word","type":"fixed","size":4}}'


def test_the_handshake_hash_is_that_of_the_compiled_text(project: Path) -> None:
    compiled = CliRunner().invoke(main, ["compile", "schemas/p.avdl"]).stdout
    text = json.dumps(json.loads(compiled), separators=(",", ":"), ensure_ascii=False)
    assert lines("schemas/p.avdl")[0][3] == handshake_hash(text).hex()


@pytest.mark.parametrize("case", good_cases())
def test_the_handshake_hash_is_that_of_the_generated_code(case: str) -> None:
    result = run(str(GOLDEN / case / "input"), "-I", str(REPOSITORY / "schemas"))
    found = [line.split("\t") for line in result.stdout.splitlines()]
    texts = "".join(path.read_text() for path in (GOLDEN / case / "python").rglob("*.py"))
    generated = re.findall(r"^#   (\S+) ([0-9a-f]{32})$", texts, re.MULTILINE)
    assert sorted((line[1], line[3]) for line in found if line[0] == "protocol") == sorted(generated)


def test_json_has_the_same_and_the_file(project: Path) -> None:
    result = run("schemas/p.avdl", "--json", "-a", "all")
    value = json.loads(result.stdout)
    assert value["diagnostics"] == []
    protocol, kind, failed = value["identities"]
    assert protocol.keys() == {"kind", "name", "file", "handshake"}
    values = {algorithm: fingerprint(KIND, algorithm).hex() for algorithm in ALGORITHMS}
    assert kind == {"kind": "enum", "name": "n.Kind", "file": "schemas/p.avdl"} | values
    assert failed["kind"] == "error"
    (only, _) = json.loads(run("schemas/p.avdl", "--json", "--canonical").stdout)["identities"]
    assert only["canonical"] == canonical_form(KIND)


def test_a_type_that_two_json_files_repeat_comes_once(project: Path) -> None:
    text = '{"type":"fixed","name":"n.json.F","size":2}'
    write(project, {"schemas/a.avsc": text, "schemas/b.avsc": text})
    assert [line[1] for line in lines("schemas/a.avsc", "schemas/b.avsc")] == ["n.json.F"]
    assert [line[1] for line in lines("schemas/b.avsc")] == ["n.json.F"]


def test_imports_are_searched_for(project: Path) -> None:
    write(project, {"other.avdl": 'protocol B { import idl "p.avdl"; }', "empty/schemas/.keep": ""})
    write(project / "empty", {"pyproject.toml": "", "b.avdl": 'protocol B { import idl "p.avdl"; }'})
    assert [line[1] for line in lines("other.avdl")] == ["B"]
    assert run("empty/b.avdl").exit_code == 1
    assert [line[1] for line in lines("empty/b.avdl", "-I", "schemas")] == ["B"]


def test_findings_end_it_with_one(project: Path) -> None:
    write(project, {"schemas/bad.avdl": "namespace n; record R { Missing m; }"})
    result = run("schemas/bad.avdl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "schemas/bad.avdl:1:25: error[AVR203]" in result.stderr
    result = run("schemas/bad.avdl", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["diagnostics"][0]["id"] == "AVR203"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere.avdl"], "does not exist"),
        (["--algorithm", "sha1"], "'sha1' is not one of 'crc64', 'md5', 'sha256', 'all'"),
        (["--canonical", "-a", "md5"], "--canonical and --algorithm go different ways"),
        (["void"], "there are no contracts (.avdl, .avpr, .avsc) below void"),
    ],
)
def test_wrong_usage_exits_with_two(project: Path, arguments: list[str], text: str) -> None:
    (project / "void").mkdir()
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert text in result.stderr


def test_a_project_without_schemas_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 2
    assert "name files or folders" in result.stderr


def test_what_has_nothing_to_show_says_so(project: Path) -> None:
    write(project, {"alone.avdl": "protocol Alone { void go(); }", "nothing.avdl": "namespace n;"})
    result = run("alone.avdl", "--canonical")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "there are no types, and a protocol has no canonical form\n"
    assert run("nothing.avdl").stderr == "there are no protocols or types\n"


def test_people_get_a_table_where_nothing_is_cut() -> None:
    out = StringIO()
    values = {"crc64": "0123456789abcdef", "sha256": "0123456789abcdef" * 4}
    found = [
        Identified("protocol", "a.P", "p.avdl", {"handshake": "ab" * 16}),
        Identified("record", "a.[red]", "p.avdl", values),
    ]
    render(found, Console(file=out, width=72, force_terminal=True, color_system=None))
    shown = [line.split() for line in out.getvalue().splitlines() if line.strip()]
    assert shown[0] == ["Kind", "Name", "By", "Value"]
    assert shown[2] == ["protocol", "a.P", "handshake", "ab" * 16]
    assert shown[3] == ["record", "a.[red]", "crc64", "0123456789abcdef"]
    assert shown[4][0] == "sha256"
    assert "".join([shown[4][1], *(part for line in shown[5:] for part in line)]) == values["sha256"]


def test_people_get_canonical_forms_in_one_piece() -> None:
    out = StringIO()
    form = '{"name":"a.R","type":"record","fields":[]}' * 3
    found = [Identified("record", "a.R", "p.avdl", {"canonical": form})]
    render(found, Console(file=out, width=30, force_terminal=True, color_system=None))
    assert out.getvalue().splitlines() == ["record a.R", form]
