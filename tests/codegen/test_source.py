from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.source import Source, Span, Undecodable, display_name, read_source, where


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("", 0, (1, 1)),
        ("abc", 2, (1, 3)),
        ("abc\n", 3, (1, 4)),
        ("abc\ndef", 4, (2, 1)),
        ("abc\r\ndef", 5, (2, 1)),
        ("abc\rdef", 4, (2, 1)),
        ("\n\n\n", 2, (3, 1)),
        ("größe\nx", 6, (2, 1)),
    ],
)
def test_positions_count_from_one_in_characters(text: str, offset: int, expected: tuple[int, int]) -> None:
    assert Source("x", text, Path("x")).position(offset) == expected


def test_lines_come_without_their_ends() -> None:
    source = Source("x", "one\r\ntwo\nthree\rfour", Path("x"))
    assert [source.line(number) for number in range(1, 5)] == ["one", "two", "three", "four"]


def test_a_span_reaches_to_another() -> None:
    source = Source("a.avdl", "one two", Path("a.avdl"))
    assert Span(source, 0, 3).to(Span(source, 4, 7)) == Span(source, 0, 7)
    assert where(Span(source, 4, 7)) == "at a.avdl:1:5"


def test_reading_drops_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.avdl"
    path.write_bytes(b"\xef\xbb\xbfprotocol")
    assert read_source(path).text == "protocol"


def test_the_first_wrong_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.avdl"
    path.write_bytes("größe\n  ".encode() + b"\xff\xfe tail")
    with pytest.raises(Undecodable) as caught:
        read_source(path)
    assert caught.value.byte == 0xFF
    assert caught.value.span.source.position(caught.value.span.start) == (2, 3)


def test_names_are_relative_where_they_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert display_name(tmp_path / "a" / "b.avdl") == "a/b.avdl"
    assert display_name(Path("/elsewhere/b.avdl")) == "/elsewhere/b.avdl"
