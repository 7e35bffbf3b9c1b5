"""The hooks that this repository offers to pre-commit."""

from __future__ import annotations

import re

import yaml  # type: ignore[import-untyped]
from avrorpc_codegen.command import SUBCOMMANDS
from support.projects import ROOT

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def test_each_hook_runs_a_command_of_avrogen() -> None:
    assert [hook["id"] for hook in HOOKS] == ["avrogen-format", "avrogen-lint", "avrogen-generate"]
    for hook in HOOKS:
        program, subcommand = hook["entry"].split()
        assert program == "avrogen"
        assert subcommand in SUBCOMMANDS
        assert hook["language"] == "python"


def test_a_hook_that_looks_at_the_whole_project_gets_no_files() -> None:
    assert {hook["id"]: hook.get("pass_filenames", True) for hook in HOOKS} == {
        "avrogen-format": True,
        "avrogen-lint": False,
        "avrogen-generate": False,
    }


def test_each_hook_runs_for_contracts_and_not_for_other_files() -> None:
    for hook in HOOKS:
        assert re.search(hook["files"], "schemas/shelf/book.avdl")
        assert not re.search(hook["files"], "src/shelf/service.py")
