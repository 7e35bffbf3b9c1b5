"""From contracts to findings: all checks on all files, less what settings and comments ignore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from avrorpc_codegen.lint import (
    annotation_checks,
    documentation_checks,
    evolution_checks,
    file_checks,
    naming_checks,
    redundancy_checks,
    type_checks,
)
from avrorpc_codegen.lint.finding import Finding, Findings
from avrorpc_codegen.lint.linted_file import LintedFile
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.lint.suppression import suppress
from avrorpc_codegen.lint.surroundings import surroundings
from avrorpc_codegen.reading import Read

Check: TypeAlias = Callable[[LintedFile, Findings], None]

CHECKS: Final[tuple[Check, ...]] = (
    naming_checks.check,
    documentation_checks.check,
    evolution_checks.check,
    annotation_checks.check,
    type_checks.check,
    redundancy_checks.check,
    file_checks.check,
)
"""What looks at each file, a category each."""


def lint(read: Read, config: LintConfig, schemas: Path) -> list[Finding]:
    """Return what is found in the IDL files that were asked for, not in those that they import.

    The contracts must have compiled without errors. Below the folder `schemas`, folders are namespaces.
    """
    around = surroundings(read, config, schemas)
    files = [LintedFile(unit, unit.tree, around) for unit in read.roots if unit.tree and not unit.is_json]
    found: list[Finding] = []
    for file in files:
        findings = Findings(config, config.rules_for(file.unit.path))
        for check in CHECKS:
            check(file, findings)
        found += suppress(file, findings)
    return sorted(found, key=lambda finding: (finding.diagnostic.sort_key(), str(finding.rule.value)))
