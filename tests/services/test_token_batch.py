from __future__ import annotations

from avrorpc_services.llm.tokenizer.batch import pad, surround
from avrorpc_services.llm.tokenizer.encoding import SpecialIds


def test_rows_are_padded_on_the_right_to_the_longest() -> None:
    assert pad([[1], [2, 3, 4], []], pad_id=9) == (
        [[1, 9, 9], [2, 3, 4], [9, 9, 9]],
        [[1, 0, 0], [1, 1, 1], [0, 0, 0]],
    )


def test_no_rows_make_an_empty_batch() -> None:
    assert pad([], pad_id=9) == ([], [])


def test_a_text_stands_between_beginning_and_end() -> None:
    assert surround([5], SpecialIds(pad=0, bos=1, eos=2)) == [1, 5, 2]
    assert surround([], SpecialIds(pad=0, bos=0, eos=0)) == [0, 0]


def test_a_tokenizer_may_lack_beginning_or_end() -> None:
    assert surround([5], SpecialIds(pad=0, eos=2)) == [5, 2]
    assert surround([5], SpecialIds(pad=0)) == [5]
