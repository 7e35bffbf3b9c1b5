"""The items of a request that is a stream, and what its client did wrong in the midst of them.

An implementation that reads a wrong item gets an error with a code, as over any other transport. The client
gets the problem, which tells more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Self

from avrorpc.errors import LimitExceeded, RemoteProtocolError, StatusError
from avrorpc.server.rest.problems import Refusal
from avrorpc.streaming import close_iterator


class StreamItems:
    """Items on their way to an implementation.

    Args:
        source: Gives them; it may raise a `Refusal`.
    """

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source
        self._refusal: Refusal | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._source.__anext__()
        except Refusal as refusal:
            raise self._refused(refusal) from None
        except StatusError as error:  # an item above a limit
            raise self._refused(Refusal(413, error.message)) from None
        except LimitExceeded as error:
            raise self._refused(Refusal(413, str(error))) from None
        except RemoteProtocolError as error:
            raise self._refused(Refusal(400, str(error))) from None

    async def aclose(self) -> None:
        """Read no more."""
        await close_iterator(self._source)

    def check(self, failure: Exception) -> None:
        """Let a call that failed by what its client did wrong be answered with that.

        Raises:
            Refusal: What was wrong, where the implementation made nothing else of it.
        """
        refusal = self._refusal
        if (
            refusal is not None
            and isinstance(failure, StatusError)
            and (failure.code, failure.message) == (refusal.code, refusal.detail)
        ):
            raise refusal

    def _refused(self, refusal: Refusal) -> StatusError:
        self._refusal = refusal
        return StatusError(refusal.code, refusal.detail)
