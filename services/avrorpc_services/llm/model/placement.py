"""Where a model's weights go, and in which type: the choice of device and dtype."""

from __future__ import annotations

from typing import Final

import torch

DTYPES: Final = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
"""The types that a caller may ask for, by name."""


class PlacementError(ValueError):
    """A device or a dtype that cannot be had."""


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of a name such as `cpu`, `cuda` or `cuda:1`; `auto` is CUDA where there is one.

    Raises:
        PlacementError: There is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise PlacementError(f"{name!r} names no device; use auto, cpu, cuda or cuda:0") from error
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise PlacementError(
                f"device {name} was asked for, and this machine has {count} CUDA devices; use auto or cpu"
            )
        return torch.device("cuda", device.index or 0)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, NotImplementedError) as error:
        raise PlacementError(f"device {name} cannot be used here; use auto or cpu") from error
    return device


def choose_dtype(name: str, saved: torch.dtype, device: torch.device) -> torch.dtype:
    """Return the type of the weights in memory.

    Args:
        name: A name in `DTYPES`; `auto` keeps the saved type, and makes float32 of it on a CPU, which
            computes half precision slowly and coarsely.
        saved: The type of the weights in their file.
        device: Where the weights go.

    Raises:
        PlacementError: The name is not known.
    """
    if name == "auto":
        is_half = saved in (torch.bfloat16, torch.float16)
        return torch.float32 if is_half and device.type == "cpu" else saved
    if name not in DTYPES:
        raise PlacementError(f"{name!r} names no dtype; use auto, {', '.join(DTYPES)}")
    return DTYPES[name]
