"""What fuzzing has found interesting is tried again in each run, by each target on its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz import corpus
from fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_breaks_no_promise(name: str) -> None:
    inputs = corpus.read(name)
    assert inputs
    for data in inputs:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_of_nothing_break_no_promise(name: str) -> None:
    for data in (b"", b"\0", b"\xff" * 300, bytes(300), bytes(range(256))):
        TARGETS[name](data)


def test_each_target_has_its_corpus_and_all_is_small() -> None:
    assert {path.name for path in corpus.FOLDER.iterdir()} == {f"{name}.txt" for name in TARGETS}
    for name in TARGETS:
        inputs = corpus.read(name)
        assert len(inputs) <= corpus.MOST_INPUTS, name
        assert sum(map(len, inputs)) <= corpus.MOST_BYTES, name


def test_a_corpus_is_read_as_it_was_written_and_in_one_order(tmp_path: Path) -> None:
    corpus.write("any", [b"long", b"", b"\n\0", b"ab", b"long"], tmp_path)
    assert corpus.read("any", tmp_path) == [b"", b"\n\0", b"ab", b"long"]


def test_a_few_inputs_are_chosen_that_reach_what_all_do() -> None:
    reach = {
        b"a": frozenset({1, 2}),
        b"b": frozenset({1, 2, 3}),
        b"c" * 500: frozenset(range(1, 30)),
        b"d": frozenset({99}),
    }
    assert set(corpus.choose(reach)) == {b"b", b"c" * 500, b"d"}
    assert corpus.choose(reach, most_inputs=1) == [b"b"]
    assert set(corpus.choose(reach, most_bytes=10)) == {b"b", b"d"}


def test_an_input_that_is_too_long_to_keep_leaves_what_it_reaches_to_others() -> None:
    reach = {b"x" * 50: frozenset(range(90)), b"y": frozenset({1})}
    assert corpus.choose(reach, most_bytes=10) == [b"y"]


def test_what_inputs_reach_is_read_from_the_notes_of_a_merge(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    notes = f"2\n0\n{one}\n{other}\nSTARTED 0 1\nFT 0 5 7\nCOV 0 1\nSTARTED 1 1\n"
    assert corpus.reached(notes) == {b"1": frozenset({5, 7})}, "what did not end reaches nothing"
