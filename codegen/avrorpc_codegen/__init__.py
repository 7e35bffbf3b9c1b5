"""The compiler: Avro IDL to typed Python.

The names below are its interface for programs, `docs/reference/library.md` describes them; all else here may
change without notice. They are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from avrorpc_codegen.config import ConfigError
    from avrorpc_codegen.diagnostic import Diagnostic, Diagnostics, Severity
    from avrorpc_codegen.library import Compiled, GeneratedProject, compile_file, generate_project

__all__ = [
    "Compiled",
    "ConfigError",
    "Diagnostic",
    "Diagnostics",
    "GeneratedProject",
    "Severity",
    "compile_file",
    "generate_project",
]

_HOMES: Final = {
    "avrorpc_codegen.config": ("ConfigError",),
    "avrorpc_codegen.diagnostic": ("Diagnostic", "Diagnostics", "Severity"),
    "avrorpc_codegen.library": ("Compiled", "GeneratedProject", "compile_file", "generate_project"),
}
_HOME: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
