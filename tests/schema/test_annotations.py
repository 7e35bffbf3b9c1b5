"""What annotations mean to REST: the statuses of declared errors, and which calls take a key."""

from __future__ import annotations

import pytest
from avrorpc.schema import Json, Message, Primitive, Record
from avrorpc.schema.annotations import declared_status, needs_key, takes_key


@pytest.mark.parametrize(
    ("stated", "status"),
    [(404, 404), (599, 599), (None, 422), (200, 422), (600, 422), (True, 422), ("404", 422), ([], 422)],
)
def test_a_declared_error_has_the_status_that_it_states_or_422(stated: Json, status: int) -> None:
    props: dict[str, Json] = {} if stated is None else {"http": stated}
    assert declared_status(Record("Error", is_error=True, props=props)) == status


@pytest.mark.parametrize(
    ("verb", "props", "takes", "needs"),
    [
        ("POST", {}, True, False),
        ("POST", {"idempotency_key": "required"}, True, True),
        ("PATCH", {"idempotency_key": "required"}, True, True),
        ("PUT", {"idempotency_key": "required"}, False, False),
        ("POST", {"idempotent": True, "idempotency_key": "required"}, False, False),
        ("POST", {"readonly": True}, False, False),
        ("POST", {"stream": "response"}, False, False),
    ],
)
def test_what_may_be_repeated_anyway_takes_no_key(
    verb: str, props: dict[str, Json], takes: bool, needs: bool
) -> None:
    message = Message("m", [], Primitive("null"), props=props)
    assert (takes_key(verb, message), needs_key(verb, message)) == (takes, needs)
