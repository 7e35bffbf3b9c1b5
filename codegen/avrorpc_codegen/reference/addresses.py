"""Where things are in the reference: the page and the anchor of each namespace, protocol, message and type.

File names are valid on every system and never differ in case alone. Knows nothing of HTML and Markdown.
"""

from __future__ import annotations

import enum
import hashlib
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Final

from avrorpc.schema import Enum, Record, namespace_of, short_name

from avrorpc_codegen.contracts import Contracts

LONGEST_PAGE: Final = 40
"""How many types a namespace has on one page; with more, each type gets a page, and the first one a table."""
_NO_NAMESPACE: Final = "no-namespace"
_MOST_BYTES: Final = 120
_RESERVED: Final = frozenset(
    {"assets", "aux", "con", "nul", "prn"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Names that a folder must not have: our own, and those of devices on Windows."""


class Kind(enum.Enum):
    """What can be linked to."""

    NAMESPACE = enum.auto()
    """A namespace; its name may be empty."""
    PROTOCOL = enum.auto()
    """A protocol, by its full name."""
    MESSAGE = enum.auto()
    """A message of a protocol."""
    TYPE = enum.auto()
    """A named type, by its full name."""
    MEMBER = enum.auto()
    """A field or a symbol of a type."""


@dataclass(slots=True, frozen=True)
class Target:
    """Something that can be linked to; messages, fields and symbols are a `member` of what they belong to."""

    kind: Kind
    name: str
    member: str = ""


@dataclass(slots=True, frozen=True)
class Page:
    """A page, whatever its format: its folder and its name; the name is empty for a folder's first page."""

    folder: str
    name: str = ""


@dataclass(slots=True, frozen=True)
class Address:
    """A place on a page; without an anchor, its top."""

    page: Page
    anchor: str = ""


HOME: Final = Page("")
"""The first page of all."""


class Addresses:
    """The addresses of everything that contracts declare."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._by_short_name: dict[str, list[Target]] = {}
        self._namespaces: dict[str, Page] = {}
        self._pages: dict[Target, Page] = {}
        self.split: set[str] = set()
        """The namespaces whose types have pages of their own."""
        folders: set[str] = set()
        counts: dict[str, int] = {}
        for full in (*contracts.types, *contracts.protocols):
            counts.setdefault(namespace_of(full), 0)
        for unit in contracts.main_schemas:
            if unit.tree is not None:
                counts.setdefault(unit.tree.namespace.text if unit.tree.namespace else "", 0)
        for full in contracts.types:
            counts[namespace_of(full)] += 1
        for namespace in sorted(counts):
            self._namespaces[namespace] = Page(_claim(_folder(namespace), folders))
        self.split = {namespace for namespace, count in counts.items() if count > LONGEST_PAGE}
        names: dict[str, set[str]] = {namespace: set() for namespace in counts}
        for full in sorted(contracts.protocols):
            namespace = namespace_of(full)
            name = _claim(f"protocol.{short_name(full)}", names[namespace])
            self._add(Target(Kind.PROTOCOL, full), Page(self._namespaces[namespace].folder, name))
        for full in sorted(contracts.types):
            namespace = namespace_of(full)
            page = self._namespaces[namespace]
            if namespace in self.split:
                page = Page(page.folder, _claim(f"type.{short_name(full)}", names[namespace]))
            self._add(Target(Kind.TYPE, full), page)

    def __getitem__(self, target: Target) -> Address:
        """Return the address of something that the contracts declare."""
        match target.kind:
            case Kind.NAMESPACE:
                return Address(self._namespaces[target.name])
            case Kind.PROTOCOL:
                return Address(self._pages[target])
            case Kind.MESSAGE:
                return Address(self._pages[Target(Kind.PROTOCOL, target.name)], target.member)
            case Kind.TYPE:
                return Address(self._pages[target], short_name(target.name))
            case Kind.MEMBER:
                anchor = f"{short_name(target.name)}.{target.member}"
                return Address(self._pages[Target(Kind.TYPE, target.name)], anchor)

    @property
    def namespaces(self) -> list[str]:
        """All namespaces, in order."""
        return list(self._namespaces)

    def find(self, text: str, namespace: str, protocol: str = "") -> Target | None:
        """Return what a name in a comment means, seen from a namespace and perhaps from a protocol."""
        return next(self._meanings(text, namespace, protocol), None)

    def _meanings(self, text: str, namespace: str, protocol: str) -> Iterator[Target]:
        near = f"{namespace}.{text}" if namespace else text
        for kind in (Kind.TYPE, Kind.PROTOCOL):
            for full in (near, text):
                if Target(kind, full) in self._pages:
                    yield Target(kind, full)
        if protocol and text in self._contracts.protocols[protocol].protocol.messages:
            yield Target(Kind.MESSAGE, protocol, text)
        owner, dot, member = text.rpartition(".")
        if dot:
            for full in (f"{namespace}.{owner}" if namespace else owner, owner):
                if Target(Kind.PROTOCOL, full) in self._pages and member in self._messages(full):
                    yield Target(Kind.MESSAGE, full, member)
                if Target(Kind.TYPE, full) in self._pages and member in self._members(full):
                    yield Target(Kind.MEMBER, full, member)
        alone = self._by_short_name.get(text, [])
        if len(alone) == 1:
            yield alone[0]
        if text in self._namespaces and text:
            yield Target(Kind.NAMESPACE, text)

    def _messages(self, protocol: str) -> Container[str]:
        return self._contracts.protocols[protocol].protocol.messages

    def _members(self, full_name: str) -> Container[str]:
        match self._contracts.types[full_name].named:
            case Record(fields=fields):
                return [item.name for item in fields]
            case Enum(symbols=symbols):
                return symbols
            case _:
                return ()

    def _add(self, target: Target, page: Page) -> None:
        self._pages[target] = page
        self._by_short_name.setdefault(short_name(target.name), []).append(target)


def _folder(namespace: str) -> str:
    """Return the folder of a namespace. No name has a dash in it, so that ours never meet another's."""
    first = namespace.partition(".")[0].lower()
    if first.startswith("_") or first in _RESERVED:  # Some hosts publish no folder that begins with `_`.
        return f"ns-{namespace}"
    return namespace or _NO_NAMESPACE


def _claim(name: str, taken: set[str]) -> str:
    """Return a name for a file, or for a folder, that no other has on any system."""
    name = unicodedata.normalize("NFC", name)
    if len(name.encode()) > _MOST_BYTES:
        digest = hashlib.sha256(name.encode()).hexdigest()[:12]
        name = f"{name.encode()[:_MOST_BYTES].decode(errors='ignore')}-{digest}"
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free.casefold())
    return free
