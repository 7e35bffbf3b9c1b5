from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from avrorpc_codegen.command import SUBCOMMANDS, main
from click.shell_completion import ShellComplete
from click.testing import CliRunner

COMPLETE = """
eval "$(avrogen completion bash)"
COMP_WORDS=({words}); COMP_CWORD={index}
{function} avrogen
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A search path with `avrogen` on it."""
    script = tmp_path / "avrogen"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m avrorpc_codegen "$@"\n')
    script.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def completed(*words: str) -> list[str]:
    *before, incomplete = words
    found = ShellComplete(main, {}, "avrogen", "_AVROGEN_COMPLETE").get_completions(before, incomplete)
    return [item.value for item in found]


def test_a_shell_completes_with_the_script(path: str) -> None:
    script = COMPLETE.format(words="avrogen comp", index=1, function="_avrogen_completion")
    done = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split(), done.stderr) == (["compile", "completion"], "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_the_help_explains(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert f"_AVROGEN_COMPLETE={shell}_complete" in result.stdout
    assert f"avrogen completion {shell}" in CliRunner().invoke(main, ["completion", "--help"]).stdout
    assert "avrogen completion" in CliRunner().invoke(main, ["--help"]).stdout


def test_a_shell_that_is_not_known_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["completion", "csh"])
    assert result.exit_code == 2
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in result.stderr


def test_commands_and_options_are_completed() -> None:
    assert completed("") == sorted(SUBCOMMANDS)
    assert completed("gen") == ["generate"]
    assert completed("--v") == ["--version"]
    assert completed("generate", "--ch") == ["--check"]


def test_ids_are_completed_in_either_case() -> None:
    assert completed("explain", "AVR203") == completed("explain", "avr203") == ["AVR203"]
    assert completed("explain", "XYZ") == []


def test_files_are_left_to_the_shell() -> None:
    found = ShellComplete(main, {}, "avrogen", "_AVROGEN_COMPLETE").get_completions(["compile"], "sch")
    assert [item.type for item in found] == ["file"]


def test_completing_commands_imports_none_of_them() -> None:
    code = "import sys; from avrorpc_codegen.command import main"
    code += "\nfrom click.shell_completion import ShellComplete"
    code += "\nShellComplete(main, {}, 'avrogen', 'X').get_completions([], '')"
    code += "\nsys.exit(any(name.startswith('avrorpc_codegen.command.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
