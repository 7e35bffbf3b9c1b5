"""Services held to their example cases, with a report; and the pytest option for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from avrorpc import BindError, Server, connect
from avrorpc.testing import ServiceTester
from avrorpc_contracts.llm import AsyncTokenizerClient
from avrorpc_services import byte_tokenizer
from support.exemplary import Exemplary
from support.processes import ROOT, environment


@pytest.mark.parametrize("name", ["tokenizer", "Tokenizer", "llm.Tokenizer"])
async def test_a_service_goes_by_each_of_its_names(name: str) -> None:
    report = await ServiceTester(byte_tokenizer(), Exemplary()).run_service_tests(name)
    assert (report.service, report.failed) == ("llm.Tokenizer", 0)
    assert report.passed > 10
    assert report.passed + report.skipped == len(report.details)


async def test_a_report_says_what_failed_and_why() -> None:
    tester = ServiceTester(Exemplary())
    report = await tester.run_service_tests("exemplary", "times")
    assert (report.passed, report.failed, report.skipped) == (2, 4, 1)
    assert "  times: a wrong result\n    expected 50, got 49" in str(report)
    shown = report.to_json()
    assert (shown["passed"], shown["service"]) == (2, "exemplary.Exemplary")
    (store,) = (await tester.run_service_tests("exemplary", "store")).details
    assert "@readonly" in store.text


async def test_a_client_is_tested_where_its_server_is() -> None:
    async with Server([byte_tokenizer()]) as server:
        url = await server.listen("tcp://127.0.0.1:0")
        async with connect(AsyncTokenizerClient, url) as client:
            plain = await ServiceTester(client).run_service_tests("tokenizer")
            special = await ServiceTester(client, variants=["byte"]).run_service_tests("tokenizer")
    assert plain.failed == special.failed == 0
    assert special.passed > plain.passed


async def test_who_is_not_there_is_told_with_who_is() -> None:
    tester = ServiceTester(Exemplary())
    with pytest.raises(LookupError, match=r"there is no service 'model': exemplary\.Exemplary"):
        await tester.run_service_tests("model")
    with pytest.raises(LookupError, match="has no message 'divide'; it has times"):
        await tester.run_service_tests("exemplary", "divide")
    with pytest.raises(BindError):
        ServiceTester(3)


def pytest_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\navro_placements = local memory\n")
    # By its module, whether or not the entry point of an installed avrorpc names it, too.
    plugins = ["-p", "no:avrorpc", "-p", "avrorpc.testing.plugin", "-p", "no:asyncio"]
    command = [sys.executable, "-m", "pytest", *plugins, "-rA"]
    paths = {"PYTHONPATH": f"{environment().get('PYTHONPATH', '')}:{ROOT / 'tests'}"}
    return subprocess.run(
        [*command, *arguments], cwd=folder, env={**environment(), **paths}, capture_output=True, text=True
    )


def test_pytest_runs_each_case_in_each_placement(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, "--avrorpc-examples", "support.exemplary:Exemplary", "-k", "times")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "PASSED ::exemplary.Exemplary/times[two and three-local]" in done.stdout
    assert "exemplary.Exemplary/times: a wrong result (memory)\nexpected 50, got 49" in done.stdout
    assert "4 passed, 2 skipped" in done.stdout.replace("8 failed, ", "")
    assert "in runtest" not in done.stdout, "of a failed case no traceback of ours is shown"


def test_pytest_says_what_is_wrong_with_a_target(tmp_path: Path) -> None:
    for target, said in (("nonsense", "write MODULE:FACTORY"), ("support.nowhere:x", "No module named")):
        done = pytest_run(tmp_path, "--avrorpc-examples", target)
        assert done.returncode == 4
        assert said in done.stderr + done.stdout
