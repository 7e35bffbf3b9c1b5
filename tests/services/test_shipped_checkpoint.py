from __future__ import annotations

import json

import pytest
from avrorpc_services.llm.checkpoint import SHIPPED
from avrorpc_services.llm.model import corpus
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.evaluate import bits_per_byte
from avrorpc_services.llm.tokenizer.bpe import BpeEncoding

RECORD = json.loads((SHIPPED / "training.json").read_text())


def test_it_is_smaller_than_eight_megabytes() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 8_000_000


def test_its_context_is_a_thousand_tokens_or_more(shipped_model: CausalModel) -> None:
    assert shipped_model.context_window >= 1024


def test_it_predicts_the_held_out_text_as_well_as_recorded(shipped_model: CausalModel) -> None:
    encoding = BpeEncoding(SHIPPED)
    text = corpus.held_out()
    size = len(text.encode("utf-8"))
    assert encoding.special.bos is not None
    bits = bits_per_byte(shipped_model, encoding.encode([text])[0], encoding.special.bos, size)
    assert bits == pytest.approx(RECORD["held_out"]["bits_per_byte"], abs=0.02)
    assert bits < 2.6
    assert RECORD["held_out"]["bytes"] == size


def test_a_whole_window_of_text_is_predicted_better_than_a_short_stretch(shipped_model: CausalModel) -> None:
    """Positions up to the last are trained: the end of a full window is not worse than its beginning."""
    encoding = BpeEncoding(SHIPPED)
    (ids,) = encoding.encode([corpus.held_out()])
    row = [1, *ids[: shipped_model.context_window - 1]]
    losses = -shipped_model.forward([row])[0, :-1].log_softmax(-1)[range(len(row) - 1), row[1:]]
    assert losses[-256:].mean() < losses[:256].mean() + 0.5


def test_it_continues_documentation_with_words(shipped_model: CausalModel) -> None:
    encoding = BpeEncoding(SHIPPED)
    (ids,) = encoding.encode(["Return the number of"])
    text = encoding.decode(shipped_model.generate([1, *ids], max_tokens=24).token_ids, skip_special=True)
    words = [word.strip(".,()") for word in text.split()]
    assert len(words) >= 4
    assert len(set(words)) >= 3
    assert text.isascii()


def test_its_record_says_how_it_was_made() -> None:
    assert RECORD["corpus"]["documents"] > 5000
    assert len(RECORD["corpus"]["sha256"]) == 64
    assert RECORD["python"].count(".") == 2
    assert RECORD["parameters"] == 3_475_712
