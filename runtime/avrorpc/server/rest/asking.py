"""Questions to `avrorpc.Introspection` in the name of whoever sent a request: none is told more over REST."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from avrorpc.call import AsyncClock, Call, Options
from avrorpc.codec.defaults import default_value
from avrorpc.codec.json import to_json
from avrorpc.errors import DeclaredError, StatusError
from avrorpc.limits import Limits
from avrorpc.schema import Json, NoDefault
from avrorpc.server.rest.operation import Admit, metadata_of
from avrorpc.server.rest.problems import problem_of
from avrorpc.server.served import Served
from avrorpc.transport.http_message import HttpRequest


class Asking:
    """Asks.

    Args:
        introspection: Whom.
        limits: Bounds on metadata.
        admit: Counts a call while it lasts.
    """

    def __init__(self, introspection: Served, limits: Limits, admit: Admit) -> None:
        self._introspection = introspection
        self._limits = limits
        self._admit = admit

    async def __call__(self, request: HttpRequest, name: str, *arguments: Any) -> Any:
        """Return the answer to a question, as JSON values.

        Raises:
            Problem: It was refused.
        """
        method = self._introspection.contract.methods[name]
        defaults = [
            default_value(field.type, field.default, self._introspection.contract.types)
            for field in method.message.request[len(arguments) :]
            if not isinstance(field.default, NoDefault)
        ]
        clock = AsyncClock(asyncio.get_running_loop())
        call = Call(
            method,
            (*arguments, *defaults),
            clock,
            Options().deadline(method, clock),
            metadata_of(request, self._limits),
            request.principal,
            request.accepted.peer or None,
        )
        try:
            with self._admit(self._introspection, call, request):
                reply = await self._introspection.run(call)
        except (DeclaredError, StatusError) as error:
            raise Problem(*problem_of(error, self._introspection.contract)) from None
        return to_json(method.message.response, reply.value, self._introspection.contract.types)


class Problem(Exception):
    """A problem that has been made already.

    Args:
        status: The HTTP status.
        document: The problem.
        headers: Sent with it.
    """

    def __init__(self, status: int, document: Mapping[str, Json], headers: Mapping[str, str]) -> None:
        super().__init__(str(document.get("detail")))
        self.status: Final = status
        self.document: Final = document
        self.headers: Final = headers
