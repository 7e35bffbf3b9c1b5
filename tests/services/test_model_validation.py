from __future__ import annotations

import math

import pytest
from avrorpc_services.llm.model.validation import (
    InvalidArgumentError,
    WindowError,
    check_batch,
    check_mask,
    check_options,
    check_prompt,
)


@pytest.mark.parametrize(
    ("input_ids", "message"),
    [
        ([], "the batch has no rows"),
        ([[]], "row 0 has no tokens"),
        ([[1, 2], [3]], "row 1 has 1 tokens and row 0 has 2; pad them to one length"),
        ([[1, 2], []], "row 1 has 0 tokens and row 0 has 2; pad them to one length"),
        ([[1], [10]], "row 1 has the id 10; the vocabulary has ids 0 to 9"),
        ([[-1]], "row 0 has the id -1; the vocabulary has ids 0 to 9"),
        ([[-(2**40), 2**40]], f"row 0 has the id {-(2**40)}; the vocabulary has ids 0 to 9"),
    ],
)
def test_a_batch_that_cannot_be_computed_is_refused(input_ids: list[list[int]], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_batch(input_ids, vocabulary_size=10, context_window=4)
    assert str(caught.value) == message
    assert caught.value.parameter == "input_ids"


def test_rows_fill_the_context_window_at_most() -> None:
    check_batch([[0, 1, 8, 9]], vocabulary_size=10, context_window=4)
    with pytest.raises(WindowError, match="5 tokens do not fit the context window of 4") as caught:
        check_batch([[0] * 5], vocabulary_size=10, context_window=4)
    assert (caught.value.prompt_tokens, caught.value.max_tokens, caught.value.context_window) == (5, 0, 4)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([], "the mask has 0 rows and the batch has 2"),
        ([[1, 1]], "the mask has 1 rows and the batch has 2"),
        ([[1, 1], [1]], "row 1 of the mask has length 1, not 2"),
        ([[1, 1], [1, 2]], "row 1 of the mask holds 2, not 0 or 1"),
        ([[1, 1], [-1, 1]], "row 1 of the mask holds -1, not 0 or 1"),
        ([[1, 1], [0, 0]], "row 1 of the mask leaves no token; leave the row out instead"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(mask: list[list[int]], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_mask(mask, [[5, 6], [7, 8]])
    assert str(caught.value) == message
    assert caught.value.parameter == "attention_mask"


def test_a_mask_may_pad_either_side() -> None:
    check_mask([[1, 0], [0, 1]], [[5, 6], [7, 8]])


@pytest.mark.parametrize(
    ("max_tokens", "temperature", "seed", "parameter"),
    [
        (0, 0.0, None, "max_tokens"),
        (-5, 0.0, None, "max_tokens"),
        (1, -0.1, None, "temperature"),
        (1, math.nan, None, "temperature"),
        (1, math.inf, None, "temperature"),
        (1, -math.inf, None, "temperature"),
        (1, 1.0, 2**63, "seed"),
        (1, 1.0, -(2**63) - 1, "seed"),
    ],
)
def test_options_out_of_range_are_refused(
    max_tokens: int, temperature: float, seed: int | None, parameter: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_options(max_tokens, temperature, seed)
    assert caught.value.parameter == parameter


def test_options_at_the_ends_of_their_ranges_are_taken() -> None:
    check_options(1, 0.0, None)
    check_options(1, 0, 2**63 - 1)
    check_options(2**31 - 1, 1e300, -(2**63))


def test_prompt_and_new_tokens_fill_the_context_window_at_most() -> None:
    check_prompt([1, 2], 2, vocabulary_size=10, context_window=4)
    with pytest.raises(
        WindowError, match="a prompt of 2 tokens and 3 new ones do not fit the context window of 4 tokens"
    ) as caught:
        check_prompt([1, 2], 3, vocabulary_size=10, context_window=4)
    assert (caught.value.prompt_tokens, caught.value.max_tokens, caught.value.context_window) == (2, 3, 4)


@pytest.mark.parametrize("prompt_ids", [[], [10], [-1]])
def test_a_prompt_that_cannot_be_continued_is_refused(prompt_ids: list[int]) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_prompt(prompt_ids, 1, vocabulary_size=10, context_window=4)
    assert caught.value.parameter == "prompt"
