"""What a project says in `[tool.avrogen.breaking]`: what to compare with, what counts, what it lives with."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, TypeVar

from avrorpc_codegen.breaking.mode import Ignore, Mode
from avrorpc_codegen.breaking.rules import BreakingRule, Level
from avrorpc_codegen.config import ConfigError, section
from avrorpc_codegen.diagnostic import did_you_mean

E = TypeVar("E", bound=Enum)

_KEYS: Final = ("level", "mode", "against", "against-tags", "ignore")


@dataclass(slots=True, frozen=True)
class BreakingSettings:
    """The settings, and what holds without them: the strictest level, and old clients must not break."""

    level: Level = Level.SOURCE
    mode: Mode = Mode.BACKWARD
    against: tuple[str, ...] = ()
    tags: str | None = None
    """A pattern of tags to compare with."""
    ignore: tuple[Ignore, ...] = ()


def load_breaking(start: Path) -> BreakingSettings:
    """Return the settings for a folder.

    Raises:
        ConfigError: A setting makes no sense.
    """
    table, project = section(start, "breaking")
    where = f"{project}: [tool.avrogen.breaking]"
    for key in table:
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS)
            raise ConfigError(f"{where} knows no setting {key!r}" + (f"; {hint}" if hint else ""))
    against = table.get("against", [])
    names = [against] if isinstance(against, str) else against
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{where}: `against` is a string or a list of strings")
    tags = table.get("against-tags")
    if tags is not None and not isinstance(tags, str):
        raise ConfigError(f"{where}: `against-tags` is a string such as 'v*'")
    ignored = table.get("ignore", {})
    if not isinstance(ignored, dict):
        raise ConfigError(f'{where}: `ignore` maps ids to reasons: "AVR521:llm.*" = "nobody reads it"')
    return BreakingSettings(
        _choice(Level, table, "level", where, Level.SOURCE),
        _choice(Mode, table, "mode", where, Mode.BACKWARD),
        tuple(_from_here(name, start, project) for name in names),
        tags,
        tuple(_ignore(str(key), reason, where) for key, reason in ignored.items()),
    )


def _from_here(name: str, start: Path, project: Path | None) -> str:
    """Return a folder or a file that settings name, which is relative to them, as seen from elsewhere."""
    if project is None or project.parent == start or not (project.parent / name).exists():
        return name
    return os.path.relpath(project.parent / name, start)


def _choice(kind: type[E], table: Mapping[str, object], key: str, where: str, default: E) -> E:
    value = table.get(key, default.value)
    found = next((item for item in kind if item.value == value), None)
    if found is None:
        known = ", ".join(str(item.value) for item in kind)
        raise ConfigError(f"{where}: `{key}` is one of {known}, not {value!r}")
    return found


def _ignore(key: str, reason: object, where: str) -> Ignore:
    rule, colon, subject = key.partition(":")
    known = {str(item.value) for item in BreakingRule}
    if rule not in known:
        hint = did_you_mean(rule, known) if re.fullmatch(r"AVR5\d\d", rule) else "ids are AVR501 and the like"
        raise ConfigError(f"{where}: there is no breaking change {rule!r}; {hint or 'see `avrogen explain`'}")
    if colon and not subject:
        raise ConfigError(f"{where}: {key!r} names no subject, such as {rule}:llm.Tokenizer.*")
    if not isinstance(reason, str) or not reason.strip():
        raise ConfigError(f"{where}: ignoring {key!r} needs a reason, in words")
    return Ignore(rule, subject or "*", reason.strip())
