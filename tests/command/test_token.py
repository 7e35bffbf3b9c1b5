"""`avrogen token`: a token once on standard output, and its line in a file that holds none."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from avrorpc.middleware import TokenFile
from avrorpc_codegen.command.token_ import command
from click.testing import CliRunner, Result


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_the_token_is_printed_and_the_file_holds_its_digest_alone(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    done = run("ada", "--file", str(file), "--expires", "30d", "--may", "llm.Tokenizer/*")
    assert done.exit_code == 0
    secret = done.stdout.strip()
    assert len(secret) == 43
    assert secret not in file.read_text()
    name, digest, expires, may = file.read_text().split()
    assert (name, may) == ("ada", "may=llm.Tokenizer/*")
    assert digest.startswith("sha256:")
    assert expires.startswith("expires=20")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_token_of_a_name_is_said(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# mine")  # without an end of the line
    assert run("ada", "--file", str(file)).exit_code == 0
    done = run("ada", "--file", str(file), "--expires", "2100-01-31")
    assert "ada has 1 other token there" in done.stderr
    assert "until 2100-01-31 00:00 UTC" in done.stderr
    assert TokenFile(file).count("ada") == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["a b"], "'a b' must be one word"),
        (["ada", "--expires", "soon"], "is no time: give 90m"),
        (["ada", "--expires", "999999w"], "is no time"),
        (["ada", "--expires", "2020-01-01"], "is over already"),
        (["ada", "--may", "llm.Tokenizer"], "such as 'llm.Tokenizer/*' for all messages"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], text: str
) -> None:
    done = run(*arguments, "--file", str(tmp_path / "tokens"))
    assert (done.exit_code, text in done.stderr) == (2, True), done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "tokens").exists()


def test_a_file_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "README"
    file.write_text("not tokens\n")
    done = run("ada", "--file", str(file))
    assert (done.exit_code, "holds no tokens" in done.stderr) == (2, True)
    assert file.read_text() == "not tokens\n"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    done = run("ada", "--file", str(tmp_path / "none" / "tokens"))
    assert (done.exit_code, "cannot write" in done.stderr) == (1, True)
    assert done.stdout == ""


def test_a_file_that_others_may_change_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.touch()
    file.chmod(0o666)
    assert "others than its owner may change" in run("ada", "--file", str(file)).stderr
