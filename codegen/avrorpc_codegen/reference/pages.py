"""What pages show: finished facts in the order in which a reader meets them.

The same for HTML and Markdown. A `Target` becomes a link, a `Doc` becomes prose, a `Code` becomes code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from avrorpc_codegen.reference.addresses import Page, Target
from avrorpc_codegen.reference.code import Code


@dataclass(slots=True, frozen=True)
class Doc:
    """A documentation comment, and where the names in it are seen from."""

    text: str
    namespace: str
    protocol: str = ""

    def __bool__(self) -> bool:
        return bool(self.text.strip())


@dataclass(slots=True, frozen=True)
class Badge:
    """A property that callers should know of, in a word or two, and what it means in a sentence."""

    label: str
    meaning: str
    tone: str = ""
    """The class of its colour, if it has one: `warn` or `http`."""


@dataclass(slots=True, frozen=True)
class Use:
    """A place that uses a type."""

    target: Target
    label: str
    how: str


@dataclass(slots=True)
class Variable:
    """A field or a parameter."""

    name: str
    anchor: str
    type: Code
    default: Code | None
    doc: Doc
    badges: list[Badge] = field(default_factory=list)
    notes: list[Code] = field(default_factory=list)
    """Annotations without a meaning of ours, `@order` and `@aliases` among them."""


@dataclass(slots=True)
class Symbol:
    """A symbol of an enum."""

    name: str
    anchor: str
    doc: Doc
    is_default: bool


@dataclass(slots=True, frozen=True)
class Json:
    """JSON to copy; `note` says what was left out of it, if anything was."""

    text: str
    note: str = ""


@dataclass(slots=True, frozen=True)
class Example:
    """An example of a call."""

    title: str
    request: str
    reply: str


@dataclass(slots=True, frozen=True)
class Line:
    """A protocol, a message or a type in a table."""

    target: Target
    kind: str
    name: str
    doc: Doc
    badges: list[Badge] = field(default_factory=list)
    anchor: str = ""
    """Where others may link to this line instead of to what it is about."""


@dataclass(slots=True)
class Type:
    """A named type."""

    target: Target
    kind: str
    name: str
    full_name: str
    doc: Doc
    idl: Code
    source: str
    py_name: str
    """The dotted Python name; empty where no Python is generated."""
    json: Json
    fields: list[Variable] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    size: int | None = None
    aliases: list[str] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    notes: list[Code] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """A message of a protocol."""

    target: Target
    name: str
    doc: Doc
    idl: Code
    python: Code | None
    result: Code | None
    """None where there is nothing to return."""
    result_doc: Doc
    source: str
    parameters: list[Variable] = field(default_factory=list)
    errors: list[Line] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    notes: list[Code] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Protocol:
    """A protocol."""

    target: Target
    name: str
    full_name: str
    namespace: str
    doc: Doc
    source: str
    handshake_hash: str
    """The MD5 that stands for it in the Avro handshake, in hexadecimal digits."""
    usage: Code | None
    """How Python connects to it; None where no Python is generated."""
    json: Json
    messages: list[Message] = field(default_factory=list)
    types: list[Line] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    notes: list[Code] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """Its messages as lines of a table."""
        return [Line(item.target, "message", item.name, item.doc, item.badges) for item in self.messages]


@dataclass(slots=True)
class Namespace:
    """A namespace."""

    target: Target
    name: str
    """Empty where there is none."""
    title: str
    doc: Doc
    protocols: list[Protocol] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)
    main_schemas: list[tuple[str, Code]] = field(default_factory=list)
    """Schemas without a name, each with the file that is about it."""
    is_split: bool = False
    """Whether its types have pages of their own."""

    @property
    def protocol_lines(self) -> list[Line]:
        """Its protocols as lines of a table."""
        return [Line(item.target, "protocol", item.name, item.doc, item.badges) for item in self.protocols]

    @property
    def type_lines(self) -> list[Line]:
        """Its types as lines of a table."""
        return [Line(item.target, item.kind, item.name, item.doc, item.badges) for item in self.types]

    @property
    def anchored_lines(self) -> list[Line]:
        """The same, with anchors for those who come for a type that has moved to a page of its own."""
        return [replace(line, anchor=line.name if self.is_split else "") for line in self.type_lines]


@dataclass(slots=True)
class Reference:
    """All contracts of a project."""

    title: str
    namespaces: list[Namespace] = field(default_factory=list)

    @property
    def protocols(self) -> list[Protocol]:
        """All protocols."""
        return [item for namespace in self.namespaces for item in namespace.protocols]

    @property
    def types(self) -> list[Type]:
        """All types."""
        return [item for namespace in self.namespaces for item in namespace.types]


@dataclass(slots=True)
class Trail:
    """Where a page stands: what it is about, and what lies above it."""

    page: Page
    title: str
    kind: str = ""
    """What it is about, in a word; empty for the first page."""
    doc: Doc | None = None
    above: list[tuple[str, Target | None]] = field(default_factory=list)
    """Names and targets, the highest first; without a target, the first page."""
