"""Mends what can be mended safely: as edits of texts, checked by compiling before and after.

Writes nothing. What a contract says to other peers stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from avrorpc.schema import Json

from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.json_output import compiled
from avrorpc_codegen.lint.finding import Edit, Finding
from avrorpc_codegen.lint.linter import lint
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.reading import Read, read_contracts
from avrorpc_codegen.source import Span

MOST_PASSES: Final = 20
"""How often texts are edited and linted again; edits that overlap wait for the next pass."""
_BYTE_ORDER_MARK: Final = "\ufeff"
_Key: TypeAlias = tuple[object, ...]


@dataclass(slots=True)
class Fixed:
    """The result of mending."""

    texts: dict[Path, str] = field(default_factory=dict)
    """The new texts of the files that are different now."""
    mended: list[Finding] = field(default_factory=list)
    """What is mended."""
    left: list[Finding] = field(default_factory=list)
    """What is found in the new texts."""


@dataclass(slots=True)
class Project:
    """What is linted, and all that it takes to read it again."""

    files: Sequence[Path]
    search: Sequence[Path]
    config: LintConfig
    schemas: Path

    def read(self, texts: Mapping[Path, str]) -> Read | None:
        """Read the files, some from texts; None if they do not compile."""
        diagnostics = Diagnostics()
        read = read_contracts(self.files, self.search, diagnostics, texts)
        return None if diagnostics.has_errors else read


def fix(project: Project, read: Read) -> Fixed:
    """Mend what can be mended in contracts that compile."""
    fixed = Fixed()
    before = _meaning(read)
    refused: set[_Key] = set()
    for _ in range(MOST_PASSES):
        found = lint(read, project.config, project.schemas)
        waiting = [item for item in found if item.edits and _key(item) not in refused]
        batch = _without_overlaps(waiting)
        if not batch:
            break
        after = _tried(project, fixed.texts, batch, before)
        if after is None and len(batch) > 1:
            batch = [item for item in batch if _tried(project, fixed.texts, [item], before)]
            refused.update(_key(item) for item in waiting if item not in batch)
            after = _tried(project, fixed.texts, batch, before) if batch else None
        if after is None:
            refused.update(_key(item) for item in batch)
            continue
        read = after
        fixed.texts = _edited(fixed.texts, batch)
        fixed.mended += batch
    fixed.left = lint(read, project.config, project.schemas)
    fixed.texts = {path: _mark(path) + text for path, text in fixed.texts.items()}
    return fixed


def _tried(
    project: Project, texts: Mapping[Path, str], batch: Iterable[Finding], before: list[Json]
) -> Read | None:
    """Return what the edited files read as, or None if it would not be the same."""
    read = project.read(_edited(texts, batch))
    return read if read is not None and _meaning(read) == before else None


def _edited(texts: Mapping[Path, str], batch: Iterable[Finding]) -> dict[Path, str]:
    """Return texts after the edits of some findings, which do not overlap."""
    edits: dict[Path, list[Edit]] = {}
    for finding in batch:
        edits.setdefault(finding.span.source.path, []).extend(finding.edits)
    changed = dict(texts)
    for path, own in edits.items():
        text = own[0].span.source.text
        for edit in sorted(own, key=lambda edit: edit.span.start, reverse=True):
            text = text[: edit.span.start] + edit.text + text[edit.span.end :]
        changed[path] = text
    return changed


def _without_overlaps(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings whose edits do not touch those of one before."""
    taken: dict[Path, list[Span]] = {}
    kept: list[Finding] = []
    for finding in findings:
        others = taken.setdefault(finding.span.source.path, [])
        spans = [edit.span for edit in finding.edits]
        if not any(a.start <= b.end and b.start <= a.end for a in spans for b in others):
            kept.append(finding)
            others.extend(spans)
    return kept


def _key(finding: Finding) -> _Key:
    """Return what a finding is known by after other edits have moved it."""
    line, _ = finding.span.source.position(finding.span.start)
    text = finding.span.source.line(line).strip()
    return finding.rule, finding.span.source.path, finding.diagnostic.message, text


def _meaning(read: Read) -> list[Json]:
    """Return what all files say to other peers."""
    return [compiled(read.contracts, unit)[0] for unit in read.units]


def _mark(path: Path) -> str:
    """Return the byte order mark that a file begins with, which its text does not have."""
    return _BYTE_ORDER_MARK if path.read_bytes().startswith(_BYTE_ORDER_MARK.encode()) else ""
