"""The few behaviours that a placement cannot have, each with the reason and what happens instead.

A row is no permission to skip: the suite runs the behaviour there, too, and it must end as the row says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import pytest
from avrorpc import BindError, StatusError, Suspended
from behaviours.placements import Case
from behaviours.setup import Impossible
from testcontracts.conformance import NotThere, TooLarge
from testcontracts.streams import BadPiece

Where: TypeAlias = Callable[[Case], bool]


@dataclass(slots=True, frozen=True)
class Gap:
    """Behaviours that some cases cannot have."""

    reason: str
    where: Where
    error: type[BaseException]
    """What the behaviour ends with there."""
    match: str
    """Found in the error's text, or in the line of the behaviour that raises it."""
    behaviours: tuple[str, ...]


def _named(*names: str) -> Where:
    return lambda case: case.placement.name in names


_DIRECT: Final = _named("direct")
_UNCHECKED: Final = _named("direct", "local")
_PLAIN: Final = _named("plain")
_HTTP: Final = _named("http", "https")


def _is_here(case: Case) -> bool:
    return case.placement.is_here


def _is_sync(case: Case) -> bool:
    return not case.is_async


def _is_def(case: Case) -> bool:
    return not case.serves_async


def _cannot_wait(case: Case) -> bool:
    """Say whether an `async def` is driven without a loop; `direct:` refuses that earlier."""
    return case.cannot_wait and not _DIRECT(case)


def _shares_loop(case: Case) -> bool:
    return case.shares_loop


def _both(*conditions: Where) -> Where:
    return lambda case: all(condition(case) for condition in conditions)


def _not(condition: Where) -> Where:
    return lambda case: not condition(case)


_DID_NOT_RAISE: Final[type[BaseException]] = pytest.fail.Exception

_BOTH_WAYS: Final = (
    "each_item_is_answered_as_it_comes",
    "after_the_last_item_the_service_ends",
    "nothing_need_be_sent_both_ways",
    "many_items_go_both_ways",
    "conversations_at_once_do_not_mix",
    "the_service_may_end_both_ways",
    "an_error_ends_both_ways",
    "closing_cancels_both_ways",
    "an_item_that_does_not_fit_ends_both_ways",
)
_RESPONSES: Final = (
    "items_come_in_order_and_end",
    "a_stream_may_be_empty",
    "many_small_items_come_in_order",
    "large_items_come_whole",
    "a_declared_error_comes_after_the_items_before_it",
    "a_declared_error_may_come_before_any_item",
    "other_errors_come_after_the_items_and_are_redacted",
    "the_callees_own_cancellation_ends_a_stream_with_an_error",
    "each_of_the_sixteen_codes_ends_a_stream_after_its_items",
    "after_its_end_a_stream_stays_at_its_end",
    "a_stream_that_is_closed_early_closes_the_implementation",
    "a_stream_that_nobody_holds_any_more_is_closed",
    "a_slow_reader_slows_the_implementation",
    "one_slow_reader_slows_nobody_else",
    "streams_at_once_do_not_mix",
    "past_its_deadline_a_stream_fails",
    "nothing_of_the_callers_context_reaches_a_stream",
    "metadata_is_there_throughout_a_stream",
    "an_item_of_a_response_that_does_not_fit_is_an_internal_error",
    "middleware_sees_the_items_of_a_response",
)
_REQUESTS: Final = (
    "items_are_taken_and_answered_once",
    "the_callers_iterator_is_closed_at_the_end",
    "no_items_are_a_stream_too",
    "many_items_are_taken",
    "large_items_are_taken",
    "uploads_at_once_do_not_mix",
    "a_declared_error_ends_the_items",
    "the_callers_iterator_is_closed_after_an_error",
    "what_the_callers_items_raise_is_raised_as_it_is",
    "what_the_callers_items_raise_cancels_the_implementation",
    "an_item_that_does_not_fit_is_refused_with_its_path",
    "an_implementation_need_not_read_to_the_end",
    "the_callers_iterator_is_closed_after_an_early_reply",
    "the_callers_items_see_the_callers_context_alone",
)
_OF_CANCELLED_CALLERS: Final = (
    "a_caller_that_is_cancelled_cancels_the_callee",
    "after_a_cancellation_the_next_call_works",
    "two_readers_cannot_share_one_stream",
    "a_reader_that_is_cancelled_cancels_the_implementation",
)
_OF_CANCELLED_STREAMS: Final = (
    "a_caller_that_is_cancelled_cancels_a_stream_of_a_request",
    "a_speaker_that_is_cancelled_cancels_both_ways",
)
_OF_INTERRUPTED_CALLEES: Final = (
    "past_its_deadline_the_callee_is_cancelled",
    "a_deadline_ends_a_stream_of_a_request",
)


def _policies() -> tuple[Gap, ...]:
    """Return what `direct:` refuses, since a bare method call has no place for it."""
    return (
        Gap(
            "a bare method call has no place for a deadline, metadata or middleware, and refuses them",
            _DIRECT,
            BindError,
            "applies no timeout, metadata or middleware",
            (
                "metadata_reaches_the_callee",
                "other_metadata_is_for_another_client_over_the_same_connections",
                "metadata_is_there_throughout_a_stream",
                "metadata_does_not_travel_on_by_itself",
                "metadata_of_a_reply_reaches_the_clients_middleware",
                "middleware_runs_from_the_outside_to_the_inside_at_both_ends",
                "middleware_may_answer_by_itself",
                "middleware_may_change_arguments_and_metadata",
                "middleware_may_try_again",
                "middleware_sees_the_items_of_a_response",
                "middleware_sees_the_items_both_ways",
                "past_its_deadline_a_call_fails",
                "after_a_deadline_the_next_call_works",
                "a_deadline_that_has_passed_is_told_before_any_work",
                "the_callee_sees_what_remains",
                "a_call_within_a_call_inherits_its_deadline",
                "a_timeout_of_the_callee_is_no_deadline_of_the_caller",
                "past_its_deadline_a_stream_fails",
                "a_stream_whose_deadline_has_passed_never_begins",
                "waiting_both_ways_ends_at_the_deadline",
            ),
        ),
        Gap(
            "a bare method call cannot be interrupted at a deadline, and refuses one",
            _both(_DIRECT, _not(_is_def)),
            BindError,
            "applies no timeout, metadata or middleware",
            _OF_INTERRUPTED_CALLEES,
        ),
        Gap(
            "a bare method call cannot keep a contract's @timeout, and refuses it",
            _DIRECT,
            BindError,
            "cannot keep the contract's @timeout of conformance.Conformance/hurry",
            ("the_contract_sets_a_deadline", "the_earliest_of_two_deadlines_holds"),
        ),
        Gap(
            "an implementation's own method takes the items as an argument; it has no send and receive",
            _both(_DIRECT, _is_sync),
            BindError,
            "use local: for an object with send and receive",
            _BOTH_WAYS,
        ),
    )


def _bare() -> tuple[Gap, ...]:
    """Return what a bare method call does instead of what the rules say: 3, 5, 6, and values unchecked."""

    def undeclared(error: type[BaseException], match: str, *behaviours: str) -> Gap:
        return Gap("rule 3: undeclared errors pass as they are", _DIRECT, error, match, behaviours)

    def untold(match: str, *behaviours: str) -> Gap:
        reason = "rule 3: an error is the implementation's own object, with what it was raised from"
        return Gap(reason, _DIRECT, AssertionError, match, behaviours)

    return (
        undeclared(ValueError, "hunter2", "an_undeclared_error_is_redacted_and_logged_under_its_id"),
        undeclared(ValueError, "^fail", "a_failing_one_way_message_is_logged_and_not_raised"),
        undeclared(TooLarge, "limit=1", "an_error_declared_by_another_message_is_undeclared_here"),
        undeclared(
            ExceptionGroup,
            "several",
            "an_undeclared_error_shows_its_text_where_causes_are_exposed",
            "a_group_is_redacted_and_logged_with_its_members",
        ),
        undeclared(StatusError, "because of CANCELLED", "a_one_way_message_fails_silently_whatever_the_code"),
        untold("from_peer", "a_declared_error_is_known_to_come_from_the_peer"),
        untold("from_peer", "each_of_the_sixteen_codes_arrives_with_its_message_and_details"),
        untold("from_peer", "each_of_the_sixteen_codes_ends_a_stream_after_its_items"),
        untold("__cause__", "the_cause_of_a_status_stays_in_the_log_under_its_id"),
        untold("__cause__", "the_cause_of_a_declared_error_stays_behind"),
        untold("1 of 2 details left out", "details_that_cannot_be_told_are_counted"),
        untold("isinstance.error, StatusError.", "other_errors_come_after_the_items_and_are_redacted"),
        Gap(
            "rule 5: the callee's own CancelledError is one of its caller",
            _DIRECT,
            asyncio.CancelledError,
            "",
            ("cancellation_by_the_callee_is_an_error_and_not_a_cancellation",),
        ),
        Gap(
            "rule 5: the callee's own CancelledError is one of its caller",
            _DIRECT,
            AssertionError,
            "isinstance.error, StatusError.",
            ("the_callees_own_cancellation_ends_a_stream_with_an_error",),
        ),
        Gap(
            "rule 5: nobody stands between caller and callee to close the caller's iterator",
            _DIRECT,
            AssertionError,
            "assert items.closed",
            (
                "the_callers_iterator_is_closed_at_the_end",
                "the_callers_iterator_is_closed_after_an_error",
                "the_callers_iterator_is_closed_after_an_early_reply",
                "what_the_callers_items_raise_cancels_the_implementation",
            ),
        ),
        Gap(
            "rule 5: a bare async generator has no owner that would tell a second reader",
            _both(_DIRECT, lambda case: case.is_async),
            RuntimeError,
            "asynchronous generator is already running",
            ("two_readers_cannot_share_one_stream",),
        ),
        Gap(
            "rule 6: a bare method call sees its caller's context",
            _DIRECT,
            AssertionError,
            "is False",
            ("nothing_else_of_the_callers_context_crosses",),
        ),
        Gap(
            "rule 6: a bare method call changes its caller's context",
            _DIRECT,
            AssertionError,
            "seen ==",
            ("nothing_of_the_callees_context_comes_back",),
        ),
        Gap(
            "rule 6: a bare method call sees its caller's context",
            _DIRECT,
            AssertionError,
            "0, 0, 0",
            ("nothing_of_the_callers_context_reaches_a_stream",),
        ),
        Gap(
            "rule 6: a bare method call sees its caller's context",
            _DIRECT,
            AssertionError,
            "3, 0",
            ("the_callers_items_see_the_callers_context_alone",),
        ),
        Gap(
            "a bare method call is no call of the runtime's: there is no current one",
            _DIRECT,
            AssertionError,
            "no call",
            ("without_a_deadline_the_callee_sees_none", "the_callee_knows_whom_the_connection_proves"),
        ),
        Gap(
            "nobody stands between caller and callee to look at an item",
            _DIRECT,
            TypeError,
            "AsyncItems|int",
            ("items_of_the_wrong_kind_are_refused_at_once",),
        ),
        Gap(
            "nobody stands between caller and callee to look at an item",
            _both(_DIRECT, lambda case: case.is_async),
            TypeError,
            "AsyncItems|int|str",
            (
                "items_read_in_the_wrong_colour_are_refused_by_name",
                "an_item_that_does_not_fit_ends_both_ways",
            ),
        ),
    )


def _in_process() -> tuple[Gap, ...]:
    """Return what does not happen where nothing leaves the process."""
    unchecked = "nothing is encoded, so that nothing is checked; verify: does"
    return (
        Gap(
            unchecked,
            _UNCHECKED,
            _DID_NOT_RAISE,
            "DID NOT RAISE",
            ("a_wrong_argument_is_refused_with_its_path", "a_result_that_does_not_fit_is_an_internal_error"),
        ),
        Gap(
            unchecked,
            _UNCHECKED,
            NotThere,
            "four hundred",
            ("a_declared_error_that_does_not_fit_is_internal",),
        ),
        Gap(
            unchecked,
            _UNCHECKED,
            AssertionError,
            "no error after .0, 'one'.",
            ("an_item_of_a_response_that_does_not_fit_is_an_internal_error",),
        ),
        Gap(
            unchecked,
            _UNCHECKED,
            BadPiece,
            "1 comes next",
            ("an_item_that_does_not_fit_is_refused_with_its_path",),
        ),
        Gap(
            unchecked,
            _named("local"),
            StatusError,
            "INTERNAL: an internal error",
            ("an_item_that_does_not_fit_ends_both_ways",),
        ),
        Gap(
            "there is no server to outlive the call: it is this process that is to exit",
            _is_here,
            SystemExit,
            "3",
            ("an_implementation_that_exits_ends_no_process",),
        ),
        Gap(
            "there is no connection to close: the implementation is not the client's",
            _is_here,
            _DID_NOT_RAISE,
            "DID NOT RAISE",
            ("a_closed_client_refuses_by_name",),
        ),
        Gap(
            "there is no connection that a fork would share",
            _is_here,
            AssertionError,
            "it ended with 0",
            ("a_client_is_of_the_process_that_made_it",),
        ),
        Gap(
            "there is no connection that an event loop would own",
            _both(_is_here, lambda case: case.is_async),
            _DID_NOT_RAISE,
            "DID NOT RAISE",
            ("an_asynchronous_client_is_of_one_event_loop",),
        ),
        Gap(
            "a synchronous caller has no loop in which an `async def` could wait",
            _cannot_wait,
            Suspended,
            "had to wait for something, which a synchronous local call cannot",
            (
                "past_its_deadline_a_call_fails",
                "after_a_deadline_the_next_call_works",
                "the_contract_sets_a_deadline",
                "a_call_that_waits_does_not_delay_others",
                "past_its_deadline_a_stream_fails",
                *_OF_INTERRUPTED_CALLEES,
            ),
        ),
        Gap(
            "a `def` runs on its caller's own loop, which does nothing else meanwhile",
            _shares_loop,
            AssertionError,
            "it was delayed",
            ("a_call_that_waits_does_not_delay_others",),
        ),
    )


def _colours() -> tuple[Gap, ...]:
    """Return what a colour has no word for."""
    uncancellable = "a synchronous caller cannot be cancelled"
    return (
        Gap(
            "a synchronous caller waits in a frame of its thread, which nobody can cancel",
            _is_sync,
            Impossible,
            uncancellable,
            (*_OF_CANCELLED_CALLERS, *_OF_CANCELLED_STREAMS),
        ),
        Gap(
            "Python cannot interrupt the code of a `def`; it learns of a cancellation at its next item",
            _both(_is_def, lambda case: case.is_async),
            Impossible,
            "cannot be interrupted",
            _OF_CANCELLED_CALLERS,
        ),
        Gap(
            "Python cannot interrupt the code of a `def`; it learns of a deadline at its next item",
            _is_def,
            Impossible,
            "cannot be interrupted",
            _OF_INTERRUPTED_CALLEES,
        ),
        Gap(
            "a `def` reads by `for`, whoever calls",
            _is_def,
            Impossible,
            "no `async for` to get wrong",
            ("items_read_in_the_wrong_colour_are_refused_by_name",),
        ),
        Gap(
            "a synchronous client is of no event loop",
            _is_sync,
            _DID_NOT_RAISE,
            "DID NOT RAISE",
            ("an_asynchronous_client_is_of_one_event_loop",),
        ),
    )


def _wires() -> tuple[Gap, ...]:
    """Return what a wire has no word for."""
    http, plain = "streams both ways, which HTTP cannot", "is a stream, and"
    return (
        Gap(
            "a POST has one direction after the other",
            _HTTP,
            StatusError,
            http,
            (*_BOTH_WAYS, "middleware_sees_the_items_both_ways"),
        ),
        Gap(
            "a POST has one direction after the other",
            _HTTP,
            AssertionError,
            http,
            ("waiting_both_ways_ends_at_the_deadline",),
        ),
        Gap(
            "a POST has one direction after the other",
            _both(_HTTP, lambda case: case.is_async),
            StatusError,
            http,
            ("a_speaker_that_is_cancelled_cancels_both_ways",),
        ),
        Gap(
            "plain Avro has no streams",
            _PLAIN,
            StatusError,
            plain,
            (*_BOTH_WAYS, *_RESPONSES, *_REQUESTS, "middleware_sees_the_items_both_ways"),
        ),
        Gap(
            "plain Avro has no streams",
            _PLAIN,
            AssertionError,
            plain,
            ("waiting_both_ways_ends_at_the_deadline",),
        ),
        Gap(
            "plain Avro has no streams",
            _both(_PLAIN, lambda case: case.is_async),
            StatusError,
            plain,
            _OF_CANCELLED_STREAMS,
        ),
        Gap(
            "plain Avro has no streams",
            _both(_PLAIN, lambda case: case.serves_async),
            AssertionError,
            plain,
            (
                "a_deadline_ends_a_stream_of_a_request",
                "items_read_in_the_wrong_colour_are_refused_by_name",
            ),
        ),
    )


GAPS: Final = (*_policies(), *_bare(), *_in_process(), *_colours(), *_wires())


def gaps(behaviour: str, case: Case) -> list[Gap]:
    """Return the rows for a behaviour in a case: none, or one."""
    return [gap for gap in GAPS if behaviour in gap.behaviours and gap.where(case)]
