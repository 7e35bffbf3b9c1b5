"""`avrogen test`, as a program runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
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
    assert "0 failed" in done.output
    assert "in local, verify, memory, tcp, http, ws (seed 0)" in done.output


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
        (("tcp://127.0.0.1:1",), 2, "needs --contract"),
        (("tcp://127.0.0.1:1", "--contract", "a.B"), 4, "cannot connect"),
        (("nonsense",), 2, "must be MODULE:FACTORY"),
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
