"""Loads a causal language model from a local folder, and says in one sentence why it cannot.

The files are checked before transformers sees them, because it repairs or invents what it misses:
absent weights would become random ones, and surplus layers would be dropped with a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from avrorpc_services.llm.checkpoint import (
    CheckpointError,
    read_json,
    read_optional_json,
    require_file,
)
from avrorpc_services.llm.model.placement import choose_dtype

WEIGHTS: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"

_SAVED_DTYPES: Final = {"BF16": torch.bfloat16, "F16": torch.float16, "F64": torch.float64}


def load_model(folder: Path, device: torch.device, dtype: str = "auto") -> PreTrainedModel:
    """Load the model of a checkpoint, ready to compute.

    Args:
        folder: The checkpoint, with `config.json` and safetensors.
        device: Where the weights go.
        dtype: The type of the weights in memory, as `placement.choose_dtype` takes it.

    Raises:
        CheckpointError: A file is missing or damaged, or the weights do not fit the configuration.
        PlacementError: The dtype is not known.
    """
    config = read_json(require_file(folder, "config.json"))
    read_optional_json(folder, "generation_config.json")
    kernel = config.get("attn_implementation")
    if isinstance(kernel, str) and "/" in kernel:
        raise CheckpointError(
            f"{folder / 'config.json'} names an attention kernel to download ({kernel});"
            " remove attn_implementation from it, since nothing is downloaded"
        )
    saved = _check_weights(_weight_files(folder))
    model, report = _from_pretrained(folder, choose_dtype(dtype, saved, device))
    _check_fit(folder, report)
    return model.to(device)  # type: ignore[arg-type, no-any-return]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing progress bars and from logging warnings."""
    logging: Any = transformers_logging  # it has no types
    verbosity, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if has_bars:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bars:
            logging.enable_progress_bar()


def _weight_files(folder: Path) -> list[Path]:
    """List the files with the weights: one, or those that an index names."""
    if not (folder / INDEX).is_file():
        if not (folder / WEIGHTS).is_file() and (folder / "pytorch_model.bin").is_file():
            raise CheckpointError(
                f"{folder} has pickled weights only; save them as {WEIGHTS} first,"
                " since a pickle can run any code"
            )
        return [require_file(folder, WEIGHTS)]
    shards = read_json(folder / INDEX).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise CheckpointError(
            f"{folder / INDEX} has no weight_map; copy it again from where the checkpoint came"
        )
    return [require_file(folder, str(name)) for name in sorted(set(shards.values()))]


def _check_weights(paths: list[Path]) -> torch.dtype:
    """Check that each file is whole, and return the type that most of the weights have."""
    dtypes: Counter[str] = Counter()
    for path in paths:
        try:
            with safe_open(path, framework="pt") as weights:
                dtypes.update(weights.get_slice(name).get_dtype() for name in weights.offset_keys())
        except (SafetensorError, OSError) as error:
            raise CheckpointError(
                f"{path} is damaged or cut short ({error}); copy it again from where the checkpoint came"
            ) from error
    common = dtypes.most_common(1)
    return _SAVED_DTYPES.get(common[0][0], torch.float32) if common else torch.float32


def _from_pretrained(folder: Path, dtype: torch.dtype) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Let transformers build the model, from local files and without anybody's code."""
    try:
        with quiet():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                ignore_mismatched_sizes=True,  # reported by name, and refused below
                output_loading_info=True,
            )
            model, report = loaded
    except Exception as error:  # a wrong configuration fails wherever its architecture trips over it
        reason = str(error).strip().split("\n", 1)[0].rstrip(".")
        raise CheckpointError(
            f"{folder / 'config.json'} describes no model that transformers can build ({reason});"
            " check the file against where the checkpoint came from"
        ) from error
    return model, report


def _check_fit(folder: Path, report: dict[str, Any]) -> None:
    """Check that the file has every weight of the configuration, in its shape, and no other."""
    problems = [
        f"{len(report[key])} {what}, such as {_first_name(report[key])}"
        for key, what in (
            ("missing_keys", "missing"),
            ("unexpected_keys", "left over"),
            ("mismatched_keys", "of another shape"),
        )
        if report.get(key)
    ]
    if problems:
        raise CheckpointError(
            f"the weights in {folder} do not fit its config.json ({'; '.join(problems)});"
            " use both files from the same checkpoint"
        )


def _first_name(keys: Any) -> str:
    """Return the first weight's name; a weight of another shape comes with both shapes."""
    return min(key if isinstance(key, str) else str(key[0]) for key in keys)
