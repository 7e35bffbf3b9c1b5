"""`avrogen test`, as a program runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
from support.examples import Shop
from support.implementations import SyncConformance
from support.serving import ServerThread


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["test", *arguments])


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncConformance()) as served:
        yield served


def test_a_service_that_keeps_its_contract_passes() -> None:
    done = run("avrorpc_services:byte_tokenizer", "--examples", "3")
    assert done.exit_code == 0, done.output
    assert "PASSED: " in done.output
    assert "0 failed" in done.output
    assert "in local, verify, memory, unix, tcp, tls, http, https, ws, wss (seed 0)" in done.output


def test_findings_are_told_with_the_call_that_shows_them() -> None:
    done = run("support.broken_services:ReturnsAWrongType", "--placements", "local,verify", "--examples", "3")
    assert done.exit_code == 1
    assert "answers-fit  conformance.Conformance.add" in done.output
    assert "does not fit the contract" in done.output.replace("\n", " ")
    assert 'with {"a":' in done.output


def test_programs_get_json_and_junit(tmp_path: Path) -> None:
    junit = tmp_path / "report.xml"
    done = run(
        "support.broken_services:ReturnsAWrongType", "--placements", "local", "--json", "--junit", str(junit)
    )
    told: Any = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told["failed"] == 1
    suite = Xml.parse(junit).getroot().find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "1"


def test_a_server_is_tested_from_outside(server: ServerThread, tmp_path: Path) -> None:
    cases = tmp_path / "cases.json"
    cases.write_text(json.dumps({"find": [{"key": "a"}, {"key": "missing"}]}))
    done = run(server.tcp, "--contract", "conformance.Conformance", "--cases", str(cases), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    verdicts = {one["check"]: one["verdict"] for one in told["results"] if one["message"] == "find"}
    assert verdicts["errors-keep-fields"] == "passed"
    assert verdicts["input-kept"] == "skipped"


def test_checks_are_listed() -> None:
    done = run("--list")
    assert done.exit_code == 0
    assert "deadline-kept" in done.output
    assert "Work ends with its deadline." in done.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "name what is to be tested"),
        (("tcp://127.0.0.1:1",), 4, "cannot connect"),
        (("unix:/nowhere/none.sock",), 4, "cannot connect"),
        (("tcp://127.0.0.1:1", "--contract", "a.B"), 4, "cannot connect"),
        (("nonsense",), 2, "must be MODULE:FACTORY"),
        (("127.0.0.1:9000",), 2, "a server has a URL, such as tcp://127.0.0.1:9000"),
        (("json:loads",), 2, "json:loads failed: TypeError"),
        (("support.implementations:SyncSmall", "--limit", "0"), 2, "is not in the range"),
        (("support.implementations:SyncSmall", "--examples", "-1"), 2, "is not in the range"),
        (("support.implementations:SyncSmall", "--junit", "/nowhere/x.xml"), 2, "there is no such folder"),
        (("support.implementations:SyncSmall", "--placements", "mars"), 2, "there is no placement 'mars'"),
        (("support.implementations:SyncSmall", "--contract", "a.B"), 2, "no contract a.B"),
        (("support.implementations:SyncSmall", "--cases", "none.json"), 2, "cannot read none.json"),
        (("builtins:object",), 2, "derives from no generated skeleton"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == code, done.output
    assert said in " ".join(done.output.replace("│", " ").split())


def test_of_a_server_all_protocols_are_tested_that_it_tells_of(server: ServerThread) -> None:
    done = run(server.tcp, "--examples", "1", "--json")
    assert done.exit_code == 0, done.output
    assert {one["contract"] for one in json.loads(done.stdout)["results"]} == {"conformance.Conformance"}


def test_a_server_that_does_not_tell_what_it_serves_needs_a_name() -> None:
    with ServerThread(SyncConformance(), introspection=False) as silent:
        done = run(silent.tcp)
        assert done.exit_code == 2
        said = " ".join(done.output.split())
        assert "offers no avrorpc.Introspection" in said
        assert "name a protocol with --contract NAME; its handshake shows conformance.Conformance" in said
        assert run(silent.tcp, "--contract", "conformance.Conformance", "--examples", "1").exit_code == 0


STOCK = """@namespace("shop") protocol Shop {
  @readonly(true) @examples("stock.json") int stock(string item);
}"""


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    (tmp_path / "shop.avdl").write_text(STOCK)
    return tmp_path


def test_files_of_examples_are_read_beside_the_contract(schemas: Path) -> None:
    (schemas / "stock.json").write_text(
        '[{"description": "d", "input": {"item": "a"}, "expected_output": 4}]'
    )
    done = run("support.examples:Shop", "--schemas", str(schemas), "--placements", "local")
    assert done.exit_code == 1
    assert "examples-hold  shop.Shop.stock" in done.output
    assert "the example 'd': expected 4, got 3" in done.output
    with ServerThread(Shop()) as server:
        done = run(server.tcp, "--schemas", str(schemas), "--examples", "1")
    assert "the example 'd': expected 4, got 3" in done.output


def test_files_of_examples_of_the_project_are_read(schemas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (schemas / "stock.json").write_text('[{"input": {"item": "a"}, "expected_output": 4}]')
    (schemas / "pyproject.toml").write_text('[tool.avrogen]\nschemas = "."\n')
    monkeypatch.chdir(schemas)
    done = run("support.examples:Shop", "--placements", "local")
    assert "the example: expected 4, got 3" in done.output


def test_files_of_examples_that_cannot_be_used_are_told(schemas: Path, tmp_path_factory: Any) -> None:
    done = run("support.examples:Shop", "--schemas", str(schemas))
    assert done.exit_code == 2
    assert "cannot read stock.json" in done.output
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = run("support.examples:Shop", "--schemas", str(elsewhere), "--placements", "local")
    assert "shop.Shop.stock: the files that @examples names are not at hand" in done.output


def test_messages_that_are_not_called_are_named() -> None:
    done = run("support.implementations:SyncSmall", "--placements", "local", "--examples", "1")
    assert "not called, since they may have side effects: fail; see --all and --cases" in done.output
    assert (
        "not called" not in run("support.implementations:SyncSmall", "--placements", "local", "--all").output
    )


def test_certificates_are_made_for_placements_with_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("support.implementations:SyncSmall", "--examples", "1")
    done = run(*arguments, "--placements", "tls,https,wss")
    assert done.exit_code == 0, done.output
    monkeypatch.delitem(sys.modules, "avrorpc_codegen.certificates", raising=False)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    done = run(*arguments, "--placements", "local,tls")
    assert done.exit_code == 2
    assert "the placements tls need the package cryptography: pip install 'avrorpc[certs]'" in done.output
    done = run(*arguments)
    assert done.exit_code == 0
    assert "note: not checked in tls, https, wss" in done.output
    assert "in local, verify, memory, unix, tcp, http, ws (seed 0)" in done.output


def test_a_contract_that_is_not_served_is_told(server: ServerThread) -> None:
    done = run(server.tcp, "--contract", "small.Small")
    assert done.exit_code == 2
    assert "does not serve small.Small" in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "cannot read"), ("[]", "must be an object"), ('{"look": []}', "is no message")],
)
def test_wrong_cases_are_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "cases.json").write_text(text)
    done = run("support.implementations:SyncSmall", "--cases", str(tmp_path / "cases.json"))
    assert done.exit_code == 2
    assert said in done.output
