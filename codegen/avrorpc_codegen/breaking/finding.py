"""What is said of a change that breaks something: who breaks, at which level, why, and how to mend it.

A finding is one change at one place; its breaks are what it does, to whom. Both are collected, and filtered
only when all is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from avrorpc.schema import Extent, Json

from avrorpc_codegen.breaking.rules import ABOUT, BreakingRule, Direction, Level
from avrorpc_codegen.diagnostic import Diagnostic
from avrorpc_codegen.source import Span, where

_MOST_USES = 3


class Side(Enum):
    """Who breaks."""

    OLD_CLIENT = "old client -> new server"
    """A client made from the old contract that calls a server with the new one."""
    NEW_CLIENT = "new client -> old server"
    """A client made from the new contract that calls a server with the old one."""
    NEW_READER = "new reader of old data"
    """Who reads, with the new schema, what was stored with the old one."""
    OLD_READER = "old reader of new data"
    """Who reads, with the old schema, what is stored with the new one."""
    CODE = "old code on new classes"
    """Python written for the classes generated from the old contract, once they are generated again."""

    @property
    def direction(self) -> Direction | None:
        """Which modes ask for it; None is what all ask for."""
        if self is Side.CODE:
            return None
        is_backward = self in (Side.OLD_CLIENT, Side.NEW_READER)
        return Direction.BACKWARD if is_backward else Direction.FORWARD


class Flow(Enum):
    """A way of values from one version to the other: who breaks if it fails, who writes, and who reads."""

    OLD_REQUEST = (Side.OLD_CLIENT, "old clients", "new servers")
    NEW_REQUEST = (Side.NEW_CLIENT, "new clients", "old servers")
    NEW_REPLY = (Side.OLD_CLIENT, "new servers", "old clients")
    OLD_REPLY = (Side.NEW_CLIENT, "old servers", "new clients")
    OLD_DATA = (Side.NEW_READER, "old writers", "new readers")
    NEW_DATA = (Side.OLD_READER, "new writers", "old readers")

    def __init__(self, side: Side, writer: str, reader: str) -> None:
        self.side = side
        self.writer = writer
        self.reader = reader

    @property
    def old_writes(self) -> bool:
        """Whether the old version writes and the new one reads."""
        return self.name.startswith("OLD")

    @property
    def is_request(self) -> bool:
        """Whether a client writes and a server reads."""
        return self.name.endswith("REQUEST")


@dataclass(slots=True, frozen=True)
class At:
    """A place in a contract file; without a span, the file is all that is known."""

    span: Span | None
    file: str

    def in_words(self) -> str:
        """Return the place in the words of a note."""
        return f"in {self.file}" if self.span is None else where(self.span)


@dataclass(slots=True, frozen=True)
class Spot:
    """What a finding is about, and where it is, or was expected, in both versions."""

    subject: str
    """Such as `llm.Tokenizer.tokenize(text)`."""
    new: At | None
    old: At | None


@dataclass(slots=True)
class Break:
    """One thing that a change does to somebody."""

    level: Level
    side: Side
    why: str
    extent: Extent = Extent.NEVER
    uses: list[str] = field(default_factory=list)
    """The messages where it happens; none for stored data and for code."""

    def in_words(self, subject: str = "") -> str:
        """Return the break as a note; the message that is the subject itself is not named again."""
        uses = [use for use in self.uses if not subject.startswith(use)]
        shown = uses[:_MOST_USES]
        if len(uses) > len(shown):
            shown.append(f"{len(uses) - len(shown)} more")
        used = f" ({', '.join(shown)})" if shown else ""
        return f"{self.level.value}, {self.side.value}: {self.why}{used}"

    def to_json(self) -> dict[str, Json]:
        """Return what a program reads."""
        return {
            "level": self.level.value,
            "side": self.side.value,
            "extent": self.extent.value,
            "why": self.why,
            "uses": list(self.uses),
        }


@dataclass(slots=True)
class Finding:
    """One change that breaks something."""

    rule: BreakingRule
    spot: Spot
    message: str
    detail: str = ""
    """What tells two findings of one rule about one subject apart."""
    breaks: list[Break] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    """The older versions that differ so."""

    @property
    def key(self) -> tuple[BreakingRule, str, str]:
        """What is one finding, whatever it is compared with."""
        return self.rule, self.spot.subject, self.detail

    def sort_key(self) -> tuple[tuple[str, int], str, str, str]:
        """Return what orders findings: file by file, from top to bottom."""
        return self.to_diagnostic().sort_key(), str(self.rule.value), self.spot.subject, self.detail

    def add(self, level: Level, side: Side, why: str, extent: Extent = Extent.NEVER, use: str = "") -> None:
        """Add a break, or another use to one that is known."""
        known = next((b for b in self.breaks if (b.level, b.side, b.why) == (level, side, why)), None)
        if known is None:
            known = Break(level, side, why, extent)
            self.breaks.append(known)
        order = list(Extent)
        known.extent = min(known.extent, extent, key=order.index)
        if use and use not in known.uses:
            known.uses.append(use)

    def to_diagnostic(self) -> Diagnostic:
        """Return the finding as the compiler shows its own."""
        new, old = self.spot.new, self.spot.old
        at = new or old or At(None, "")
        notes = [item.in_words(self.spot.subject) for item in self.breaks]
        if old is not None and old is not at:
            notes.append(f"it was {old.in_words()}")
        if len(self.against) > 1:
            notes.append(f"against {', '.join(self.against)}")
        title = f"{self.spot.subject}: {self.message}"
        return Diagnostic(self.rule, title, at.span, at.file, tuple(notes), ABOUT[self.rule].mend)

    def to_json(self) -> dict[str, Json]:
        """Return what a program reads: a diagnostic, with what it says of whom."""
        more: dict[str, Json] = {
            "subject": self.spot.subject,
            "breaks": [item.to_json() for item in self.breaks],
            "was": self.spot.old.in_words() if self.spot.old else None,
            "against": list(self.against),
        }
        return {**self.to_diagnostic().to_json(), **more}


@dataclass(slots=True)
class Findings:
    """Collects findings, each once."""

    items: dict[tuple[BreakingRule, str, str], Finding] = field(default_factory=dict)

    def at(self, rule: BreakingRule, spot: Spot, message: str, detail: str = "") -> Finding:
        """Return the finding about a change, made where it is not there yet."""
        finding = Finding(rule, spot, message, detail)
        return self.items.setdefault(finding.key, finding)

    def broken(self) -> Iterator[Finding]:
        """Yield what breaks somebody.

        What fails on the wire is not repeated as failing in JSON.
        """
        for finding in self.items.values():
            failing = {item.side for item in finding.breaks if item.level is Level.WIRE}
            kept = [
                item for item in finding.breaks if item.level is not Level.JSON or item.side not in failing
            ]
            if kept:
                levels, sides = list(Level), list(Side)
                kept.sort(key=lambda item: (levels.index(item.level), sides.index(item.side)))
                yield replace(finding, breaks=kept)
