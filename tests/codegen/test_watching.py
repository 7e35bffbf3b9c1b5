from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from avrorpc_codegen.watching import PAUSE, Snapshot, Stamp, await_change, snapshot

A, B = Path("a"), Path("b")


def stamp(number: int) -> Stamp:
    return Stamp(number, 0, 0)


def looks(*seen: dict[Path, int]) -> Callable[[], Snapshot]:
    """Return what gives one snapshot after the other; one look too many is an error."""
    waiting: Iterator[dict[Path, int]] = iter(seen)
    return lambda: {path: stamp(number) for path, number in next(waiting).items()}


def still(_: float) -> None:
    return None


def changed(known: dict[Path, int], *seen: dict[Path, int]) -> list[Path]:
    before = {path: stamp(number) for path, number in known.items()}
    return await_change(before, looks(*seen), wait=still, clock=lambda: 0.0)


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({A: 1, B: 1}, {A: 2, B: 1}, [A]),
        ({A: 1}, {A: 1, B: 1}, [B]),
        ({A: 1, B: 1}, {B: 1}, [A]),
        ({A: 1}, {B: 1}, [A, B]),
    ],
)
def test_files_that_changed_came_or_went_are_named(
    before: dict[Path, int], after: dict[Path, int], paths: list[Path]
) -> None:
    assert changed(before, after, after) == paths


def test_nothing_is_told_until_something_changes() -> None:
    assert changed({A: 1}, {A: 1}, {A: 1}, {A: 1}, {A: 2}, {A: 2}) == [A]


def test_a_change_is_told_once_the_files_have_come_to_rest() -> None:
    assert changed({A: 1}, {A: 2}, {A: 3}, {}, {A: 4}, {A: 4, B: 1}, {A: 4, B: 1}) == [A, B]


def test_a_change_that_is_undone_is_none() -> None:
    assert changed({A: 1}, {A: 2}, {A: 1}, {A: 1}, {A: 3}, {A: 3}) == [A]


def test_looks_that_take_long_are_few() -> None:
    pauses: list[float] = []
    times = iter([0.0, 0.001, 1.0, 1.5, 2.0, 2.0, 3.0, 3.0])
    look = looks({A: 1}, {A: 1}, {A: 2}, {A: 2})
    await_change({A: stamp(1)}, look, wait=pauses.append, clock=lambda: next(times))
    assert pauses == [PAUSE, PAUSE, pytest.approx(10.0), PAUSE]


def test_stamps_tell_a_file_that_was_replaced_by_one_of_the_same_size(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("x")
    before = snapshot([file, tmp_path / "none"])
    other.write_text("y")
    other.replace(file)
    assert list(before) == [file]
    assert snapshot([file]) != before
