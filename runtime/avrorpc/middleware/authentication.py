"""Who calls: credentials that a client attaches to each call, and the check of them at a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from inspect import isawaitable
from typing import Any, TypeAlias

from avrorpc.call import Call, Reply
from avrorpc.errors import Code, StatusError
from avrorpc.method import Method
from avrorpc.principal import Principal
from avrorpc.schema.openapi_options import Scheme
from avrorpc.service import Service

Provider: TypeAlias = Callable[[Call], Mapping[str, bytes] | Awaitable[Mapping[str, bytes]]]
"""Gives the metadata that proves who calls; asked before each call, so that it may refresh what runs out."""
Authenticate: TypeAlias = Callable[[Call], Awaitable[Principal | None] | Principal | None]
"""Gives whoever a call comes from, or None where it does not prove it."""
Authorize: TypeAlias = Callable[[Principal, Method[Any]], bool]
"""Whether somebody may call a message."""


class Credentials:
    """Attaches metadata to each call of a client, such as `{"authorization": b"Bearer ..."}`.

    Args:
        provider: Gives the metadata. It may be `async def` where the client is asynchronous.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            given = self._provider(call)
            attached = await given if isawaitable(given) else given
            return await service(replace(call, metadata={**call.metadata, **attached}))

        return serve


class Authentication:
    """Lets only those calls through whose caller is known, and may make them.

    A call without a caller ends with UNAUTHENTICATED, one that its caller may not make with
    PERMISSION_DENIED; both functions may also raise a `StatusError` of their own. What else they raise is a
    failure, and no call passes. The implementation finds the caller in `avrorpc.current_call().principal`.

    Args:
        authenticate: Gives the caller, by the call's metadata, or by `call.principal`, which is whom the
            connection proves. It may be `async def`.
        authorize: Whether the caller may call a message; everybody who is known may, unless given.
        exempt: Messages that anybody may call, as `protocol/message`.
        schemes: How callers may prove who they are, for the OpenAPI document that a server shows.
    """

    def __init__(
        self,
        authenticate: Authenticate,
        *,
        authorize: Authorize | None = None,
        exempt: Collection[str] = (),
        schemes: Sequence[Scheme] = (),
    ) -> None:
        self.schemes = tuple(schemes)
        """How callers may prove who they are."""
        self._authenticate = authenticate
        self._authorize = authorize
        self._exempt = frozenset(exempt)

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            principal = await self.admit(call)
            return await service(call if principal is None else replace(call, principal=principal))

        return serve

    async def admit(self, call: Call) -> Principal | None:
        """Return who makes a call, None where anybody may; its arguments are not looked at.

        Raises:
            StatusError: UNAUTHENTICATED or PERMISSION_DENIED, the call may not be made.
        """
        if call.method.full_name in self._exempt:
            return None
        found = self._authenticate(call)
        principal = await found if isawaitable(found) else found
        if principal is None:
            raise StatusError(Code.UNAUTHENTICATED, f"{call.method.full_name} needs to know who calls")
        if self._authorize is not None and not self._authorize(principal, call.method):
            raise StatusError(
                Code.PERMISSION_DENIED, f"{principal.name} may not call {call.method.full_name}"
            )
        return principal
