"""From paths to parsed files: finds what is imported, and reads each file once.

Cyclic imports are fine, since a file is known before its imports are followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.json_syntax import read_json
from avrorpc_codegen.parser import parse
from avrorpc_codegen.sharing import Installed, Shared
from avrorpc_codegen.source import (
    Span,
    Undecodable,
    decode,
    display_name,
    is_file,
    is_folder,
    read_source,
    where,
)
from avrorpc_codegen.syntax import ImportKind

KINDS: Final = {".avdl": ImportKind.IDL, ".avpr": ImportKind.PROTOCOL, ".avsc": ImportKind.SCHEMA}
"""What a file is, by its suffix."""

_CLASSPATH: Final = "classpath:"


def no_contract(path: Path) -> str:
    """Return what is said of a file whose suffix is none of these."""
    return f"{display_name(path)} is no contract: it ends in none of {', '.join(KINDS)}"


@dataclass(slots=True, eq=False)
class Unit:
    """One file, and what it imports."""

    path: Path
    name: str
    """The path as diagnostics show it."""
    tree: syntax.File | None = None
    """What the file says; None where it cannot be read."""
    is_complete: bool = True
    """Whether all that it says and imports could be read."""
    shared: Shared | None = None
    """What it is a part of, if it comes with an installed package."""
    imports: dict[int, Unit] = field(default_factory=dict)
    """Imported files by the offset of the import's location in the text."""

    @property
    def is_json(self) -> bool:
        """Whether it is an `.avpr` or `.avsc` file."""
        return self.tree is not None and self.tree.is_json


def closure(unit: Unit) -> list[Unit]:
    """Return a file and all that it imports, directly or not."""
    found: dict[Path, Unit] = {}
    waiting = [unit]
    while waiting:
        current = waiting.pop()
        if current.path not in found:
            found[current.path] = current
            waiting.extend(current.imports.values())
    return list(found.values())


class Loader:
    """Reads files and whatever they import; `texts` stand for files on disk, by their absolute paths."""

    def __init__(
        self,
        search: Sequence[Path],
        diagnostics: Diagnostics,
        texts: Mapping[Path, str] | None = None,
        name: Callable[[Path], str] = display_name,
    ) -> None:
        self.search = search
        self.installed = Installed(search, diagnostics)
        self.diagnostics = diagnostics
        self.texts = texts or {}
        self.name = name
        self.units: dict[Path, Unit] = {}
        self.followed: set[Path] = set()

    def load(self, path: Path) -> Unit:
        """Read a file and all its imports, unless that has been done."""
        root = self._unit(path, KINDS.get(path.suffix, ImportKind.IDL), None)
        following = [self._imports(root)]
        while following:  # Not by recursion, since a chain of imports may be long.
            found = next(following[-1], None)
            if found is None:
                following.pop()
            else:
                following.append(self._imports(found))
        return root

    def _imports(self, unit: Unit) -> Iterator[Unit]:
        """Yield the files that a file imports, each when it has been read; nothing the second time."""
        if unit.path in self.followed or unit.tree is None:
            return
        self.followed.add(unit.path)
        for item in unit.tree.items:
            if isinstance(item, syntax.Import):
                imported = self._find(item, unit)
                if imported is None:
                    unit.is_complete = False
                else:
                    unit.imports[item.span.start] = imported
                    yield imported

    def _unit(self, path: Path, kind: ImportKind, span: Span | None) -> Unit:
        identity = path.resolve()
        known = self.units.get(identity)
        if known is not None:
            return known
        unit = self.units[identity] = Unit(identity, self.name(path), shared=self.installed.owner(identity))
        if unit.shared:
            self.diagnostics.packages[identity] = unit.shared.distribution
        imported = f"imported {where(span)}" if span else ""
        try:
            text = self.texts.get(identity)
            encoded = None if text is None else text.encode()
            source = read_source(path, self.name) if encoded is None else decode(encoded, path, self.name)
        except OSError as error:
            unit.is_complete = False
            reason = error.strerror or str(error)
            message = f"cannot read {unit.name}: {reason[:1].lower()}{reason[1:]}"
            self.diagnostics.error(Rule.UNREADABLE, message, span, file=unit.name)
            return unit
        except Undecodable as error:
            unit.is_complete = False
            self.diagnostics.error(Rule.NOT_UTF8, str(error), error.span, *([imported] if span else []))
            return unit
        if kind is ImportKind.IDL:
            unit.tree = parse(source, self.diagnostics)
        else:
            unit.tree = read_json(source, self.diagnostics, is_protocol=kind is ImportKind.PROTOCOL)
        unit.is_complete = unit.tree.is_complete
        return unit

    def _find(self, item: syntax.Import, unit: Unit) -> Unit | None:
        location = item.location.removeprefix(_CLASSPATH).removeprefix(
            "/" * item.location.startswith(_CLASSPATH)
        )
        own = unit.shared.folders if unit.shared else ()
        search = [folder.resolve() for folder in self.search]
        folders = list(dict.fromkeys([unit.path.parent, *own, *search]))
        if not location or "\0" in location:
            self.diagnostics.error(Rule.MISSING_IMPORT, "an import needs the name of a file", item.span)
            return None
        path = next((folder / location for folder in folders if is_file(folder / location)), None)
        path = path or self.installed.find(location)
        if path is None:
            notes = [f"searched {self.name(folder) or '.'}" for folder in folders]
            notes.append("no installed package shares it")
            if any(is_folder(folder / location) for folder in folders):
                notes.append("there is a folder of that name")
            hint = _similar(location, [*folders, *(f for s in self.installed.shared() for f in s.folders)])
            self.diagnostics.error(
                Rule.MISSING_IMPORT, f"there is no file {location!r}", item.span, *notes, help=hint
            )
            return None
        kind = KINDS.get(path.suffix, item.kind)
        may_be_protocol = kind is ImportKind.SCHEMA and item.kind is ImportKind.PROTOCOL
        if kind is not item.kind and not may_be_protocol:
            self.diagnostics.error(
                Rule.WRONG_IMPORT,
                f"{path.name} is not what `import {item.kind.value}` reads",
                item.span,
                help=f'write `import {kind.value} "{item.location}";`',
            )
            return None
        return self._unit(path, kind, item.span)


def _similar(location: str, folders: Iterable[Path]) -> str | None:
    """Return a hint at a file that lies near where the location points."""
    names: set[str] = set()
    for folder in folders:
        beside = (folder / location).parent
        if is_folder(beside):
            names.update(entry.name for entry in os.scandir(beside) if Path(entry.name).suffix in KINDS)
    return did_you_mean(Path(location).name, sorted(names))
