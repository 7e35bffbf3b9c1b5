"""Example cases as tests of pytest: `pytest --avrorpc-examples MODULE:FACTORY`."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from avrorpc.errors import RpcError
from avrorpc.examples import Case
from avrorpc.method import Method
from avrorpc.rehearsal import Rehearsal, Verdict, rehearse
from avrorpc.testing.examples import cases_of, placed, variants


class ExampleFailed(Exception):
    """A case does not hold."""


class ExampleItem(pytest.Item):
    """One case in one placement."""

    def __init__(
        self, *, service: object, method: Method[Any], case: Case, placement: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._service = service
        self._method = method
        self._case = case
        self._placement = placement

    def runtest(self) -> None:
        """Run the case.

        Raises:
            ExampleFailed: It does not hold.
        """
        result = asyncio.run(self._run())
        if result.verdict is Verdict.SKIPPED:
            pytest.skip(result.text)
        if result.verdict is Verdict.FAILED:
            raise ExampleFailed(result.text)

    async def _run(self) -> Rehearsal:
        async with placed(self._service, self._method.contract, self._placement) as invoke:
            return await rehearse(self._method, self._case, invoke, variants=variants(self._service))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is wrong, and the case, instead of a traceback of ours."""
        if isinstance(excinfo.value, ExampleFailed):
            return f"{self._method.full_name}: {self._case.title} ({self._placement})\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return what the case is called."""
        return self.path, None, self.name


def example_items(
    session: pytest.Session, targets: Sequence[str], placements: Sequence[str]
) -> Iterator[ExampleItem]:
    """Yield a test for each case of each service in each placement.

    Raises:
        UsageError: There is no such service, or its cases cannot be read.
    """
    for target in targets:
        service = _make(target)
        try:
            found = cases_of(service)
        except RpcError as error:
            raise pytest.UsageError(f"--avrorpc-examples {target}: {error}") from error
        numbers: dict[str, int] = {}
        for _, method, case in found:
            number = numbers[method.full_name] = numbers.get(method.full_name, 0) + 1
            what = case.description or str(number)
            for placement in placements:
                yield ExampleItem.from_parent(
                    session,
                    name=f"{method.full_name}[{what}-{placement}]",
                    service=service,
                    method=method,
                    case=case,
                    placement=placement,
                )


def _make(target: str) -> object:
    module, separator, path = target.partition(":")
    if not separator or not path:
        raise pytest.UsageError(f"--avrorpc-examples {target}: write MODULE:FACTORY")
    try:
        found: Any = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise pytest.UsageError(f"--avrorpc-examples {target}: {error}") from error
    return found() if callable(found) else found
