"""What templates show: finished pieces of text, which they put in their places, and names to choose by.

These classes are an interface: projects write templates of their own against them. The reference of
templates lists every field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from avrorpc.schema import Props


@dataclass(slots=True)
class Attribute:
    """A field of a record or an error, a symbol of an enum, or an alias of a fixed."""

    avro_name: str
    """Its name in the contract; of a fixed, the full name."""
    py_name: str
    """Its name in Python."""
    code: str
    """The whole statement; lines after the first are indented as in a class."""
    doc: str
    """The text of its docstring, for the `docstring` filter; empty where there is none."""
    annotations: Props = field(default_factory=dict)
    """What the contract says with annotations that Avro itself does not know."""


@dataclass(slots=True)
class Class:
    """A record, an error or an enum."""

    kind: str
    """`record`, `error` or `enum`."""
    avro_name: str
    """Its full name in the contract."""
    py_name: str
    """The name of the class."""
    head: str
    """The first line, such as `class Color(Enum):`, with what decorates the class."""
    doc: str
    """The text of its docstring."""
    attributes: list[Attribute] = field(default_factory=list)
    """Its fields or symbols, in the contract's order."""
    annotations: Props = field(default_factory=dict)
    """What the contract says with annotations that Avro itself does not know."""


@dataclass(slots=True)
class Method:
    """A message, in each of the forms that it takes."""

    avro_name: str
    """Its name in the contract."""
    py_name: str
    """The name of the method."""
    doc: str
    """The text of its docstring, with the sections `Args`, `Yields` or `Returns`, and `Raises`."""
    see: str
    """A text that refers to that docstring."""
    sync_head: str
    """The signature for synchronous callers, from `def` to the colon."""
    async_head: str
    """The signature for asynchronous callers; `def` as well where the response is a stream."""
    service_head: str
    """The signature of an implementation, which may be of either colour."""
    defaults: list[str]
    """The statements of a client that make defaults anew for each call."""
    sync_call: str
    """The statement of a synchronous client that makes the call."""
    async_call: str
    """The statement of an asynchronous client."""
    constant: str
    """The statement that makes the constant which these refer to."""
    annotations: Props = field(default_factory=dict)
    """What the contract says with annotations that Avro itself does not know."""


@dataclass(slots=True)
class ProtocolView:
    """A protocol, in each of the forms that it takes."""

    avro_name: str
    """Its full name in the contract."""
    py_name: str
    """The contract as synchronous callers see it: a `typing.Protocol`."""
    py_async: str
    """The contract as asynchronous callers see it."""
    py_service: str
    """The skeleton of an implementation."""
    py_client: str
    """The synchronous client."""
    py_async_client: str
    """The asynchronous client."""
    py_contract: str
    """The constant that holds the contract."""
    doc: str
    """The text of its docstring."""
    head: str
    """The first line of the class `py_name`."""
    async_head: str
    """The first line of the class `py_async`."""
    service_head: str
    """The first line of the class `py_service`."""
    client_head: str
    """The first line of the class `py_client`."""
    async_client_head: str
    """The first line of the class `py_async_client`."""
    contract: str
    """The statement that makes the constant."""
    contract_attribute: str
    """The line by which skeletons and clients name their contract."""
    methods: list[Method] = field(default_factory=list)
    """Its messages, in the contract's order."""
    annotations: Props = field(default_factory=dict)
    """What the contract says with annotations that Avro itself does not know."""


@dataclass(slots=True)
class ModuleView:
    """A module: all that one namespace holds."""

    namespace: str
    """The Avro namespace."""
    py_module: str
    """The dotted name of the module."""
    path: Path
    """The file that it is written to."""
    header: list[str]
    """The lines of comment at the top: the sources, and the handshake hashes of protocols."""
    doc: str
    """The text of its docstring."""
    level: int
    """The level of the runtime's interface that the code is written for."""
    exports: list[str]
    """The names in `__all__`, sorted."""
    enums: list[Class]
    """Its enums."""
    aliases: list[Attribute]
    """Its fixed, each an alias of the type that stands for it."""
    records: list[Class]
    """Its records."""
    errors: list[Class]
    """Its errors."""
    protocols: list[ProtocolView]
    """Its protocols."""
    imports: list[list[str]] = field(default_factory=list)
    """The imports at the top, in groups between which a blank line stands."""
    late_imports: list[str] = field(default_factory=list)
    """Imports of modules that import this one in turn, with the blank lines before them; often none."""


@dataclass(slots=True)
class PackageView:
    """A package that only holds others."""

    py_module: str
    """The dotted name of the package."""
    path: Path
    """The file that it is written to."""
    header: list[str]
    """The lines of comment at the top."""
    doc: str
    """The text of its docstring."""
