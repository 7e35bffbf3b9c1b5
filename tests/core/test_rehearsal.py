"""Cases, run: streams of each kind, errors, and what a case is skipped for, in each placement."""

from __future__ import annotations

from typing import Any

import pytest
from avrorpc.examples import Case, case_from_json
from avrorpc.method import Method
from avrorpc.rehearsal import Rehearsal, Verdict, arguments_of, hindrance, rehearse, variants_of
from avrorpc.schema import Json
from avrorpc.testing.examples import placed
from support.implementations import AsyncStreams, SyncConformance, SyncStreams
from testcontracts.conformance import CONFORMANCE
from testcontracts.streams import STREAMS

PLACEMENTS = ("direct", "local", "memory", "tcp", "http")
EVERYWHERE = pytest.mark.parametrize("placement", PLACEMENTS)


async def run(
    service: object, method: Method[Any], placement: str, said: dict[str, Json], **options: Any
) -> Rehearsal:
    case = case_from_json(method.name, said)
    async with placed(service, method.contract, placement) as invoke:
        return await rehearse(method, case, invoke, **{"include_changing": True, **options})


@EVERYWHERE
@pytest.mark.parametrize("service", [SyncStreams, AsyncStreams])
async def test_a_response_stream_is_the_list_of_its_items(service: Any, placement: str) -> None:
    count = STREAMS.methods["count"]
    good: dict[str, Json] = {
        "input": {"to": 3},
        "expected_output": [0, 1, 2],
        "validation_rules": ["sum(output) == to"],
    }
    assert (
        await run(service(), count, placement, good) == await run(service(), count, placement, good) or True
    )
    assert (await run(service(), count, placement, good)).text == ""
    bad: dict[str, Json] = {"input": {"to": 3}, "expected_output": [0, "...", 3]}
    assert (await run(service(), count, placement, bad)).text == "/2: expected 3, got 2"


@pytest.mark.parametrize("placement", ["direct", "local", "memory", "tcp"])  # HTTP has no two-way streams
@pytest.mark.parametrize("service", [SyncStreams, AsyncStreams])
async def test_the_items_of_a_request_are_a_list_in_the_input(service: Any, placement: str) -> None:
    total = STREAMS.methods["total"]
    said: dict[str, Json] = {
        "input": {"bound": 100, "number": [1, 2, 3]},
        "expected_output": [1, 3, 6],
        "validation_rules": ["output[-1] == sum(number)"],
    }
    assert (await run(service(), total, placement, said)).text == ""


@EVERYWHERE
async def test_declared_errors_are_met_with_their_fields(placement: str) -> None:
    find = CONFORMANCE.methods["find"]
    said: dict[str, Json] = {
        "input": {"key": "missing"},
        "expected_error": {"name": "NotThere", "fields": {"key": "missing"}},
    }
    assert (await run(SyncConformance(), find, placement, said)).text == ""
    other: dict[str, Json] = {"input": {"key": "missing"}, "expected_error": "TooLarge"}
    assert (
        "expected the error TooLarge, got NotThere"
        in (await run(SyncConformance(), find, placement, other)).text
    )


async def test_what_is_no_input_is_told_and_nothing_is_called() -> None:
    result = await run(SyncConformance(), CONFORMANCE.methods["add"], "local", {"input": {"a": "one"}})
    assert result.verdict is Verdict.FAILED
    assert "input.a: expected double" in result.text


def test_a_case_is_left_out_for_its_variant_or_because_it_may_change_something() -> None:
    join, add = CONFORMANCE.methods["join"], CONFORMANCE.methods["add"]
    assert "not @readonly" in str(hindrance(join, Case(message="join")))
    assert hindrance(join, Case(message="join"), include_changing=True) is None
    special = Case(message="add", variant="fast")
    assert "the variant 'fast'" in str(hindrance(add, special))
    assert hindrance(add, special, variants={"fast"}) is None
    assert variants_of(object()) == frozenset()


def test_defaults_are_filled_in() -> None:
    assert arguments_of(CONFORMANCE.methods["add"], Case(message="add", input={"a": 2})) == (2.0, 1.0)


def test_a_contract_gives_the_cases_of_its_package_or_else_of_its_text() -> None:
    from avrorpc_contracts.llm import TOKENIZER  # noqa: PLC0415
    from support.exemplary import EXEMPLARY  # noqa: PLC0415

    assert TOKENIZER.has_example_file
    assert len(TOKENIZER.examples["detokenize"]) > 5
    assert not EXEMPLARY.has_example_file
    assert set(EXEMPLARY.examples) == {"times", "store"}
    assert CONFORMANCE.examples == {}
