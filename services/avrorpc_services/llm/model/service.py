"""The contract `llm.Model`, bound to a causal language model and to any tokenizer of `llm.Tokenizer`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from avrorpc import DType, Tensor
from avrorpc_contracts.llm import (
    Completion,
    FinishReason,
    InvalidInput,
    ModelInfo,
    ModelOutput,
    ModelService,
    PromptTooLong,
    Tokenizer,
)

from avrorpc_services.llm.checkpoint import SHIPPED, CheckpointError
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.validation import InvalidArgumentError, WindowError, check_options
from avrorpc_services.llm.tokenizer.service import BpeTokenizer


class LanguageModel(ModelService):
    """A causal language model that scores batches and continues prompts.

    Args:
        model: What computes.
        tokenizer: What turns prompts into ids: a local object or a client.

    Raises:
        CheckpointError: The tokenizer has ids that the model lacks.
    """

    def __init__(self, model: CausalModel, tokenizer: Tokenizer) -> None:
        vocabulary = tokenizer.vocab()
        if vocabulary.size > model.vocabulary_size:
            raise CheckpointError(
                f"the tokenizer has {vocabulary.size} ids and the model {model.name} knows"
                f" {model.vocabulary_size}; use the tokenizer of the model's own checkpoint"
            )
        self._model: Final = model
        self.__variants__: Final = frozenset({model.name})
        self._tokenizer: Final = tokenizer
        self._known_ids: Final = vocabulary.size
        self._prefix: Final = [] if vocabulary.bos_id is None else [vocabulary.bos_id]

    def __repr__(self) -> str:
        return f"LanguageModel({self._model.name!r}, device={str(self._model.device)!r})"

    @classmethod
    def load(
        cls,
        folder: str | Path = SHIPPED,
        device: str = "auto",
        dtype: str = "auto",
        tokenizer: Tokenizer | None = None,
    ) -> LanguageModel:
        """Load a checkpoint.

        Args:
            folder: A local folder in Hugging Face's format; by default the shipped checkpoint.
            device: Such as `cpu` or `cuda:0`; `auto` is CUDA where there is one.
            dtype: Such as `bfloat16`; `auto` keeps the saved one, and on a CPU makes float32 of it.
            tokenizer: A local tokenizer or a client; by default the checkpoint's own.

        Raises:
            CheckpointError: The folder does not hold a whole checkpoint.
            PlacementError: There is no such device or dtype.
        """
        own = BpeTokenizer(folder) if tokenizer is None else tokenizer
        return cls(CausalModel.load(folder, device, dtype), own)

    def info(self) -> ModelInfo:
        """Describe the model."""
        model = self._model
        return ModelInfo(
            name=model.name,
            architecture=model.architecture,
            parameters=model.parameters,
            layers=model.layers,
            hidden_size=model.hidden_size,
            vocabulary_size=model.vocabulary_size,
            context_window=model.context_window,
            device=str(model.device),
            dtype=DType[str(model.dtype).removeprefix("torch.").upper()],
        )

    def forward(
        self, input_ids: list[list[int]], *, attention_mask: list[list[int]] | None = None
    ) -> ModelOutput:
        """Score every next token of a batch; padding scores 0.

        Raises:
            PromptTooLong: The rows are longer than the context window.
            InvalidInput: The batch or the mask cannot be computed with.
        """
        with _declared_errors():
            logits = self._model.forward(input_ids, attention_mask)
        return ModelOutput(logits=Tensor.from_dlpack(logits))

    def generate(
        self, prompt: str, *, max_tokens: int = 64, temperature: float = 0.0, seed: int | None = None
    ) -> Completion:
        """Continue a prompt; an end token that the model produces is the last of `token_ids`.

        Raises:
            PromptTooLong: The prompt and the new tokens do not fit the context window.
            InvalidInput: An option is out of its range, or the prompt is empty.
        """
        with _declared_errors():
            check_options(max_tokens, temperature, seed)
            batch = self._tokenizer.tokenize(prompt, add_special_tokens=False)
            prompt_ids = self._prefix + batch.input_ids[0]
            generation = self._model.generate(
                prompt_ids,
                max_tokens=max_tokens,
                temperature=temperature,
                seed=seed,
                known_ids=self._known_ids,
            )
        return Completion(
            text=self._tokenizer.detokenize([generation.token_ids])[0],
            token_ids=generation.token_ids,
            finish_reason=FinishReason.STOP if generation.has_stopped else FinishReason.LENGTH,
            prompt_tokens=len(prompt_ids),
        )


@contextmanager
def _declared_errors() -> Iterator[None]:
    """Turn the errors of the computation into those of the contract."""
    try:
        yield
    except InvalidArgumentError as error:
        raise InvalidInput(message=str(error), parameter=error.parameter) from error
    except WindowError as error:
        raise PromptTooLong(
            message=str(error),
            prompt_tokens=error.prompt_tokens,
            max_tokens=error.max_tokens,
            context_window=error.context_window,
        ) from error
