"""Arguments and items that are no JSON are wrong usage, and the line is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from avrorpc_codegen.command import main
from avrorpc_codegen.command.items import opened, read_items
from click.testing import CliRunner, Result
from support.implementations import AsyncStreams
from support.serving import ServerThread

DEEP = b"[" * 100_000


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ServerThread(AsyncStreams()) as server:
        yield server.tcp


def call(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["call", *arguments], input=given)


def test_a_line_is_an_item_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "items").write_text('"a"\n\n{"b": 1}\n')
    with opened(str(tmp_path / "items")) as file:
        assert list(read_items(file)) == ["a", {"b": 1}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"1\nnope\n", "line 2 of the items is no JSON"),
        (b"1\n" + DEEP, "line 2 of the items is nested too deep"),
        (b"\xff\xfe\n", "the items are no UTF-8 text after line 0"),
    ],
)
def test_items_that_are_none_are_wrong_usage(url: str, tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "items").write_bytes(text)
    done = call(url, "streams.Streams.total", '{"bound": 9}', "--items", str(tmp_path / "items"))
    assert done.exit_code == 2, done.output
    assert said in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "the arguments are no JSON"),
        (DEEP, "it is nested too deep"),
        (b"\xff", "no UTF-8 text: invalid start byte at byte 0"),
    ],
)
@pytest.mark.parametrize("is_file", [True, False])
def test_arguments_that_are_none_are_wrong_usage(
    url: str, tmp_path: Path, text: bytes, said: str, is_file: bool
) -> None:
    (tmp_path / "arguments").write_bytes(text)
    where = f"@{tmp_path}/arguments" if is_file else "-"
    done = call(url, "streams.Streams.count", where, given=text)
    assert done.exit_code == 2, done.output
    assert said in done.output


def test_files_that_are_not_there_are_wrong_usage(url: str) -> None:
    done = call(url, "streams.Streams.count", "@/nowhere/x")
    assert (done.exit_code, "cannot read /nowhere/x: No such file or directory" in done.output) == (2, True)
    done = call(url, "streams.Streams.total", '{"bound": 9}', "--items", "/nowhere/x")
    assert (done.exit_code, "cannot read /nowhere/x: No such file or directory" in done.output) == (2, True)
