"""The budget: repetitions are a share of the calls, and some on top with time."""

from __future__ import annotations

import pytest
from avrorpc.middleware import Budget
from hypothesis import given
from hypothesis import strategies as st


def test_what_is_saved_up_is_there_at_the_start_and_then_a_share() -> None:
    budget = Budget(share=0.5, per_second=0.0, capacity=2.0)
    assert [budget.withdraw(0.0) for _ in range(3)] == [True, True, False]
    budget.deposit(0.0)
    assert not budget.withdraw(0.0)
    budget.deposit(0.0)
    assert budget.withdraw(0.0)


def test_time_gives_some_on_top_up_to_the_capacity() -> None:
    budget = Budget(share=0.0, per_second=2.0, capacity=3.0)
    assert [budget.withdraw(10.0) for _ in range(4)] == [True, True, True, False]
    assert budget.withdraw(10.5)
    assert not budget.withdraw(10.5)
    assert [budget.withdraw(1000.0) for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_stands_or_differs_gives_nothing() -> None:
    budget = Budget(share=0.0, per_second=1.0, capacity=1.0)
    assert budget.withdraw(100.0)
    assert not budget.withdraw(50.0)
    assert budget.withdraw(51.0)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=100))
def test_repetitions_never_exceed_what_was_paid_in(steps: list[tuple[bool, float]]) -> None:
    budget, now, paid, taken = Budget(share=0.2, per_second=0.5, capacity=5.0), 0.0, 5.0, 0
    budget.deposit(now)
    for is_call, pause in steps:
        now += pause
        paid += 0.5 * pause
        if is_call:
            budget.deposit(now)
            paid += 0.2
        else:
            taken += budget.withdraw(now)
    assert taken <= paid + 1e-6


@pytest.mark.parametrize("wrong", [{"share": -1.0}, {"per_second": -1.0}, {"capacity": 0.5}])
def test_a_budget_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="capacity"):
        Budget(**wrong)
