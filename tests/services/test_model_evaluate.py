from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.evaluate import bits_per_byte
from avrorpc_services.llm.model.loading import load_model


@pytest.fixture(scope="module")
def model(small_checkpoint: Path) -> CausalModel:
    return CausalModel.load(small_checkpoint, device="cpu")


def test_a_model_that_knows_nothing_needs_the_bits_of_its_vocabulary(small_checkpoint: Path) -> None:
    weights = load_model(small_checkpoint, torch.device("cpu"))
    with torch.no_grad():
        for weight in weights.parameters():
            weight.zero_()
    model = CausalModel(weights, "blank")
    ids = list(range(3, 103))
    expected = math.log2(model.vocabulary_size) * 100 / 250
    assert bits_per_byte(model, ids, 1, text_bytes=250) == pytest.approx(expected, rel=1e-5)


def test_a_text_within_one_stretch_is_scored_in_one_pass(model: CausalModel) -> None:
    ids = [5, 6, 7, 8]
    chances = model.forward([[1, 5, 6, 7]])[0].log_softmax(-1)
    nats = -sum(float(chances[place, token_id]) for place, token_id in enumerate(ids))
    assert bits_per_byte(model, ids, 1, text_bytes=10) == pytest.approx(nats / math.log(2) / 10)


def test_each_token_of_a_long_text_is_scored_once(model: CausalModel) -> None:
    ids = [3 + place % 50 for place in range(90)]  # the window is 64, a stretch 32
    nats = 0.0
    for place, token_id in enumerate(ids):
        start = max(0, place // 32 * 32 - 32)
        scores = model.forward([[1, *ids[start:place]]])[0, -1]
        nats -= float(scores.log_softmax(-1)[token_id])
    assert bits_per_byte(model, ids, 1, text_bytes=90) == pytest.approx(nats / math.log(2) / 90, rel=1e-5)
