"""Requests and responses as plain objects."""

from __future__ import annotations

import pytest
from avrorpc.transport.http_message import Head, HttpRequest


@pytest.mark.parametrize(
    ("stated", "media"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        (" avro/binary ;x=1", "avro/binary"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_media_type_is_the_content_type_without_its_parameters(stated: str | None, media: str) -> None:
    headers = {} if stated is None else {"content-type": stated}
    assert HttpRequest(Head("POST", "/x", headers)).media_type == media


def test_a_target_is_a_path_and_what_follows_the_first_question_mark() -> None:
    request = HttpRequest(Head("GET", "/a%20b?c=d?e"))
    assert (request.path, request.query, repr(request)) == (
        "/a%20b",
        "c=d?e",
        "<HttpRequest GET /a%20b?c=d?e>",
    )
