from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import avrorpc
import pytest
import torch
from avrorpc_contracts.llm import (
    FinishReason,
    InvalidInput,
    Model,
    ModelClient,
    PromptTooLong,
    TokenizedBatch,
    Tokenizer,
    TokenizerClient,
    UnusableCheckpoint,
)
from avrorpc_services.llm.checkpoint import SHIPPED, CheckpointError
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.service import LanguageModel
from avrorpc_services.llm.tokenizer.service import BpeTokenizer, ByteTokenizer

PROMPT = "Return the number of"


@pytest.fixture(scope="module")
def model(shipped_model: CausalModel) -> LanguageModel:
    return LanguageModel(shipped_model, BpeTokenizer())


def test_info_describes_what_is_loaded(model: LanguageModel) -> None:
    info = model.info()
    assert (info.name, info.architecture, info.parameters) == ("tiny", "LlamaForCausalLM", 3_475_712)
    assert (info.layers, info.hidden_size, info.vocabulary_size) == (4, 256, 2048)
    assert info.context_window >= 1024
    assert (info.device, info.dtype) == ("cpu", avrorpc.DType.FLOAT32)


def test_info_names_the_type_that_was_asked_for(small_checkpoint: Path) -> None:
    loaded = LanguageModel.load(small_checkpoint, device="cpu", dtype="bfloat16")
    assert loaded.info().dtype is avrorpc.DType.BFLOAT16
    assert loaded.forward([[1, 5]]).logits.dtype is avrorpc.DType.FLOAT32


def test_logits_leave_as_a_tensor_of_float32(model: LanguageModel, shipped_model: CausalModel) -> None:
    rows = [[1, 300, 301], [1, 302, 0]]
    mask = [[1, 1, 1], [1, 1, 0]]
    logits = model.forward(rows, attention_mask=mask).logits
    assert logits.dtype is avrorpc.DType.FLOAT32
    assert logits.shape == [2, 3, 2048]
    assert torch.equal(torch.utils.dlpack.from_dlpack(logits), shipped_model.forward(rows, mask))


def test_generation_is_text_and_ids_of_the_same_tokens(
    model: LanguageModel, shipped_model: CausalModel
) -> None:
    tokenizer = BpeTokenizer()
    completion = model.generate(PROMPT, max_tokens=12)
    prompt_ids = [1, *tokenizer.tokenize(PROMPT, add_special_tokens=False).input_ids[0]]
    assert completion.prompt_tokens == len(prompt_ids)
    assert completion.token_ids == shipped_model.generate(prompt_ids, max_tokens=12).token_ids
    assert [completion.text] == tokenizer.detokenize([completion.token_ids])
    assert completion.finish_reason is FinishReason.LENGTH
    assert len(completion.token_ids) == 12


def test_generation_stops_at_the_end_of_a_text(model: LanguageModel) -> None:
    # The model learned docstrings; one of them has an end well before the window is full.
    completion = model.generate("Return True if the file exists", max_tokens=512, temperature=0.7, seed=1)
    assert completion.finish_reason is FinishReason.STOP
    assert completion.token_ids[-1] == 2
    assert 2 not in completion.token_ids[:-1]
    assert "<eos>" not in completion.text


def test_an_empty_prompt_is_continued_from_the_beginning_token(model: LanguageModel) -> None:
    completion = model.generate("", max_tokens=4)
    assert completion.prompt_tokens == 1
    assert completion.token_ids


def test_sampling_is_repeatable_by_its_seed(model: LanguageModel) -> None:
    first, second, third = (
        model.generate(PROMPT, max_tokens=16, temperature=1.0, seed=seed) for seed in (4, 4, 5)
    )
    assert first == second
    assert first != third


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"temperature": 1.0, "seed": 2**64}, "seed"),
    ],
)
def test_options_out_of_range_are_invalid_input(
    model: LanguageModel, options: dict[str, Any], parameter: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        model.generate(PROMPT, **options)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("input_ids", "mask", "parameter"),
    [
        ([], None, "input_ids"),
        ([[]], None, "input_ids"),
        ([[1, 2], [1]], None, "input_ids"),
        ([[2048]], None, "input_ids"),
        ([[-1]], None, "input_ids"),
        ([[1, 2]], [[1]], "attention_mask"),
        ([[1, 2]], [], "attention_mask"),
        ([[1, 2]], [[1, 3]], "attention_mask"),
        ([[1, 2]], [[0, 0]], "attention_mask"),
    ],
)
def test_a_batch_that_cannot_be_computed_is_invalid_input(
    model: LanguageModel, input_ids: list[list[int]], mask: list[list[int]] | None, parameter: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        model.forward(input_ids, attention_mask=mask)
    assert caught.value.parameter == parameter
    assert caught.value.message


def test_rows_beyond_the_window_are_too_long(model: LanguageModel) -> None:
    window = model.info().context_window
    with pytest.raises(PromptTooLong) as caught:
        model.forward([[1] * (window + 1)])
    assert (caught.value.prompt_tokens, caught.value.max_tokens) == (window + 1, 0)


def test_a_prompt_beyond_the_window_is_too_long(model: LanguageModel) -> None:
    window = model.info().context_window
    with pytest.raises(PromptTooLong) as caught:
        model.generate(PROMPT, max_tokens=window)
    error = caught.value
    assert (error.max_tokens, error.context_window) == (window, window)
    assert 0 < error.prompt_tokens < 20
    assert "do not fit the context window" in error.message
    with pytest.raises(PromptTooLong):
        model.generate("word " * 2 * window, max_tokens=1)


@pytest.mark.parametrize("url", ["direct:", "local:", "verify:"])
def test_every_placement_gives_the_same(model: LanguageModel, url: str) -> None:
    def answers(of: Model) -> list[object]:
        return [
            of.info(),
            of.forward([[1, 5, 6]], attention_mask=[[1, 1, 1]]),
            of.generate(PROMPT, max_tokens=6),
        ]

    with avrorpc.connect(ModelClient, url, target=model) as client:
        assert answers(client) == answers(model)
        with pytest.raises(InvalidInput):
            client.forward([])


def test_the_tokenizer_may_be_a_client(shipped_model: CausalModel, model: LanguageModel) -> None:
    with avrorpc.connect(TokenizerClient, "verify:", target=BpeTokenizer()) as client:
        assert LanguageModel(shipped_model, client).generate(PROMPT) == model.generate(PROMPT)


def test_a_smaller_tokenizer_bounds_what_is_produced(shipped_model: CausalModel) -> None:
    model = LanguageModel(shipped_model, ByteTokenizer())
    completion = model.generate(PROMPT, max_tokens=32, temperature=20.0, seed=0)
    assert completion.prompt_tokens == len(PROMPT) + 1
    assert max(completion.token_ids) < 259


def test_a_larger_tokenizer_is_refused(small_checkpoint: Path) -> None:
    model = CausalModel.load(small_checkpoint, device="cpu")
    with pytest.raises(CheckpointError, match=r"the tokenizer has 2048 ids and the model small\d* knows"):
        LanguageModel(model, BpeTokenizer(SHIPPED))


def test_other_weights_are_loaded_from_the_folder_of_checkpoints(small_checkpoint: Path) -> None:
    root = small_checkpoint.parent
    model = LanguageModel.load(device="cpu", checkpoints=root)
    before = model.generate(PROMPT, max_tokens=3)
    info = model.load_weights(small_checkpoint.name)
    assert info == model.info()
    assert (info.name, info.layers) == (small_checkpoint.name, 2)
    assert model.generate("Return it", max_tokens=3) != before  # with its own tokenizer
    assert model.load_weights(str(small_checkpoint)) == info


@pytest.mark.parametrize("checkpoint", ["..", "../other", "/", "a/../../b", "a\0b", "link"])
def test_nothing_outside_the_folder_of_checkpoints_is_loaded(
    shipped_model: CausalModel, tmp_path: Path, checkpoint: str
) -> None:
    (tmp_path / "link").symlink_to(SHIPPED)
    model = LanguageModel(shipped_model, BpeTokenizer(), checkpoints=tmp_path)
    with pytest.raises(avrorpc.StatusError) as caught:
        model.load_weights(checkpoint)
    assert caught.value.code is avrorpc.Code.PERMISSION_DENIED
    assert str(tmp_path) not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_no_other_weights_are_loaded_where_no_folder_is_named(model: LanguageModel) -> None:
    with pytest.raises(avrorpc.StatusError, match="loads no other weights"):
        model.load_weights("tiny")


def test_weights_that_do_not_fit_leave_all_as_it_is(
    shipped_model: CausalModel, small_checkpoint: Path, tmp_path: Path
) -> None:
    # The tokenizer is given, so it stays, and has more ids than the small model knows.
    model = LanguageModel(shipped_model, BpeTokenizer(), checkpoints=small_checkpoint.parent)
    before = model.generate(PROMPT, max_tokens=3)
    for checkpoint in (small_checkpoint.name, "nowhere", ".", "x" * 5000):
        with pytest.raises(UnusableCheckpoint) as caught:
            model.load_weights(checkpoint)
        assert caught.value.checkpoint == checkpoint
        assert str(small_checkpoint.parent) not in caught.value.message
    assert model.generate(PROMPT, max_tokens=3) == before


def test_a_call_under_way_ends_with_the_weights_it_began_with(
    shipped_model: CausalModel, small_checkpoint: Path
) -> None:
    class Swapping(BpeTokenizer):
        """Has the weights replaced while a call is between tokenizing and computing."""

        swap: Callable[[], object] | None = None

        def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
            batch = super().tokenize(text, add_special_tokens=add_special_tokens)
            if self.swap is not None:
                swap, self.swap = self.swap, None
                swap()
            return batch

    def load(path: Path) -> tuple[CausalModel, Tokenizer]:
        return CausalModel.load(path, "cpu"), BpeTokenizer(path)

    tokenizer = Swapping()
    model = LanguageModel(shipped_model, tokenizer, checkpoints=small_checkpoint.parent, load=load)
    expected = model.generate(PROMPT, max_tokens=6)
    tokenizer.swap = lambda: model.load_weights(small_checkpoint.name)
    assert model.generate(PROMPT, max_tokens=6) == expected
    assert model.info().name == small_checkpoint.name
    assert tokenizer.swap is None


def test_repr_names_model_and_device(model: LanguageModel) -> None:
    assert repr(model) == "LanguageModel('tiny', device='cpu')"
