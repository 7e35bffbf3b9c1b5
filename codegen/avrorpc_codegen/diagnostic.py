"""What the compiler has to say about a contract: findings with a place, a reason and a way out.

Findings are collected, never thrown. Their ids are stable; `Rule` lists them all.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from avrorpc.schema import Json

from avrorpc_codegen.source import Span

_TAB: Final = "    "
_MOST_COLUMNS: Final = 140
_MOST_TEXT: Final = 500
MOST_SHOWN: Final = 100
"""How many diagnostics are printed; the rest are counted."""


class RuleId(Enum):
    """What all rules are: a stable id, which is the value, and a page that explains it.

    1xx: files and text; 2xx: meaning; 3xx: generated code; 4xx: lint; 5xx: breaking changes.
    """


class Rule(RuleId):
    """The rules of the compiler itself."""

    UNREADABLE = "AVR101"
    """A file cannot be read."""
    NOT_UTF8 = "AVR102"
    """A file is not UTF-8."""
    BAD_CHARACTER = "AVR103"
    """A character that no part of Avro IDL begins with."""
    UNTERMINATED = "AVR104"
    """A comment, a string or a back-ticked name without its end."""
    BAD_STRING = "AVR105"
    """A string with a bad escape or a character that must be escaped."""
    BAD_NUMBER = "AVR106"
    """A number that is none."""
    SYNTAX = "AVR107"
    """Something else was expected here."""
    TOO_DEEP = "AVR108"
    """Types or values nested too deeply."""
    MISPLACED_DOC = "AVR109"
    """A documentation comment that documents nothing."""
    BAD_JSON = "AVR110"
    """An imported `.avpr` or `.avsc` file that is not valid."""
    BAD_PACKAGE = "AVR120"
    """An installed package that shares contracts, none of which are there."""

    MISSING_IMPORT = "AVR201"
    """An imported file that is in none of the folders searched."""
    WRONG_IMPORT = "AVR202"
    """An import of another kind than the file."""
    UNKNOWN_TYPE = "AVR203"
    """A type that is declared nowhere."""
    DUPLICATE = "AVR204"
    """A name declared twice."""
    INVALID_NAME = "AVR205"
    """A name that Avro does not allow."""
    BAD_UNION = "AVR206"
    """A union inside a union, or with two branches that Avro cannot tell apart."""
    BAD_DEFAULT = "AVR207"
    """A default that does not fit its type."""
    BAD_ONE_WAY = "AVR208"
    """A one-way message with a result."""
    BAD_THROWS = "AVR209"
    """A thrown type that is no error."""
    BAD_ANNOTATION = "AVR210"
    """An annotation with a wrong value, in a wrong place, or given twice."""
    BAD_SIZE = "AVR211"
    """A size, a precision or a scale out of range."""
    VOID = "AVR212"
    """`void` where a type is needed."""
    BAD_ROUTE = "AVR213"
    """An `@http` that is no route."""
    ROUTE_VARIABLE = "AVR214"
    """A variable of a route that is no parameter, or one that no path can hold."""
    PARAMETER_PLACE = "AVR215"
    """A parameter in a place of the request where it cannot be."""
    SAME_ROUTE = "AVR216"
    """Two messages of a protocol with one route."""

    NO_NAMESPACE = "AVR301"
    """A type or a protocol without a namespace has no Python module."""
    NAME_CLASH = "AVR302"
    """A type and a namespace of one name."""
    HIDDEN_DEFAULT = "AVR303"
    """A default that Python cannot tell from null."""
    NOT_IN_IDL = "AVR304"
    """Something of a JSON contract that Avro IDL has no way to say."""
    FORMAT_FAILED = "AVR305"
    """A file that the formatter would have damaged: a mistake of ours."""
    NO_STREAM_ITEM = "AVR306"
    """A stream of the request without a parameter that would be its item."""
    STREAM_ITEM_DEFAULT = "AVR307"
    """A default of the parameter that is the item of a stream."""
    ONE_WAY_STREAM = "AVR308"
    """A one-way message that streams."""
    BAD_EXAMPLES = "AVR309"
    """Example cases that cannot be read, or do not fit their message."""
    BAD_TEMPLATE = "AVR311"
    """A template of the project's own that cannot be rendered."""
    UNUSED_TEMPLATE = "AVR312"
    """A template of the project's own that nothing uses."""


class Severity(Enum):
    """How bad it is."""

    ERROR = "error"
    """Nothing is written."""
    WARNING = "warning"
    """Worth a look; the result stands."""


@dataclass(slots=True, frozen=True)
class Diagnostic:
    """One finding."""

    rule: RuleId
    message: str
    span: Span | None
    file: str = ""
    """The file, where there is no span."""
    notes: tuple[str, ...] = ()
    help: str | None = None
    severity: Severity = Severity.ERROR

    def render(self) -> str:
        """Return the text for a terminal: place, message, source line, caret, notes and help."""
        title = f"{self.severity.value}[{self.rule.value}]: {self.message}"
        lines = [_shown(f"{self._place()}{title}"), *self._excerpt()]
        lines += [_shown(f"  = note: {note}") for note in self.notes]
        if self.help:
            lines.append(_shown(f"  = help: {self.help}"))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Json]:
        """Return what a program reads: lines and columns count from 1, the end lies behind the span."""
        out: dict[str, Json] = {"id": self.rule.value, "severity": self.severity.value}
        out |= {"message": self.message, "file": self.span.source.name if self.span else self.file}
        if self.span is not None:
            out["line"], out["column"] = self.span.source.position(self.span.start)
            out["end_line"], out["end_column"] = self.span.source.position(self.span.end)
        return {**out, "notes": list(self.notes), "help": self.help}

    def sort_key(self) -> tuple[str, int]:
        """Return what orders findings: file by file, from top to bottom."""
        if self.span is None:
            return self.file, -1
        return self.span.source.name, self.span.start

    def _place(self) -> str:
        if self.span is None:
            return f"{self.file}: " if self.file else ""
        line, column = self.span.source.position(self.span.start)
        return f"{self.span.source.name}:{line}:{column}: "

    def _excerpt(self) -> list[str]:
        if self.span is None:
            return []
        number, column = self.span.source.position(self.span.start)
        text = self.span.source.line(number)
        start = column - 1
        end = max(start, min(start + self.span.end - self.span.start, len(text)))
        before = _shown(text[max(0, start - _MOST_COLUMNS) : start])
        marked = _shown(text[start : min(end, start + _MOST_COLUMNS)])
        after = _shown(text[end : end + _MOST_COLUMNS])
        if len(before) > _MOST_COLUMNS // 2:
            before = "..." + before[3 - _MOST_COLUMNS // 2 :]
        room = max(_MOST_COLUMNS - len(before), _MOST_COLUMNS // 2)
        if len(marked + after) > room:
            after = (marked + after)[len(marked) : room - 3] + "..."
            marked = marked[: room - 3]
        line = f"{number:>5} | {before}{marked}{after}".rstrip()
        return [line, f"      | {' ' * _columns(before)}{'^' * max(1, _columns(marked))}"]


@dataclass(slots=True)
class Diagnostics:
    """Collects findings while the pipeline runs on."""

    items: list[Diagnostic] = field(default_factory=list)
    packages: dict[Path, str] = field(default_factory=dict)
    """Files of installed packages, each with its package: findings in them name it."""

    def error(
        self,
        rule: RuleId,
        message: str,
        span: Span | None,
        *notes: str,
        help: str | None = None,  # noqa: A002 - the word that diagnostics use
        file: str = "",
    ) -> None:
        """Add an error."""
        self._add(Severity.ERROR, rule, message, span, (*notes, *self._origin(span)), help, file)

    def warning(
        self,
        rule: RuleId,
        message: str,
        span: Span | None,
        *notes: str,
        help: str | None = None,  # noqa: A002
        file: str = "",
    ) -> None:
        """Add a warning."""
        self._add(Severity.WARNING, rule, message, span, (*notes, *self._origin(span)), help, file)

    def _add(
        self,
        severity: Severity,
        rule: RuleId,
        message: str,
        span: Span | None,
        notes: Iterable[str],
        help_line: str | None,
        file: str,
    ) -> None:
        texts = tuple(_shortened(note) for note in notes)
        hint = None if help_line is None else _shortened(help_line)
        self.items.append(Diagnostic(rule, _shortened(message), span, file, texts, hint, severity))

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong enough that nothing may be written."""
        return any(item.severity is Severity.ERROR for item in self.items)

    def to_json(self) -> list[Json]:
        """Return all findings for a program, in the order of their places."""
        return [item.to_json() for item in sorted(self.items, key=Diagnostic.sort_key)]

    def render(self) -> str:
        """Return all findings as text, in the order of their places, and a line that counts them.

        Where there are too many, warnings are left out before errors.
        """
        ordered = sorted(self.items, key=Diagnostic.sort_key)
        shown = sorted(ordered, key=lambda item: item.severity is not Severity.ERROR)[:MOST_SHOWN]
        blocks = [item.render() for item in sorted(shown, key=Diagnostic.sort_key)]
        if len(ordered) > MOST_SHOWN:
            blocks.append(f"... and {len(ordered) - MOST_SHOWN} more")
        errors = sum(item.severity is Severity.ERROR for item in self.items)
        counts = {"error": errors, "warning": len(self.items) - errors}
        summary = ", ".join(counted(count, noun) for noun, count in counts.items() if count)
        return "\n\n".join([*blocks, summary])

    def _origin(self, span: Span | None) -> list[str]:
        package = self.packages.get(span.source.path) if span else None
        return [f"this file comes with {package}"] if package else []


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a help line with the known name closest to a mistyped one, if one is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f"did you mean `{close[0]}`?" if close else None


def _shortened(text: str) -> str:
    """Return a text without its middle if a very long name makes it unreadable."""
    half = _MOST_TEXT // 2
    return text if len(text) <= _MOST_TEXT else f"{text[:half]} ... {text[-half:]}"


def _shown(text: str) -> str:
    if text.isprintable():
        return text
    kept = text.replace("\t", _TAB)
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in kept)


def _columns(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: `1 error`, `2 errors`."""
    return f"{number} {noun}{'s' * (number != 1)}"
