"""What goes wrong in templates of a project's own, as findings: the template, the line, and a way out.

Knows Jinja's errors, and from their tracebacks the lines of templates; nothing of what is rendered.
"""

from __future__ import annotations

import dataclasses
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    UndefinedError,
    meta,
)
from jinja2.utils import missing

from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.source import Source, Span, Undecodable, display_name, read_source

_VARIABLES: Final = ("module", "package", "class", "attribute", "alias", "protocol", "method")
"""What our own templates call the views; which of them there are depends on the place."""
_UNKNOWN: Final = re.compile(r"No (?P<kind>filter|test) named '(?P<name>.*)'")
_SHOWN: Final = 3
"""How many lines before a wrong one are shown."""


class NothingThere(UndefinedError):
    """A name that a template uses and nobody gives; `known` are those that are there."""

    def __init__(self, name: str, known: Iterable[str], message: str) -> None:
        super().__init__(message)
        self.name = name
        self.known = tuple(known)


class Missing(StrictUndefined):
    """Stands for a missing name until it is used; the error then knows the names that are there."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | int | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, None if name is None else str(name), exc)
        if hint is not None or name is None:
            return
        message = f"this {type(obj).__name__} has no `{name}`"
        known: Iterable[str] = ()
        if obj is missing:
            known, message = _VARIABLES, f"there is no variable `{name}` here"
        elif dataclasses.is_dataclass(obj):
            known = [field.name for field in dataclasses.fields(obj)]
        elif isinstance(obj, dict):
            known = [str(key) for key in obj]
        self._undefined_hint = message
        self._undefined_exception = partial(NothingThere, str(name), known)  # type: ignore[assignment]


class TemplateFaults:
    """Renders through templates of a project's own, and tells what is wrong with them.

    Args:
        folders: Where they are.
        environment: Jinja's environment, with them and with ours.
        diagnostics: Is told.
    """

    def __init__(self, folders: Sequence[Path], environment: Environment, diagnostics: Diagnostics) -> None:
        self._folders = [folder.resolve() for folder in folders]
        self._environment = environment
        self._diagnostics = diagnostics
        self._seen: set[tuple[str, Span | None]] = set()
        self._is_sound = True

    def check(self, defaults: Mapping[str, str]) -> None:
        """Read all templates of the project: each must be one, and each must be of use."""
        used = set(defaults)
        for _, _, text in (own := list(self._own())):
            try:
                tree = self._environment.parse(text.text)
                references = list(meta.find_referenced_templates(tree))
                self._environment.compile(tree)  # it looks up filters and tests
            except TemplateSyntaxError as error:
                said, help_ = self._explained(error)
                self._error(said, self._line(text, error.lineno), help=help_)
                continue
            if None in references:  # A name that is computed: any may be meant.
                used.update(name for name, _, _ in own)
            used.update(name for name in references if name is not None)
        for name, path, _ in own:
            if name not in used:
                self._diagnostics.warning(
                    Rule.UNUSED_TEMPLATE,
                    f"`{name}` takes the place of no template, and no template includes it",
                    None,
                    help=did_you_mean(name, defaults) or f"there are {', '.join(defaults)}",
                    file=display_name(path),
                )

    def guarded(self, name: str, path: Path, views: Mapping[str, object]) -> str:
        """Return the text of a file; empty where a template has failed, which is a finding then."""
        if not self._is_sound:
            return ""
        text = ""
        try:
            text = self._environment.get_template(name).render(views)
            compile(text, str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            self._no_python(error, text, path)
        except TemplateNotFound as error:
            known = self._environment.list_templates()
            wanted = str(error.name or "")
            help_ = did_you_mean(wanted, known) or f"there are {', '.join(known)}"
            self._error(f"there is no template `{wanted}`", self._place(error, wanted), help=help_)
        except NothingThere as error:
            there = f"there are {', '.join(f'`{known}`' for known in error.known)}" if error.known else None
            way_out = did_you_mean(error.name, error.known) or there
            self._error(error.message or "a missing name", self._place(error, error.name), help=way_out)
        except RecursionError as error:
            self._error("templates that include one another without end", self._place(error))
        except Exception as error:  # noqa: BLE001 - a template is a program, and fails in any way it likes
            said = str(error).rstrip(".") or type(error).__name__
            self._error(f"{type(error).__name__}: {said}", self._place(error))
        else:
            return text
        return ""

    def _explained(self, error: TemplateSyntaxError) -> tuple[str, str | None]:
        said = (error.message or "not a template").rstrip(".")
        unknown = _UNKNOWN.match(said)
        if unknown is None:
            return said, None
        known = self._environment.filters if unknown["kind"] == "filter" else self._environment.tests
        return f"there is no {unknown['kind']} `{unknown['name']}`", did_you_mean(unknown["name"], known)

    def _own(self) -> Iterable[tuple[str, Path, Source]]:
        for folder in self._folders:
            for path in sorted(folder.rglob("*.j2")):
                try:
                    yield path.relative_to(folder).as_posix(), path, read_source(path)
                except Undecodable as error:
                    self._error(f"byte 0x{error.byte:02x} is not UTF-8", error.span)

    def _no_python(self, error: SyntaxError, text: str, path: Path) -> None:
        lines = text.split("\n")
        last = min(error.lineno or 1, len(lines))
        shown = [f"{at:>5} | {lines[at - 1]}" for at in range(max(last - _SHOWN, 1), last + 1)]
        names = sorted({name for name, _, _ in self._own()})
        self._error(
            f"what the templates write into {display_name(path)} is not Python: {error.msg}",
            None,
            *shown,
            help=f"of your own are {', '.join(names)}",
        )

    def _error(self, message: str, span: Span | None, *notes: str, help: str | None = None) -> None:  # noqa: A002
        self._is_sound = self._is_sound and span is None
        if (message, span) not in self._seen:
            self._seen.add((message, span))
            self._diagnostics.error(Rule.BAD_TEMPLATE, message, span, *notes, help=help)

    def _place(self, error: BaseException, word: str = "") -> Span | None:
        """Return the innermost line of the project's own templates that an error has passed."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = Path(frame.filename)
            if any(path.resolve().is_relative_to(folder) for folder in self._folders):
                return self._line(read_source(path), frame.lineno or 1, word)
        return None

    def _line(self, source: Source, number: int, word: str = "") -> Span:
        lines = source.text.split("\n")
        start = sum(len(line) + 1 for line in lines[: number - 1])
        line = lines[min(number, len(lines)) - 1]
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line) if word else None
        if found:
            return Span(source, start + found.start(), start + found.end())
        return Span(source, start + len(line) - len(line.lstrip()), start + len(line.rstrip()))
