"""Whether the native accelerator is in use, and why not where it is not.

It is, where it was built with this very version and the environment variable AVRORPC_PURE is unset, empty or
0. What it does, and what it refuses, is what the portable codec does and refuses.
"""

from __future__ import annotations

import importlib
import os
from typing import Final

LEVEL: Final = 1
"""The version of what the accelerator and `avrorpc.codec.program` agree on."""


def _why_not() -> str:
    """Return why the accelerator is not in use; nothing where it is."""
    if os.environ.get("AVRORPC_PURE", "0") not in ("", "0"):
        return "AVRORPC_PURE is set"
    try:
        native = importlib.import_module("avrorpc.codec._native")
    except ModuleNotFoundError:
        return "the accelerator was not built"
    except ImportError as error:
        return f"the accelerator cannot be loaded: {error}"
    if native.LEVEL != LEVEL:
        return "the accelerator was built for another version of avrorpc"
    return ""


why_not: Final = _why_not()
"""Why the accelerator is not in use; empty where it is."""
is_native: Final = not why_not
"""Whether it is."""
description: Final = "native" if is_native else f"pure Python ({why_not})"
"""What there is to say of it, for people."""
