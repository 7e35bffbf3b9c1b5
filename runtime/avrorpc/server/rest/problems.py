"""What went wrong, as a problem document: one form for every failure of every route.

Sources: RFC 9457 (problem details), RFC 9110 (statuses), RFC 6901 (pointers).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from avrorpc.codec.json import to_json
from avrorpc.codec.json_text import format_json
from avrorpc.contracts import BadRequest, RetryInfo
from avrorpc.error_details import WELL_KNOWN
from avrorpc.errors import Code, DeclaredError, StatusError, error_info
from avrorpc.method import Contract
from avrorpc.schema import Json, Record
from avrorpc.schema.annotations import DECLARED_TYPE, declared_status
from avrorpc.status import STATUSES, code_of_http, plain_problem
from avrorpc.transport.http_message import PROBLEM, HttpResponse

MOST_ERRORS: Final = 100
"""Of a longer list of what is wrong with a request, the rest is counted only."""


class Refusal(Exception):
    """A request that is answered with a problem, and goes no further.

    Args:
        status: The HTTP status.
        detail: What is wrong, for people.
        code: The canonical code, where it is not what the status says by itself.
        headers: Sent with the answer, such as `Allow`.
        errors: Each thing that is wrong with the values of a request: `pointer`, `detail` and `in`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: Code | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Iterable[Mapping[str, Json]] = (),
    ) -> None:
        super().__init__(detail)
        self.status: Final = status
        self.detail: Final = detail
        self.code: Final = code or code_of_http(status)
        self.headers: Final = dict(headers or {})
        self.errors: Final = list(errors)

    def document(self) -> dict[str, Json]:
        """Return the problem."""
        document: dict[str, Json] = {**plain_problem(self.status, self.detail), "code": self.code.value}
        if self.errors:
            row = STATUSES[self.code]
            document |= {"type": row.problem_type, "title": row.title}
            document["errors"] = [dict(error) for error in self.errors[:MOST_ERRORS]]
        return document


def problem_of(error: Exception, contract: Contract) -> tuple[int, dict[str, Json], dict[str, str]]:
    """Return status, document and headers for what a call raised.

    Args:
        error: What callers are told: a declared error, or a `StatusError`.
        contract: The service's, which knows its declared errors.
    """
    if isinstance(error, DeclaredError):
        return _declared(error, contract)
    return _status(error, contract)


def respond(
    status: int, document: Mapping[str, Json], headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a response that carries a problem."""
    own = {"Content-Type": PROBLEM, "Cache-Control": "no-store"}
    return HttpResponse(status, {**own, **(headers or {})}, format_json(document))


def _status(error: Exception, contract: Contract) -> tuple[int, dict[str, Json], dict[str, str]]:
    info = error_info(error)
    row = STATUSES[info.code]
    document: dict[str, Json] = {
        "type": row.problem_type,
        "title": row.title,
        "status": row.http,
        "detail": error.message if isinstance(error, StatusError) else str(error),
        "code": info.code.value,
    }
    if info.error_id is not None:
        document["error_id"] = info.error_id
    headers: dict[str, str] = {}
    details: list[Json] = []
    for detail in info.details:
        if isinstance(detail, RetryInfo):
            headers["Retry-After"] = str(max(1, math.ceil(detail.seconds)))
        if isinstance(detail, BadRequest):
            document["errors"] = [
                {"pointer": one.path, "detail": one.description} for one in detail.violations[:MOST_ERRORS]
            ]
            continue
        shown = _detail(detail, contract)
        if shown is not None:
            details.append(shown)
    if details:
        document["details"] = details
    if info.code is Code.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    if info.code is Code.UNAVAILABLE:
        headers.setdefault("Retry-After", "1")
    return row.http, document, headers


def _detail(detail: Any, contract: Contract) -> Json:
    """Return a detail of an error as JSON, with its type as `$type`; None for one without a schema."""
    for known in (WELL_KNOWN, contract):
        for name, cls in known.types.items():
            if cls is type(detail):
                value = to_json(known.schema_of(cls), detail, known.types)
                return {"$type": name, **value} if isinstance(value, dict) else value
    return None


def _declared(error: DeclaredError, contract: Contract) -> tuple[int, dict[str, Json], dict[str, str]]:
    schema = contract.schema_of(type(error))
    assert isinstance(schema, Record)
    fields = to_json(schema, error, contract.types)
    assert isinstance(fields, dict)
    status = declared_status(schema)
    told = fields.get("message")
    document: dict[str, Json] = {
        "type": f"{DECLARED_TYPE}{schema.name}",
        "title": (schema.doc or schema.name).split("\n\n")[0].strip(),
        "status": status,
        "detail": told if isinstance(told, str) else str(error),
        "code": Code.UNKNOWN.value,
        "error": fields,
    }
    return status, document, {}
