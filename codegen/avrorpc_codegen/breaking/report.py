"""A comparison and its outcome, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from avrorpc.schema import Extent, Json

from avrorpc_codegen.breaking.comparison import Version, compare
from avrorpc_codegen.breaking.finding import Finding, Side
from avrorpc_codegen.breaking.mode import Ignore, Mode, Selection, merge, outcome, select
from avrorpc_codegen.breaking.rules import Level
from avrorpc_codegen.diagnostic import counted

_CALLS: Final = (Side.OLD_CLIENT, Side.NEW_CLIENT)
_DATA: Final = (Side.NEW_READER, Side.OLD_READER)
_CAN: Final = {
    Side.OLD_CLIENT: "old clients can call the new server",
    Side.NEW_CLIENT: "new clients can call an old server",
    Side.NEW_READER: "new readers can read old data",
    Side.OLD_READER: "old readers can read new data",
}
_CANNOT: Final = {
    Side.OLD_CLIENT: "old clients cannot call all of the new server",
    Side.NEW_CLIENT: "new clients cannot call all of an old server",
    Side.NEW_READER: "new readers cannot read all old data",
    Side.OLD_READER: "old readers cannot read all new data",
}


@dataclass(slots=True)
class Report:
    """A comparison and its outcome."""

    level: Level
    mode: Mode
    against: Sequence[str]
    """The older versions that it was compared with."""
    selection: Selection
    outcome: dict[Side, Extent | None]
    """The worst that happens to each side in Avro binary, whatever the mode."""
    remarks: list[str] = field(default_factory=list)
    """What else a reader should know: versions left out, settings without effect."""

    @property
    def verdict(self) -> dict[Side, str]:
        """The outcome in words."""
        return {side: _in_words(side, extent) for side, extent in self.outcome.items()}

    def to_text(self) -> str:
        """Return the findings, a line that counts them, and the verdict."""
        blocks = [finding.to_diagnostic().render() for finding in self.selection.findings]
        lines = list(self.remarks)
        if self.against:
            lines.append(f"{self._count()} against {', '.join(self.against)}{self._ignored()}")
        if self.outcome:
            lines.append("; ".join(self.verdict.values()) + self._hint())
        return "\n\n".join([*blocks, "\n".join(lines)])

    def to_json(self) -> dict[str, Json]:
        """Return what a program reads."""
        ignored: list[Json] = [
            {**finding.to_json(), "reason": ignore.reason} for finding, ignore in self.selection.ignored
        ]
        return {
            "level": self.level.value,
            "mode": self.mode.value,
            "against": list(self.against),
            "findings": [finding.to_json() for finding in self.selection.findings],
            "ignored": ignored,
            "verdict": self.verdict_json(),
            "remarks": list(self.remarks),
        }

    def verdict_json(self) -> dict[str, Json]:
        """Return the verdict for a program: for each side whether all works, and the sentence."""
        return {
            side.value: {"works": extent is None, "text": _in_words(side, extent)}
            for side, extent in self.outcome.items()
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

    def _hint(self) -> str:
        """Return how to learn more of what the verdict says and the mode leaves out."""
        troubled = [side for side, extent in self.outcome.items() if extent is not None]
        if all(side.direction in self.mode.directions for side in troubled):
            return ""
        return f" (`--mode full{'_transitive' * self.mode.is_transitive}` says why)"


def report_on(
    new: Version, olds: Sequence[Version], level: Level, mode: Mode, ignores: Sequence[Ignore] = ()
) -> Report:
    """Compare a version with older ones, and return what counts of the outcome."""
    there = [old for old in olds if old.is_there]
    remarks = [f"{old.label} has no contracts here: everything is new" for old in olds if not old.is_there]
    if not there:
        return Report(level, mode, [], Selection(), {}, remarks)
    found = merge(compare(old, new) for old in there)
    selection = select(found, level, mode, ignores)
    remarks += [
        f"nothing needs `{ignore}` in [tool.avrogen.breaking.ignore] any more" for ignore in selection.unused
    ]
    sides = [*(_CALLS if _is_called(new, there) else ()), *(_DATA if _is_stored(new, there, found) else ())]
    accepted = {finding.key for finding, _ in selection.ignored}
    worst = outcome([finding for finding in found if finding.key not in accepted], sides)
    return Report(level, mode, [old.label for old in there], selection, worst, remarks)


def _is_called(new: Version, olds: Sequence[Version]) -> bool:
    return bool(new.contracts.protocols) or any(old.contracts.protocols for old in olds)


def _is_stored(new: Version, olds: Sequence[Version], found: Sequence[Finding]) -> bool:
    """Return whether to speak of stored data: where there is nothing else, or where something broke."""
    broken = {item.side for finding in found for item in finding.breaks}
    return not _is_called(new, olds) or not broken.isdisjoint(_DATA)


def _in_words(side: Side, extent: Extent | None) -> str:
    if extent in (Extent.NEVER, Extent.SOME):
        return _CANNOT[side]
    return _CAN[side] if extent is None else f"{_CAN[side]}, but some of it means something else"


def _worst(finding: Finding) -> Level:
    return next(level for level in Level if any(item.level is level for item in finding.breaks))
