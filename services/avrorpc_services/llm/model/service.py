"""The contract `llm.Model`, bound to a causal language model and to any tokenizer of `llm.Tokenizer`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from avrorpc import Code, DType, StatusError, Tensor
from avrorpc_contracts.llm import (
    Completion,
    FinishReason,
    InvalidInput,
    ModelInfo,
    ModelOutput,
    ModelService,
    PromptTooLong,
    Tokenizer,
    UnusableCheckpoint,
)

from avrorpc_services.llm.checkpoint import SHIPPED, CheckpointError, open_folder
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.validation import InvalidArgumentError, WindowError, check_options
from avrorpc_services.llm.tokenizer.service import BpeTokenizer


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model and the tokenizer that goes with it: what one call works with from its beginning to its end."""

    model: CausalModel
    tokenizer: Tokenizer
    known_ids: int
    prefix: list[int]

    @classmethod
    def of(cls, model: CausalModel, tokenizer: Tokenizer) -> _Loaded:
        vocabulary = tokenizer.vocab()
        if vocabulary.size > model.vocabulary_size:
            raise CheckpointError(
                f"the tokenizer has {vocabulary.size} ids and the model {model.name} knows"
                f" {model.vocabulary_size}; use the tokenizer of the model's own checkpoint"
            )
        prefix = [] if vocabulary.bos_id is None else [vocabulary.bos_id]
        return cls(model, tokenizer, vocabulary.size, prefix)


class LanguageModel(ModelService):
    """A causal language model that scores batches and continues prompts.

    Args:
        model: What computes.
        tokenizer: What turns prompts into ids: a local object or a client.
        checkpoints: The folder in which `load_weights` finds checkpoints; without it no others are loaded.
        load: Loads a checkpoint's folder for `load_weights`; by default onto the device and in the type of
            `model`, with the same tokenizer.

    Raises:
        CheckpointError: The tokenizer has ids that the model lacks.
    """

    def __init__(
        self,
        model: CausalModel,
        tokenizer: Tokenizer,
        *,
        checkpoints: str | Path | None = None,
        load: Callable[[Path], tuple[CausalModel, Tokenizer]] | None = None,
    ) -> None:
        # One reference, read once by each call: whoever replaces it disturbs no call under way.
        self._loaded = _Loaded.of(model, tokenizer)
        self._checkpoints: Final = None if checkpoints is None else open_folder(checkpoints).resolve()
        device, dtype = str(model.device), str(model.dtype).removeprefix("torch.")
        self._load: Final = load or (lambda path: (CausalModel.load(path, device, dtype), tokenizer))

    def __repr__(self) -> str:
        model = self._loaded.model
        return f"LanguageModel({model.name!r}, device={str(model.device)!r})"

    @property
    def __variants__(self) -> frozenset[str]:
        """What example cases may hold for alone.

        The checkpoint's name; `checkpoints`, where others may be loaded; and `checkpoints/tiny`, where that
        which is shipped is among them.
        """
        if self._checkpoints is None:
            return frozenset({self._loaded.model.name})
        has_shipped = (self._checkpoints / SHIPPED.name).resolve() == SHIPPED.resolve()
        shipped = (f"checkpoints/{SHIPPED.name}",) if has_shipped else ()
        return frozenset({self._loaded.model.name, "checkpoints", *shipped})

    @classmethod
    def load(
        cls,
        folder: str | Path = SHIPPED,
        device: str = "auto",
        dtype: str = "auto",
        tokenizer: Tokenizer | None = None,
        *,
        checkpoints: str | Path | None = None,
    ) -> LanguageModel:
        """Load a checkpoint.

        Args:
            folder: A local folder in Hugging Face's format; by default the shipped checkpoint.
            device: Such as `cpu` or `cuda:0`; `auto` is CUDA where there is one.
            dtype: Such as `bfloat16`; `auto` keeps the saved one, and on a CPU makes float32 of it.
            tokenizer: A local tokenizer or a client; by default the checkpoint's own.
            checkpoints: The folder in which `load_weights` finds checkpoints; without it it finds none.

        Raises:
            CheckpointError: The folder does not hold a whole checkpoint.
            PlacementError: There is no such device or dtype.
        """

        def whole(path: str | Path) -> tuple[CausalModel, Tokenizer]:
            own = BpeTokenizer(path) if tokenizer is None else tokenizer
            return CausalModel.load(path, device, dtype), own

        return cls(*whole(folder), checkpoints=checkpoints, load=whole)

    def info(self) -> ModelInfo:
        """Describe the model."""
        return _info(self._loaded.model)

    def load_weights(self, checkpoint: str) -> ModelInfo:
        """Load other weights; calls under way end with those that they began with.

        Both are in memory until the last of these calls has ended. Nothing changes where this fails.

        Raises:
            StatusError: PERMISSION_DENIED, no folder of checkpoints is named, or this one is not in it.
            UnusableCheckpoint: The folder does not hold a checkpoint that fits.
        """
        path = self._allowed(checkpoint)
        try:
            loaded = _Loaded.of(*self._load(path))
        except (CheckpointError, OSError) as error:
            # The error's text has paths of this machine, which callers are not told.
            raise UnusableCheckpoint(
                message=f"{checkpoint!r:.200} holds no checkpoint that this service can run",
                checkpoint=checkpoint,
            ) from error
        self._loaded = loaded
        return _info(loaded.model)

    def _allowed(self, checkpoint: str) -> Path:
        if self._checkpoints is None:
            raise StatusError(Code.PERMISSION_DENIED, "this server loads no other weights")
        try:
            path = (self._checkpoints / checkpoint).resolve()
        except (OSError, ValueError, RuntimeError):  # a NUL, a name too long, links that go in circles
            path = self._checkpoints.parent
        if not path.is_relative_to(self._checkpoints):
            raise StatusError(
                Code.PERMISSION_DENIED, f"{checkpoint!r:.200} is not in this server's folder of checkpoints"
            )
        return path

    def forward(
        self, input_ids: list[list[int]], *, attention_mask: list[list[int]] | None = None
    ) -> ModelOutput:
        """Score every next token of a batch; padding scores 0.

        Raises:
            PromptTooLong: The rows are longer than the context window.
            InvalidInput: The batch or the mask cannot be computed with.
        """
        with _declared_errors():
            logits = self._loaded.model.forward(input_ids, attention_mask)
        return ModelOutput(logits=Tensor.from_dlpack(logits))

    def generate(
        self, prompt: str, *, max_tokens: int = 64, temperature: float = 0.0, seed: int | None = None
    ) -> Completion:
        """Continue a prompt; an end token that the model produces is the last of `token_ids`.

        Raises:
            PromptTooLong: The prompt and the new tokens do not fit the context window.
            InvalidInput: An option is out of its range, or the prompt is empty.
        """
        loaded = self._loaded
        with _declared_errors():
            check_options(max_tokens, temperature, seed)
            batch = loaded.tokenizer.tokenize(prompt, add_special_tokens=False)
            prompt_ids = loaded.prefix + batch.input_ids[0]
            generation = loaded.model.generate(
                prompt_ids,
                max_tokens=max_tokens,
                temperature=temperature,
                seed=seed,
                known_ids=loaded.known_ids,
            )
        return Completion(
            text=loaded.tokenizer.detokenize([generation.token_ids])[0],
            token_ids=generation.token_ids,
            finish_reason=FinishReason.STOP if generation.has_stopped else FinishReason.LENGTH,
            prompt_tokens=len(prompt_ids),
        )


def _info(model: CausalModel) -> ModelInfo:
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
