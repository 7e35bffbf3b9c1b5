"""Contracts as texts, put through lint."""

from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.lint.finding import Finding
from avrorpc_codegen.lint.fixing import Fixed, Project, fix
from avrorpc_codegen.lint.linter import lint
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.reading import read_contracts, search_path

from support.contracts import write

REPOSITORY = Path(__file__).parents[2]
FILE = "schemas/shop/orders.avdl"
"""Where a contract lies that is given as a mere text."""


def project(folder: Path, files: dict[str, str], config: LintConfig | None = None) -> Project:
    """Write files, and return them as a project; those below `schemas/` are linted."""
    paths = [path for path in write(folder, files) if path.is_relative_to(folder / "schemas")]
    search = search_path(folder / "schemas", [REPOSITORY / "schemas"])
    return Project(paths, search, config or LintConfig(folder), folder / "schemas")


def linted_files(folder: Path, files: dict[str, str], config: LintConfig | None = None) -> list[Finding]:
    """Lint files that must compile."""
    made = project(folder, files, config)
    read = made.read({})
    assert read is not None, compile_errors(made)
    return lint(read, made.config, made.schemas)


def linted(folder: Path, text: str, *rules: LintRule, config: LintConfig | None = None) -> list[Finding]:
    """Lint one contract by some rules; without any, by those of the configuration."""
    config = config or LintConfig(folder)
    findings = linted_files(folder, {FILE: text}, config)
    return [finding for finding in findings if not rules or finding.rule in rules]


def messages(folder: Path, text: str, *rules: LintRule, config: LintConfig | None = None) -> list[str]:
    """Lint one contract, and return what is said."""
    return [finding.diagnostic.message for finding in linted(folder, text, *rules, config=config)]


def fixed(folder: Path, files: dict[str, str], config: LintConfig | None = None) -> Fixed:
    """Mend files that must compile."""
    made = project(folder, files, config)
    read = made.read({})
    assert read is not None, compile_errors(made)
    return fix(made, read)


def compile_errors(made: Project) -> str:
    diagnostics = Diagnostics()
    read_contracts(made.files, made.search, diagnostics)
    return diagnostics.render()
