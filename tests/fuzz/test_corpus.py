"""What fuzzing has found interesting is tried again in each run, by each target on its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_breaks_no_promise(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())
    assert inputs
    for path in inputs:
        TARGETS[name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_of_nothing_break_no_promise(name: str) -> None:
    for data in (b"", b"\0", b"\xff" * 300, bytes(300), bytes(range(256))):
        TARGETS[name](data)


def test_each_target_has_its_corpus_and_all_is_small() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < 300_000
