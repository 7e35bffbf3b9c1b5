"""Bits per byte: how well a model predicts a text, comparable between vocabularies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from avrorpc_services.llm.model.causal import CausalModel


def bits_per_byte(model: CausalModel, token_ids: Sequence[int], bos_id: int, text_bytes: int) -> float:
    """Return the bits that the model needs for each byte of a text; lower is better.

    The text is read in stretches of half the context window, each of which sees the stretch before it.

    Args:
        model: The model.
        token_ids: The ids of the text alone.
        bos_id: The id that stands before a text.
        text_bytes: The length of the text in bytes of UTF-8.
    """
    stride = model.context_window // 2
    nats = 0.0
    for start in range(0, len(token_ids), stride):
        scored = token_ids[start : start + stride]
        # The beginning token takes one place of the window, and the last scored token needs none.
        row = [bos_id, *token_ids[max(0, start - stride) : start], *scored[:-1]]
        chances = model.forward([row])[0, -len(scored) :].log_softmax(-1)
        nats -= float(chances.gather(1, torch.tensor(scored).unsqueeze(1)).sum())
    return nats / math.log(2) / text_bytes
