from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc_services.llm.model import recipe
from tokenizers import Tokenizer
from transformers import AutoTokenizer, LlamaForCausalLM

DOCUMENTS = ["Return the name of the file.", "Return a list of names.", "a\tb"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return recipe.train_tokenizer(DOCUMENTS)


def test_special_ids_are_the_constants(tokenizer: Tokenizer) -> None:
    ids = [tokenizer.token_to_id(token) for token in (recipe.PAD, recipe.BOS, recipe.EOS)]
    assert ids == [recipe.PAD_ID, recipe.BOS_ID, recipe.EOS_ID]


def test_training_twice_gives_the_same_tokenizer(tokenizer: Tokenizer) -> None:
    assert recipe.train_tokenizer(DOCUMENTS).to_str() == tokenizer.to_str()


def test_the_vocabulary_is_not_larger_than_the_model(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() <= recipe.VOCABULARY_SIZE == recipe.configuration().vocab_size


def test_the_stream_sets_documents_apart(tokenizer: Tokenizer) -> None:
    stream = recipe.encode_stream(tokenizer, ["a", "b"]).tolist()
    a, b = (tokenizer.encode(text, add_special_tokens=False).ids for text in "ab")
    assert stream == [recipe.BOS_ID, *a, recipe.EOS_ID, recipe.BOS_ID, *b, recipe.EOS_ID]


def test_the_architecture_has_three_and_a_half_million_weights() -> None:
    model = LlamaForCausalLM(recipe.configuration())
    assert model.num_parameters() == 3_475_712
    assert recipe.configuration().max_position_embeddings >= 1024


def test_a_saved_tokenizer_works_in_transformers(tokenizer: Tokenizer, tmp_path: Path) -> None:
    recipe.save_tokenizer(tokenizer, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    loaded = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    ids = loaded("Return the file").input_ids
    assert ids == [recipe.BOS_ID, *tokenizer.encode("Return the file", add_special_tokens=False).ids]
    assert loaded.decode(ids, skip_special_tokens=True) == "Return the file"
    assert (loaded.bos_token_id, loaded.eos_token_id, loaded.pad_token_id) == (1, 2, 0)
