from __future__ import annotations

from datetime import UTC, datetime, timedelta

import avrorpc
import pytest
from avrorpc_contracts.llm import NoSuchTokens, Tokenizer, TokenizerClient, TooManyTokens, UnknownToken
from avrorpc_services.llm.tokenizer.service import BpeTokenizer, ByteTokenizer, EncodingTokenizer
from avrorpc_services.llm.tokenizer.stored import STORED_SECONDS
from hypothesis import given
from hypothesis import strategies as st

BPE, BYTES = BpeTokenizer(), ByteTokenizer()
both = pytest.mark.parametrize("tokenizer", [BPE, BYTES], ids=["bpe", "byte"])


@both
@given(texts=st.lists(st.text(), max_size=4), add_special_tokens=st.booleans())
def test_every_batch_comes_back(
    tokenizer: EncodingTokenizer, texts: list[str], add_special_tokens: bool
) -> None:
    batch = tokenizer.tokenize(texts, add_special_tokens=add_special_tokens)
    assert tokenizer.detokenize(batch.input_ids) == texts


@both
def test_rows_are_padded_on_the_right_and_masked(tokenizer: EncodingTokenizer) -> None:
    texts = ["Return the number of items.", "x", ""]
    batch = tokenizer.tokenize(texts)
    vocabulary = tokenizer.vocab()
    assert len({len(row) for row in batch.input_ids + batch.attention_mask}) == 1
    for text, row, mask in zip(texts, batch.input_ids, batch.attention_mask, strict=True):
        length = sum(mask)
        assert mask == [1] * length + [0] * (len(row) - length)
        assert row[:length] == tokenizer.tokenize(text).input_ids[0]
        assert set(row[length:]) <= {vocabulary.pad_id}


@both
def test_one_text_makes_one_row(tokenizer: EncodingTokenizer) -> None:
    assert tokenizer.tokenize("text") == tokenizer.tokenize(["text"])
    assert tokenizer.tokenize([]).input_ids == []


@both
def test_special_tokens_stand_around_a_text(tokenizer: EncodingTokenizer) -> None:
    vocabulary = tokenizer.vocab()
    (row,) = tokenizer.tokenize("text").input_ids
    (plain,) = tokenizer.tokenize("text", add_special_tokens=False).input_ids
    assert row == [vocabulary.bos_id, *plain, vocabulary.eos_id]
    assert tokenizer.detokenize([row], skip_special_tokens=False) == ["<bos>text<eos>"]


def test_bytes_of_ascii_are_counted_with_two_special_tokens() -> None:
    assert len(BYTES.tokenize("Hello world").input_ids[0]) == len("Hello world") + 2


@both
def test_a_vocabulary_holds_its_special_ids(tokenizer: EncodingTokenizer) -> None:
    vocabulary = tokenizer.vocab()
    assert vocabulary.kind in ("bpe", "byte")
    assert {vocabulary.bos_id, vocabulary.eos_id, vocabulary.pad_id} == set(vocabulary.special_ids)
    assert vocabulary.special_ids == sorted(vocabulary.special_ids)
    assert sorted(vocabulary.tokens.values()) == list(range(vocabulary.size))


@both
@pytest.mark.parametrize("offset", [0, 5])
def test_an_unknown_id_is_named(tokenizer: EncodingTokenizer, offset: int) -> None:
    size = tokenizer.vocab().size
    with pytest.raises(UnknownToken) as caught:
        tokenizer.detokenize([[5, 6], [7, size + offset]])
    assert (caught.value.token_id, caught.value.vocabulary_size) == (size + offset, size)
    assert caught.value.message == f"the vocabulary has no token {size + offset}; it has {size} ids"
    with pytest.raises(UnknownToken):
        tokenizer.detokenize([[-1]])


@both
@pytest.mark.parametrize("url", ["direct:", "local:", "verify:"])
def test_every_placement_gives_the_same(tokenizer: EncodingTokenizer, url: str) -> None:
    def answers(of: Tokenizer) -> list[object]:
        batch = of.tokenize(["Return it.", "größer"], add_special_tokens=False)
        stored = of.store(batch.input_ids)
        return [batch, of.detokenize(batch.input_ids), of.detokenize_stored(stored.id), of.vocab()]

    with avrorpc.connect(TokenizerClient, url, target=tokenizer) as client:
        assert answers(client) == answers(tokenizer)
        if url != "direct:":
            with pytest.raises(UnknownToken) as caught:
                client.detokenize([[99999]])
            assert caught.value.token_id == 99999
            with pytest.raises(NoSuchTokens) as missing:
                client.detokenize_stored("nothing")
            assert missing.value.id == "nothing"


@both
def test_stored_ids_are_text_again_until_they_are_gone(tokenizer: EncodingTokenizer) -> None:
    batch = tokenizer.tokenize(["Return it.", "x"])
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    stored = tokenizer.store(batch.input_ids)
    assert tokenizer.detokenize_stored(stored.id) == ["Return it.", "x"]
    shown = tokenizer.detokenize_stored(stored.id, skip_special_tokens=False)
    assert shown == tokenizer.detokenize(batch.input_ids, skip_special_tokens=False)
    assert stored.expires_at - before >= timedelta(seconds=STORED_SECONDS)
    with pytest.raises(UnknownToken):
        tokenizer.store([[-1]])


def test_settings_bound_what_is_stored() -> None:
    tokenizer = ByteTokenizer()
    assert tokenizer.configuration() == {"stored_seconds": 600.0, "stored_tokens": 1_000_000}
    tokenizer.configure({"stored_tokens": 4, "stored_seconds": 5})
    assert tokenizer.configuration() == {"stored_seconds": 5.0, "stored_tokens": 4}
    first, second = tokenizer.store([[72, 105]]), tokenizer.store([[33]])
    with pytest.raises(NoSuchTokens):
        tokenizer.detokenize_stored(first.id)
    assert tokenizer.detokenize_stored(second.id) == ["!"]
    with pytest.raises(TooManyTokens) as caught:
        tokenizer.store([[72, 105, 33]])
    assert (caught.value.tokens, caught.value.most) == (5, 4)
    assert "stored_tokens" in caught.value.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stored_seconds": 0}, "MAX_STORED_SECONDS"),
        ({"stored_seconds": float("nan")}, "MAX_STORED_SECONDS"),
        ({"stored_seconds": True}, "is a number"),
        ({"stored_seconds": "5"}, "is a number"),
        ({"stored_tokens": -1}, "MAX_STORED_TOKENS"),
        ({"stored_tokens": 10**9}, "MAX_STORED_TOKENS"),
        ({"stored_tokens": 1.5}, "is a whole number"),
        ({"stored_tokens": 5, "stored_seconds": -1}, "MAX_STORED_SECONDS"),
    ],
)
def test_settings_out_of_range_change_nothing(changes: dict[str, object], said: str) -> None:
    tokenizer = ByteTokenizer()
    before = tokenizer.configuration()
    with pytest.raises(ValueError, match=said):
        tokenizer.configure(changes)
    assert tokenizer.configuration() == before


def test_repr_names_class_and_size() -> None:
    assert repr(BYTES) == "ByteTokenizer(259 ids)"
    assert repr(BPE) == "BpeTokenizer(2048 ids)"
