"""Contracts and their methods, as generated code describes them.

A `Contract` is one Avro protocol with the Python classes of its types; a `Method` is one of its messages.
Both are cheap to make at import: the protocol's text is parsed when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from avrorpc.errors import SchemaError
from avrorpc.schema import (
    Json,
    Message,
    Named,
    Protocol,
    Record,
    Streaming,
    handshake_hash,
    parse_duration,
    parse_protocol,
    streaming,
)

if TYPE_CHECKING:
    from avrorpc.examples import Case

R_co = TypeVar("R_co", covariant=True)


class Contract:
    """One Avro protocol, and the Python class of each type that it reaches.

    Args:
        name: The protocol's full name.
        text: The compact `.avpr` text.
        types: Gives the classes by the full names of Avro types. It is called once, when they are first
            needed: until then they may lie in modules that are still being imported.
        examples: A package and the file in it that holds the example cases, where there is one.
    """

    def __init__(
        self,
        name: str,
        text: str,
        *,
        types: Callable[[], Mapping[str, type]],
        examples: tuple[str, str] | None = None,
    ) -> None:
        self.name: Final = name
        """The protocol's full name."""
        self.text: Final = text
        """The compact `.avpr` text, which other ends are shown."""
        self._find_types: Final = types
        self._examples: Final = examples
        self.methods: Final[dict[str, Method[Any]]] = {}
        """Methods by Avro message name, in the contract's order."""

    def __repr__(self) -> str:
        return f"<Contract {self.name} {self.hash.hex()}>"

    @cached_property
    def hash(self) -> bytes:
        """The MD5 of the text, 16 bytes: what stands for the contract in the Avro handshake."""
        return handshake_hash(self.text)

    @cached_property
    def types(self) -> Mapping[str, type]:
        """Python classes by the full names of Avro types."""
        return self._find_types()

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol itself."""
        return parse_protocol(self.text)

    @property
    def has_example_file(self) -> bool:
        """Whether the cases lie in a file of the package; else the text has all that are at hand."""
        return self._examples is not None

    @cached_property
    def examples(self) -> Mapping[str, tuple[Case, ...]]:
        """The example cases by message, read when they are first asked for; a message may have none.

        Raises:
            BadExamples: The package's file is not there, or is no case file; or an `@examples` in the
                contract is no list of cases.
        """
        from avrorpc.examples import BadExamples, by_message, cases_from_json, read_cases  # noqa: PLC0415

        if self._examples is not None:
            package, name = self._examples
            file = f"{name} of {package}"
            try:
                text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise BadExamples(f"it cannot be read: {error}", file) from error
            return by_message(placed.case for placed in read_cases(text, file))
        stated: list[tuple[str | None, Json]] = [(None, self.protocol.props.get("examples"))]
        stated += [(name, one.props.get("examples")) for name, one in self.protocol.messages.items()]
        found = [cases_from_json(value, "", name) for name, value in stated if isinstance(value, list | dict)]
        return by_message(placed.case for cases in found for placed in cases)

    def schema_of(self, cls: type) -> Named:
        """Return the schema of one of the classes made from this contract.

        Raises:
            SchemaError: The contract has no such class.
        """
        name = next((name for name, known in self.types.items() if known is cls), None)
        for named in self.protocol.types:
            if named.name == name:
                return named
        raise SchemaError(f"{self.name} has no type whose class is {cls.__qualname__}")

    def method(self, name: str, *, attribute: str | None = None, item: str | None = None) -> Method[Any]:
        """Return a message's method.

        Args:
            name: The message's name on the wire.
            attribute: The method's name in Python, where that differs.
            item: The name in Python of the parameter that is streamed, where that differs.
        """
        if name not in self.methods:
            self.methods[name] = Method(self, name, attribute or name, item)
        return self.methods[name]


class Method(Generic[R_co]):
    """One message of a contract; the type parameter is what a call returns, or an item of the stream."""

    def __init__(self, contract: Contract, name: str, attribute: str, item: str | None = None) -> None:
        self.contract: Final = contract
        self.name: Final = name
        """The message's name on the wire."""
        self.attribute: Final = attribute
        """The method's name in Python."""
        self._item: Final = item

    def __repr__(self) -> str:
        return f"<Method {self.full_name}>"

    @cached_property
    def full_name(self) -> str:
        """The protocol's full name, a slash, and the message's name."""
        return f"{self.contract.name}/{self.name}"

    @cached_property
    def message(self) -> Message:
        """The message's schema."""
        return self.contract.protocol.messages[self.name]

    @cached_property
    def streaming(self) -> Streaming:
        """Which sides of the message are streams."""
        return streaming(self.message)

    @cached_property
    def item(self) -> str | None:
        """The name in Python of the parameter that is streamed; None where the request is no stream."""
        if not self.streaming.takes_stream:
            return None
        return self._item or self.message.request[-1].name

    @cached_property
    def errors(self) -> frozenset[type]:
        """The classes of the declared errors."""
        types = self.contract.types
        return frozenset(
            types[error.name]
            for error in self.message.errors
            if isinstance(error, Record) and error.name in types
        )

    @cached_property
    def timeout(self) -> float | None:
        """The contract's default deadline in seconds, from `@timeout` on the message or the protocol."""
        for props in (self.message.props, self.contract.protocol.props):
            if "timeout" in props:
                return parse_duration(props["timeout"])
        return None
