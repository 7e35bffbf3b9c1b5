from __future__ import annotations

import pytest
import torch
from avrorpc_services.llm.model.optimization import Progress, Schedule, train
from transformers import LlamaConfig

CONFIGURATION = LlamaConfig(
    vocab_size=8,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    num_key_value_heads=1,
    intermediate_size=32,
    max_position_embeddings=32,
    tie_word_embeddings=True,
)
STREAM = torch.tensor([1, 2, 3, 4, 5, 6] * 20)
"""Each token follows from the one before it."""


def schedule(steps: int, seed: int = 0, seconds: float | None = None) -> Schedule:
    return Schedule(
        steps=steps,
        seed=seed,
        seconds=seconds,
        batch_tokens=64,
        lengths=(8, 16),
        warmup=5,
        weight_decay=0.0,
    )


def losses(steps: int, seed: int = 0) -> list[float]:
    found: list[Progress] = []
    train(CONFIGURATION, STREAM, schedule(steps, seed), found.append)
    assert [progress.step for progress in found] == list(range(1, steps + 1))
    return [progress.loss for progress in found]


def test_the_loss_falls() -> None:
    found = losses(60)
    assert found[0] == pytest.approx(2.08, abs=0.3)
    assert found[-1] < 1.0


def test_equal_seeds_train_equally() -> None:
    assert losses(4, seed=1) == losses(4, seed=1)
    assert losses(4, seed=1) != losses(4, seed=2)


def test_the_model_comes_back_ready_to_compute() -> None:
    model, last = train(CONFIGURATION, STREAM, schedule(1), lambda _: None)
    assert not model.training
    assert last.step == 1


def test_time_can_end_a_run_before_its_steps() -> None:
    _, last = train(CONFIGURATION, STREAM, schedule(10_000, seconds=1e-9), lambda _: None)
    assert last.step == 1


def test_a_stream_has_to_be_longer_than_a_sequence() -> None:
    with pytest.raises(ValueError, match="corpus has 16 tokens, and one sequence alone needs 17"):
        train(CONFIGURATION, STREAM[:16], schedule(1), lambda _: None)


def test_rates_rise_and_fall() -> None:
    plan = Schedule(steps=100, warmup=10)
    rates = [plan.rate(step, 0.0) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9]
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0.02 < rates[-1] < 0.03


def test_rates_fall_with_time_where_time_ends_the_run() -> None:
    plan = Schedule(steps=100, warmup=1, seconds=10.0)
    assert plan.rate(50, 0.0) == pytest.approx(1.0)
    assert plan.rate(50, 5.0) == pytest.approx(0.51)
    assert plan.rate(50, 20.0) == pytest.approx(0.02)
