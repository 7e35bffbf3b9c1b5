"""The table of codes: whole, and readable in both directions."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import pytest
from avrorpc import Code, StatusError
from avrorpc.errors import (
    ConnectError,
    ConnectionLost,
    ContractMismatch,
    DeclaredError,
    DecodeError,
    LimitExceeded,
    UnreadableValue,
)
from avrorpc.status import STATUSES, code_of_http, code_of_number, code_of_problem_type, status_of

ROWS = pytest.mark.parametrize("code", list(Code))


def test_the_table_has_each_code_once_in_the_order_of_the_numbers() -> None:
    assert set(STATUSES) == set(Code)
    assert [row.number for row in STATUSES.values()] == list(range(1, 17))
    assert len({row.problem_type for row in STATUSES.values()}) == 16
    assert len({row.title for row in STATUSES.values()}) == 16


@ROWS
def test_numbers_and_problem_types_lead_back_to_the_code(code: Code) -> None:
    row = STATUSES[code]
    assert row.code is code
    assert code_of_number(row.number) is code
    assert code_of_problem_type(row.problem_type) is code


@ROWS
def test_an_http_status_leads_back_to_a_code_with_that_status(code: Code) -> None:
    row = STATUSES[code]
    assert 400 <= row.http < 600
    assert STATUSES[code_of_http(row.http)].http == row.http


@pytest.mark.parametrize("status", [*range(100, 600), 0, 999])
def test_every_http_status_has_a_code(status: int) -> None:
    expected = {4: set(Code), 5: set(Code)}.get(status // 100, {Code.UNKNOWN})
    assert code_of_http(status) in expected


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (HTTPStatus.NOT_FOUND, Code.NOT_FOUND),
        (
            HTTPStatus.CONTENT_TOO_LARGE if hasattr(HTTPStatus, "CONTENT_TOO_LARGE") else 413,
            Code.RESOURCE_EXHAUSTED,
        ),
        (HTTPStatus.BAD_GATEWAY, Code.UNAVAILABLE),
        (HTTPStatus.IM_A_TEAPOT, Code.INVALID_ARGUMENT),
        (HTTPStatus.INSUFFICIENT_STORAGE, Code.INTERNAL),
    ],
)
def test_statuses_of_others_have_the_nearest_code(status: int, code: Code) -> None:
    assert code_of_http(status) is code


def test_numbers_and_types_of_others() -> None:
    assert code_of_number(0) is Code.UNKNOWN
    assert code_of_number(17) is Code.UNKNOWN
    assert code_of_problem_type("about:blank") is None


@pytest.mark.parametrize(
    ("error", "code", "http"),
    [
        (ConnectError("x"), Code.UNAVAILABLE, 503),
        (ConnectionLost("x"), Code.UNAVAILABLE, 503),
        (LimitExceeded("x"), Code.RESOURCE_EXHAUSTED, 429),
        (DecodeError("x"), Code.INTERNAL, 500),
        (ContractMismatch("x"), Code.FAILED_PRECONDITION, 400),
        (UnreadableValue("x"), Code.FAILED_PRECONDITION, 400),
        (StatusError(Code.NOT_FOUND, "x"), Code.NOT_FOUND, 404),
        (DeclaredError(), Code.UNKNOWN, 500),
        (ValueError("x"), Code.INTERNAL, 500),
    ],
)
def test_each_error_has_a_row_also_those_of_the_transport(error: Exception, code: Code, http: int) -> None:
    assert (status_of(error).code, status_of(error).http) == (code, http)


def test_the_reference_has_the_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text()
    for row in STATUSES.values():
        assert f"| {row.code.value} | {row.number} | {row.http} | `{row.problem_type}` |" in text
