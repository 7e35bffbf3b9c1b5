from __future__ import annotations

from collections import Counter

import pytest
import torch
from avrorpc_services.llm.model.sampling import Sampler

SCORES = torch.tensor([0.0, 2.0, 1.0, -1.0])


def test_temperature_zero_takes_the_likeliest() -> None:
    assert [Sampler().choose(SCORES) for _ in range(5)] == [1] * 5


def test_equal_seeds_draw_equally() -> None:
    first, second = Sampler(1.0, seed=3), Sampler(1.0, seed=3)
    assert [first.choose(SCORES) for _ in range(50)] == [second.choose(SCORES) for _ in range(50)]


def test_other_seeds_draw_otherwise() -> None:
    first, second = Sampler(1.0, seed=3), Sampler(1.0, seed=4)
    assert [first.choose(SCORES) for _ in range(50)] != [second.choose(SCORES) for _ in range(50)]


@pytest.mark.parametrize("seed", [0, -1, 2**63 - 1, -(2**63)])
def test_every_long_is_a_seed(seed: int) -> None:
    assert 0 <= Sampler(1.0, seed=seed).choose(SCORES) < 4


def test_draws_follow_the_probabilities() -> None:
    sampler = Sampler(1.0, seed=0)
    counts = Counter(sampler.choose(SCORES) for _ in range(4000))
    for token_id, chance in enumerate(SCORES.softmax(-1).tolist()):
        assert counts[token_id] / 4000 == pytest.approx(chance, abs=0.03)


@pytest.mark.parametrize("temperature", [5e-324, 1e-30, 1e-3])
def test_a_tiny_temperature_takes_the_likeliest(temperature: float) -> None:
    sampler = Sampler(temperature, seed=0)
    assert {sampler.choose(SCORES) for _ in range(20)} == {1}


def test_a_huge_temperature_draws_evenly() -> None:
    sampler = Sampler(1e300, seed=0)
    assert {sampler.choose(SCORES) for _ in range(200)} == {0, 1, 2, 3}


def test_global_random_numbers_are_left_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    Sampler(1.0, seed=0).choose(SCORES)
    Sampler(1.0).choose(SCORES)
    assert torch.equal(torch.rand(3), expected)
