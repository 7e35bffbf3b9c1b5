"""The sixteen codes in other protocols: HTTP statuses, problem types (RFC 9457), and the numbers of gRPC.

One table, read in both directions. Sources: google/rpc/code.proto for numbers and HTTP statuses; gRPC's
"HTTP to gRPC Status Code Mapping" and RFC 9110 for statuses that others send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from avrorpc.errors import Code, error_info


@dataclass(slots=True, frozen=True)
class Status:
    """One code, as each protocol has it."""

    code: Code
    """The canonical code."""
    number: int
    """What gRPC sends."""
    http: int
    """The HTTP status of an answer with this code; several codes share one."""
    title: str
    """A short text for people: the `title` of a problem."""

    @property
    def problem_type(self) -> str:
        """The URI that a problem of RFC 9457 has as its `type`; it tells codes of one HTTP status apart."""
        return f"urn:avrorpc:error:{self.code.value.lower().replace('_', '-')}"


STATUSES: Final[Mapping[Code, Status]] = {
    code: Status(code, number, http, title)
    for code, number, http, title in (
        (Code.CANCELLED, 1, 499, "The caller gave up"),
        (Code.UNKNOWN, 2, 500, "The server failed and did not say how"),
        (Code.INVALID_ARGUMENT, 3, 400, "The request is wrong"),
        (Code.DEADLINE_EXCEEDED, 4, 504, "The time allowed ran out"),
        (Code.NOT_FOUND, 5, 404, "There is no such thing"),
        (Code.ALREADY_EXISTS, 6, 409, "It exists already"),
        (Code.PERMISSION_DENIED, 7, 403, "The caller may not do this"),
        (Code.RESOURCE_EXHAUSTED, 8, 429, "A quota or a limit is used up"),
        (Code.FAILED_PRECONDITION, 9, 400, "The system is not in the state that this needs"),
        (Code.ABORTED, 10, 409, "Another call was in the way"),
        (Code.OUT_OF_RANGE, 11, 400, "Past the end of what there is"),
        (Code.UNIMPLEMENTED, 12, 501, "The server cannot do this"),
        (Code.INTERNAL, 13, 500, "The server broke"),
        (Code.UNAVAILABLE, 14, 503, "The server cannot be reached now"),
        (Code.DATA_LOSS, 15, 500, "Data was lost or damaged"),
        (Code.UNAUTHENTICATED, 16, 401, "The caller did not say credibly who it is"),
    )
}
"""Each code's row, in the order of the numbers."""

_BY_NUMBER: Final = {row.number: row.code for row in STATUSES.values()}
_BY_PROBLEM_TYPE: Final = {row.problem_type: row.code for row in STATUSES.values()}
_BY_HTTP: Final = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.UNIMPLEMENTED,
    408: Code.DEADLINE_EXCEEDED,
    409: Code.ABORTED,
    412: Code.FAILED_PRECONDITION,
    413: Code.RESOURCE_EXHAUSTED,
    415: Code.UNIMPLEMENTED,
    416: Code.OUT_OF_RANGE,
    429: Code.RESOURCE_EXHAUSTED,
    431: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
    505: Code.UNIMPLEMENTED,
}


def plain_problem(status: int, detail: str) -> dict[str, str | int]:
    """Return the problem of a status alone: the members of RFC 9457, and the canonical code.

    Args:
        status: Of HTTP.
        detail: What is wrong this time, for people.
    """
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code_of_http(status).value,
    }


def status_of(error: BaseException) -> Status:
    """Return the row of any exception that a call raised; errors of the transport have one, too."""
    return STATUSES[error_info(error).code]


def code_of_number(number: int) -> Code:
    """Return the code of a number of gRPC; UNKNOWN for one that it does not have, and for 0, which is OK."""
    return _BY_NUMBER.get(number, Code.UNKNOWN)


def code_of_problem_type(uri: str) -> Code | None:
    """Return the code of a problem's type; None for a type of somebody else's."""
    return _BY_PROBLEM_TYPE.get(uri)


def code_of_http(status: int) -> Code:
    """Return the code that an HTTP status most likely stands for, where no problem type says more.

    Of those that have no code of their own, 4xx is INVALID_ARGUMENT, 5xx INTERNAL, and the rest UNKNOWN.
    """
    if status in _BY_HTTP:
        return _BY_HTTP[status]
    return {4: Code.INVALID_ARGUMENT, 5: Code.INTERNAL}.get(status // 100, Code.UNKNOWN)
