"""A causal language model that scores batches and continues prompts, in token ids.

It knows neither text nor contracts. It does no locking: each call keeps its state to itself, and who
shares a device decides how many calls run at a time.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import PreTrainedModel

from avrorpc_services.llm.checkpoint import CheckpointError, open_folder
from avrorpc_services.llm.model.loading import load_model
from avrorpc_services.llm.model.placement import choose_device
from avrorpc_services.llm.model.sampling import Sampler
from avrorpc_services.llm.model.validation import (
    check_batch,
    check_mask,
    check_options,
    check_prompt,
)


@dataclass(frozen=True, slots=True)
class Generation:
    """The new tokens of a prompt."""

    token_ids: list[int]
    """At most as many as were asked for; an end token, if one was produced, is the last."""
    has_stopped: bool
    """Whether the model produced an end token."""


class CausalModel:
    """A loaded model and what it says of itself.

    Args:
        model: The model, on its device and in evaluation mode.
        name: What to call it.

    Raises:
        CheckpointError: The configuration does not say how many positions the model has.
    """

    def __init__(self, model: PreTrainedModel, name: str) -> None:
        config: Any = model.config.get_text_config()
        window = getattr(config, "max_position_embeddings", None)
        if not window:
            raise CheckpointError(
                f"config.json of {name} has no max_position_embeddings; add the model's context window"
            )
        weights = next(model.parameters())
        self.name: Final = name
        self.architecture: Final = str((model.config.architectures or [type(model).__name__])[0])
        self.parameters: Final = int(model.num_parameters())
        self.layers: Final = int(config.num_hidden_layers)
        self.hidden_size: Final = int(config.hidden_size)
        self.vocabulary_size: Final = int(config.vocab_size)
        self.context_window: Final = int(window)
        self.device: Final = weights.device
        self.dtype: Final = weights.dtype
        self.end_ids: Final = _end_ids(model)
        """The ids that end a text."""
        self._model: Final = model
        self._options: Final = frozenset(inspect.signature(model.forward).parameters)

    def __repr__(self) -> str:
        return f"CausalModel({self.name!r}, device={str(self.device)!r}, dtype={self.dtype})"

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", dtype: str = "auto") -> CausalModel:
        """Load a checkpoint.

        Args:
            folder: A local folder in Hugging Face's format.
            device: Such as `cpu` or `cuda:0`; `auto` is CUDA where there is one.
            dtype: Such as `bfloat16`; `auto` keeps the saved one, and on a CPU makes float32 of it.

        Raises:
            CheckpointError: The folder does not hold a whole checkpoint.
            PlacementError: There is no such device or dtype.
        """
        path = open_folder(folder)
        return cls(load_model(path, choose_device(device), dtype), path.name)

    @torch.inference_mode()
    def forward(
        self,
        input_ids: Sequence[Sequence[int]],
        attention_mask: Sequence[Sequence[int]] | None = None,
    ) -> torch.Tensor:
        """Score every next token of a batch.

        Args:
            input_ids: Ids of shape [batch, sequence].
            attention_mask: 1 for a token and 0 for padding, on either side, in the same shape.

        Returns:
            The scores before softmax: float32 on the CPU, contiguous, of shape [batch, sequence,
            vocabulary]. Scores of padding are 0.

        Raises:
            InvalidArgumentError: The batch or the mask cannot be computed with.
            WindowError: The rows are longer than the context window.
        """
        check_batch(input_ids, self.vocabulary_size, self.context_window)
        options: dict[str, Any] = {"use_cache": False}
        mask: torch.Tensor | None = None
        if attention_mask is not None:
            check_mask(attention_mask, input_ids)
            mask = torch.tensor(attention_mask, device=self.device)
            options["attention_mask"] = mask
            if "position_ids" in self._options:
                # The first token is at position 0, however much padding stands before it.
                options["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
        ids = torch.tensor(input_ids, device=self.device)
        logits = self._model(input_ids=ids, **options).logits.float()
        if mask is not None:
            logits = logits.masked_fill(mask.unsqueeze(-1) == 0, 0.0)
        result: torch.Tensor = logits.cpu().contiguous()
        return result

    @torch.inference_mode()
    def generate(
        self,
        prompt_ids: Sequence[int],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int | None = None,
        known_ids: int | None = None,
    ) -> Generation:
        """Continue a prompt, one token after another.

        Args:
            prompt_ids: The prompt's ids.
            max_tokens: The largest number of new tokens.
            temperature: 0 takes the likeliest token each time; above 0 samples.
            seed: Makes sampling repeatable.
            known_ids: How many ids the tokenizer knows, if the model's vocabulary is padded beyond
                them; the ids from there on are never produced.

        Raises:
            InvalidArgumentError: An option is out of its range, or the prompt is empty.
            WindowError: Prompt and new tokens do not fit the context window.
        """
        check_options(max_tokens, temperature, seed)
        check_prompt(prompt_ids, max_tokens, self.vocabulary_size, self.context_window)
        sampler = Sampler(temperature, seed)
        options: dict[str, Any] = {"use_cache": True}
        if "logits_to_keep" in self._options:
            options["logits_to_keep"] = 1  # a long prompt needs the scores of its last token only
        step_ids, cache = list(prompt_ids), None
        token_ids: list[int] = []
        while len(token_ids) < max_tokens:
            output = self._model(
                input_ids=torch.tensor([step_ids], device=self.device),
                past_key_values=cache,
                **options,
            )
            cache = output.past_key_values
            step_ids = [sampler.choose(output.logits[0, -1, :known_ids].float())]
            token_ids += step_ids
            if token_ids[-1] in self.end_ids:
                return Generation(token_ids, has_stopped=True)
        return Generation(token_ids, has_stopped=False)


def _end_ids(model: PreTrainedModel) -> frozenset[int]:
    """Return the ids that end a text: a checkpoint has one, several or none."""
    settings: Any = model.generation_config
    found = settings.eos_token_id if settings is not None else None
    if found is None:
        found = getattr(model.config.get_text_config(), "eos_token_id", None)
    if found is None:
        return frozenset()
    return frozenset([found] if isinstance(found, int) else found)
