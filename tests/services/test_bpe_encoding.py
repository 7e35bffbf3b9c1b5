from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc_services.llm.checkpoint import SHIPPED, CheckpointError
from avrorpc_services.llm.tokenizer.bpe import BpeEncoding
from hypothesis import given
from hypothesis import strategies as st

ENCODING = BpeEncoding(SHIPPED)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    (ids,) = ENCODING.encode([text])
    assert ENCODING.decode(ids, skip_special=True) == text
    assert ENCODING.decode(ids, skip_special=False) == text


@given(st.lists(st.integers(0, ENCODING.size - 1)))
def test_any_ids_give_a_text(ids: list[int]) -> None:
    assert isinstance(ENCODING.decode(ids, skip_special=True), str)


@pytest.mark.parametrize("text", ["<eos>", "a <bos> b", "<pad><pad>"])
def test_special_tokens_written_in_a_text_are_text(text: str) -> None:
    (ids,) = ENCODING.encode([text])
    assert ENCODING.special.all.isdisjoint(ids)
    assert ENCODING.decode(ids, skip_special=True) == text


def test_words_of_documentation_are_single_tokens() -> None:
    assert len(ENCODING.encode(["Return the value of the file"])[0]) <= 7


def test_a_batch_is_encoded_text_by_text() -> None:
    texts = ["Return", "", "the list of names"]
    assert ENCODING.encode(texts) == [ENCODING.encode([text])[0] for text in texts]


def test_special_ids_come_from_the_settings() -> None:
    assert ENCODING.kind == "bpe"
    assert (ENCODING.special.pad, ENCODING.special.bos, ENCODING.special.eos) == (0, 1, 2)
    assert ENCODING.special.all == {0, 1, 2}
    assert ENCODING.decode([1, *ENCODING.encode(["text"])[0], 2, 0], skip_special=True) == "text"
    assert ENCODING.decode([1, *ENCODING.encode(["text"])[0], 2], skip_special=False) == "<bos>text<eos>"


def test_tokens_are_as_many_as_ids() -> None:
    assert sorted(ENCODING.tokens.values()) == list(range(ENCODING.size))
    assert [ENCODING.knows(token_id) for token_id in (-1, 0, ENCODING.size)] == [False, True, False]


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        ENCODING.encode(["\ud800"])


def test_a_tokenizer_without_padding_pads_with_its_end(broken_checkpoint: Path) -> None:
    path = broken_checkpoint / "tokenizer_config.json"
    path.write_text(json.dumps({"eos_token": {"content": "<eos>"}}))
    special = BpeEncoding(broken_checkpoint).special
    assert (special.pad, special.bos, special.eos) == (2, None, 2)


def test_settings_may_be_absent(broken_checkpoint: Path) -> None:
    (broken_checkpoint / "tokenizer_config.json").unlink()
    special = BpeEncoding(broken_checkpoint).special
    assert (special.pad, special.bos, special.eos, special.all) == (0, None, None, frozenset({0, 1, 2}))


def test_truncation_in_the_file_is_switched_off(broken_checkpoint: Path) -> None:
    path = broken_checkpoint / "tokenizer.json"
    settings = json.loads(path.read_text())
    settings["truncation"] = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    path.write_text(json.dumps(settings))
    (ids,) = BpeEncoding(broken_checkpoint).encode(["a long text with many words"])
    assert len(ids) > 2


def test_a_missing_tokenizer_is_named(broken_checkpoint: Path) -> None:
    (broken_checkpoint / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is missing; copy the whole checkpoint"):
        BpeEncoding(broken_checkpoint)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "does not hold a JSON object"),
        ('{"version": "1.0"}', "describes no tokenizer"),
    ],
)
def test_a_damaged_tokenizer_is_named(broken_checkpoint: Path, text: str, problem: str) -> None:
    (broken_checkpoint / "tokenizer.json").write_text(text)
    with pytest.raises(CheckpointError, match=rf"tokenizer\.json {problem}.*copy it again"):
        BpeEncoding(broken_checkpoint)


def test_repr_names_kind_and_size(small_checkpoint: Path) -> None:
    assert repr(BpeEncoding(small_checkpoint)).startswith("BpeEncoding(bpe, ")
