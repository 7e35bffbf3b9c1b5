"""Runs the steps of a case through clients of either colour, and compares what came with what should."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import avrorpc
import msgspec
from avrorpc import Code, DeclaredError, EndOfStream, StatusError, stub
from avrorpc.codec.json import to_json
from conformance import contracts
from conformance.loading import Case, Failure, Seen, Step, Turn
from conformance.placing import Where
from conformance.world import PATIENCE, World
from testcontracts.script import Observation

SLOW: Final = 20
"""How many times longer everything takes where a deadline came before what the case has before it."""
TRIES: Final = 5
"""How often a call is made that the contract's own deadline, which no case can change, cut off too soon."""
_KEYS: Final = itertools.count()


class CallersOwn(Exception):
    """What the caller's items raise."""


@dataclass
class Outcome:
    """What came of a call."""

    value: Any = None
    items: list[Any] = field(default_factory=list)
    error: BaseException | None = None


def run_steps(world: World, case: Case, where: Where) -> None:
    """Run the steps of a case one after the other."""
    for step in case.steps or ():
        for _ in range(step.times):
            run_step(world, case, where, step)


def run_step(world: World, case: Case, where: Where, step: Step) -> None:
    """Make the calls of one step, and check what came.

    A busy machine may reach a deadline before what should come first: that proves nothing, and the step is
    made once more, with times of which even such a machine makes no mistake where they are the case's.
    """
    runner, outcomes = _calls(world, case, where, step)
    for _ in range(1, TRIES if step.deadline is None else 2):
        if not any(came_too_soon(step, outcome) for outcome in outcomes):
            break
        step = step if step.deadline is None else slowed(step)
        runner, outcomes = _calls(world, case, where, step)
    for outcome in outcomes:
        check(step, outcome)
    if step.server is not None:
        _check_seen(step.server, runner.observe(waiting=step.server.begun != 0))


def _calls(world: World, case: Case, where: Where, step: Step) -> tuple[Runner, list[Outcome]]:
    name = step.call.partition("/")[0]
    client = world.client(
        name, where, server_limits=case.server_limits, client_limits=case.client_limits, fresh=case.fresh
    )
    runner = Runner(world, where, step, client, _observed(world, case, where, client))
    return runner, runner.at_once()


def came_too_soon(step: Step, outcome: Outcome) -> bool:
    """Return whether the deadline cut off what should come before it, and nothing else is wrong.

    Of items, those that came must be the first of those that should.
    """
    error = outcome.error
    if not isinstance(error, StatusError) or error.code is not Code.DEADLINE_EXCEEDED:
        return False
    if step.deadline is None:
        return step.error is None and contracts.method(step.call).timeout is not None
    if step.error is None:
        return False
    wanted, came = len(step.gives or ()) or step.count or 0, outcome.items
    if len(came) >= wanted:
        return False
    if step.gives is not None:
        check(msgspec.structs.replace(step, gives=step.gives[: len(came)]), outcome)
    return True


def slowed(step: Step) -> Step:
    """Return a step with all its times `SLOW` times longer."""
    assert step.deadline is not None
    script = [
        {key: value * SLOW if key == "pause" else value for key, value in action.items()}
        for action in step.script or ()
    ]
    return msgspec.structs.replace(step, deadline=step.deadline * SLOW, script=script)


def _observed(world: World, case: Case, where: Where, client: Any) -> Any:
    """Return the client that asks what was seen; of a connection of its own, unless the case shares one."""
    return world.client("script", where, server_limits={}, client_limits={})


class Runner:
    """One step at one place."""

    def __init__(self, world: World, where: Where, step: Step, client: Any, observer: Any) -> None:
        self.key = f"call {next(_KEYS)}"
        self._world = world
        self._where = where
        self._step = step
        self._observer = observer
        options: dict[str, Any] = {}
        if step.deadline is not None:
            options["timeout"] = step.deadline
        if step.metadata:
            options["metadata"] = {key: value.encode() for key, value in step.metadata.items()}
        self._client = avrorpc.with_options(client, **options) if options else client
        self._channel: Any = self._client.__avrorpc__
        self._method: stub.Method[Any] = client.__contract__.methods[step.call.partition("/")[2]]

    def at_once(self) -> list[Outcome]:
        """Make as many calls at the same time as the step asks for."""
        count = self._step.at_once
        if self._where.client == "async":
            return self._world.run(self._where, self._gathered(count))
        if count == 1:
            return [self._sync()]
        outcomes: list[Outcome] = []
        threads = [threading.Thread(target=lambda: outcomes.append(self._sync())) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(outcomes) == count
        return outcomes

    async def _gathered(self, count: int) -> list[Outcome]:
        return await asyncio.gather(*(self._async() for _ in range(count)))

    def observe(self, *, waiting: bool) -> Observation:
        """Return what the service saw of the step's calls."""
        if self._where.client == "async":
            seen: Observation = self._world.run(self._where, self._observer.observe(self.key, ended=waiting))
            return seen
        return self._observer.observe(self.key, ended=waiting)  # type: ignore[no-any-return]

    def _arguments(self) -> list[Any]:
        given = dict(self._step.arguments)
        if self._step.script is not None:
            given["script"] = {"key": self.key, "steps": self._step.script}
        return contracts.arguments(self._method, given)

    def _items(self) -> Iterator[Any]:
        for given in self._step.items or ():
            yield contracts.item(self._method, given)
        if self._step.breaks:
            raise CallersOwn("the caller's items")

    # Synchronous.

    def _sync(self) -> Outcome:
        outcome = Outcome()
        try:
            self._sync_call(outcome)
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            outcome.error = error
        return outcome

    def _sync_call(self, outcome: Outcome) -> None:
        streaming, arguments = self._method.streaming, self._arguments()
        if streaming.takes_stream and streaming.gives_stream:
            with self._channel.converse(self._method, *arguments) as stream:
                if self._step.talk is not None:
                    self._sync_talk(stream)
                    return
                self._sync_converse(stream, outcome)
        elif streaming.gives_stream:
            with avrorpc.closing(self._channel.iterate(self._method, *arguments)) as stream:
                self._sync_read(stream, outcome)
        else:
            if streaming.takes_stream:
                arguments.append(self._items())
            outcome.value = self._channel(self._method, *arguments)

    def _sync_converse(self, stream: Any, outcome: Outcome) -> None:
        try:
            for one in self._items():
                stream.send(one)
            stream.close_send()
        except EndOfStream:
            pass  # the service has ended the call; what it gave says how
        self._sync_read(stream, outcome)

    def _sync_read(self, stream: Any, outcome: Outcome) -> None:
        take = self._step.take
        while take is None or len(outcome.items) < take:
            try:
                outcome.items.append(next(stream))
            except StopIteration:
                return

    def _sync_talk(self, stream: Any) -> None:
        for turn in self._step.talk or ():
            self._turn(turn, lambda turn: _sync_turn(turn, stream, self._method))

    def _turn(self, turn: Turn, act: Callable[[Turn], Any]) -> None:
        try:
            given = act(turn)
        except EndOfStream:
            assert turn.end, f"the stream ended at {turn}"
            return
        except Exception as error:  # noqa: BLE001 - it is looked at
            failed = error
        else:
            _check_turn(turn, given, self._method)
            return
        if turn.fails is None:
            raise AssertionError(f"{failed!r} at {turn}") from failed
        check_error(turn.fails, failed, self._method)

    # Asynchronous.

    async def _async(self) -> Outcome:
        outcome = Outcome()
        calling = asyncio.ensure_future(self._async_call(outcome))
        try:
            if self._step.cancel:
                await self._begun()
                calling.cancel()
            async with asyncio.timeout(PATIENCE - 5):
                await asyncio.wait([calling])
        finally:
            calling.cancel()
        outcome.error = asyncio.CancelledError() if calling.cancelled() else calling.exception()
        return outcome

    async def _begun(self) -> None:
        wanted = 0 if self._step.items is None else len(self._step.items)
        while True:
            seen = await self._observer.observe(self.key)
            if seen.begun and seen.received >= wanted:
                return
            await asyncio.sleep(0.001)

    async def _async_call(self, outcome: Outcome) -> None:
        streaming, arguments = self._method.streaming, self._arguments()
        if self._step.talk is not None:
            await self._async_talk(arguments)
            return
        if streaming.takes_stream:
            arguments.append(self._async_items())
        if streaming.gives_stream:
            async with avrorpc.closing(self._channel.iterate(self._method, *arguments)) as stream:
                await self._async_read(stream, outcome)
        else:
            outcome.value = await self._channel(self._method, *arguments)

    async def _async_items(self) -> AsyncIterator[Any]:
        for one in self._items():
            yield one
        if self._step.cancel:
            await asyncio.get_running_loop().create_future()

    async def _async_read(self, stream: Any, outcome: Outcome) -> None:
        take = self._step.take
        while take is None or len(outcome.items) < take:
            try:
                outcome.items.append(await anext(stream))
            except StopAsyncIteration:
                return

    async def _async_talk(self, arguments: list[Any]) -> None:
        queue: asyncio.Queue[Any] = asyncio.Queue()

        async def items() -> AsyncIterator[Any]:
            while (one := await queue.get()) is not None:
                yield one

        async with avrorpc.closing(self._channel.iterate(self._method, *arguments, items())) as stream:
            for turn in self._step.talk or ():
                given: Any = None
                error: Exception | None = None
                try:
                    given = await _async_turn(turn, stream, queue, self._method)
                except Exception as raised:  # noqa: BLE001 - raised again in `again`
                    error = raised

                def again(_: Turn, given: Any = given, error: Exception | None = error) -> Any:
                    if error is not None:
                        raise error
                    return given

                self._turn(turn, again)


def _sync_turn(turn: Turn, stream: Any, method: stub.Method[Any]) -> Any:
    if turn.send is not None:
        stream.send(contracts.item(method, turn.send))
    elif turn.close_send:
        stream.close_send()
    elif turn.close:
        stream.close()
    else:
        return stream.receive()
    return None


async def _async_turn(turn: Turn, stream: Any, queue: asyncio.Queue[Any], method: stub.Method[Any]) -> Any:
    if turn.send is not None:
        queue.put_nowait(contracts.item(method, turn.send))
    elif turn.close_send:
        queue.put_nowait(None)
    elif turn.close:
        await stream.aclose()
    else:
        try:
            return await anext(stream)
        except StopAsyncIteration:
            raise EndOfStream("there are no more items") from None
    return None


def _check_turn(turn: Turn, given: Any, method: stub.Method[Any]) -> None:
    assert not turn.end, f"{given} came instead of the end"
    assert turn.fails is None, f"{given} came instead of {turn.fails}"
    if turn.receive is not None:
        wanted = contracts.whole(method.message.response, turn.receive, method.contract)
        assert contracts.shown(method, given) == wanted


# What came, and what was expected.


def check(step: Step, outcome: Outcome) -> None:
    """Compare an outcome with what a step expects.

    Raises:
        AssertionError: It differs.
    """
    method = contracts.method(step.call)
    compare(step, outcome, method)


def compare(step: Any, outcome: Outcome, method: stub.Method[Any]) -> None:
    """Compare an outcome with what is expected, where the method need not be of a known contract."""
    if step.error is None:
        if outcome.error is not None:
            raise AssertionError(f"{type(outcome.error).__name__}: {outcome.error}") from outcome.error
    else:
        assert outcome.error is not None, f"no error, but {outcome.value!r} and {len(outcome.items)} items"
        check_error(step.error, outcome.error, method)
    response, contract = method.message.response, method.contract
    if step.value is not msgspec.UNSET:
        wanted = contracts.whole(response, step.value, contract)
        shown = to_json(response, outcome.value, contract.types)
        assert shown == wanted or _same_numbers(shown, wanted)
    if step.gives is not None:
        expected = [contracts.whole(response, one, contract) for one in step.gives]
        assert [to_json(response, one, contract.types) for one in outcome.items] == expected
    if step.count is not None:
        assert len(outcome.items) == step.count


def _same_numbers(shown: Any, wanted: Any) -> bool:
    """Return whether two values show alike: the sign of a zero is a difference, and NaN is itself."""
    return repr(shown) == repr(wanted)


def check_error(wanted: Failure, error: BaseException, method: stub.Method[Any]) -> None:
    """Compare an error with what is expected of it."""
    try:
        _check_error(wanted, error, method)
    except AssertionError as difference:
        difference.__cause__ = error
        raise


def _check_error(wanted: Failure, error: BaseException, method: stub.Method[Any]) -> None:
    text = str(error)
    if wanted.status is not None:
        assert isinstance(error, StatusError), f"{type(error).__name__}: {error}"
        assert error.code.value == wanted.status, text
    if wanted.declared is not None:
        assert isinstance(error, DeclaredError), f"{type(error).__name__}: {error}"
        name, fields = contracts.shown_error(error, method.contract)
        assert name == wanted.declared
        if wanted.fields is not None:
            schema = method.contract.schema_of(type(error))
            assert fields == contracts.whole(schema, wanted.fields, method.contract)
    if wanted.raises is not None:
        assert wanted.raises in [cls.__name__ for cls in type(error).__mro__], f"{error!r}"
    for part in wanted.message:
        assert part in text
    for part in wanted.lacks:
        assert part not in text
    info = avrorpc.error_info(error)
    if wanted.details is not None:
        assert [contracts.shown_detail(detail) for detail in info.details] == wanted.details
    if wanted.has_id is not None:
        assert (info.error_id is not None) is wanted.has_id
    if wanted.from_peer is not None:
        assert info.from_peer is wanted.from_peer


def _check_seen(wanted: Seen, seen: Observation) -> None:
    for name in wanted.__struct_fields__:
        expected = getattr(wanted, name)
        if expected is not None:
            assert getattr(seen, name) == expected, f"{name} in {seen}"
