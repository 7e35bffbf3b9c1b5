"""Whether the native accelerator is in use, and why not where it is not.

It is where it was built, for this very version. The environment variable AVRORPC_PURE decides otherwise: 1
for the portable codec, and 0 to fail without the accelerator instead of being slow. What the one does and
refuses is what the other does and refuses.
"""

from __future__ import annotations

import importlib
import os
from typing import Final

LEVEL: Final = 1
"""The version of what the accelerator and `avrorpc.codec.program` agree on."""


def _why_not() -> str:
    """Return why the accelerator is not in use; nothing where it is.

    Raises:
        ImportError: It should be, and cannot.
    """
    wish = os.environ.get("AVRORPC_PURE", "")
    if wish not in ("", "0", "1"):
        raise ImportError(f"AVRORPC_PURE={wish} is neither 1, for the portable codec, nor 0, for the native")
    if wish == "1":
        return "AVRORPC_PURE=1"
    reason = ""
    try:
        if importlib.import_module("avrorpc.codec._native").LEVEL != LEVEL:
            reason = "the accelerator was built for another version of avrorpc"
    except ModuleNotFoundError:
        reason = "the accelerator was not built"
    except ImportError as error:
        reason = f"the accelerator cannot be loaded: {error}"
    if reason and wish == "0":
        raise ImportError(f"AVRORPC_PURE=0 insists on the native codec, but {reason}")
    return reason


why_not: Final = _why_not()
"""Why the accelerator is not in use; empty where it is."""
is_native: Final = not why_not
"""Whether it is."""
description: Final = "native" if is_native else f"pure Python: {why_not}"
"""What there is to say of it, for people."""
