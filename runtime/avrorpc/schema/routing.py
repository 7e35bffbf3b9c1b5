"""From a verb and a path to what was registered for them.

Literal segments win over variables, from left to right; a path that one template has without the verb may
still be another's. One slash at the end counts for nothing; any other empty segment, `.` and `..` match
nothing. Segments are split before they are decoded, so that `%2F` is a part of a value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from urllib.parse import unquote

from avrorpc.errors import SchemaError
from avrorpc.schema.path_template import PathTemplate
from avrorpc.schema.routes import VERBS

T = TypeVar("T")

_LONGEST: Final = 100
"""Letters of a path for which one that is like it is looked for."""
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(slots=True, frozen=True)
class Found(Generic[T]):
    """What stands for a verb and a path, and what the path says."""

    target: T
    """What was registered."""
    variables: dict[str, str]
    """The decoded text of each variable."""


@dataclass(slots=True, frozen=True)
class WrongVerb:
    """The path is known, but not with that verb (405)."""

    allowed: tuple[str, ...]
    """The verbs that it is known with, HEAD and OPTIONS among them: the header `Allow`."""


@dataclass(slots=True, frozen=True)
class NoSuchPath:
    """Nothing was registered for the path (404)."""


@dataclass(slots=True, frozen=True)
class BadPath:
    """The path is not valid as such (400)."""

    problem: str
    """What is wrong with it."""


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    variable: _Node[T] | None = None
    targets: dict[str, tuple[T, tuple[str, ...]]] = field(default_factory=dict)


class Router(Generic[T]):
    """Finds targets by verb and path."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._plain: dict[str, dict[str, Found[T]]] = {}
        self._paths: dict[str, None] = {}

    def add(self, verb: str, path: PathTemplate, target: T) -> None:
        """Register a target.

        Raises:
            SchemaError: There is one of that verb and a path that means the same.
        """
        node = self._root
        for segment in path.segments:
            if segment.is_variable:
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.literals.setdefault(segment.text, _Node())
        if verb in node.targets:
            raise SchemaError(f"`{verb} {path}` is taken")
        node.targets[verb] = target, path.variables
        self._paths[str(path)] = None
        if not path.variables:
            self._plain.setdefault(str(path), {})[verb] = Found(target, {})

    def has(self, verb: str, path: PathTemplate) -> bool:
        """Return whether something is registered for that verb and a path that means the same."""
        node = self._root
        for segment in path.segments:
            inner = node.variable if segment.is_variable else node.literals.get(segment.text)
            if inner is None:
                return False
            node = inner
        return verb in node.targets

    def find(self, verb: str, path: str) -> Found[T] | WrongVerb | NoSuchPath | BadPath:
        """Return what stands for a request.

        Args:
            verb: As in the request; HEAD finds what GET finds.
            path: The request's path, still percent-encoded, without its query.
        """
        wanted = "GET" if verb == "HEAD" else verb
        plain = self._plain.get(path)
        if plain is not None and wanted in plain:
            return plain[wanted]
        if not path.startswith("/"):
            return BadPath("a path begins with `/`")
        parts = path[1:].removesuffix("/").split("/") if path != "/" else []
        if _BAD_ESCAPE.search(path) is not None:
            return BadPath("a `%` stands before two hexadecimal digits")
        try:
            texts = [unquote(part, errors="strict") for part in parts]
        except UnicodeDecodeError:
            return BadPath("percent-encoded bytes are UTF-8")
        if any(text in ("", ".", "..") for text in texts):
            return NoSuchPath()
        allowed: set[str] = set()
        for node, values in _nodes(self._root, texts):
            if wanted in node.targets:
                target, names = node.targets[wanted]
                return Found(target, dict(zip(names, values, strict=True)))
            allowed |= node.targets.keys()
        if not allowed:
            return NoSuchPath()
        return WrongVerb(_allowed(allowed))

    def allowed(self, path: str) -> tuple[str, ...]:
        """Return the verbs that a path is known with, HEAD and OPTIONS among them; none if it is unknown."""
        found = self.find("", path)
        return found.allowed if isinstance(found, WrongVerb) else ()

    def near(self, path: str) -> str | None:
        """Return the template that a path which is not there may have meant; None for none."""
        found = difflib.get_close_matches(path.lower(), self._paths, 1) if len(path) <= _LONGEST else []
        return found[0] if found else None


def _nodes(root: _Node[T], texts: list[str]) -> Iterator[tuple[_Node[T], tuple[str, ...]]]:
    """Yield all nodes that a path leads to, those by literals first.

    All nodes of one depth are looked at together, so that no path takes longer than there are nodes.
    """
    level: list[tuple[_Node[T], tuple[str, ...]]] = [(root, ())]
    for text in texts:
        level = [
            (inner, (*values, text) if is_variable else values)
            for node, values in level
            for inner, is_variable in ((node.literals.get(text), False), (node.variable, True))
            if inner is not None
        ]
    yield from (found for found in level if found[0].targets)


def _allowed(verbs: set[str]) -> tuple[str, ...]:
    ordered = [verb for verb in VERBS if verb in verbs]
    head = ["HEAD"] if "GET" in verbs else []
    return (*ordered, *head, "OPTIONS")
