"""The rules that a service is held to: each a name, one sentence, and a function that looks for a breach."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Final

from avrorpc.client.verify import changed
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.json import from_json, to_json
from avrorpc.errors import Code, DeclaredError, RpcError, StatusError, ValueChanged
from avrorpc.method import Method
from avrorpc.rehearsal import failure_problems, result_problems
from avrorpc.schema import Field
from avrorpc.testing.conformance.caller import GRACE, Arguments, NoAnswer, Outcome, difference
from avrorpc.testing.conformance.subject import LOCAL
from avrorpc.testing.conformance.trial import Check, Skipped, Trial, encoded, raw_call

_LEAK: Final = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b|Traceback|File \"")
"""What the text of a bare exception looks like."""
_TOGETHER: Final = 32
_AGAIN: Final = 3


async def values_round_trip(trial: Trial) -> None:
    """Encode the arguments and decode them, as Avro and as JSON."""
    types = trial.contract.types
    for arguments in trial.drawn:
        for field, value in _parameters(trial.method, arguments):
            out = bytearray()
            compile_encoder(field.type, types)(out, value)
            again = compile_decoder(field.type, field.type, types)(Cursor(bytes(out)))
            found = changed(value, again)
            if found is None:
                found = changed(value, from_json(field.type, to_json(field.type, value, types), types))
            if found is not None:
                trial.fail(f"{field.name}{found}", arguments)


async def answers_fit(trial: Trial) -> None:
    """Look at how each call ended."""
    for arguments, outcome in trial.calls():
        match outcome.error:
            case None | DeclaredError():
                pass
            case StatusError(code=Code.INTERNAL | Code.UNKNOWN) as error:
                trial.fail(f"it failed in a way that the contract does not declare: {error}", arguments)
            case StatusError():
                pass
            case error:
                trial.fail(f"{type(error).__name__}: {error}", arguments)


async def examples_hold(trial: Trial) -> None:
    """Call each example, in each placement, and hold what came of it against the case."""
    if trial.unfit:
        trial.fail(trial.unfit[0])
    if not trial.stated:
        raise Skipped("no example of the contract is made here")
    for example, arguments in trial.stated:
        what = f"the example {example.description!r}" if example.description else "the example"
        for placement in trial.placements:
            outcome = await trial.call(placement, arguments)
            if outcome.error is not None:
                problems = failure_problems(trial.method, example, outcome.error)
            else:
                got = outcome.items if trial.method.streaming.gives_stream else outcome.value
                problems = result_problems(trial.method, example, arguments, got)
            if problems:
                trial.fail(f"{what}: {'; '.join(problems)}", arguments, placement)


async def input_kept(trial: Trial) -> None:
    """Let `verify:` compare the arguments before and after."""
    if "verify" not in trial.placements:
        raise Skipped("only verify: can see it")
    for arguments, _ in trial.calls():
        outcome = await trial.call("verify", arguments)
        if isinstance(outcome.error, ValueChanged):
            trial.fail(outcome.error.message, arguments, "verify")


async def placements_agree(trial: Trial) -> None:
    """Make each call in each placement."""
    for arguments, outcome in await _steady(trial):
        for placement in trial.placements:
            there = await trial.call(placement, arguments)
            found = difference(outcome, there)
            if found is not None and not _same_items(outcome, there):
                trial.fail(f"one / in {placement}: {found}", arguments, placement)


async def stream_order(trial: Trial) -> None:
    """Read each stream several times, in each placement."""
    for arguments, outcome in trial.calls():
        for placement in (trial.first, *trial.placements) * _AGAIN:
            there = await trial.call(placement, arguments)
            if changed(outcome.items, there.items) is not None and _same_items(outcome, there):
                trial.fail("the same items came in another order", arguments, placement)


async def errors_keep_fields(trial: Trial) -> None:
    """Make each call that failed as declared in each placement."""
    failing = [(a, o) for a, o in trial.calls() if isinstance(o.error, DeclaredError)]
    if not failing:
        raise Skipped("no call failed with a declared error; give it cases that do")
    for arguments, outcome in failing:
        for placement in trial.placements:
            there = await trial.call(placement, arguments)
            if not isinstance(there.error, DeclaredError):
                trial.fail(f"{outcome} became {there}", arguments, placement)
            found = difference(outcome, there)
            if found is not None:
                trial.fail(found, arguments, placement)


async def errors_redacted(trial: Trial) -> None:
    """Look at what callers elsewhere learn of each call that failed in an undeclared way."""
    failing = [(a, o) for a, o in trial.calls() if _is_internal(o.error)]
    if not failing:
        raise Skipped("no call failed in an undeclared way")
    for arguments, _ in failing:
        for placement in trial.placements:
            if placement in LOCAL:
                continue
            error = (await trial.call(placement, arguments)).error
            if not isinstance(error, StatusError) or not _is_internal(error):
                continue
            if error.error_id is None:
                trial.fail(f"callers are told {error.message!r}, and no error id", arguments, placement)
            if _LEAK.search(error.message):
                trial.fail(f"callers are told the cause: {error.message!r}", arguments, placement)


async def deadline_kept(trial: Trial) -> None:
    """Give a slow call less time than it takes."""
    arguments, seconds = await trial.slowest()
    timeout = min(0.1, seconds / 4)
    for placement in trial.placements:
        if placement in LOCAL and not _may_be_local(trial):
            continue
        before = _running(trial)
        try:
            outcome = await trial.call(placement, arguments, timeout=timeout)
        except NoAnswer:
            trial.fail(f"a call with {timeout:g} s did not end", arguments, placement)
        if outcome.seconds > timeout + GRACE:
            trial.fail(f"a call with {timeout:g} s took {outcome.seconds:.1f} s", arguments, placement)
        error = outcome.error
        has_expired = isinstance(error, StatusError) and error.code is Code.DEADLINE_EXCEEDED
        if has_expired and trial.gauge and not await trial.gauge.settles(before):
            trial.fail(f"it still worked {GRACE:g} s after its deadline", arguments, placement)


async def cancellation_reaches(trial: Trial) -> None:
    """Cancel a slow call, and watch the implementation."""
    gauge = trial.gauge
    if gauge is None:
        raise Skipped("it cannot be seen from outside")
    if not _may_be_local(trial):
        raise Skipped("only `async def` methods can be cancelled")
    arguments, seconds = await trial.slowest()
    for placement in trial.placements:
        before = gauge.running
        task = asyncio.ensure_future(trial.call(placement, arguments, most=1 << 30))
        if not await gauge.starts(before, min(GRACE, seconds / 2)):
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)
            raise Skipped(f"in {placement} the call ended before it could be cancelled")
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=GRACE)
        if not done:
            trial.fail(f"its caller still waited {GRACE:g} s after cancelling it", arguments, placement)
        if not task.cancelled() and task.exception() is None:
            trial.fail(f"it was cancelled, and ended with {task.result()}", arguments, placement)
        if not await gauge.settles(before):
            trial.fail(f"it still worked {GRACE:g} s after it was cancelled", arguments, placement)


async def stream_closes_early(trial: Trial) -> None:
    """Close each stream after its first item, and watch the implementation."""
    streams = [(a, o) for a, o in trial.calls() if o.items]
    if not streams:
        raise Skipped("no stream gave an item")
    for arguments, _ in streams:
        for placement in trial.placements:
            before = _running(trial)
            try:
                outcome = await trial.call(placement, arguments, most=1)
            except NoAnswer:
                trial.fail("it did not end when its caller stopped reading", arguments, placement)
            if not outcome.has_more and outcome.error is not None:
                trial.fail(f"it failed when its caller stopped reading: {outcome}", arguments, placement)
            settled = trial.gauge is None or await trial.gauge.settles(before)
            if not settled or outcome.closing > GRACE:
                trial.fail(f"it was still open {GRACE:g} s after it was closed", arguments, placement)


async def stream_ends(trial: Trial) -> None:
    """Ask for more after the end, and after an error."""
    for arguments, outcome in trial.calls():
        if outcome.has_more:
            continue
        for placement in trial.placements:
            more = await trial.caller.after_the_end(placement, trial.method, arguments)
            if more is not None:
                trial.fail(f"after its end it gave {more}", arguments, placement)


async def one_way_returns(trial: Trial) -> None:
    """Send each one-way message to where a wire lies between."""
    for arguments in trial.called:
        for placement in trial.placements:
            if placement in LOCAL:
                continue
            outcome = await trial.call(placement, arguments)
            if outcome.error is not None or outcome.value is not None:
                trial.fail(f"its caller got {outcome}", arguments, placement)
            if outcome.seconds > GRACE:
                trial.fail(f"its caller waited {outcome.seconds:.1f} s", arguments, placement)


async def bad_arguments_refused(trial: Trial) -> None:
    """Send parameters cut short, and with a byte too many."""
    if not trial.drawn:
        raise Skipped("there are no arguments to spoil; draw some")
    whole = encoded(trial.method, trial.drawn[0])
    for placement, url in trial.caller.urls.items():
        for what, parameters in (("cut short", whole[:-1]), ("with a byte too many", whole + b"\0")):
            if parameters == whole[:-1] and not whole:
                continue
            code = await _code(url, trial, trial.method.name, parameters)
            if code is not Code.INVALID_ARGUMENT:
                trial.fail(f"parameters {what} are answered with {_named(code)}", None, placement)


async def unknown_message_refused(trial: Trial) -> None:
    """Call a message that no contract has."""
    for placement, url in trial.caller.urls.items():
        code = await _code(url, trial, "avrorpc_no_such_message", b"")
        if code is not Code.UNIMPLEMENTED:
            trial.fail(f"it is answered with {_named(code)}", None, placement)


async def metadata_accepted(trial: Trial) -> None:
    """Make each call with metadata that the service does not know."""
    for arguments, outcome in await _steady(trial):
        for placement in trial.placements:
            there = await trial.call(placement, arguments, metadata={"avrorpc-test": b"\x00\xff"})
            if (there.error is None) is not (outcome.error is None):
                trial.fail(f"without metadata: {outcome}; with: {there}", arguments, placement)


async def calls_kept_apart(trial: Trial) -> None:
    """Make many calls at once, and compare each with the same call alone."""
    alone = await _steady(trial)
    many = (alone * _TOGETHER)[:_TOGETHER]
    for placement in trial.placements:
        outcomes = await asyncio.gather(*(trial.call(placement, arguments) for arguments, _ in many))
        for (arguments, outcome), there in zip(many, outcomes, strict=True):
            found = difference(outcome, there)
            if found is not None and not _same_items(outcome, there):
                trial.fail(f"alone / among {len(many)}: {found}", arguments, placement)


async def _steady(trial: Trial) -> list[tuple[Arguments, Outcome]]:
    """Return the calls that end as the contract allows, and alike each time.

    Raises:
        Skipped: There is none.
    """
    steady = []
    for arguments, outcome in trial.calls():
        if (
            not _is_internal(outcome.error)
            and difference(outcome, await trial.call(trial.first, arguments)) is None
        ):
            steady.append((arguments, outcome))
    if not steady:
        raise Skipped("no call ends as the contract allows, and alike each time")
    return steady


def _running(trial: Trial) -> int:
    return trial.gauge.running if trial.gauge else 0


def _may_be_local(trial: Trial) -> bool:
    """Whether a slow call may be made on this loop: a `def` method would block it."""
    return trial.caller.runs_on_the_loop(trial.method)


def _same_items(first: Outcome, second: Outcome) -> bool:
    ours, theirs = sorted(map(repr, first.items)), sorted(map(repr, second.items))
    return bool(first.items) and ours == theirs and first.items != second.items


def _is_internal(error: BaseException | None) -> bool:
    return isinstance(error, StatusError) and error.code in (Code.INTERNAL, Code.UNKNOWN)


def _parameters(method: Method[Any], arguments: Arguments) -> Iterator[tuple[Field, Any]]:
    """Yield each parameter with its value; of a request stream, with each item."""
    fields = method.message.request
    for field, value in zip(fields, arguments, strict=True):
        is_stream = method.streaming.takes_stream and field is fields[-1]
        for one in value if is_stream else [value]:
            yield field, one


async def _code(url: str, trial: Trial, message: str, parameters: bytes) -> Code | None:
    try:
        return await raw_call(url, trial.contract, message, parameters)
    except (RpcError, TimeoutError) as error:
        trial.fail(f"{message} got no answer: {type(error).__name__}: {error}", None, url)


def _named(code: Code | None) -> str:
    return "a result" if code is None else code.value


def _is_stream(method: Method[Any]) -> bool:
    return method.streaming.gives_stream


def _is_one_way(method: Method[Any]) -> bool:
    return method.message.one_way


def _answers(method: Method[Any]) -> bool:
    return not method.message.one_way


def _repeatable(method: Method[Any]) -> bool:
    props = method.message.props
    return _answers(method) and (props.get("readonly") is True or props.get("idempotent") is True)


def _has_examples(method: Method[Any]) -> bool:
    return _answers(method) and (
        method.name in method.contract.examples or "examples" in method.message.props
    )


def _can_be_spoilt(method: Method[Any]) -> bool:
    streaming = method.streaming
    return (
        _answers(method)
        and bool(method.message.request)
        and not (streaming.takes_stream or streaming.gives_stream)
    )


CHECKS: Final = (
    Check(
        "values-round-trip",
        "Every value of the arguments' types survives the wire.",
        values_round_trip,
        calls=False,
    ),
    Check(
        "answers-fit",
        "Every call ends with a result, a declared error or a status that fits the contract.",
        answers_fit,
        applies=_answers,
    ),
    Check(
        "examples-hold",
        "Each example of the contract gives what it states.",
        examples_hold,
        applies=_has_examples,
    ),
    Check("input-kept", "No argument is changed by the service.", input_kept, applies=_answers),
    Check(
        "placements-agree",
        "A call gives the same result in every placement.",
        placements_agree,
        applies=_repeatable,
    ),
    Check(
        "stream-order",
        "The items of a stream come in the same order each time.",
        stream_order,
        applies=_is_stream,
    ),
    Check(
        "errors-keep-fields",
        "A declared error keeps its class and its fields.",
        errors_keep_fields,
        applies=lambda m: bool(m.message.errors),
    ),
    Check(
        "errors-redacted",
        "Of an undeclared error callers learn an id, and not the cause.",
        errors_redacted,
        applies=_answers,
    ),
    Check("deadline-kept", "Work ends with its deadline.", deadline_kept, applies=_answers),
    Check(
        "cancellation-reaches",
        "A call that is cancelled ends its work.",
        cancellation_reaches,
        applies=_answers,
    ),
    Check(
        "stream-closes-early",
        "A stream whose caller stops reading is closed.",
        stream_closes_early,
        applies=_is_stream,
    ),
    Check(
        "stream-ends",
        "Nothing comes after a stream's end, or after its error.",
        stream_ends,
        applies=_is_stream,
    ),
    Check(
        "one-way-returns",
        "The caller of a one-way message does not wait, and gets nothing.",
        one_way_returns,
        applies=_is_one_way,
    ),
    Check(
        "bad-arguments-refused",
        "Parameters that do not fit are refused with INVALID_ARGUMENT.",
        bad_arguments_refused,
        calls=False,
        applies=_can_be_spoilt,
    ),
    Check(
        "metadata-accepted",
        "Metadata that the service does not know changes nothing.",
        metadata_accepted,
        applies=_repeatable,
    ),
    Check("calls-kept-apart", "Calls at the same time do not mix.", calls_kept_apart, applies=_repeatable),
)
"""The checks of each message, in the order in which they run."""

UNKNOWN_MESSAGE: Final = Check(
    "unknown-message-refused",
    "A message that does not exist is answered with UNIMPLEMENTED.",
    unknown_message_refused,
    calls=False,
)
"""The check of the service as a whole."""
