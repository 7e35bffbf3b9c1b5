"""Path templates: what they consist of, and what is none."""

from __future__ import annotations

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import Segment, parse_template


@pytest.mark.parametrize(
    "text", ["/", "/a", "/a/{b}", "/{a}/{b_2}", "/a-b/c.d/~x", "/größe/{länge}", "/v1:run"]
)
def test_a_template_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_template(text)) == text


def test_a_template_has_parts_variables_a_shape_and_a_uri() -> None:
    template = parse_template("/größe/{id}/x")
    assert template.segments == (Segment("größe"), Segment("id", is_variable=True), Segment("x"))
    assert template.variables == ("id",)
    assert template.shape == ("größe", None, "x")
    assert template.uri == "/gr%C3%B6%C3%9Fe/{id}/x"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "begins with"),
        ("a", "begins with"),
        ("/a?b", "ends before"),
        ("/a#b", "ends before"),
        ("/a/", "empty segment"),
        ("//a", "empty segment"),
        ("/./a", "never reaches a server"),
        ("/a/..", "never reaches a server"),
        ("/{a}/{a}", "stands in it twice"),
        ("/x{a}", "no variable"),
        ("/{a", "no variable"),
        ("/{}", "no variable"),
        ("/{1}", "no variable"),
        ("/a b", "a character that no path may have"),
        ("/a%20b", "a character that no path may have"),
    ],
)
def test_what_is_no_template_is_refused(text: str, problem: str) -> None:
    with pytest.raises(SchemaError, match=problem):
        parse_template(text)
