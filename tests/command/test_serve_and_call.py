"""`avrogen serve` and `avrogen call` as a shell sees them: output, exit codes, and never a traceback."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.processes import environment

AVROGEN = str(Path(sys.executable).with_name("avrogen"))
ENVIRONMENT = environment(PYTHONUNBUFFERED="1")


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [AVROGEN, "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


@dataclass
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


def run(*arguments: str, stdin: str | None = None) -> Outcome:
    done = subprocess.run(
        [AVROGEN, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=60, input=stdin
    )
    assert "Traceback" not in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


@dataclass
class Running:
    """A server, and where it is."""

    process: subprocess.Popen[str]
    tcp: str
    http: str


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    process = start(
        *["avrorpc_services:byte_tokenizer", "support.implementations:SyncConformance"],
        *["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"],
    )
    assert process.stdout is not None
    words = process.stdout.readline().split()
    assert words[0] == "ready"
    assert words[3:] == ["(llm.Tokenizer,", "conformance.Conformance)"]
    yield Running(process, words[1], words[2])
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.fixture(params=["tcp", "http"])
def url(request: pytest.FixtureRequest, server: Running) -> str:
    return str(getattr(server, request.param))


def test_a_call_prints_its_result_as_json(url: str) -> None:
    outcome = run("call", url, "llm.Tokenizer.tokenize", '{"text": ["hi", "you"]}')
    assert outcome.code == 0
    assert json.loads(outcome.out) == {
        "input_ids": [[256, 104, 105, 257, 258], [256, 121, 111, 117, 257]],
        "attention_mask": [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]],
    }


def test_defaults_of_the_contract_apply(url: str) -> None:
    assert json.loads(run("call", url, "conformance.Conformance.join").out) == "a, b"
    assert json.loads(run("call", url, "conformance.Conformance.add", '{"a": 1}').out) == 2.0


def test_arguments_come_from_standard_input_or_a_file(server: Running, tmp_path: Path) -> None:
    file = tmp_path / "arguments.json"
    file.write_text('{"a": 1, "b": 2}')
    assert run("call", server.tcp, "conformance.Conformance.add", f"@{file}").out == "3.0\n"
    assert run("call", server.tcp, "conformance.Conformance.add", "-", stdin='{"a": 2}').out == "3.0\n"
    missing = run("call", server.tcp, "conformance.Conformance.add", "@nothing.json")
    assert (missing.code, "cannot read nothing.json" in missing.err) == (2, True)


def test_a_one_way_call_prints_nothing(url: str) -> None:
    outcome = run("call", url, "conformance.Conformance.note", '{"text": "remember"}')
    assert (outcome.code, outcome.out) == (0, "")


def test_every_kind_of_value_goes_both_ways(url: str) -> None:
    value = {
        "flag": True,
        "small": 1,
        "large": 2**53,
        "single": 0.5,
        "twofold": "NaN",
        "blob": "AP8=",
        "text": "grüße",
        "colour": "BLUE",
        "word": "YWJjZA==",
        "numbers": [1],
        "named": {"a": 1.5},
        "shape": {"$type": "conformance.Point", "x": 1.0, "y": 2.0},
        "note": None,
        "day": "2020-02-29",
        "moment": "2020-02-29T12:30:01.250000+00:00",
        "price": "-12.34",
        "tree": {"label": "root", "children": [{"label": "leaf", "children": []}]},
        "class": 9,
    }
    outcome = run("call", url, "conformance.Conformance.echo", json.dumps({"value": value}))
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out) == value


def test_a_declared_error_exits_with_1_and_shows_its_fields(url: str) -> None:
    outcome = run("call", url, "conformance.Conformance.find", '{"key": "missing"}')
    assert outcome.code == 1
    assert outcome.out == ""
    name, _, fields = outcome.err.removeprefix("error: ").partition(" ")
    assert name == "conformance.NotThere"
    assert json.loads(fields) == {"message": "no such key", "key": "missing", "code": 404}


def test_another_failure_exits_with_3(url: str) -> None:
    outcome = run("call", url, "conformance.Conformance.fail", '{"how": "value"}')
    assert outcome.code == 3
    assert outcome.err.startswith("error: INTERNAL: an internal error (error id ")
    late = run("call", url, "conformance.Conformance.wait", '{"seconds": 5}', "--timeout", "0.3")
    assert (late.code, "DEADLINE_EXCEEDED" in late.err) == (3, True)


@pytest.mark.parametrize(
    ("message", "arguments", "said"),
    [
        ("llm.Tokenizer.tokenise", "{}", "has no message 'tokenise'; did you mean tokenize?"),
        ("tokenize", "{}", "must be PROTOCOL.MESSAGE"),
        ("llm.Tokenizer.tokenize", '{"text": 5}', "text: expected union { string, array<string> }, got 5"),
        ("llm.Tokenizer.tokenize", '{"txt": "a"}', "has no 'txt'; it has text, add_special_tokens"),
        ("llm.Tokenizer.tokenize", "{}", "needs 'text'"),
        ("llm.Tokenizer.tokenize", '{"text": "a"', "the arguments are no JSON"),
        ("llm.Tokenizer.tokenize", "[]", "must be a JSON object"),
        ("conformance.Conformance.import", '{"from": 3000000000}', "does not fit the 32 bits of an int"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(
    server: Running, message: str, arguments: str, said: str
) -> None:
    outcome = run("call", server.tcp, message, arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_an_unknown_protocol_is_named(server: Running) -> None:
    for address in (server.tcp, server.http):
        outcome = run("call", address, "llm.Model.info")
        assert outcome.code == 3
        assert "llm.Model" in outcome.err
        assert "llm.Tokenizer" in outcome.err


def test_a_server_that_is_not_there_exits_with_4(server: Running) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        for scheme in ("tcp", "http"):
            address = f"{scheme}://127.0.0.1:{port}"
            outcome = run("call", address, "llm.Model.info")
            assert outcome.code == 4
            said = f"error: cannot connect to {address}: nothing listens there; is the server up?\n"
            assert outcome.err == said


def test_the_wrong_kind_of_port_is_recognised(server: Running) -> None:
    outcome = run("call", server.http.replace("http:", "tcp:"), "llm.Tokenizer.vocab")
    assert (outcome.code, "the peer speaks HTTP" in outcome.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing_there:x"], 2, "there is no module 'nothing_there'"),
        (["avrorpc_services:byte_tokeniser"], 2, "avrorpc_services has no 'byte_tokeniser'"),
        (["avrorpc_services"], 2, "must be MODULE:FACTORY"),
        (["json:loads"], 1, "json:loads failed: TypeError"),
        (["json:decoder"], 1, "derives from no generated skeleton"),
        (["avrorpc_services:byte_tokenizer", "--tcp", "127.0.0.1:99999"], 2, "must be HOST:PORT"),
        (["avrorpc_services:byte_tokenizer", "avrorpc_services:byte_tokenizer"], 1, "implemented twice"),
        (["avrorpc_services:byte_tokenizer", "--threads", "0"], 2, "is not in the range"),
        (["avrorpc_services:byte_tokenizer", "--drain=-1"], 2, "is not in the range"),
        (["support.mistakes:OtherDefault"], 1, "'add_special_tokens' has the default False"),
        ([], 2, "Missing argument"),
    ],
)
def test_a_server_that_cannot_start_says_why(arguments: list[str], code: int, said: str) -> None:
    outcome = run("serve", *arguments, *([] if "--tcp" in arguments else ["--tcp", "127.0.0.1:0"]))
    assert outcome.code == code
    assert said in outcome.err
    assert outcome.out == ""


def test_a_port_in_use_is_one_sentence(server: Running) -> None:
    for option, address in (("--tcp", server.tcp), ("--http", server.http)):
        port = address.rpartition(":")[2]
        outcome = run("serve", "avrorpc_services:byte_tokenizer", option, f"127.0.0.1:{port}")
        assert outcome.code == 1
        assert outcome.err == f"Error: cannot listen on {address}: Address already in use\n"


def status_of_page(url: str) -> int:
    host, _, port = url.removeprefix("http://").partition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
        connection.request("GET", "/")
        with connection.getresponse() as response:
            return response.status


def test_the_api_browser_is_there_until_it_is_switched_off(server: Running) -> None:
    assert status_of_page(server.http) == 200
    without = start("support.implementations:SyncSmall", "--http", "127.0.0.1:0", "--no-browser")
    assert without.stdout is not None
    assert status_of_page(without.stdout.readline().split()[1]) == 404
    without.terminate()
    without.communicate(timeout=30)
    assert without.returncode == 0


def test_sigterm_lets_a_running_call_finish() -> None:
    process = start("support.implementations:AnnouncingSmall", "--tcp", "127.0.0.1:0")
    assert process.stdout is not None
    assert process.stderr is not None
    url = process.stdout.readline().split()[1]
    calling = subprocess.Popen(
        [AVROGEN, "call", url, "small.Small.double", '{"value": 21}'],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stderr.readline() == "working\n"
    process.send_signal(signal.SIGTERM)
    assert process.stderr.readline() == "draining\n"
    refused = run("call", url, "small.Small.double", '{"value": 1}')
    assert refused.code == 4
    out, _ = calling.communicate(timeout=30)
    assert (calling.returncode, out) == (0, "42\n")
    process.communicate(timeout=30)
    assert process.returncode == 0
