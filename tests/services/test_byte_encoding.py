from __future__ import annotations

import pytest
from avrorpc_services.llm.tokenizer.byte import ByteEncoding
from hypothesis import given
from hypothesis import strategies as st

ENCODING = ByteEncoding()


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    (ids,) = ENCODING.encode([text])
    assert ids == list(text.encode())
    assert ENCODING.decode(ids, skip_special=True) == text
    assert ENCODING.decode(ids, skip_special=False) == text


@given(st.lists(st.integers(0, ENCODING.size - 1)))
def test_any_ids_give_a_text(ids: list[int]) -> None:
    plain = bytes(token_id for token_id in ids if token_id < 256)
    assert ENCODING.decode(ids, skip_special=True) == plain.decode("utf-8", "replace")


def test_special_ids_follow_the_bytes() -> None:
    special = ENCODING.special
    assert (special.bos, special.eos, special.pad) == (256, 257, 258)
    assert special.all == {256, 257, 258}
    assert ENCODING.decode([256, 65, 257, 258], skip_special=True) == "A"
    assert ENCODING.decode([256, 65, 257, 258], skip_special=False) == "<bos>A<eos><pad>"


def test_tokens_name_every_id_once() -> None:
    tokens = ENCODING.tokens
    assert sorted(tokens.values()) == list(range(ENCODING.size))
    assert tokens["<0x41>"] == ord("A")
    assert tokens["<pad>"] == 258


def test_ids_outside_the_vocabulary_are_not_known() -> None:
    assert [ENCODING.knows(token_id) for token_id in (-1, 0, 258, 259)] == [False, True, True, False]


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        ENCODING.encode(["\ud800"])
