"""What is checked: an implementation in this process, or a server behind a URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from avrorpc.binding import Binding, bind
from avrorpc.errors import BindError
from avrorpc.examples import Case
from avrorpc.method import Contract
from avrorpc.rehearsal import variants_of
from avrorpc.stub import AsyncClient

LOCAL: Final = ("local", "verify")
SECURE: Final = ("tls", "https", "wss")
"""Where certificates are needed."""
PLACEMENTS: Final = (*LOCAL, "memory", "unix", "tcp", "tls", "http", "https", "ws", "wss")
"""Where an implementation is checked, in this order."""


@dataclass(slots=True)
class Subject:
    """A service that is checked.

    Args:
        contract: What it serves.
        url: Where it is; None for an implementation in this process.
        binding: The implementation, where there is one.
        client: The class of its clients.
    """

    contract: Contract
    url: str | None
    binding: Binding | None
    client: type[AsyncClient]
    examples: dict[str, Sequence[Case]] = field(default_factory=dict)
    """The example cases of messages, by name: at first those that are at hand with the contract."""
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    """Sent with each call, such as a token."""

    def __post_init__(self) -> None:
        self.examples = {**self.contract.examples, **self.examples}

    @property
    def is_black_box(self) -> bool:
        """Whether only its answers can be seen."""
        return self.binding is None

    @property
    def variants(self) -> frozenset[str]:
        """The kinds of implementation that it says it is of."""
        return frozenset() if self.binding is None else variants_of(self.binding.implementation)

    def placements(self) -> tuple[str, ...]:
        """Return where it can be called."""
        if self.url is not None:
            return (self.url.partition(":")[0],)
        return PLACEMENTS


def subject_of(implementation: object, contract: str | None = None) -> list[Subject]:
    """Return an implementation as what is checked, once for each of its contracts.

    Args:
        implementation: An object whose class derives from generated skeletons, or a binding of one.
        contract: The full name of the one that is to be checked.

    Raises:
        BindError: It implements none, or not that one.
    """
    binding = implementation if isinstance(implementation, Binding) else bind(implementation)
    found = binding.contracts()
    if contract is not None and contract not in found:
        raise BindError(f"the implementation has no contract {contract}; it has {', '.join(found)}")
    return [
        Subject(skeleton.__contract__, None, binding, client_of(skeleton))  # type: ignore[attr-defined]
        for name, skeleton in found.items()
        if contract in (None, name)
    ]


def remote_subject(url: str, contract: Contract, *, metadata: Mapping[str, bytes] | None = None) -> Subject:
    """Return a server as what is checked; its contract may come from the server itself.

    Args:
        url: Where it is.
        contract: What it serves there.
        metadata: Sent with each call, such as a token.
    """
    client = type("Client", (AsyncClient,), {"__contract__": contract})
    return Subject(contract, url, None, client, metadata=dict(metadata or {}))


def client_of(skeleton: type) -> type[AsyncClient]:
    """Return a client class of a skeleton's contract; its signatures are the skeleton's."""
    contract: Contract = skeleton.__contract__  # type: ignore[attr-defined]
    names = {method.attribute for method in contract.methods.values()}
    members = {name: getattr(skeleton, name) for name in names}
    return type(f"Async{skeleton.__name__}Client", (AsyncClient,), {**members, "__contract__": contract})
