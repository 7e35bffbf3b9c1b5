"""The tokenizer of a checkpoint: `tokenizer.json`, read and run by Hugging Face's `tokenizers`.

Special tokens written in a text are text: `</s>` in a prompt cannot end it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

from avrorpc_services.llm.checkpoint import (
    CheckpointError,
    open_folder,
    read_json,
    read_optional_json,
    require_file,
)
from avrorpc_services.llm.tokenizer.encoding import SpecialIds


class BpeEncoding:
    """Text as the tokens of a checkpoint.

    Args:
        folder: A local folder in Hugging Face's format.

    Raises:
        CheckpointError: The folder has no tokenizer that can be read.
    """

    def __init__(self, folder: str | Path) -> None:
        path = open_folder(folder)
        self._tokenizer: Final = _read(require_file(path, "tokenizer.json"))
        self.kind: Final = type(self._tokenizer.model).__name__.lower()
        self._tokens: Final = self._tokenizer.get_vocab(with_added_tokens=True)
        self._known: Final = frozenset(self._tokens.values())
        self.size: Final = max(self._known, default=-1) + 1
        self.special: Final = self._special_ids(path)

    def __repr__(self) -> str:
        return f"BpeEncoding({self.kind}, {self.size} ids)"

    @property
    def tokens(self) -> Mapping[str, int]:
        """Each token as the vocabulary spells it, with its id."""
        return self._tokens

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, without any special one.

        Raises:
            UnicodeEncodeError: A text holds half of a surrogate pair.
        """
        for text in texts:
            if not text.isascii():
                text.encode("utf-8")
        return [
            encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        ]

    def decode(self, ids: Sequence[int], *, skip_special: bool) -> str:
        """Return the text of ids; bytes that are no UTF-8 become the replacement character."""
        if skip_special:  # not left to `tokenizers`, which goes by what the file marks as special
            ids = [token_id for token_id in ids if token_id not in self.special.all]
        return self._tokenizer.decode(ids, skip_special_tokens=False)

    def knows(self, token_id: int) -> bool:
        """Whether an id is in the vocabulary, which may have gaps."""
        return token_id in self._known

    def _special_ids(self, folder: Path) -> SpecialIds:
        """Find the special ids by the names that the checkpoint's settings give them."""
        settings = read_optional_json(folder, "special_tokens_map.json")
        settings |= read_optional_json(folder, "tokenizer_config.json")
        ids = {role: self._named(settings.get(f"{role}_token")) for role in ("pad", "bos", "eos")}
        special = {
            token_id
            for token_id, token in self._tokenizer.get_added_tokens_decoder().items()
            if token.special
        }
        found = [token_id for token_id in ids.values() if token_id is not None]
        # A tokenizer without padding of its own pads with its end; the mask tells them apart.
        pad = next((ids[role] for role in ("pad", "eos", "bos") if ids[role] is not None), 0)
        return SpecialIds(pad or 0, ids["bos"], ids["eos"], frozenset(special.union(found)))

    def _named(self, setting: Any) -> int | None:
        """Return the id of a token that a setting names, either plainly or in an object."""
        name = setting.get("content") if isinstance(setting, dict) else setting
        return self._tokens.get(name) if isinstance(name, str) else None


def _read(path: Path) -> Tokenizer:
    """Read a tokenizer, and switch off what would change its results from outside of a call."""
    read_json(path)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # `tokenizers` raises the bare class
        raise CheckpointError(
            f"{path} describes no tokenizer ({error}); copy it again from where the checkpoint came"
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer
