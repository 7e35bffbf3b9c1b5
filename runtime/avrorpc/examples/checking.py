"""A case held against what came of its call, and against the message that it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avrorpc.examples.case import ABSENT, Case, ExpectedError
from avrorpc.examples.fitting import fields_misfits, misfits
from avrorpc.examples.matching import mismatches, shown
from avrorpc.examples.problem import Problem, RuleError
from avrorpc.examples.rules import Names, check_names, failure, rules_of
from avrorpc.schema import NO_DEFAULT, Array, Field, Json, Message, Record, Schema, short_name, streaming


def output_problems(case: Case, message: Message, arguments: Mapping[str, Json], output: Json) -> list[str]:
    """Return how a result is not what a case says; nothing where it is.

    Args:
        case: The case.
        message: Its message.
        arguments: What the call was made with, defaults filled in, as JSON.
        output: What came, as JSON; of a response stream, the list of items.
    """
    if case.expected_error is not None:
        return [f"expected {_expected(case.expected_error)}, got the result {shown(output)}"]
    found: list[str] = []
    if case.expected_output is not ABSENT:
        found += map(str, mismatches(case.expected_output, output, case.tolerance))
    names = Names.of(message)
    try:
        values = names.values(arguments, output)
        for rule in rules_of(case, names.fields):
            failed = failure(rule.text, values)
            if failed is not None:
                found.append(failed)
    except RuleError as error:
        found.append(str(error))
    return found


def error_problems(case: Case, name: str, code: str, fields: Mapping[str, Json], told: str) -> list[str]:
    """Return how an error is not what a case says; nothing where it is.

    Args:
        case: The case.
        name: The full name of the declared error; empty where it is another.
        code: The code of the other one.
        fields: The declared error's fields, as JSON.
        told: The error in words.
    """
    expected = case.expected_error
    if expected is None:
        return [told]
    if expected.code:
        return [] if not name and code == expected.code else [f"expected {_expected(expected)}, got {told}"]
    if expected.name not in (name, short_name(name)):
        return [f"expected {_expected(expected)}, got {told}"]
    stated = {**expected.fields, "...": "..."}
    return [f"{short_name(name)}{problem}" for problem in mismatches(stated, dict(fields), case.tolerance)]


def _expected(error: ExpectedError) -> str:
    return f"the error {error.name or error.code}"


def case_problems(case: Case, message: Message) -> Iterator[Problem]:
    """Yield what is wrong with a case of a message before it is ever run; pointers count from the case."""
    kind = streaming(message)
    parameters = list(message.request)
    if kind.takes_stream:
        item = parameters[-1]
        parameters[-1] = Field(item.name, Array(item.type), default=NO_DEFAULT)
    yield from fields_misfits(parameters, dict(case.input), message.name, "/input")
    if case.expected_output is not ABSENT:
        response: Schema = Array(message.response) if kind.gives_stream else message.response
        yield from misfits(response, case.expected_output, "/expected_output", open=True)
    if case.expected_error is not None:
        yield from _error_problems(case.expected_error, message)
    names = Names.of(message)
    rules = rules_of(case, names.fields)
    while True:
        try:
            rule = next(rules, None)
            if rule is None:
                return
            check_names(rule.text, names)
        except RuleError as error:
            yield Problem("/validation_rules", str(error))
            return


def _error_problems(expected: ExpectedError, message: Message) -> Iterator[Problem]:
    if expected.code:
        return
    declared = [error for error in message.errors if isinstance(error, Record)]
    found = next((e for e in declared if expected.name in (e.name, short_name(e.name))), None)
    if found is None:
        known = ", ".join(short_name(error.name) for error in declared) or "none"
        yield Problem(
            "/expected_error", f"{message.name} declares no error {expected.name!r}; it declares {known}"
        )
        return
    stated = {**expected.fields, "...": "..."}
    yield from fields_misfits(
        found.fields, stated, short_name(found.name), "/expected_error/fields", open=True
    )
