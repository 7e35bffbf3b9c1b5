"""`avrogen certs`: what it writes, what it leaves alone, and that servers and clients can use it."""

from __future__ import annotations

import json
import shlex
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
from support.certificates import CERTIFICATES
from support.processes import environment

AVROGEN = str(Path(sys.executable).with_name("avrogen"))


def certs(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["certs", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "certs"


def names(path: Path) -> dict[str, list[str]]:
    decoded = ssl._ssl._test_decode_cert(str(path))  # type: ignore[attr-defined]
    found: dict[str, list[str]] = {}
    for kind, value in decoded["subjectAltName"]:
        found.setdefault(kind, []).append(value)
    return found


def test_keys_are_the_owners_alone_and_names_are_as_asked(folder: Path) -> None:
    result = certs("--name", "node-02", "--client", "desk")
    assert result.exit_code == 0
    assert {path.name for path in folder.iterdir()} == {
        *("ca.key", "ca.pem", "server.key", "server.pem", "desk.key", "desk.pem")
    }
    for path in folder.glob("*.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(folder / "server.pem")["DNS"] == ["localhost", "node-02"]
    assert names(folder / "server.pem")["IP Address"] == ["127.0.0.1", "0:0:0:0:0:0:0:1"]
    assert names(folder / "desk.pem") == {"URI": ["spiffe://avrorpc.local/desk"]}
    assert "avrogen serve MODULE:FACTORY --tls 127.0.0.1:9443 --cert certs/server.pem" in result.output
    assert "tls://localhost:9443?ca=certs/ca.pem&cert=certs/desk.pem&key=certs/desk.key" in result.output


def test_nothing_is_overwritten_unless_that_is_asked_for(folder: Path) -> None:
    certs("--client", "desk")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    again = certs("--client", "desk")
    assert again.exit_code == 1
    assert "desk.key, certs/desk.pem: already there; --force makes them anew" in again.output
    named = certs("--name", "other")
    assert (named.exit_code, "server.key" in named.output) == (1, True)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert certs("--client", "desk", "--force").exit_code == 0
    changed = {path.name for path, text in before.items() if path.read_bytes() != text}
    assert changed == {"server.key", "server.pem", "desk.key", "desk.pem"}, "the authority stays"


def test_another_client_can_be_added(folder: Path) -> None:
    certs()
    server = (folder / "server.pem").read_bytes()
    added = certs("--client", "desk", "--json")
    assert added.exit_code == 0
    document = json.loads(added.output)
    assert document["written"] == ["certs/desk.key", "certs/desk.pem"]
    assert document["reused"] == [
        f"certs/{name}" for name in ("server.key", "server.pem", "ca.key", "ca.pem")
    ]
    assert list(document["connect"]) == ["desk"]
    assert (folder / "server.pem").read_bytes() == server


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--client", "../desk"], "'../desk' is no name for a client"),
        (["--client", "ca"], "'ca' is no name for a client"),
        (["--name", "süd"], "'süd' is no name of a host"),
        (["--name", "bad name"], "'bad name' is no name of a host"),
        (["--name", "a..b"], "'a..b' is no name of a host"),
        (["--days", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_named_is_refused(folder: Path, arguments: list[str], said: str) -> None:
    result = certs(*arguments)
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert not folder.exists()


def test_a_pair_that_has_expired_is_not_used_again(folder: Path) -> None:
    certs()
    ca = (folder / "ca.pem").read_bytes()
    (folder / "server.pem").write_bytes(CERTIFICATES.expired.read_bytes())
    again = certs("--client", "desk")
    assert again.exit_code == 1
    assert "certs/server.pem has expired; --force makes it anew, with the same authority" in again.output
    (folder / "server.pem").write_text("nothing")
    assert "certs/server.pem cannot be used" in certs("--client", "desk").output
    assert certs("--force").exit_code == 0
    assert (folder / "ca.pem").read_bytes() == ca


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "ca.key").unlink(), "it needs both ca.pem and ca.key"),
        (lambda folder: (folder / "ca.key").write_text("x"), "the authority in certs cannot be used"),
        (
            lambda folder: (folder / "ca.key").write_bytes((folder / "server.key").read_bytes()),
            "certs/ca.key is not the key of certs/ca.pem",
        ),
    ],
)
def test_an_authority_that_cannot_be_used_is_said_and_kept(folder: Path, spoil: object, said: str) -> None:
    certs()
    assert callable(spoil)
    spoil(folder)
    before = (folder / "ca.pem").read_bytes()
    result = certs("--client", "desk")
    assert result.exit_code == 1
    assert said in result.output
    assert (folder / "ca.pem").read_bytes() == before


def test_without_the_package_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.delitem(sys.modules, "avrorpc_codegen.certificates", raising=False)
    result = certs()
    assert result.exit_code == 1
    assert "pip install 'avrorpc[certs]'" in result.output


def test_what_is_printed_serves_and_connects(folder: Path) -> None:
    document = json.loads(certs("--json").output)
    options = shlex.split(document["serve"].replace("9443", "0"))
    process = subprocess.Popen(
        [AVROGEN, "serve", "support.implementations:SyncSmall", *options, "--unix", "a.sock"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(PYTHONUNBUFFERED="1"),
    )
    try:
        assert process.stdout is not None
        _, unix, tls, _ = process.stdout.readline().split()
        assert unix == "unix:a.sock"
        url = document["connect"]["client"].replace("localhost:9443", tls.partition("//")[2])
        for address, code, said in (
            (url, 0, "42"),
            (unix, 0, "42"),
            (f"{tls}?ca=certs/ca.pem", 4, "certificate"),
            (tls.replace("tls", "tcp"), 4, "tls://"),
        ):
            done = subprocess.run(
                [AVROGEN, "call", address, "small.Small.double", '{"value": 21}'],
                capture_output=True,
                text=True,
                env=environment(),
                timeout=60,
            )
            assert done.returncode == code, done.stderr
            assert said in done.stdout + done.stderr
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tls", "127.0.0.1:0"], "--tls and --https need --cert and --key; `avrogen certs` makes them"),
        (["--tcp", "127.0.0.1:0", "--cert", "x"], "--cert, --key and --client-ca are for --tls and --https"),
        (["--tls", "127.0.0.1:0", "--cert", "none.pem"], "cannot read the cert none.pem"),
    ],
)
def test_a_server_says_which_certificates_it_lacks(folder: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["serve", "support.implementations:SyncSmall", *arguments])
    assert result.exit_code in (1, 2)
    assert said in result.output
