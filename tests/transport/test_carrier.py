"""What carries a link's bytes by coroutines: the link hears of the end, however that comes about."""

from __future__ import annotations

import asyncio

from avrorpc.transport.carrier import Carrier


class Link(asyncio.Protocol):
    """Notes how it ended."""

    def __init__(self) -> None:
        self.ends: list[Exception | None] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.ends.append(exc)


async def never() -> bytes | None:
    await asyncio.get_running_loop().create_future()
    return None


async def refused(data: bytes) -> None:
    raise ConnectionResetError("the client has left")


async def test_a_failed_write_ends_the_link_with_its_error() -> None:
    link = Link()
    carrier = Carrier(link, outlives_input=True)
    carrier.write(b"x")
    await carrier.carry(never, refused)
    assert [type(end) for end in link.ends] == [ConnectionResetError]


async def test_the_link_hears_of_the_end_though_its_carrier_is_cancelled_while_it_ends() -> None:
    """A client that leaves makes a write fail, and in the same moment has the handler cancelled."""
    link = Link()

    async def read() -> bytes | None:
        try:
            return await never()
        finally:
            carrying.cancel()  # `carry` waits for this to end
            await asyncio.sleep(0)

    carrier = Carrier(link, outlives_input=True)
    carrier.write(b"x")
    carrying = asyncio.create_task(carrier.carry(read, refused))
    await asyncio.wait([carrying])
    assert carrying.cancelled()
    assert [type(end) for end in link.ends] == [ConnectionResetError]
