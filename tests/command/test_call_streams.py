"""`avrogen call` with streams: a line of JSON an item, in and out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
from support.implementations import AsyncConformance, AsyncStreams
from support.processes import environment
from support.serving import ServerThread

PIECES = '{"number": 0, "data": "YWI="}\n\n{"number": 1, "data": "Yw=="}\n'
AVROGEN = [sys.executable, "-m", "avrorpc_codegen"]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(AsyncStreams(), AsyncConformance()) as served:
        yield served


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["call", *arguments], input=stdin, catch_exceptions=False)


@pytest.mark.parametrize("scheme", ["tcp", "http", "unix"])
def test_the_items_of_a_response_are_lines(server: ServerThread, scheme: str) -> None:
    result = run(getattr(server, scheme), "streams.Streams.count", '{"to": 3}')
    assert (result.exit_code, result.stdout) == (0, "0\n1\n2\n")


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_the_items_of_a_request_come_from_a_file_or_standard_input(
    server: ServerThread, scheme: str, tmp_path: Path
) -> None:
    url, file = getattr(server, scheme), tmp_path / "pieces.ndjson"
    file.write_text(PIECES)
    for items, stdin in ((str(file), ""), ("-", PIECES)):
        result = run(
            url, "streams.Streams.upload", '{"name": "it"}', "--items", items, "--compact", stdin=stdin
        )
        assert (result.exit_code, json.loads(result.stdout)) == (0, {"pieces": 2, "size": 3}), result.stderr


def test_both_directions_go_at_once(server: ServerThread) -> None:
    with subprocess.Popen(
        [*AVROGEN, "call", server.tcp, "streams.Streams.shout", '{"prefix": "> "}', "--items", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("one", "two"):
            process.stdin.write(json.dumps(text) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == f"> {text.upper()}"
        process.stdin.close()
        assert process.wait(30) == 0


def test_ctrl_c_cancels_the_call_and_exits_with_130(server: ServerThread) -> None:
    for message in ("streams.Streams.endless", "avrorpc.Introspection.watch"):
        with subprocess.Popen(
            [*AVROGEN, "call", server.tcp, message],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            assert (process.returncode, err) == (130, "")


def test_a_declared_error_in_a_stream_comes_after_its_items(server: ServerThread) -> None:
    result = run(server.tcp, "streams.Streams.count", '{"to": 9, "fail_at": 2}')
    assert (result.exit_code, result.stdout) == (1, "0\n1\n")
    assert result.stderr.startswith('error: streams.BadPiece {"number": 2')


def test_a_timeout_bounds_a_stream(server: ServerThread) -> None:
    result = run(server.tcp, "streams.Streams.endless", "--timeout", "0.3")
    assert (result.exit_code, "DEADLINE_EXCEEDED" in result.stderr) == (3, True)


def test_metadata_goes_with_the_call(server: ServerThread) -> None:
    result = run(
        server.tcp, "conformance.Conformance.metadata", "--metadata", "who=me", "--metadata", "a=b=c"
    )
    assert json.loads(result.stdout) == {"who": "bWU=", "a": "Yj1j"}


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["streams.Streams.upload", '{"name": "it"}'], "", "takes a stream: give its items by --items"),
        (["streams.Streams.count", '{"to": 1}', "--items", "-"], "", "takes no stream: --items has no use"),
        (["streams.Streams.upload", "-", "--items", "-"], "{}", "cannot both come from standard input"),
        (["streams.Streams.upload", '{"name": ""}', "--items", "no.file"], "", "cannot read no.file"),
        (["streams.Streams.upload", '{"name": ""}', "--items", "-"], "{}\nx", "needs 'number': long"),
        (["streams.Streams.upload", '{"name": ""}', "--items", "-"], "\n{", "line 2 of the items is no JSON"),
        (
            ["streams.Streams.shout", '{"prefix": ""}', "--items", "-"],
            '"a"\n"',
            "line 2 of the items is no JSON",
        ),
        (["streams.Streams.shout", '{"prefix": ""}', "--items", "-"], "7", "text: expected string"),
        (["conformance.Conformance.notes", "--metadata", "who"], "", "'who' must be KEY=VALUE"),
        (["conformance.Conformance.notes", "--timeout", "0"], "", "0.0 is not in the range x>0"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(
    server: ServerThread, arguments: list[str], stdin: str, said: str
) -> None:
    result = run(server.tcp, *arguments, stdin=stdin)
    assert said in result.stderr
    assert result.exit_code == 2


def test_plain_avro_has_no_streams(server: ServerThread) -> None:
    result = run(f"{server.tcp}?upgrade=no", "streams.Streams.count", '{"to": 1}')
    assert result.exit_code != 0
    assert "stream" in result.stderr
