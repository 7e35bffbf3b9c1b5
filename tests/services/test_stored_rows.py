from __future__ import annotations

import threading

import pytest
from avrorpc_services.llm.tokenizer.stored import (
    MAX_STORED_SECONDS,
    MAX_STORED_TOKENS,
    StoredRows,
    StoreTooSmall,
)
from hypothesis import given
from hypothesis import strategies as st

ROWS = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=5), max_size=4)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(ROWS)
def test_what_is_put_is_got_again(rows: list[list[int]]) -> None:
    store = StoredRows()
    key, _ = store.put(rows)
    assert store.get(key) == rows


def test_rows_go_when_their_time_is_over() -> None:
    clock = Clock()
    store = StoredRows(clock)
    store.set(seconds=10, most=100)
    key, seconds = store.put([[1]])
    clock.now += 9.9
    later, _ = store.put([[2]])
    assert (seconds, store.get(key), len(store)) == (10, [[1]], 2)
    clock.now += 0.1
    assert (store.get(key), store.get(later), len(store)) == (None, [[2]], 1)


@given(st.lists(ROWS, max_size=12), st.integers(0, 30))
def test_the_store_never_holds_more_than_it_may_and_keeps_the_newest(
    puts: list[list[list[int]]], most: int
) -> None:
    store = StoredRows()
    store.set(seconds=10, most=most)
    kept: list[tuple[str, list[list[int]]]] = []
    for rows in puts:
        size = 1 + sum(len(row) + 1 for row in rows)
        if size > most:
            with pytest.raises(StoreTooSmall, match="stored_tokens"):
                store.put(rows)
        else:
            kept.append((store.put(rows)[0], rows))
    found = [(key, rows) for key, rows in kept if store.get(key) is not None]
    assert found == kept[len(kept) - len(found) :]
    assert sum(1 + sum(len(row) + 1 for row in rows) for _, rows in found) <= most
    assert len(store) == len(found)


def test_a_smaller_store_lets_the_oldest_go_at_once() -> None:
    store = StoredRows()
    keys = [store.put([[n]])[0] for n in range(4)]
    store.set(seconds=10, most=6)
    assert [store.get(key) is not None for key in keys] == [False, False, True, True]


@pytest.mark.parametrize(
    ("seconds", "most", "limit"),
    [
        (0.0, 1, "MAX_STORED_SECONDS"),
        (MAX_STORED_SECONDS * 1.1, 1, "MAX_STORED_SECONDS"),
        (1.0, MAX_STORED_TOKENS + 1, "MAX_STORED_TOKENS"),
    ],
)
def test_bounds_have_bounds(seconds: float, most: int, limit: str) -> None:
    with pytest.raises(ValueError, match=limit):
        StoredRows().set(seconds=seconds, most=most)


def test_results_without_rows_do_not_gather_without_end() -> None:
    store = StoredRows()
    store.set(seconds=10, most=3)
    for _ in range(10):
        store.put([])
    assert len(store) <= 3


def test_threads_may_share_a_store() -> None:
    store = StoredRows()
    store.set(seconds=10, most=50)
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(200):
            key, _ = store.put([[number, turn]])
            got = store.get(key)
            if got not in (None, [[number, turn]]):
                wrong.append(got)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert len(store) == 12  # each counts as four
