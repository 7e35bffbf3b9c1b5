"""Example cases of what is served: as introspection shows them, and run against the implementation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from avrorpc.call import AsyncClock, Call, Options
from avrorpc.contracts import ExampleCase, Outcome, TestResult
from avrorpc.examples import ABSENT, Case, Names, rules_of
from avrorpc.failure import outcome
from avrorpc.method import Method
from avrorpc.rehearsal import Verdict, rehearse, variants_of
from avrorpc.schema import Json
from avrorpc.server.served import Served

_OUTCOMES: Final = {
    Verdict.PASSED: Outcome.PASSED,
    Verdict.FAILED: Outcome.FAILED,
    Verdict.SKIPPED: Outcome.SKIPPED,
}


def examples_of(method: Method[Any]) -> Iterator[ExampleCase]:
    """Yield the example cases of a message.

    Raises:
        BadExamples: They cannot be read.
        RuleError: A rule of theirs is none.
    """
    fields = Names.of(method.message).fields
    for case in method.contract.examples.get(method.name, ()):
        error = case.expected_error
        yield ExampleCase(
            message=case.message,
            description=case.description,
            input=_text(dict(case.input)),
            expected_output=None if case.expected_output is ABSENT else _text(case.expected_output),
            validation_rules=[rule.text for rule in rules_of(case, fields)],
            expected_error=None if error is None else _text(error.to_json()),
            variant=case.variant,
        )


def shown_examples(served: Served, message: str) -> list[Json]:
    """Return the example cases of a message as JSON.

    Raises:
        BadExamples: They cannot be read.
    """
    return [case.to_json() for case in served.contract.examples.get(message, ())]


async def run_examples(
    served: Served, method: Method[Any], *, include_changing: bool = False
) -> list[TestResult]:
    """Run a message's example cases through the service, and hold the results against them.

    Raises:
        BadExamples: They cannot be read.
    """
    cases = method.contract.examples.get(method.name, ())
    return [await _run(served, method, case, include_changing=include_changing) for case in cases]


async def _run(served: Served, method: Method[Any], case: Case, *, include_changing: bool) -> TestResult:
    async def invoke(method: Method[Any], arguments: tuple[Any, ...]) -> Any:
        clock = AsyncClock()
        call = Call(method, arguments, clock, Options().deadline(method, clock.now()))
        try:
            return (await served.service(call)).value
        except Exception as error:  # noqa: BLE001 - callers see what comes of it
            raise outcome(method, error, expose_cause=False) from None

    variants = variants_of(served.binding.implementation)
    result = await rehearse(method, case, invoke, include_changing=include_changing, variants=variants)
    return TestResult(
        message=case.message,
        description=case.description,
        outcome=_OUTCOMES[result.verdict],
        text=result.text,
        duration=result.seconds,
    )


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
