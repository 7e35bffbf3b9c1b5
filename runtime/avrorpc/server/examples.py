"""Example cases of what is served: as introspection shows them, and run against the implementation."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from avrorpc.call import AsyncClock, Call, Options, current_call
from avrorpc.contracts import ExampleCase, Outcome, TestResult
from avrorpc.examples import ABSENT, Case, Names, rules_of
from avrorpc.failure import outcome
from avrorpc.method import Method
from avrorpc.rehearsal import Verdict, measure, rehearse, variants_of
from avrorpc.schema import Json
from avrorpc.server.served import Served

BENCH_SECONDS: Final = 5.0
"""How long a case is run again and again."""
_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
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


def held_examples(served: Served, message: str) -> list[Json]:
    """Return those example cases of a message, as JSON, that hold for this implementation of it.

    Raises:
        BadExamples: They cannot be read.
    """
    kinds = ("", *variants_of(served.binding.implementation))
    return [case.to_json() for case in served.contract.examples.get(message, ()) if case.variant in kinds]


async def run_examples(
    served: Served, method: Method[Any], *, include_changing: bool = False, repeat: int = 1
) -> list[TestResult]:
    """Run a message's example cases through the service, and hold the results against them.

    Args:
        served: The service.
        method: The message.
        include_changing: Whether it is called even where it may change something.
        repeat: How often a case that passes is run, where the message changes nothing.

    Raises:
        BadExamples: They cannot be read.
    """
    cases = method.contract.examples.get(method.name, ())
    if method.message.props.get("readonly") is not True:
        repeat = 1
    return [
        await _run(served, method, case, include_changing=include_changing, repeat=repeat) for case in cases
    ]


async def _run(
    served: Served, method: Method[Any], case: Case, *, include_changing: bool, repeat: int
) -> TestResult:
    async def invoke(method: Method[Any], arguments: tuple[Any, ...]) -> Any:
        clock = AsyncClock()
        # In the name of whoever asks for the test: what they may not call, it does not call.
        asking = current_call()
        deadline = Options().deadline(method, clock)
        known = ({}, None) if asking is None else (dict(asking.metadata), asking.principal)
        call = Call(method, arguments, clock, deadline, *known)
        try:
            return (await served.service(call)).value
        except Exception as error:  # noqa: BLE001 - callers see what comes of it
            raise outcome(method, error, expose_cause=False) from None

    variants = variants_of(served.binding.implementation)
    result = await rehearse(method, case, invoke, include_changing=include_changing, variants=variants)
    runs = [result.seconds] if result.verdict is not Verdict.SKIPPED else []
    if repeat > 1 and result.verdict is Verdict.PASSED:
        runs += await measure(method, case, invoke, repeat - 1, BENCH_SECONDS)
    # The first run warms up, and is not measured.
    return TestResult(
        message=case.message,
        description=case.description,
        outcome=_OUTCOMES[result.verdict],
        text=result.text,
        duration=result.seconds,
        runs=len(runs),
        latency=_latency(runs[1:]) if len(runs) > 1 else {},
    )


def _latency(runs: list[float]) -> dict[str, float]:
    """Return what shares of runs took at most, by the nearest rank."""
    ordered = sorted(runs)
    shares = {name: ordered[math.ceil(share * len(ordered)) - 1] for name, share in _SHARES.items()}
    return {**shares, "max": ordered[-1]}


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
