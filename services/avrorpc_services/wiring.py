"""The factories of this package: each gives a service that is ready to be served.

Called without arguments, as `avrogen serve avrorpc_services:model` does, they go by the environment:
`AVRORPC_CHECKPOINT` names a local folder in Hugging Face's format, `AVRORPC_DEVICE` a device, and
`AVRORPC_CHECKPOINTS` the folder in which `PUT /model/weights` may choose.
Each factory imports what it needs when it is called: bytes need no extra package, and only a model torch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from avrorpc_services.llm.checkpoint import SHIPPED

if TYPE_CHECKING:
    from avrorpc import Binding

    from avrorpc_services.llm.tokenizer.service import BpeTokenizer, ByteTokenizer


def tokenizer(folder: str | Path | None = None) -> BpeTokenizer:
    """Return the tokenizer of a checkpoint, by default of `AVRORPC_CHECKPOINT` or the shipped one."""
    from avrorpc_services.llm.tokenizer.service import BpeTokenizer  # noqa: PLC0415

    with _llm_extra():
        return BpeTokenizer(_checkpoint(folder))


def byte_tokenizer() -> ByteTokenizer:
    """Return the tokenizer of bytes."""
    from avrorpc_services.llm.tokenizer.service import ByteTokenizer  # noqa: PLC0415

    return ByteTokenizer()


def model(folder: str | Path | None = None, device: str | None = None) -> Binding:
    """Return the model of a checkpoint, bound to the one thread that works on its device.

    Args:
        folder: A local folder; by default `AVRORPC_CHECKPOINT`, else the shipped checkpoint.
        device: Such as `cpu` or `cuda:0`; by default `AVRORPC_DEVICE`, else CUDA where there is one.
    """
    from avrorpc import bind  # noqa: PLC0415

    with _llm_extra():
        from avrorpc_services.llm.model.service import LanguageModel  # noqa: PLC0415
    language_model = LanguageModel.load(
        _checkpoint(folder),
        device or os.environ.get("AVRORPC_DEVICE") or "auto",
        checkpoints=os.environ.get("AVRORPC_CHECKPOINTS") or None,
    )
    name = f"avrorpc-{language_model.info().device}"
    return bind(language_model, executor=ThreadPoolExecutor(1, thread_name_prefix=name))


def _checkpoint(folder: str | Path | None) -> str | Path:
    """Return the folder asked for, else the environment's, else the shipped one."""
    return folder or os.environ.get("AVRORPC_CHECKPOINT") or SHIPPED


@contextmanager
def _llm_extra() -> Iterator[None]:
    """Say which extra is missing where one of its packages is."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(f"{error.name} is not installed; run: pip install 'avrorpc[llm]'") from error
