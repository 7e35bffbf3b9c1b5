"""Two versions of a contract, put through the comparison."""

from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.breaking.comparison import Version, compare
from avrorpc_codegen.breaking.finding import Finding
from avrorpc_codegen.breaking.mode import Mode
from avrorpc_codegen.breaking.report import report_on
from avrorpc_codegen.breaking.rules import Level
from avrorpc_codegen.breaking.version import Project, read_project
from avrorpc_codegen.diagnostic import Diagnostics

from support.contracts import write
from support.golden import working_directory

GOLDEN = Path(__file__).parents[1] / "codegen" / "breaking_golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def version(path: Path, label: str = "old") -> Version:
    """Read a version that compiles."""
    diagnostics = Diagnostics()
    made = read_project(Project(path, path), diagnostics)
    assert not diagnostics.has_errors, diagnostics.render()
    made.label = label
    return made


def compared(old: Path, new: Path) -> list[Finding]:
    return compare(version(old), version(new, "new"))


def golden_findings(case: str) -> list[Finding]:
    with working_directory(GOLDEN / case):
        return compared(Path("old"), Path("new"))


def golden_text(case: str) -> str:
    """Return what `findings.txt` of a case should hold: all findings, in every mode and at every level."""
    with working_directory(GOLDEN / case):
        old, new = version(Path("old")), version(Path("new"), "new")
        return report_on(new, [old], Level.SOURCE, Mode.FULL).to_text() + "\n"


def of_texts(folder: Path, old: str, new: str) -> list[Finding]:
    """Compare two protocols in the namespace `n`, given without their frames."""
    for name, text in (("old", old), ("new", new)):
        write(folder / name, {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})
    return compared(folder / "old", folder / "new")
