"""`direct:`: the client's methods are the implementation's own bound methods.

Nothing stands between caller and callee, so that nothing can be applied either: a policy of any kind, the
contract's `@timeout` included, is refused here and not ignored.
"""

from __future__ import annotations

from typing import Any

from avrorpc.binding import Binding, targets
from avrorpc.call import Options
from avrorpc.client.description import Description
from avrorpc.errors import BindError
from avrorpc.method import Contract, Method
from avrorpc.schema import Streaming
from avrorpc.stub import AsyncClient, Client


class DirectChannel:
    """What remains of a channel when no call goes through it."""

    def __init__(self, contract: Contract, implementation: object, *, asynchronous: bool) -> None:
        self._contract = contract
        self._implementation = implementation
        self._asynchronous = asynchronous

    def __repr__(self) -> str:
        return "direct:"

    def __call__(self, method: Any, /, *arguments: Any) -> Any:
        """Refuse: no call comes here."""
        raise BindError("a direct: client calls the implementation's own methods")

    def iterate(self, method: Any, /, *arguments: Any) -> Any:
        """Refuse: no call comes here."""
        raise BindError("a direct: client calls the implementation's own methods")

    def converse(self, method: Method[Any], /, *arguments: Any) -> Any:
        """Refuse: no method of an implementation gives a two-way stream as an object."""
        raise BindError(
            f"direct: {method.full_name} streams both ways, and the implementation's own method takes the"
            " items as an argument; use local: for an object with send and receive"
        )

    def close(self) -> Any:
        """Do nothing: the implementation is not this client's."""
        return _nothing() if self._asynchronous else None

    def describe(self) -> Description:
        """Return what this channel is."""
        return Description(
            placement="direct",
            url="direct:",
            contract=self._contract.name,
            hash=self._contract.hash.hex(),
            asynchronous=self._asynchronous,
            details={
                "implementation": type(self._implementation).__qualname__,
                "calls": "the implementation's own bound methods",
            },
        )


async def _nothing() -> None:
    return


def connect_direct(
    client_type: type[Client] | type[AsyncClient], binding: Binding, options: Options, *, has_middleware: bool
) -> Client | AsyncClient:
    """Return a client whose methods are the implementation's.

    Raises:
        BindError: The implementation does not fit, has the other colour, or a policy is configured.
    """
    contract, implementation = client_type.__contract__, binding.implementation
    asynchronous = issubclass(client_type, AsyncClient)
    if has_middleware or binding.middleware or options.timeout is not None or options.metadata:
        raise BindError("direct: applies no timeout, metadata or middleware; use local: for these")
    bound = targets(client_type, implementation)
    for target in bound.values():
        if _is_conversation(target.method, asynchronous=asynchronous):
            continue
        if target.method.timeout is not None:
            raise BindError(
                f"direct: cannot keep the contract's @timeout of {target.method.full_name}; use local:"
            )
        if target.is_async is not asynchronous:
            own, wanted = ("async def", "def") if target.is_async else ("def", "async def")
            raise BindError(
                f"direct: {type(implementation).__qualname__}.{target.method.attribute} is {own}, and"
                f" {client_type.__name__} needs {wanted}; use local:, which calls either"
            )
    client = client_type(DirectChannel(contract, implementation, asynchronous=asynchronous))
    for target in bound.values():
        if not _is_conversation(target.method, asynchronous=asynchronous):
            setattr(client, target.method.attribute, target.function)
    return client


def _is_conversation(method: Method[Any], *, asynchronous: bool) -> bool:
    """Whether callers see a method in another shape than implementations; it is refused when called."""
    return method.streaming is Streaming.BOTH and not asynchronous
