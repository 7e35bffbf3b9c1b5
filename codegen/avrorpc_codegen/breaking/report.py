"""Findings for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from avrorpc.schema import Json

from avrorpc_codegen.breaking.finding import Finding, Side
from avrorpc_codegen.breaking.mode import Mode, Selection
from avrorpc_codegen.breaking.rules import Level
from avrorpc_codegen.diagnostic import counted


@dataclass(slots=True)
class Report:
    """A comparison and its outcome."""

    level: Level
    mode: Mode
    against: Sequence[str]
    """The older versions that it was compared with."""
    selection: Selection
    verdict: dict[Side, str]
    remarks: list[str] = field(default_factory=list)
    """What else a reader should know: versions left out, settings without effect."""

    def to_text(self) -> str:
        """Return the findings, a line that counts them, and the verdict."""
        blocks = [finding.to_diagnostic().render() for finding in self.selection.findings]
        lines = list(self.remarks)
        if self.against:
            lines.append(f"{self._count()} against {', '.join(self.against)}{self._ignored()}")
        if self.verdict:
            lines.append("; ".join(self.verdict.values()))
        return "\n\n".join([*blocks, "\n".join(lines)])

    def to_json(self) -> dict[str, Json]:
        """Return what a program reads."""
        return {
            "level": self.level.value,
            "mode": self.mode.value,
            "against": list(self.against),
            "findings": [finding.to_json() for finding in self.selection.findings],
            "ignored": [
                {**finding.to_json(), "reason": ignore.reason} for finding, ignore in self.selection.ignored
            ],
            "verdict": {side.value: text for side, text in self.verdict.items()},
            "remarks": list(self.remarks),
        }

    def _count(self) -> str:
        findings = self.selection.findings
        if not findings:
            return f"no breaking change ({self.mode.value}, {self.level.value})"
        counts = [
            f"{number} {level.value}"
            for level in Level
            if (number := sum(_worst(finding) is level for finding in findings))
        ]
        return f"{counted(len(findings), 'breaking change')} ({', '.join(counts)})"

    def _ignored(self) -> str:
        count = len(self.selection.ignored)
        return f", {count} ignored" if count else ""


def _worst(finding: Finding) -> Level:
    return next(level for level in Level if any(item.level is level for item in finding.breaks))
