from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from avrorpc_services.llm.checkpoint import SHIPPED, CheckpointError
from avrorpc_services.llm.model import recipe
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.loading import load_model
from avrorpc_services.llm.model.validation import InvalidArgumentError, WindowError
from avrorpc_services.llm.tokenizer.bpe import BpeEncoding
from transformers import BloomConfig, BloomForCausalLM, GPT2Config, GPT2LMHeadModel, PreTrainedModel

TEXTS = [
    "Return the number of items",
    "Raise an exception if the file",
    "A dictionary that maps names to the values of the given arguments, and",
]


@pytest.fixture(scope="module")
def rows() -> list[list[int]]:
    return [[recipe.BOS_ID, *ids] for ids in BpeEncoding(SHIPPED).encode(TEXTS)]


@pytest.fixture(scope="module")
def reference() -> PreTrainedModel:
    """The same weights, used through transformers alone."""
    return load_model(SHIPPED, torch.device("cpu"))


def padded(rows: list[list[int]], side: str) -> tuple[list[list[int]], list[list[int]]]:
    width = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        filling = width - len(row)
        zeros, ones = [0] * filling, [1] * len(row)
        ids.append(row + zeros if side == "right" else zeros + row)
        mask.append(ones + zeros if side == "right" else zeros + ones)
    return ids, mask


def test_scores_are_float32_in_order_on_the_cpu(shipped_model: CausalModel, rows: list[list[int]]) -> None:
    logits = shipped_model.forward([rows[0], rows[0]])
    assert logits.shape == (2, len(rows[0]), shipped_model.vocabulary_size)
    assert logits.dtype == torch.float32
    assert logits.is_contiguous()
    assert logits.device.type == "cpu"
    assert not logits.requires_grad


def test_forward_equals_transformers(
    shipped_model: CausalModel, reference: Any, rows: list[list[int]]
) -> None:
    with torch.no_grad():
        expected = reference(torch.tensor([rows[2]])).logits
    torch.testing.assert_close(shipped_model.forward([rows[2]]), expected)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_padded_batch_equals_its_rows_alone(
    shipped_model: CausalModel, rows: list[list[int]], side: str
) -> None:
    ids, mask = padded(rows, side)
    batch = shipped_model.forward(ids, mask)
    for index, row in enumerate(rows):
        is_token = torch.tensor(mask[index]).bool()
        torch.testing.assert_close(
            batch[index][is_token], shipped_model.forward([row])[0], atol=1e-4, rtol=1e-4
        )
        assert not batch[index][~is_token].any()


def test_what_stands_in_padding_does_not_matter(shipped_model: CausalModel, rows: list[list[int]]) -> None:
    ids, mask = padded(rows, "left")
    noise = [
        [token_id if kept else 7 for token_id, kept in zip(*pair, strict=True)]
        for pair in zip(ids, mask, strict=True)
    ]
    assert torch.equal(shipped_model.forward(ids, mask), shipped_model.forward(noise, mask))


def test_padding_without_a_mask_changes_the_scores(shipped_model: CausalModel, rows: list[list[int]]) -> None:
    ids, mask = padded(rows, "left")
    unmasked = shipped_model.forward(ids)[0, -1]
    assert not torch.allclose(unmasked, shipped_model.forward(ids, mask)[0, -1], atol=1e-2)


def test_absolute_positions_begin_at_the_first_token() -> None:
    torch.manual_seed(0)
    config = GPT2Config(n_embd=16, n_head=2, n_layer=1, n_positions=32, vocab_size=20)
    weights = GPT2LMHeadModel(config)
    weights.train(False)
    model = CausalModel(weights, "gpt2")
    assert model.context_window == 32
    alone = model.forward([[5, 6]])
    batch = model.forward([[0, 0, 5, 6]], [[0, 0, 1, 1]])
    torch.testing.assert_close(batch[:, 2:], alone)
    assert len(model.generate([5, 6], max_tokens=4).token_ids) == 4


@pytest.mark.parametrize("index", [0, 1, 2])
def test_greedy_generation_equals_transformers(
    shipped_model: CausalModel, reference: Any, rows: list[list[int]], index: int
) -> None:
    prompt = torch.tensor([rows[index]])
    expected = reference.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=48, do_sample=False
    )[0, prompt.shape[1] :].tolist()
    generation = shipped_model.generate(rows[index], max_tokens=48)
    assert generation.token_ids == expected
    assert generation.has_stopped == (expected[-1] == recipe.EOS_ID)


def test_generation_reaches_its_length(shipped_model: CausalModel, rows: list[list[int]]) -> None:
    generation = shipped_model.generate(rows[0], max_tokens=3)
    assert len(generation.token_ids) == 3
    assert not generation.has_stopped


def test_generation_stops_at_the_end_token(small_checkpoint: Path) -> None:
    model = load_model(small_checkpoint, torch.device("cpu"))
    first = CausalModel(model, "small").generate([1, 5, 6], max_tokens=8).token_ids[0]
    settings: Any = model.generation_config
    settings.eos_token_id = [first, 99]
    stopping = CausalModel(model, "small")
    assert stopping.end_ids == {first, 99}
    generation = stopping.generate([1, 5, 6], max_tokens=8)
    assert generation.token_ids == [first]
    assert generation.has_stopped


def test_a_model_may_have_no_end_token(small_checkpoint: Path) -> None:
    model = load_model(small_checkpoint, torch.device("cpu"))
    settings: Any = model.generation_config
    settings.eos_token_id = None
    model.config.eos_token_id = None
    assert CausalModel(model, "small").end_ids == frozenset()


def test_sampling_is_repeatable_by_its_seed(shipped_model: CausalModel, rows: list[list[int]]) -> None:
    def sample(seed: int) -> list[int]:
        return shipped_model.generate(rows[0], max_tokens=24, temperature=1.0, seed=seed).token_ids

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_sampling_without_a_seed_differs(shipped_model: CausalModel, rows: list[list[int]]) -> None:
    texts = {
        tuple(shipped_model.generate(rows[0], max_tokens=16, temperature=1.5).token_ids) for _ in range(4)
    }
    assert len(texts) > 1


def test_ids_that_the_tokenizer_lacks_are_never_produced(
    shipped_model: CausalModel, rows: list[list[int]]
) -> None:
    generation = shipped_model.generate(rows[0], max_tokens=32, temperature=50.0, seed=0, known_ids=300)
    assert max(generation.token_ids) < 300


def test_a_prompt_may_fill_the_window_but_for_one_token(small_checkpoint: Path) -> None:
    model = CausalModel.load(small_checkpoint, device="cpu")
    assert len(model.generate([1] * 63, max_tokens=1).token_ids) == 1
    with pytest.raises(WindowError):
        model.generate([1] * 64, max_tokens=1)
    with pytest.raises(WindowError):
        model.forward([[1] * 65])
    assert model.forward([[1] * 64]).shape[1] == 64


@pytest.mark.parametrize("options", [{"max_tokens": 0}, {"max_tokens": 1, "temperature": float("nan")}])
def test_options_are_checked(shipped_model: CausalModel, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        shipped_model.generate([1], **options)


def test_batches_and_masks_are_checked(shipped_model: CausalModel) -> None:
    with pytest.raises(InvalidArgumentError, match="row 0 has the id 99999"):
        shipped_model.forward([[99999]])
    with pytest.raises(InvalidArgumentError, match="mask has 2 rows"):
        shipped_model.forward([[1]], [[1], [1]])


def test_a_model_describes_itself(shipped_model: CausalModel) -> None:
    assert shipped_model.name == "tiny"
    assert shipped_model.architecture == "LlamaForCausalLM"
    assert shipped_model.parameters == 3_475_712
    assert (shipped_model.layers, shipped_model.hidden_size) == (4, 256)
    assert repr(shipped_model) == "CausalModel('tiny', device='cpu', dtype=torch.float32)"


def test_a_context_window_has_to_be_known() -> None:
    config = BloomConfig(hidden_size=16, n_head=2, n_layer=1, vocab_size=20)
    with pytest.raises(CheckpointError, match=r"config\.json of bloom has no max_position_embeddings"):
        CausalModel(BloomForCausalLM(config), "bloom")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        CausalModel.load(tmp_path / "nowhere")


@pytest.mark.gpu
def test_cuda_generates_the_tokens_of_the_cpu(
    cuda: str, shipped_model: CausalModel, rows: list[list[int]]
) -> None:
    model = CausalModel.load(SHIPPED, device=cuda, dtype="float32")
    assert str(model.device) == cuda
    for row in rows:
        expected = shipped_model.generate(row, max_tokens=64)
        assert model.generate(row, max_tokens=64) == expected


@pytest.mark.gpu
def test_cuda_scores_as_the_cpu_does(cuda: str, shipped_model: CausalModel, rows: list[list[int]]) -> None:
    model = CausalModel.load(SHIPPED, device=cuda, dtype="float32")
    for side in ("left", "right"):
        ids, mask = padded(rows, side)
        torch.testing.assert_close(
            model.forward(ids, mask), shipped_model.forward(ids, mask), atol=1e-3, rtol=1e-3
        )


@pytest.mark.gpu
def test_cuda_keeps_the_saved_type_and_samples_repeatably(cuda: str, rows: list[list[int]]) -> None:
    model = CausalModel.load(SHIPPED)
    assert (str(model.device), model.dtype) == (cuda, torch.bfloat16)
    assert model.forward([rows[0]]).dtype == torch.float32
    first, second = (
        model.generate(rows[0], max_tokens=24, temperature=0.8, seed=5).token_ids for _ in range(2)
    )
    assert first == second
