"""What a message may do: readonly ones are idempotent, too, and unmarked ones are neither."""

from __future__ import annotations

import pytest
from avrorpc.middleware.effects import is_idempotent, is_readonly
from support.calls import CONTRACT


@pytest.mark.parametrize(
    ("name", "readonly", "idempotent"), [("read", True, True), ("ask", False, True), ("write", False, False)]
)
def test_annotations_say_what_a_message_may_do(name: str, readonly: bool, idempotent: bool) -> None:
    method = CONTRACT.methods[name]
    assert (is_readonly(method), is_idempotent(method)) == (readonly, idempotent)
