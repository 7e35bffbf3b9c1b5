"""What clients are: described, closed, and refused by name where they cannot work."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest
from avrorpc import ClientStateError, describe
from behaviours.setup import Setup


async def a_client_says_what_it_is(setup: Setup) -> None:
    client = await setup.conformance()
    description = describe(client)
    assert description.placement == setup.case.placement.scheme
    assert description.contract == "conformance.Conformance"
    assert description.asynchronous is setup.case.is_async
    assert description.placement in str(description)


async def a_client_closes_at_the_end_of_its_block(setup: Setup) -> None:
    client = await setup.conformance()

    def use() -> float:
        with client as same:
            value: float = same.add(1.0)
        return value

    if setup.case.is_async:
        async with client as same:
            assert await same.add(1.0) == 2.0
    else:
        assert await asyncio.to_thread(use) == 2.0


async def closing_a_client_twice_does_no_harm(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.add, 1.0) == 2.0
    await setup.close(client)
    await setup.close(client)


async def a_client_that_was_never_used_can_be_closed(setup: Setup) -> None:
    await setup.close(await setup.conformance())


async def a_closed_client_refuses_by_name(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.add, 1.0) == 2.0
    await setup.close(client)
    with pytest.raises(ClientStateError, match="this client is closed"):
        await setup.call(client.add, 1.0)


async def many_threads_or_tasks_share_a_client(setup: Setup) -> None:
    client = await setup.conformance()
    barrier = threading.Barrier(4)
    sums: list[list[float]] = []

    def use(start: float) -> None:
        barrier.wait()
        sums.append([client.add(start, b=float(n)) for n in range(10)])

    async def use_async(start: float) -> None:
        sums.append([await client.add(start, b=float(n)) for n in range(10)])

    if setup.case.is_async:
        await asyncio.gather(*(use_async(float(n)) for n in range(4)))
    else:
        await asyncio.gather(*(asyncio.to_thread(use, float(n)) for n in range(4)))
    assert sorted(sums) == [[n + m for m in range(10)] for n in range(4)]


async def a_client_is_of_the_process_that_made_it(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.add, 1.0) == 2.0
    status = _in_a_fork(client, is_async=setup.case.is_async)
    assert status == 7, f"it ended with {status}"
    assert await setup.call(client.add, 1.0) == 2.0


def _in_a_fork(client: Any, *, is_async: bool) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_after_fork(client, is_async=is_async))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _after_fork(client: Any, *, is_async: bool) -> int:
    """Return 7 where a call is refused, 0 where it works, and 8 for all else. No loop runs here any more."""
    try:
        if is_async:
            client.add(1.0).send(None)
        else:
            client.add(1.0)
    except ClientStateError as error:
        return 7 if "the process that made it" in str(error) else 8
    except StopIteration:
        return 0
    except BaseException:  # noqa: BLE001 - nothing may go on in a process that is the test's own copy
        return 8
    return 0


async def an_asynchronous_client_is_of_one_event_loop(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.add, 1.0) == 2.0

    async def use() -> None:
        await setup.call(client.add, 1.0)

    def elsewhere() -> None:
        asyncio.run(use())

    with pytest.raises(ClientStateError, match="belongs to another event loop"):
        await asyncio.to_thread(elsewhere)


async def a_call_never_blocks_the_loop_that_is_to_answer_it(setup: Setup) -> None:
    client = await setup.conformance()
    if setup.case.is_async:
        assert await client.add(1.0) == 2.0
    elif setup.case.placement.is_here:
        assert client.add(1.0) == 2.0
    else:
        with pytest.raises(ClientStateError, match="would block the event loop that serves"):
            client.add(1.0)
