"""Running all checks of a service, and writing down what came of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from avrorpc.codec.json import fields_from_json, from_json
from avrorpc.errors import BindError, EncodeError
from avrorpc.examples import Case
from avrorpc.method import Method
from avrorpc.rehearsal import arguments_of, hindrance
from avrorpc.schema import Json, Streaming
from avrorpc.testing.conformance.caller import PROBE, PROBE_HERE, Arguments, Caller, NoAnswer
from avrorpc.testing.conformance.checks import CHECKS, UNKNOWN_MESSAGE
from avrorpc.testing.conformance.report import Report, Result, Verdict
from avrorpc.testing.conformance.subject import LOCAL, SECURE, Subject
from avrorpc.testing.conformance.trial import (
    Cases,
    Check,
    Failed,
    Gauge,
    Skipped,
    Trial,
    is_repeatable,
)

DEFAULT_EXAMPLES: Final = 10
DEFAULT_LIMIT: Final = 2.0
"""Seconds after which a call counts as slow."""
_MOST_SLOW: Final = 2
UNTRIED: Final = "it may have side effects; check it with --all, or give it cases"
"""Why checks of a message are skipped that makes no calls."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Options:
    """How a service is checked."""

    placements: tuple[str, ...] = ()
    """Where; all that are possible where it is empty."""
    certificates: Path | None = None
    """A folder with `ca.pem`, `server.pem` and `server.key`, as `avrogen certs` writes it. Without, an
    implementation is not checked over TLS.
    """
    examples: int = DEFAULT_EXAMPLES
    """How many calls are drawn for each message."""
    seed: int = 0
    """Which."""
    limit: float = DEFAULT_LIMIT
    """Seconds that a call may take."""
    everything: bool = False
    """Whether calls are drawn for messages with side effects, too."""
    variants: frozenset[str] = frozenset()
    """The kinds of implementation that examples are held to, besides those that the implementation states."""
    cases: Cases | None = None
    """Calls to make besides, by message. The contract's examples are made in any case, but for a server those
    of messages with side effects.
    """


Progress = Callable[[int, int, str], None]
"""Told how many checks are done, of how many, and which comes next."""


def check(
    subjects: Sequence[Subject], options: Options | None = None, progress: Progress | None = None
) -> Report:
    """Check services on an event loop of their own. See `check_async`."""
    return asyncio.run(check_async(subjects, options, progress))


async def check_async(
    subjects: Sequence[Subject], options: Options | None = None, progress: Progress | None = None
) -> Report:
    """Hold services to the rules, and report.

    Args:
        subjects: What is checked; see `subject_of` and `remote_subject`.
        options: How.
        progress: Told what comes next.

    Raises:
        BindError: A placement is unknown, or not possible.
        EncodeError: A case does not fit its message.
    """
    options = options or Options()
    methods = [method for subject in subjects for method in subject.contract.methods.values()]
    total = len(subjects) + sum(one.applies(method) for method in methods for one in CHECKS)
    results: list[Result] = []
    placements: tuple[str, ...] = ()
    for subject in subjects:
        placements = _placements(subject, options)
        gauge = None if subject.is_black_box else Gauge()
        middleware = () if gauge is None else (gauge,)
        async with Caller(subject, placements, options.limit, middleware, options.certificates) as caller:
            async for result in _checked(caller, gauge, options):
                results.append(result)
                if progress is not None:
                    progress(
                        len(results), total, f"{result.message or subject.contract.name}: {result.check}"
                    )
    return Report(tuple(results), placements, options.seed, options.examples)


async def _checked(caller: Caller, gauge: Gauge | None, options: Options) -> AsyncIterator[Result]:
    contract = caller.subject.contract
    yield await _one(UNKNOWN_MESSAGE, Trial(caller, next(iter(contract.methods.values())), gauge), None, "")
    for method in contract.methods.values():
        trial, untried = await _trial(caller, method, gauge, options)
        for check_ in [one for one in CHECKS if one.applies(method)]:
            yield await _one(check_, trial, method.name, untried)


async def _one(check_: Check, trial: Trial, message: str | None, untried: str) -> Result:
    verdict, detail, placement, arguments = Verdict.PASSED, "", None, None
    try:
        if untried and check_.calls:
            raise Skipped(untried)
        await check_.run(trial)
    except Skipped as skipped:
        verdict, detail = Verdict.SKIPPED, str(skipped)
    except Failed as failed:
        verdict, detail = Verdict.FAILED, failed.detail
        placement, arguments = failed.placement, failed.arguments
    except NoAnswer as problem:
        verdict, detail = Verdict.FAILED, f"a call that had ended before does not end any more: {problem}"
    return Result(
        check=check_.name,
        sentence=check_.sentence,
        contract=trial.contract.name,
        message=message,
        verdict=verdict,
        detail=detail,
        placement=placement,
        arguments=arguments,
    )


async def _trial(
    caller: Caller, method: Method[Any], gauge: Gauge | None, options: Options
) -> tuple[Trial, str]:
    """Return a message with the calls that it is tried with, and why it is not called, if so."""
    given = [_case(method, case) for case in (options.cases or {}).get(method.name, ())]
    trial = Trial(caller, method, gauge, placements=caller.placements)
    given += _examples(trial, caller.subject.examples.get(method.name, ()), options)
    trial.drawn = [*given, *_drawn(method, options)]
    if not (given or trial.unfit or options.everything or is_repeatable(method)):
        return trial, UNTRIED
    trial.called = trial.drawn if options.everything or is_repeatable(method) else given
    if method.message.one_way:
        return trial, ""
    ordered = sorted(trial.called, key=lambda arguments: len(json.dumps(trial.shown(arguments))))
    if method.streaming is not Streaming.NONE and ordered:
        await _place_stream(trial, ordered[0])
    for arguments in ordered:
        try:
            trial.tried.append((arguments, await trial.call(trial.first, arguments)))
        except NoAnswer:
            trial.slow.append(arguments)
            if len(trial.slow) >= _MOST_SLOW:
                break
    return trial, ""


def _examples(trial: Trial, examples: Sequence[Case], options: Options) -> Iterator[Arguments]:
    """Yield the arguments of a message's examples, as far as they hold for the implementation; note them."""
    variants = trial.caller.subject.variants | options.variants
    may_call = options.everything or trial.is_repeatable or not trial.caller.subject.is_black_box
    for example in examples if may_call else ():
        if hindrance(trial.method, example, include_changing=True, variants=variants) is not None:
            continue
        try:
            arguments = arguments_of(trial.method, example)
        except EncodeError as error:
            problem = f"the example {example.description!r} does not fit the message: {error.message}"
            trial.unfit.append(problem)
            continue
        trial.stated.append((example, arguments))
        yield arguments


async def _place_stream(trial: Trial, arguments: Arguments) -> None:
    """Leave out the placements that cannot carry a stream."""

    async def is_carried(placement: str) -> bool:
        try:
            return await trial.caller.carries(placement, trial.method, arguments)
        except NoAnswer:
            return True

    if trial.caller.subject.is_black_box:
        return
    trial.placements = tuple([name for name in trial.placements if name in LOCAL or await is_carried(name)])
    trial.first = PROBE if await is_carried(PROBE) else PROBE_HERE


def _drawn(method: Method[Any], options: Options) -> Iterator[Arguments]:
    from avrorpc.testing import strategies  # noqa: PLC0415 - hypothesis, only where it is used

    if options.examples > 0:
        yield from strategies.examples(strategies.arguments(method), options.examples, options.seed)


def _case(method: Method[Any], case: Any) -> Arguments:
    """Return a case's arguments; a request stream's is a list.

    Raises:
        EncodeError: It does not fit.
    """
    fields, types = method.message.request, method.contract.types
    if not isinstance(case, dict):
        raise EncodeError(f"a case of {method.full_name} must be an object with the arguments by name")
    values: dict[str, Json] = dict(case)
    if not method.streaming.takes_stream:
        return tuple(fields_from_json(fields, values, types, method.full_name))
    item = fields[-1]
    items = values.pop(item.name, [])
    if not isinstance(items, list):
        raise EncodeError(f"{method.full_name} takes a stream: {item.name} must be a list of items")
    first = fields_from_json(fields[:-1], values, types, method.full_name)
    return (*first, [from_json(item.type, one, types, item.name) for one in items])


def _placements(subject: Subject, options: Options) -> tuple[str, ...]:
    possible, wanted = subject.placements(), options.placements
    unknown = [name for name in wanted if name not in possible]
    if unknown:
        raise BindError(f"there is no placement {unknown[0]!r} here; there is {', '.join(possible)}")
    if subject.url is not None or options.certificates is not None:
        return wanted or possible
    secure = [name for name in wanted if name in SECURE]
    if secure:
        raise BindError(f"the placement {secure[0]!r} needs certificates; see Options.certificates")
    return wanted or tuple(name for name in possible if name not in SECURE)
