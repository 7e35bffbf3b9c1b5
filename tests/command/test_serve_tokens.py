"""`avrogen serve --token-file --dev --record`, and the commands that show a token, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from avrorpc.middleware import new_token
from avrorpc.testing import recording
from command.test_serve_and_call import AVROGEN, ENVIRONMENT, Outcome, start
from support.certificates import CERTIFICATES

TOKENIZE = ("llm.Tokenizer.tokenize", '{"text": "hi"}', "--compact")


@dataclass
class Guarded:
    """A server that knows who may call."""

    tcp: str
    http: str
    secret: str
    folder: Path

    def run(self, *arguments: str, token: str = "") -> Outcome:
        environment = {**ENVIRONMENT, "AVRORPC_TOKEN": token}
        done = subprocess.run(
            [AVROGEN, *arguments], capture_output=True, text=True, env=environment, timeout=60
        )
        assert "Traceback" not in done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    secret, token = new_token("ada")
    (folder / "tokens").write_text(f"{token}\n")
    process = start(
        *["avrorpc_services:byte_tokenizer", "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--dev"],
        *["--token-file", str(folder / "tokens"), "--record", str(folder / "calls"), "--rate", "1000/s"],
    )
    assert process.stdout is not None
    words = process.stdout.readline().split()
    yield Guarded(words[1], words[2], secret, folder)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"REST at {words[2]}, described by {words[2]}/openapi.json" in said
    assert secret not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["call", "URL", *TOKENIZE],
        ["list", "URL"],
        ["describe", "URL"],
        ["fetch", "URL"],
        ["health", "URL"],
        ["test", "URL", "--examples", "1", "--variant", "byte"],
    ],
    ids=lambda arguments: arguments[0],
)
@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_each_command_shows_its_token(server: Guarded, scheme: str, arguments: list[str]) -> None:
    arguments = [getattr(server, scheme) if one == "URL" else one for one in arguments]
    refused = server.run(*arguments)
    assert refused.code == 3, refused
    assert refused.err.endswith("; say who you are by --token, or AVRORPC_TOKEN\n")
    done = server.run(*arguments, token=server.secret)
    assert done.code == 0, done


def test_a_token_comes_from_a_file_too(server: Guarded) -> None:
    (server.folder / "ada").write_text(f"{server.secret}\n")
    done = server.run("call", server.tcp, *TOKENIZE, "--token", f"@{server.folder / 'ada'}")
    assert (done.code, json.loads(done.out)["input_ids"]) == (0, [[256, 104, 105, 257]])
    for text, said in (("@none", "cannot read none"), ("two words", "the one word"), ("ü", "the one word")):
        wrong = server.run("call", server.tcp, *TOKENIZE, "--token", text)
        assert (wrong.code, said in wrong.err) == (2, True), wrong


def test_rest_asks_for_the_same_token_and_is_in_research_mode(server: Guarded) -> None:
    request = urllib.request.Request(
        f"{server.http}/tokenizer/tokenize", b'{"text": "hi"}', {"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    with refused.value as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    request.add_header("Authorization", f"Bearer {server.secret}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["data"]["input_ids"] == [[256, 104, 105, 257]]
        assert answer.headers["RateLimit-Policy"] == '"default";q=1000;w=1'


def test_what_was_called_is_recorded_for_replay(server: Guarded) -> None:
    done = server.run("call", server.tcp, "llm.Tokenizer.tokenize", '{"text": "rec"}', token=server.secret)
    assert done.code == 0
    calls = recording.load(server.folder / "calls")
    assert [one.result for one in calls if one.arguments.get("text") == "rec"] == [json.loads(done.out)]


def test_a_certificate_that_has_ended_is_warned_of() -> None:
    cert = CERTIFICATES.expired
    process = start(
        *["avrorpc_services:byte_tokenizer", "--tls", "127.0.0.1:0"],
        *["--cert", str(cert), "--key", str(CERTIFICATES.key(cert))],
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready tls://")
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert f"warning: the certificate {cert} ended on" in said
