"""The pytest plugin, in test runs of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATHS = [ROOT / "runtime", ROOT / "tests", ROOT / "tests" / "generated"]
ASYNCIO = ["-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function"]
HEAD = """
import asyncio
import pytest
from support.implementations import AsyncSmall, SyncSmall
from testcontracts.small import AsyncSmallClient, SmallClient
"""


def outcome(folder: Path, source: str, *options: str, asyncio: bool = True) -> tuple[dict[str, int], str]:
    """Run a test module, and return how many tests ended how, and what was printed."""
    (folder / "test_it.py").write_text(HEAD + source)
    plugins = ["-p", "avrorpc.testing.plugin", *(ASYNCIO if asyncio else [])]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-v", "-p", "no:cacheprovider", *plugins, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        env={
            "PYTHONPATH": ":".join(map(str, PATHS)),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PATH": "/usr/bin:/bin",
        },
    )
    lines = done.stdout.splitlines()
    words = ("PASSED", "FAILED", "ERROR")
    counted = {word: sum(f" {word} " in line and "::" in line for line in lines) for word in words}
    return {word: count for word, count in counted.items() if count}, done.stdout + done.stderr


ASYNC = """
@pytest.fixture
async def started():
    await asyncio.sleep(50)
    return asyncio.get_running_loop().time()

@pytest.mark.virtual_time(start=1000.0)
async def test_marked(started):
    assert started == 1050
    await asyncio.sleep(3600)
    assert asyncio.get_running_loop().time() == 4650

async def test_unmarked():
    assert type(asyncio.get_running_loop()).__name__ != "VirtualLoop"
"""


def test_marked_tests_and_their_fixtures_run_in_virtual_time_with_pytest_asyncio(tmp_path: Path) -> None:
    counted, said = outcome(tmp_path, ASYNC, "-o", "asyncio_mode=auto")
    assert counted == {"PASSED": 2}, said


def test_marked_tests_run_in_virtual_time_without_another_plugin(tmp_path: Path) -> None:
    source = """
@pytest.mark.virtual_time
@pytest.mark.parametrize("seconds", [1.0, 2.0])
async def test_marked(seconds):
    await asyncio.sleep(seconds * 3600)
    assert asyncio.get_running_loop().time() == seconds * 3600

@pytest.mark.virtual_time
async def test_stuck():
    await asyncio.Event().wait()
"""
    counted, said = outcome(tmp_path, source, "--strict-markers", asyncio=False)
    assert counted == {"PASSED": 2, "FAILED": 1}, said
    assert "nothing can happen any more at 0 s" in said


def test_synchronous_tests_have_a_runner_in_virtual_time(tmp_path: Path) -> None:
    source = """
def test_it(virtual_time):
    virtual_time.run(asyncio.sleep(3600))
    assert virtual_time.get_loop().time() == 3600
"""
    counted, said = outcome(tmp_path, source)
    assert counted == {"PASSED": 1}, said


def test_pairs_are_a_fixture(tmp_path: Path) -> None:
    source = """
@pytest.mark.virtual_time
async def test_it(avro_pair, avro_no_leaks):
    async with avro_pair(AsyncSmallClient, AsyncSmall(), latency=10, chunks="bytes") as client:
        assert await client.double(2) == 4
    assert asyncio.get_running_loop().time() >= 40
"""
    counted, said = outcome(tmp_path, source, asyncio=False)
    assert counted == {"PASSED": 1}, said


CONTRACT = """
def test_double(avro_connect, avro_no_leaks):
    with avro_connect(SmallClient, SyncSmall()) as client:
        assert client.double(2) == 4
"""


def test_contract_tests_run_in_each_placement(tmp_path: Path) -> None:
    counted, said = outcome(tmp_path, CONTRACT)
    assert counted == {"PASSED": 4}, said
    for name in ("local", "verify", "tcp", "http"):
        assert f"test_double[{name}]" in said


def test_placements_are_chosen_by_setting_and_by_marker(tmp_path: Path) -> None:
    marked = CONTRACT + '\ntest_marked = pytest.mark.avro_placements("direct", "tcp")(test_double)\n'
    marked = marked.replace("def test_double", "def check").replace("(test_double)", "(check)")
    counted, said = outcome(tmp_path, CONTRACT + marked, "-o", "avro_placements=verify")
    assert counted == {"PASSED": 3}, said
    assert "test_double[verify]" in said
    assert "test_marked[direct]" in said
    _, said = outcome(tmp_path, CONTRACT, "-o", "avro_placements=mars")
    assert "'mars' is none of direct, local, verify, tcp, http, ws" in said


def test_asynchronous_clients_are_connected_too(tmp_path: Path) -> None:
    source = """
async def test_double(avro_connect):
    async with avro_connect(AsyncSmallClient, AsyncSmall(), timeout=20) as client:
        assert await client.double(2) == 4
"""
    counted, said = outcome(tmp_path, source, "-o", "asyncio_mode=auto")
    assert counted == {"PASSED": 4}, said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import socket\nkept = []\ndef test_it(avro_no_leaks): kept.append(socket.socket())", "the socket"),
        (
            """
import threading
kept = threading.Event()
def test_it(avro_no_leaks):
    threading.Thread(target=kept.wait, name="stray", daemon=True).start()
""",
            "the thread stray",
        ),
        (
            """
loop, kept = asyncio.new_event_loop(), []
def test_it(avro_no_leaks):
    kept.append(loop.create_task(asyncio.sleep(1), name="stray"))
""",
            "the task <Task pending name='stray'",
        ),
    ],
    ids=["socket", "thread", "task"],
)
def test_what_is_left_behind_is_named(tmp_path: Path, source: str, said: str) -> None:
    _, printed = outcome(tmp_path, source, "-W", "ignore")
    assert f"the test left behind {said}" in printed


def test_loading_it_imports_nothing_that_is_not_needed() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import avrorpc.testing.plugin;"
        " print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout
    for heavy in ("asyncio", "hypothesis", "msgspec", "aiohttp", "avrorpc.server", "avrorpc.client"):
        assert f"'{heavy}'" not in names
