"""`avrogen list`, `describe`, `fetch` and `health` against servers that run, and against none."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from avrorpc import ServingStatus
from avrorpc_codegen.command import main
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from support.implementations import AsyncConformance, AsyncSmall, AsyncStreams
from support.serving import ServerThread
from testcontracts.conformance import CONFORMANCE
from testcontracts.small import SMALL
from testcontracts.streams import STREAMS

SCHEMAS = Path(__file__).parents[1] / "schemas"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(AsyncConformance(), AsyncStreams(), AsyncSmall()) as served:
        yield served


@pytest.fixture(scope="module")
def silent() -> Iterator[ServerThread]:
    """A server that tells nothing: what every other Avro server is like."""
    with ServerThread(AsyncSmall(), introspection=False) as served:
        yield served


@pytest.fixture(params=["tcp", "spec", "http", "unix"])
def url(request: pytest.FixtureRequest, server: ServerThread) -> str:
    return str(getattr(server, request.param))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def nowhere() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


# list


def test_list_gives_a_line_for_each_protocol(url: str) -> None:
    result = run("list", url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"conformance.Conformance\t{CONFORMANCE.hash.hex()}\t{len(CONFORMANCE.methods)}",
        f"streams.Streams\t{STREAMS.hash.hex()}\t{len(STREAMS.methods)}",
        f"small.Small\t{SMALL.hash.hex()}\t{len(SMALL.methods)}",
    ]


def test_list_as_json_has_the_outlines(server: ServerThread) -> None:
    found = json.loads(run("list", server.tcp, "--json").stdout)
    assert (found["url"], found["by"]) == (server.tcp, "introspection")
    count = next(m for m in found["services"][1]["messages"] if m["name"] == "count")
    assert (count["streaming"], count["errors"]) == ("RESPONSE", ["streams.BadPiece"])


def test_a_server_that_tells_nothing_shows_one_protocol(silent: ServerThread) -> None:
    result = run("list", silent.tcp)
    assert (result.exit_code, result.stdout) == (0, f"small.Small\t{SMALL.hash.hex()}\t2\n")
    assert "note: " in result.stderr
    assert "does not serve avrorpc.Introspection" in result.stderr
    assert json.loads(run("list", silent.http, "--json").stdout)["by"] == "handshake"


@pytest.mark.parametrize("command", ["list", "describe", "fetch", "health"])
def test_a_server_that_is_not_there_exits_with_4(command: str) -> None:
    url = nowhere()
    result = run(command, url)
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == f"error: cannot connect to {url}: nothing listens there; is the server up?\n"


@pytest.mark.parametrize("command", ["list", "describe", "fetch", "health"])
def test_what_does_not_speak_avro_exits_with_3(command: str, server: ServerThread) -> None:
    result = run(command, server.http.replace("http:", "tcp:"))
    assert (result.exit_code, "the peer speaks HTTP" in result.stderr) == (3, True)


@pytest.mark.parametrize("command", ["list", "describe", "fetch", "health"])
def test_what_is_no_address_exits_with_2(command: str) -> None:
    result = run(command, "ftp://127.0.0.1:1")
    assert (result.exit_code, "ftp" in result.stderr) == (2, True)


# describe


def test_describe_shows_all_in_outline(server: ServerThread) -> None:
    lines = run("describe", server.tcp).stdout.splitlines()
    assert lines[0] == f"conformance.Conformance  {CONFORMANCE.hash.hex()}"
    assert "    void note(string text) oneway" in lines
    assert "    string find(string key) throws conformance.NotThere, conformance.TooLarge" in lines
    assert "    stream streams.Piece download(long pieces, int size)" in lines


def test_describe_shows_a_protocol_as_the_idl_it_is(url: str) -> None:
    text = run("describe", url, "streams.Streams").stdout
    assert text.startswith(f"// streams.Streams at {url}\n// hash {STREAMS.hash.hex()}\n")
    assert text.endswith((SCHEMAS / "streams.avdl").read_text())


def test_describe_shows_a_message_with_the_types_that_it_needs(server: ServerThread) -> None:
    text = run("describe", server.tcp, "streams.Streams.upload").stdout
    assert "Summary upload(" in text
    assert all(f"{word} {{" in text for word in ("record Piece", "record Summary", "error BadPiece"))
    assert "download" not in text
    assert "crc64" in text


@pytest.mark.parametrize("name", ["streams.Piece", "streams.Streams.Piece"])
def test_describe_shows_a_type(server: ServerThread, name: str) -> None:
    text = run("describe", server.tcp, name).stdout
    assert "record Piece {" in text
    assert "Summary" not in text


def test_describe_shows_introspection_itself(server: ServerThread) -> None:
    text = run("describe", server.tcp, "avrorpc.Introspection.health").stdout
    assert "HealthReport health(" in text


def test_describe_as_json_has_the_protocol(server: ServerThread) -> None:
    found = json.loads(run("describe", server.tcp, "small.Small", "--json").stdout)
    assert (found["name"], found["hash"]) == ("small.Small", SMALL.hash.hex())
    assert found["protocol"] == json.loads(SMALL.text)
    part = json.loads(run("describe", server.tcp, "streams.Streams.count", "--json").stdout)
    assert list(part["protocol"]["messages"]) == ["count"]
    assert list(part["fingerprints"]) == ["streams.BadPiece"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("small.Smal", 3, "did you mean small.Small?"),
        ("Small", 3, "did you mean small.Small?"),
        ("other.Thing", 3, "it has conformance.Conformance, streams.Streams, small.Small"),
        ("small.Small.duble", 2, "small.Small has no message 'duble'; did you mean double?"),
    ],
)
def test_describe_says_what_was_meant(server: ServerThread, name: str, code: int, said: str) -> None:
    result = run("describe", server.tcp, name)
    assert (result.exit_code, said in result.stderr) == (code, True)


def test_describe_judges_a_local_version(server: ServerThread, tmp_path: Path) -> None:
    result = run("describe", server.tcp, "small.Small", "--against", str(SCHEMAS / "small.avdl"))
    assert result.exit_code == 0
    assert "  double: works\n" in result.stdout
    older = tmp_path / "small.avdl"
    text = (SCHEMAS / "small.avdl").read_text()
    older.write_text(text.replace("double(", "triple("))
    result = run("describe", server.tcp, "--against", str(tmp_path))
    assert result.exit_code == 1
    assert "triple: missing\n    message: the server has no such message" in result.stdout
    assert "double: missing\n    message: the client has no such message" in result.stdout
    found = json.loads(run("describe", server.tcp, "--against", str(tmp_path), "--json").stdout)
    assert found["verdicts"]["small.Small"]["triple"]["verdict"] == "missing"


def test_what_clients_do_not_call_is_no_finding(server: ServerThread, tmp_path: Path) -> None:
    (tmp_path / "small.avdl").write_text('@namespace("small") protocol Small { void fail(); }')
    result = run("describe", server.tcp, "small.Small", "--against", str(tmp_path))
    assert (result.exit_code, "double: missing" in result.stdout) == (0, True)


def test_a_local_version_of_something_else_is_wrong_usage(server: ServerThread) -> None:
    result = run("describe", server.tcp, "streams.Streams", "--against", str(SCHEMAS / "small.avdl"))
    assert (result.exit_code, "has small.Small, and not streams.Streams" in result.stderr) == (2, True)


# fetch


def test_fetch_gives_back_what_the_contract_was_written_as(url: str) -> None:
    result = run("fetch", url, "streams.Streams")
    assert (result.exit_code, result.stdout) == (0, (SCHEMAS / "streams.avdl").read_text())


def test_fetch_writes_all_to_a_folder_from_which_code_can_be_made(
    server: ServerThread, tmp_path: Path
) -> None:
    result = run("fetch", server.tcp, "-o", str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "")
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.avdl"))
    assert files == ["conformance/conformance.avdl", "small/small.avdl", "streams/streams.avdl"]
    identified = run("fingerprint", str(tmp_path)).stdout
    for contract in (CONFORMANCE, SMALL, STREAMS):
        assert f"{contract.name}\thandshake\t{contract.hash.hex()}" in identified


def test_fetch_as_avpr_has_the_servers_hash(server: ServerThread, tmp_path: Path) -> None:
    assert run("fetch", server.tcp, "small.Small", "-o", str(tmp_path), "--format", "avpr").exit_code == 0
    assert json.loads((tmp_path / "small" / "small.avpr").read_text()) == json.loads(SMALL.text)
    assert SMALL.hash.hex() in run("fingerprint", str(tmp_path)).stdout


def test_fetch_as_json_says_where_it_all_is(server: ServerThread, tmp_path: Path) -> None:
    found = json.loads(run("fetch", server.tcp, "small.Small", "--json").stdout)
    (contract,) = found["contracts"]
    assert contract["text"] == run("fetch", server.tcp, "small.Small").stdout
    found = json.loads(run("fetch", server.tcp, "small.Small", "--json", "-o", str(tmp_path)).stdout)
    assert Path(found["contracts"][0]["file"]).is_file()


def test_fetch_asks_which_one(server: ServerThread) -> None:
    result = run("fetch", server.tcp)
    assert result.exit_code == 2
    assert "the server has conformance.Conformance, streams.Streams, small.Small: name one" in result.stderr


def test_fetch_from_a_server_that_tells_nothing(silent: ServerThread) -> None:
    result = run("fetch", silent.tcp)
    assert result.exit_code == 0
    assert "protocol Small {" in result.stdout
    assert "note: " in result.stderr
    wrong = run("fetch", silent.tcp, "small.Smal")
    assert (wrong.exit_code, "did you mean small.Small?" in wrong.stderr) == (3, True)


# health


def test_health_is_what_the_server_says(server: ServerThread, url: str) -> None:
    assert run("health", url).stdout.splitlines()[0] == "SERVING"
    health = server.server.health
    health.set(ServingStatus.NOT_SERVING, "loading", service="small.Small")
    try:
        result = run("health", url)
        assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "NOT_SERVING (small.Small: loading)")
        assert "  streams.Streams: SERVING\n" in result.stdout
        one = run("health", url, "small.Small")
        assert (one.exit_code, one.stdout) == (1, "NOT_SERVING (loading)\n")
        assert run("health", url, "streams.Streams").exit_code == 0
        assert run("health", url, "--live").exit_code == 0
        found = json.loads(run("health", url, "--json").stdout)
        assert (found["live"], found["ready"]) == (True, False)
    finally:
        health.set(ServingStatus.SERVING)


def test_health_of_what_is_not_served_says_what_was_meant(server: ServerThread) -> None:
    result = run("health", server.tcp, "small.Smal")
    assert (result.exit_code, "did you mean small.Small?" in result.stderr) == (2, True)


def test_health_of_a_server_that_tells_nothing_is_unknown(silent: ServerThread) -> None:
    result = run("health", silent.tcp)
    assert (result.exit_code, result.stdout.startswith("UNKNOWN (it answers, but: ")) == (1, True)
    assert run("health", silent.tcp, "--live").exit_code == 0


def test_health_watch_prints_each_change_until_the_server_ends() -> None:
    with ServerThread(AsyncSmall()) as served:
        url, server = served.tcp, served.server
        served.loop.call_soon_threadsafe(
            lambda: served.loop.call_later(0.3, lambda: served.loop.create_task(server.close(0)))
        )
        result = run("health", url, "--watch", "--json")
    assert result.exit_code == 1
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["ready"] for report in reports] == [True, False]


# Names that a shell completes.


def completed(*words: str) -> list[str]:
    *before, incomplete = words
    found = ShellComplete(main, {}, "avrogen", "_AVROGEN_COMPLETE").get_completions(before, incomplete)
    return [item.value for item in found]


def test_a_shell_completes_what_the_server_has(server: ServerThread) -> None:
    assert completed("fetch", server.tcp, "s") == ["streams.Streams", "small.Small"]
    assert completed("health", server.tcp, "conf") == ["conformance.Conformance"]
    assert completed("call", server.tcp, "small.Small.") == ["small.Small.double", "small.Small.fail"]
    assert completed("describe", server.tcp, "small.Small.d") == ["small.Small.double"]


def test_a_shell_completes_nothing_where_there_is_no_server() -> None:
    assert completed("fetch", nowhere(), "") == []
    assert completed("fetch", "nonsense", "") == []
