"""What `MODULE:FACTORY` names: an implementation, made in this process."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

import click
from avrorpc import Binding


def make(factory: str) -> object:
    """Return the implementation that `MODULE:FACTORY` names: an object, or what a class or function makes.

    Modules of the working directory are found, too.

    Raises:
        UsageError: There is no such module, or nothing of that name in it.
        ClickException: The module or the factory failed; the text says how, and where.
    """
    module_name, separator, path = factory.partition(":")
    if not separator or not path or not module_name or path.isdigit():
        more = "; a server has a URL, such as tcp://127.0.0.1:9000" if path.isdigit() else ""
        raise click.UsageError(
            f"{factory!r} must be MODULE:FACTORY, such as avrorpc_services:byte_tokenizer{more}"
        )
    if Path(module_name).is_file():
        name = Path(module_name).with_suffix("").as_posix().replace("/", ".")
        raise click.UsageError(f"{module_name} is a file; name its module: {name}:{path}")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name == missing or module_name.startswith(f"{missing}."):
            hint = f"it is neither installed nor in {Path.cwd()}"
        else:
            hint = f"{module_name} needs it; install it"
        raise click.UsageError(f"there is no module {missing!r}: {hint}") from error
    except Exception as error:
        raise click.ClickException(f"{module_name} cannot be imported: {_told(error)}") from error
    for name in path.split("."):
        if not hasattr(found, name):
            near = difflib.get_close_matches(name, [other for other in dir(found) if other[0] != "_"], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"{module_name} has no {path!r}{hint}")
        found = getattr(found, name)
    if isinstance(found, Binding) or not callable(found):
        return found
    try:
        made: object = found()
    except Exception as error:
        raise click.ClickException(f"{factory} failed: {_told(error)}") from error
    if made is None or isinstance(made, type):
        raise click.ClickException(f"{factory} must return an implementation, and returned {made!r}")
    return made


def _told(error: Exception) -> str:
    """Return what an exception says, and the line of the user's code that raised it."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} ({error.filename}:{error.lineno})"
    place = _place(error.__traceback__)
    return f"{type(error).__name__}: {error}{f' ({place})' if place else ''}"


def _place(trace: TracebackType | None) -> str:
    """Return the last line of a traceback that is not of this file."""
    frames = [
        frame
        for frame in traceback.extract_tb(trace)
        if frame.filename != __file__ and os.path.exists(frame.filename)  # noqa: PTH110 - may be no path
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
