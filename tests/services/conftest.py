"""Checkpoints for the tests of the services: the shipped one, and a small one to break."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from avrorpc_services.llm.checkpoint import SHIPPED
from avrorpc_services.llm.model import recipe
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.loading import quiet
from transformers import LlamaConfig, LlamaForCausalLM

TEXTS = [
    "Return the number of items in the list.",
    "Raise ValueError if the value is not present.",
    "def f(x): return x",
]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small lose more time to a second thread than they gain, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def shipped_model() -> CausalModel:
    return CausalModel.load(SHIPPED, device="cpu")


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkpoint of a few thousand random weights."""
    folder = tmp_path_factory.mktemp("small")
    tokenizer = recipe.train_tokenizer(TEXTS)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=32,
            max_position_embeddings=64,
            tie_word_embeddings=True,
            bos_token_id=recipe.BOS_ID,
            eos_token_id=recipe.EOS_ID,
            pad_token_id=recipe.PAD_ID,
        )
    )
    with quiet():
        model.to(torch.bfloat16).save_pretrained(folder)  # type: ignore[arg-type]
    recipe.save_tokenizer(tokenizer, folder)
    return folder


@pytest.fixture
def broken_checkpoint(small_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the small checkpoint, for the test to break."""
    return Path(shutil.copytree(small_checkpoint, tmp_path / "broken"))


@pytest.fixture
def cuda() -> Iterator[str]:
    """The first CUDA device, computing in whole float32; without one the test is skipped."""
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    matmul = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    yield "cuda:0"
    torch.backends.cuda.matmul.allow_tf32 = matmul
