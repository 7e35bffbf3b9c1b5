from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import avrorpc
import avrorpc_services
import pytest
from avrorpc_services import wiring
from avrorpc_services.llm.model.service import LanguageModel
from avrorpc_services.llm.tokenizer.service import BpeTokenizer, ByteTokenizer


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVRORPC_CHECKPOINT", raising=False)
    monkeypatch.setenv("AVRORPC_DEVICE", "cpu")


def model_of(binding: avrorpc.Binding) -> LanguageModel:
    assert isinstance(binding.implementation, LanguageModel)
    return binding.implementation


def imported_by(code: str) -> set[str]:
    """The packages that a fresh Python has imported after running `code`."""
    script = f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_no_torch() -> None:
    heavy = {"torch", "transformers", "tokenizers", "safetensors", "numpy"}
    assert heavy.isdisjoint(imported_by("import avrorpc_services"))
    byte = "import avrorpc_services as s; s.byte_tokenizer().tokenize('text')"
    assert heavy.isdisjoint(imported_by(byte))


def test_a_tokenizer_needs_no_torch() -> None:
    imported = imported_by("import avrorpc_services as s; s.tokenizer().tokenize('text')")
    assert "tokenizers" in imported
    assert {"torch", "transformers"}.isdisjoint(imported)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "avrorpc_services.llm.tokenizer.bpe")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r"tokenizers is not installed; run: pip install 'avrorpc\[llm\]'"):
        wiring.tokenizer()


def test_factories_stand_for_the_shipped_checkpoint() -> None:
    assert isinstance(avrorpc_services.byte_tokenizer(), ByteTokenizer)
    tokenizer = avrorpc_services.tokenizer()
    assert isinstance(tokenizer, BpeTokenizer)
    assert tokenizer.vocab().size == 2048
    assert model_of(avrorpc_services.model()).info().name == "tiny"


def test_the_environment_names_another_checkpoint(
    small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVRORPC_CHECKPOINT", str(small_checkpoint))
    assert avrorpc_services.tokenizer().vocab().size < 2048
    assert model_of(avrorpc_services.model()).info().name == small_checkpoint.name


def test_an_argument_goes_before_the_environment(
    small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVRORPC_CHECKPOINT", "nowhere")
    monkeypatch.setenv("AVRORPC_DEVICE", "nothing")
    assert avrorpc_services.tokenizer(small_checkpoint).vocab().size < 2048
    assert model_of(avrorpc_services.model(small_checkpoint, "cpu")).info().name == small_checkpoint.name


def test_a_model_works_on_one_thread_named_after_its_device(small_checkpoint: Path) -> None:
    binding = avrorpc_services.model(small_checkpoint)
    assert not binding.inline
    executor = binding.executor
    assert isinstance(executor, ThreadPoolExecutor)
    assert executor._max_workers == 1
    assert executor._thread_name_prefix == "avrorpc-cpu"
