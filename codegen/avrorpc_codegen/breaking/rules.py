"""The rules of breaking changes: their ids, whom each breaks at which level, and the way out.

Knows nothing of how a change is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from avrorpc_codegen.diagnostic import RuleId


class Level(Enum):
    """What a change breaks, the strictest first."""

    WIRE = "wire"
    """Avro binary: a call or a stored value fails, or means something else."""
    JSON = "json"
    """The same values as JSON, where names count and no schema is exchanged."""
    SOURCE = "source"
    """Generated Python: code that uses it must change."""

    def includes(self, other: Level) -> bool:
        """Return whether asking for this level asks for the other, too."""
        levels = list(Level)
        return levels.index(other) <= levels.index(self)


class Direction(Enum):
    """Which of the two sides is the older one."""

    BACKWARD = "backward"
    """Old clients with new servers; new readers of old data."""
    FORWARD = "forward"
    """New clients with old servers; old readers of new data."""


class BreakingRule(RuleId):
    """Changes between two versions of a contract that break somebody."""

    PROTOCOL_REMOVED = "AVR501"
    """A protocol that is gone."""
    PROTOCOL_ADDED = "AVR502"
    """A protocol that old servers do not serve."""
    PROTOCOL_RENAMED = "AVR503"
    """A protocol under another name or namespace."""
    MESSAGE_REMOVED = "AVR504"
    """A message that is gone."""
    MESSAGE_ADDED = "AVR505"
    """A message that old servers do not have."""
    ONE_WAY_CHANGED = "AVR506"
    """A message that became one-way, or is no longer."""
    STREAM_CHANGED = "AVR507"
    """Another `@stream`."""

    PARAMETER_REMOVED = "AVR511"
    """A parameter that is gone."""
    PARAMETER_ADDED = "AVR512"
    """A new parameter."""
    PARAMETER_RENAMED = "AVR513"
    """A parameter under another name, with the old one as an alias."""
    PARAMETER_TYPE_CHANGED = "AVR514"
    """A parameter of another type."""
    PARAMETER_DEFAULT_CHANGED = "AVR515"
    """A parameter's default that is gone, new, or another."""
    PARAMETERS_REORDERED = "AVR516"
    """Parameters in another order."""
    RESPONSE_CHANGED = "AVR517"
    """A result of another type."""
    ERROR_ADDED = "AVR518"
    """An error that old clients do not know."""
    ERROR_REMOVED = "AVR519"
    """An error that is no longer declared."""

    FIELD_REMOVED = "AVR521"
    """A field that is gone."""
    FIELD_ADDED = "AVR522"
    """A new field."""
    FIELD_RENAMED = "AVR523"
    """A field under another name, with the old one as an alias."""
    FIELD_TYPE_CHANGED = "AVR524"
    """A field of another type."""
    FIELD_DEFAULT_CHANGED = "AVR525"
    """A field's default that is gone, or another."""

    SYMBOL_REMOVED = "AVR531"
    """A symbol that is gone."""
    SYMBOL_ADDED = "AVR532"
    """A new symbol."""
    SIZE_CHANGED = "AVR533"
    """A fixed of another size."""
    BRANCH_REMOVED = "AVR534"
    """A type that a union no longer has."""
    BRANCH_ADDED = "AVR535"
    """A type that a union did not have."""
    LOGICAL_TYPE_CHANGED = "AVR536"
    """Another logical type, scale or precision."""
    SCHEMA_CHANGED = "AVR537"
    """A main schema of another type."""

    TYPE_REMOVED = "AVR541"
    """A named type that is gone."""
    TYPE_RENAMED = "AVR542"
    """A named type under another name or namespace."""
    KIND_CHANGED = "AVR543"
    """A named type that became another kind of type."""

    HTTP_CHANGED = "AVR551"
    """Another `@http` route."""
    TIMEOUT_CHANGED = "AVR552"
    """Another `@timeout`."""
    RETRY_CHANGED = "AVR553"
    """Another `@idempotent` or `@readonly`."""


@dataclass(slots=True, frozen=True)
class About:
    """What a rule can break, and the way out."""

    wire: frozenset[Direction]
    json: frozenset[Direction]
    source: bool
    mend: str


_NOBODY: Final[frozenset[Direction]] = frozenset()
_OLD: Final = frozenset({Direction.BACKWARD})
_NEW: Final = frozenset({Direction.FORWARD})
_BOTH: Final = frozenset(Direction)
_R = BreakingRule

ABOUT: Final[dict[BreakingRule, About]] = {
    _R.PROTOCOL_REMOVED: About(
        _OLD, _NOBODY, True, "keep it until no client calls it, or serve the old contract beside the new one"
    ),
    _R.PROTOCOL_ADDED: About(_NEW, _NOBODY, False, "deploy the servers before the clients that call it"),
    _R.PROTOCOL_RENAMED: About(
        _BOTH, _NOBODY, True, "keep the name; or serve both protocols until the last client has moved"
    ),
    _R.MESSAGE_REMOVED: About(
        _OLD,
        _NOBODY,
        True,
        "keep the message until no client calls it; its implementation may raise an error",
    ),
    _R.MESSAGE_ADDED: About(_NEW, _NOBODY, True, "deploy the servers before the clients that call it"),
    _R.ONE_WAY_CHANGED: About(
        _BOTH, _NOBODY, False, "add a message of another name, and keep this one as it was"
    ),
    _R.STREAM_CHANGED: About(
        _BOTH, _NOBODY, True, "add a message of another name, and keep this one as it was"
    ),
    _R.PARAMETER_REMOVED: About(
        _NEW, _OLD, True, "give it a default, release that everywhere, and only then take it out"
    ),
    _R.PARAMETER_ADDED: About(
        _OLD,
        _NEW,
        True,
        "give it a default that means what was done without it; if it is an old one renamed, use `@aliases`",
    ),
    _R.PARAMETER_RENAMED: About(_BOTH, _BOTH, True, "keep the name; say in its comment what it means now"),
    _R.PARAMETER_TYPE_CHANGED: About(
        _BOTH, _BOTH, True, "add a parameter of another name with a default, and keep this one"
    ),
    _R.PARAMETER_DEFAULT_CHANGED: About(
        _NOBODY, _OLD, True, "keep the default, and change what callers pass"
    ),
    _R.PARAMETERS_REORDERED: About(
        _NOBODY, _NOBODY, True, "keep the order, and add new parameters at the end"
    ),
    _R.RESPONSE_CHANGED: About(
        _BOTH, _BOTH, True, "return a record, so that fields can be added; or add a message of another name"
    ),
    _R.ERROR_ADDED: About(
        _OLD, _NOBODY, False, "use an error that is declared already, or release clients that know it first"
    ),
    _R.ERROR_REMOVED: About(_NEW, _NOBODY, False, "keep it declared until no old server is left"),
    _R.FIELD_REMOVED: About(
        _BOTH, _OLD, True, "give it a default, release that everywhere, and only then take it out"
    ),
    _R.FIELD_ADDED: About(
        _BOTH,
        _NEW,
        True,
        "give it a default that means what held without it; if it is an old one renamed, use `@aliases`",
    ),
    _R.FIELD_RENAMED: About(_BOTH, _BOTH, True, "keep the name; say in its comment what it means now"),
    _R.FIELD_TYPE_CHANGED: About(
        _BOTH, _BOTH, True, "add a field of another name with a default, and keep this one"
    ),
    _R.FIELD_DEFAULT_CHANGED: About(
        _NOBODY, _OLD, True, "keep the default, and change what the code that makes the record passes"
    ),
    _R.SYMBOL_REMOVED: About(_BOTH, _BOTH, True, "keep the symbol, and stop writing it"),
    _R.SYMBOL_ADDED: About(
        _BOTH,
        _BOTH,
        False,
        "give the enum a default symbol, `} = SYMBOL;`, release that, and then add symbols",
    ),
    _R.SIZE_CHANGED: About(_BOTH, _NOBODY, False, "add a type of another name, and keep this one"),
    _R.BRANCH_REMOVED: About(_BOTH, _BOTH, True, "keep the branch, and stop writing it"),
    _R.BRANCH_ADDED: About(
        _BOTH, _BOTH, True, "add a field or a parameter with a default, and keep this one"
    ),
    _R.LOGICAL_TYPE_CHANGED: About(
        _BOTH, _BOTH, True, "add a field or a parameter of another name, and keep this one"
    ),
    _R.SCHEMA_CHANGED: About(_BOTH, _BOTH, True, "add a schema of another name, and keep this one"),
    _R.TYPE_REMOVED: About(_NOBODY, _NOBODY, True, "keep it until no code names it"),
    _R.TYPE_RENAMED: About(
        _BOTH, _BOTH, True, "keep the name; at least, give the new one the old as an alias: `@aliases([...])`"
    ),
    _R.KIND_CHANGED: About(_BOTH, _NOBODY, True, "add a type of another name, and keep this one"),
    _R.HTTP_CHANGED: About(_NOBODY, _BOTH, False, "give `@http` a list of routes, the old ones among them"),
    _R.TIMEOUT_CHANGED: About(_BOTH, _NOBODY, False, "lengthen a deadline on servers first, shorten it last"),
    _R.RETRY_CHANGED: About(
        _BOTH, _NOBODY, False, "add a message of another name for what may not be repeated"
    ),
}
"""All rules, with what the goldens show of each."""
