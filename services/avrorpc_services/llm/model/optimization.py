"""The training loop: random stretches of a stream of tokens, cross-entropy, Muon and AdamW.

Matrices go by Muon, which here needs half of AdamW's tokens for the same loss; embeddings and norms
go by AdamW. The seed decides the weights at the start and every stretch; nothing here reads a file.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long a training run is, and how fast it learns at each point of it."""

    steps: int
    """The number of optimizer steps; they are repeatable, and time is not."""
    seconds: float | None = None
    """Ends the run earlier; the learning rate then falls with time."""
    seed: int = 0
    batch_tokens: int = 2048
    """Tokens in each step."""
    lengths: tuple[int, ...] = (256, 256, 256, 1024)
    """The sequence length of each step, in turn; the longest should fill the context window."""
    warmup: int = 50
    """Steps in which the learning rates rise to their peak."""
    matrix_rate: float = 0.02
    """Muon's peak learning rate."""
    other_rate: float = 0.006
    """AdamW's peak learning rate."""
    weight_decay: float = 1.0
    """How strongly matrices are pulled towards zero: much, since the stream is read several times."""

    def rate(self, step: int, elapsed: float) -> float:
        """Return the share of the peak learning rates: a linear rise, then half a cosine."""
        done = step / self.steps if self.seconds is None else min(1.0, elapsed / self.seconds)
        rise = min(1.0, (step + 1) / self.warmup)
        return rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands after a step."""

    step: int
    """How many steps are done."""
    loss: float
    """The last batch's cross-entropy, in nats for each token."""
    elapsed: float
    """Seconds since the run began."""


def train(
    configuration: LlamaConfig,
    stream: torch.Tensor,
    schedule: Schedule,
    report: Callable[[Progress], None],
) -> tuple[LlamaForCausalLM, Progress]:
    """Train a new model on a stream of token ids of shape [tokens].

    Returns:
        The model with float32 weights, and where the run stood at its end.

    Raises:
        ValueError: The stream is shorter than the longest sequence.
    """
    if len(stream) <= max(schedule.lengths):
        raise ValueError(
            f"the corpus has {len(stream)} tokens, and one sequence alone needs {max(schedule.lengths) + 1}"
        )
    torch.manual_seed(schedule.seed)
    generator = torch.Generator().manual_seed(schedule.seed)
    model = LlamaForCausalLM(configuration)
    model.train()
    optimizers = _optimizers(model, schedule)
    peaks = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]

    started = time.monotonic()
    progress = Progress(0, math.inf, 0.0)
    while progress.step < schedule.steps:
        if schedule.seconds is not None and progress.elapsed >= schedule.seconds:
            break
        share = schedule.rate(progress.step, progress.elapsed)
        for optimizer, rates in zip(optimizers, peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = peak * share
        loss = _loss(model, _batch(stream, schedule, progress.step, generator))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        progress = Progress(progress.step + 1, loss.item(), time.monotonic() - started)
        report(progress)
    model.eval()  # type: ignore[no-untyped-call]
    return model, progress


def _optimizers(model: LlamaForCausalLM, schedule: Schedule) -> list[torch.optim.Optimizer]:
    """Share the weights out: matrices of the layers to Muon, everything else to AdamW."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, weight in model.named_parameters():
        (matrices if weight.ndim == 2 and "embed" not in name else others).append(weight)
    return [
        torch.optim.Muon(matrices, lr=schedule.matrix_rate, weight_decay=schedule.weight_decay),
        torch.optim.AdamW(others, lr=schedule.other_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def _batch(stream: torch.Tensor, schedule: Schedule, step: int, generator: torch.Generator) -> torch.Tensor:
    """Cut random stretches of the stream: shape [batch, length + 1]."""
    length = schedule.lengths[step % len(schedule.lengths)]
    rows = max(1, schedule.batch_tokens // length)
    starts = torch.randint(0, len(stream) - length, (rows,), generator=generator)
    return torch.stack([stream[start : start + length + 1] for start in starts.tolist()])


def _loss(model: LlamaForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of each next token, computed in bfloat16 where that is safe."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    return functional.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
