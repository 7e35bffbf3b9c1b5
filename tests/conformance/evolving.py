"""Calls between two versions of a contract, which cases hold as texts."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import avrorpc
from avrorpc import stub
from avrorpc.codec.json import from_json, to_json
from avrorpc.schema import Json, NoDefault
from conformance import contracts
from conformance.calling import Outcome, compare
from conformance.loading import Case, Evolution
from conformance.placing import Where
from conformance.world import World


class Answering:
    """Answers each call of a contract with what it is told, and keeps what it was sent."""

    def __init__(self, contract: stub.Contract) -> None:
        self.contract = contract
        self.answer: Any = None
        self.saw: dict[str, Json] = {}
        members = {name: _method(method, self) for name, method in contract.methods.items()}
        skeleton = type("Skeleton", (stub.Service,), {"__contract__": contract, **members})
        self.service = type("Implementation", (skeleton,), {})()


def _method(method: stub.Method[Any], answering: Answering) -> Any:
    message, types = method.message, method.contract.types

    def answer(_: object, *positional: Any, **named: Any) -> Any:
        values = [*positional, *named.values()]
        answering.saw = {}
        for field, value in zip(message.request, values, strict=True):
            if field.name == method.item:
                answering.saw[field.name] = [to_json(field.type, one, types) for one in value]
            else:
                answering.saw[field.name] = to_json(field.type, value, types)
        if isinstance(answering.answer, avrorpc.DeclaredError):
            raise answering.answer
        return answering.answer

    def stream(self: object, *positional: Any, **named: Any) -> Iterator[Any]:
        yield from answer(self, *positional, **named)

    made: Any = stream if method.streaming.gives_stream else answer
    by_name = False
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for field in message.request:
        by_name = by_name or not isinstance(field.default, NoDefault)
        kind = inspect.Parameter.KEYWORD_ONLY if by_name else inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = inspect.Parameter.empty if isinstance(field.default, NoDefault) else None
        parameters.append(inspect.Parameter(field.name, kind, default=default))
    made.__signature__ = inspect.Signature(parameters)
    return made


def run_evolution(world: World, case: Case, where: Where) -> None:
    """Call a server of one version with a client of another."""
    evolution = case.evolution
    assert evolution is not None
    answering = world.answering.get(evolution.server)
    if answering is None:
        answering = world.answering[evolution.server] = Answering(contracts.contract(evolution.server))
    answering.saw = {}
    answering.answer = _answer(evolution, answering.contract)
    server = world.server(evolution.server, (answering.service,), case.server_limits)
    theirs = contracts.contract(evolution.client)
    base: Any = stub.Client if where.client == "sync" else stub.AsyncClient
    client: Any = avrorpc.connect(
        type("Client", (base,), {"__contract__": theirs}), world.url(server, where.placement)
    )
    try:
        method = theirs.methods[evolution.call]
        outcome = Outcome()
        try:
            _call(world, where, client, method, evolution, outcome)
        except Exception as error:  # noqa: BLE001 - it is looked at below
            outcome.error = error
        if method.streaming.gives_stream and outcome.error is None:
            outcome.value = [to_json(method.message.response, one, theirs.types) for one in outcome.items]
            assert outcome.value == evolution.value
            if evolution.sees is not None:
                assert answering.saw == evolution.sees
            return
        compare(_Expected(evolution), outcome, method)
        if evolution.sees is not None:
            assert answering.saw == evolution.sees
    finally:
        world.close(client)


class _Expected:
    """What an evolution case expects, as a step says it."""

    gives = None
    count = None

    def __init__(self, evolution: Evolution) -> None:
        self.value = evolution.value
        self.error = evolution.error


def _answer(evolution: Evolution, contract: stub.Contract) -> Any:
    protocol = contract.protocol
    message = protocol.messages.get(evolution.call)
    if evolution.raises is not None:
        schema = next(one for one in protocol.types if one.name == evolution.raises)
        return from_json(schema, evolution.answer, contract.types)
    if message is None:
        return None
    if contract.methods[evolution.call].streaming.gives_stream:
        return [from_json(message.response, one, contract.types) for one in evolution.answer or []]
    return (
        from_json(message.response, evolution.answer, contract.types)
        if evolution.answer is not None
        else None
    )


def _call(
    world: World, where: Where, client: Any, method: stub.Method[Any], evolution: Evolution, outcome: Outcome
) -> None:
    channel = client.__avrorpc__
    given = dict(evolution.arguments)
    items = given.pop(method.message.request[-1].name) if method.item is not None else []
    arguments = contracts.arguments(method, given)
    sent = [contracts.item(method, one) for one in items]
    if where.client == "sync":
        if method.item is not None:
            arguments.append(sent)
        if method.streaming.gives_stream:
            outcome.items = list(channel.iterate(method, *arguments))
        else:
            outcome.value = channel(method, *arguments)
        return

    async def ask() -> None:
        if method.item is not None:
            arguments.append(_items(sent))
        if method.streaming.gives_stream:
            outcome.items = [one async for one in channel.iterate(method, *arguments)]
        else:
            outcome.value = await channel(method, *arguments)

    world.run(where, ask())


async def _items(given: list[Any]) -> Any:
    for one in given:
        yield one
