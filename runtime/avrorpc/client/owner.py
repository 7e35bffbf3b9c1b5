"""Who may use a client's connections: after a fork, or in another event loop, nobody may."""

from __future__ import annotations

import asyncio
import os

from avrorpc.errors import ClientStateError


class Owner:
    """Who may use connections: the process that made them, one event loop, and nobody once they are closed.

    All clients over the same connections share one.
    """

    def __init__(self) -> None:
        self.is_closed = False
        """Whether the connections are closed."""
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop of an asynchronous client, from its first call on; None for synchronous ones."""
        self._process = os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether this is the process that made the connections."""
        return os.getpid() == self._process

    def check(self) -> None:
        """Check that the connections may be used here and now.

        Raises:
            ClientStateError: They may not.
        """
        if self.is_closed:
            raise ClientStateError("this client is closed")
        if not self.is_here:
            raise ClientStateError(
                "this client belongs to the process that made it; connect again after a fork"
            )

    def check_loop(self) -> None:
        """Check that the connections may be used in the running event loop: the one of the first call.

        Raises:
            ClientStateError: They may not.
        """
        self.check()
        loop = asyncio.get_running_loop()
        self.loop = self.loop or loop
        if self.loop is not loop:
            raise ClientStateError("this client belongs to another event loop; connect again in this one")
