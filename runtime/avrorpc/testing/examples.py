"""Services held to the example cases of their contracts: in any placement, and with a report.

`ServiceTester` is for people and notebooks; `placed` is what the pytest plugin runs cases with.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from avrorpc.binding import Binding, bind
from avrorpc.client import connect
from avrorpc.examples import Case
from avrorpc.method import Contract, Method
from avrorpc.rehearsal import Invoke, Rehearsal, Verdict, rehearse, variants_of
from avrorpc.schema import Json, short_name
from avrorpc.schema.routes import snake_case
from avrorpc.server import Server
from avrorpc.stub import AsyncClient
from avrorpc.testing.conformance.subject import subject_of

DEFAULT_PLACEMENT: Final = "local"


@dataclass(slots=True, frozen=True)
class ServiceReport:
    """What came of the example cases of a service."""

    service: str
    """The protocol's full name."""
    details: tuple[Rehearsal, ...]
    """Each case, in the contract's order."""

    def __str__(self) -> str:
        lines = [f"{self.service}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped"]
        for one in self.details:
            if one.verdict is Verdict.FAILED:
                told = one.text.replace("\n", "\n    ")
                lines.append(f"  {one.case.message}: {one.case.title}\n    {told}")
        return "\n".join(lines)

    @property
    def passed(self) -> int:
        """How many cases hold."""
        return self._count(Verdict.PASSED)

    @property
    def failed(self) -> int:
        """How many do not."""
        return self._count(Verdict.FAILED)

    @property
    def skipped(self) -> int:
        """How many were not run."""
        return self._count(Verdict.SKIPPED)

    def to_json(self) -> dict[str, Json]:
        """Return the report for a program."""
        details: list[Json] = [
            {
                "message": one.case.message,
                "description": one.case.description,
                "outcome": one.verdict.value,
                "text": one.text,
                "seconds": one.seconds,
            }
            for one in self.details
        ]
        counts: dict[str, Json] = {"passed": self.passed, "failed": self.failed, "skipped": self.skipped}
        return {"service": self.service, **counts, "details": details}

    def _count(self, verdict: Verdict) -> int:
        return sum(one.verdict is verdict for one in self.details)


class ServiceTester:
    """Runs the example cases of services.

    Args:
        services: Asynchronous clients, implementations, or bindings of them.
        include_changing: Whether messages are called that may change something.
        variants: The kinds of implementation that cases are run for, besides those that an implementation
            states itself in `__variants__`.

    Raises:
        BindError: A service is none of these.
    """

    def __init__(
        self, *services: object, include_changing: bool = False, variants: Iterable[str] = ()
    ) -> None:
        self._include_changing = include_changing
        self._variants = frozenset(variants)
        self._services: dict[str, tuple[Contract, object]] = {}
        for service in services:
            for contract in _contracts(service):
                self._services[contract.name] = (contract, service)

    async def run_service_tests(self, name: str, message: str | None = None) -> ServiceReport:
        """Run the cases of a service, or of one of its messages, and report.

        Args:
            name: The protocol's full name, its short name, or that in snake case: `tokenizer`.
            message: The message; all of them without.

        Raises:
            LookupError: There is no such service or message.
            BadExamples: The cases cannot be read.
        """
        contract, service = self._find(name)
        methods = list(contract.methods.values())
        if message is not None:
            if message not in contract.methods:
                known = ", ".join(contract.methods)
                raise LookupError(f"{contract.name} has no message {message!r}; it has {known}")
            methods = [contract.methods[message]]
        kinds = self._variants | variants(service)
        details: list[Rehearsal] = []
        async with placed(service, contract, DEFAULT_PLACEMENT) as invoke:
            for method in methods:
                for case in contract.examples.get(method.name, ()):
                    changing = self._include_changing
                    details.append(
                        await rehearse(method, case, invoke, include_changing=changing, variants=kinds)
                    )
        return ServiceReport(contract.name, tuple(details))

    def _find(self, name: str) -> tuple[Contract, object]:
        found = [
            full for full in self._services if name in (full, short_name(full), snake_case(short_name(full)))
        ]
        if len(found) != 1:
            known = ", ".join(found or self._services) or "none"
            problem = "several services go by" if found else "there is no service"
            raise LookupError(f"{problem} {name!r}: {known}")
        return self._services[found[0]]


def cases_of(service: object) -> list[tuple[Contract, Method[Any], Case]]:
    """Return the cases of all contracts of a service, each with its method.

    Raises:
        BindError: It is neither an implementation, nor a binding, nor an asynchronous client.
        BadExamples: The cases cannot be read.
    """
    return [
        (contract, method, case)
        for contract in _contracts(service)
        for method in contract.methods.values()
        for case in contract.examples.get(method.name, ())
    ]


@asynccontextmanager
async def placed(service: object, contract: Contract, placement: str) -> AsyncIterator[Invoke]:
    """Give what calls a service in a placement; a client stays where it is.

    Args:
        service: An asynchronous client, an implementation or a binding.
        contract: The one of its contracts that is called.
        placement: `direct`, `local`, `verify`, `memory`, `tcp`, `http` or `ws`.

    Raises:
        BindError: The service cannot be there.
    """
    if isinstance(service, AsyncClient):
        yield _through(service)
        return
    (subject,) = subject_of(service, contract.name)
    binding = subject.binding
    assert binding is not None
    if placement == "direct":
        yield _bare(binding.implementation)
    elif placement in ("local", "verify"):
        async with connect(subject.client, f"{placement}:", target=binding) as client:
            yield _through(client)
    else:
        async with Server([binding]) as server:
            where = "memory://" if placement == "memory" else f"{placement}://127.0.0.1:0"
            async with connect(subject.client, await server.listen(where)) as client:
                yield _through(client)


def _through(client: AsyncClient) -> Invoke:
    channel = client.__avrorpc__

    async def invoke(method: Method[Any], arguments: tuple[Any, ...]) -> Any:
        if method.streaming.gives_stream:
            return channel.iterate(method, *arguments)
        return await channel(method, *arguments)

    return invoke


def _bare(implementation: object) -> Invoke:
    """Call the implementation's own methods, as `direct:` does."""

    async def invoke(method: Method[Any], arguments: tuple[Any, ...]) -> Any:
        if method.streaming.takes_stream:
            arguments = (*arguments[:-1], _Items([item async for item in arguments[-1]]))
        function = getattr(implementation, method.attribute)
        names = inspect.signature(function).parameters
        result = function(**dict(zip(names, arguments, strict=True)))
        if method.streaming.gives_stream:
            return _stream(result)
        return await result if inspect.isawaitable(result) else result

    return invoke


class _Items:
    """Items for `def` and for `async def`."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self._items:
            yield item


async def _stream(items: Any) -> AsyncIterator[Any]:
    if isinstance(items, AsyncIterator):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def _contracts(service: object) -> list[Contract]:
    if isinstance(service, AsyncClient):
        return [service.__contract__]
    return [subject.contract for subject in subject_of(service)]


def variants(service: object) -> frozenset[str]:
    """Return the variants that an implementation says it is of; a client says none."""
    if isinstance(service, AsyncClient):
        return frozenset()
    return variants_of((service if isinstance(service, Binding) else bind(service)).implementation)
