"""Example cases that contracts hold themselves, read and run against the implementation that is served.

`@examples` of a message is a list of cases, or names a file beside the contract. Files are not at hand where
code runs; the list is part of the contract's text.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextvars import copy_context

from avrorpc.call import AsyncClock, Call, Options
from avrorpc.codec.json import fields_from_json, to_json
from avrorpc.contracts import ExampleCase, Outcome, TestResult
from avrorpc.errors import RpcError
from avrorpc.failure import outcome
from avrorpc.method import Method
from avrorpc.schema import Json, Message, Streaming, same_json
from avrorpc.server.served import Served


def examples_of(message: Message) -> Iterator[ExampleCase]:
    """Yield the example cases in a message's annotation; what is no case is passed over."""
    cases = message.props.get("examples")
    for case in cases if isinstance(cases, list) else ():
        if not isinstance(case, dict) or not isinstance(case.get("input"), dict):
            continue
        rules = case.get("validation_rules")
        yield ExampleCase(
            message=message.name,
            description=str(case.get("description", "")),
            input=_text(case["input"]),
            expected_output=_text(case["expected_output"]) if "expected_output" in case else None,
            validation_rules=[str(rule) for rule in rules] if isinstance(rules, list) else [],
        )


def shown_examples(served: Served, message: str) -> list[Json]:
    """Return the example cases of a message as JSON."""
    return [
        {
            "description": case.description,
            "input": json.loads(case.input),
            **({} if case.expected_output is None else {"expected_output": json.loads(case.expected_output)}),
        }
        for case in examples_of(served.contract.methods[message].message)
    ]


async def run_examples(served: Served, method: Method[object]) -> list[TestResult]:
    """Run a message's example cases through the service, and compare the results with the cases."""
    return [await _run(served, method, case) for case in examples_of(method.message)]


async def _run(served: Served, method: Method[object], case: ExampleCase) -> TestResult:
    started = time.monotonic()
    reason = _hindrance(method, case)
    if reason is not None:
        verdict, text = Outcome.SKIPPED, reason
    else:
        # A task of its own, since a call changes the context that it runs in.
        task = asyncio.create_task(_problem(served, method, case), context=copy_context())
        problem = await task
        verdict, text = (Outcome.PASSED, "") if problem is None else (Outcome.FAILED, problem)
    return TestResult(
        message=case.message,
        description=case.description,
        outcome=verdict,
        text=text,
        duration=time.monotonic() - started,
    )


def _hindrance(method: Method[object], case: ExampleCase) -> str | None:
    """Return why a case is not run, if it is not."""
    if method.message.props.get("readonly") is not True:
        return "the message may change something: it is not @readonly(true)"
    if method.streaming is not Streaming.NONE or method.message.one_way:
        return "a case says nothing of streams and one-way messages"
    if case.validation_rules:
        return "the server compares results, and evaluates no rules"
    return None


async def _problem(served: Served, method: Method[object], case: ExampleCase) -> str | None:
    """Run a case, and return what is wrong with its result, if anything is."""
    message, types = method.message, served.contract.types
    clock = AsyncClock()
    try:
        values = fields_from_json(message.request, json.loads(case.input), types, "the input")
        call = Call(method, tuple(values), clock, Options().deadline(method, clock.now()))
        reply = await served.service(call)
        result = to_json(message.response, reply.value, types)
    except RpcError as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - what an implementation raises is a failed case
        return str(outcome(method, error, expose_cause=False))
    if case.expected_output is None:
        return None
    expected: Json = json.loads(case.expected_output)
    return None if same_json(result, expected) else f"the result is {_text(result):.500}"


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
