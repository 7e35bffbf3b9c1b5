"""A checkpoint's folder, in Hugging Face's format: where it is, and whether its files can be read.

Tokenizer and model both start from here. Nothing is ever fetched: a checkpoint is a local folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

SHIPPED: Final = Path(__file__).parent.parent / "checkpoints" / "tiny"
"""The checkpoint that comes with this package; `model/train.py` made it."""


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the text names the path and says what to do."""


def open_folder(folder: str | Path) -> Path:
    """Return a checkpoint's folder as an absolute path.

    Raises:
        CheckpointError: There is no such folder.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        found = "is a file" if path.exists() else "does not exist"
        raise CheckpointError(
            f"{path} {found}; give a local folder in Hugging Face's format, since nothing is downloaded"
        )
    return path


def require_file(folder: Path, name: str) -> Path:
    """Return the path of a file that a checkpoint has to have.

    Raises:
        CheckpointError: It is missing.
    """
    path = folder / name
    if not path.is_file():
        raise CheckpointError(f"{path} is missing; copy the whole checkpoint into {folder}")
    return path


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        CheckpointError: It does not.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be read as JSON ({error}); copy it again from where the checkpoint came"
        ) from error
    if not isinstance(value, dict):
        raise CheckpointError(
            f"{path} does not hold a JSON object; copy it again from where the checkpoint came"
        )
    return value


def read_optional_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a JSON file that a checkpoint may leave out; without it the object is empty.

    Raises:
        CheckpointError: It is there, and does not hold a JSON object.
    """
    path = folder / name
    return read_json(path) if path.is_file() else {}
