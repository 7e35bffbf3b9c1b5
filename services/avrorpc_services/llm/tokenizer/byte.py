"""A tokenizer without a vocabulary file: each byte of UTF-8 is a token, and three ids are special."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from avrorpc_services.llm.tokenizer.encoding import SpecialIds

_NAMES: Final = {256: "<bos>", 257: "<eos>", 258: "<pad>"}


class ByteEncoding:
    """Text as its UTF-8 bytes: ids 0 to 255, then BOS, EOS and PAD."""

    kind = "byte"
    size = 256 + len(_NAMES)
    special = SpecialIds(pad=258, bos=256, eos=257, all=frozenset(_NAMES))

    @property
    def tokens(self) -> Mapping[str, int]:
        """Each byte as `<0x41>`, and the special tokens."""
        return {f"<0x{byte:02X}>": byte for byte in range(256)} | {
            name: token_id for token_id, name in _NAMES.items()
        }

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the bytes of each text.

        Raises:
            UnicodeEncodeError: A text holds half of a surrogate pair.
        """
        return [list(text.encode("utf-8")) for text in texts]

    def decode(self, ids: Sequence[int], *, skip_special: bool) -> str:
        """Return the text of ids; bytes that are no UTF-8 become the replacement character."""
        pieces = bytearray()
        for token_id in ids:
            if token_id < 256:
                pieces.append(token_id)
            elif not skip_special:
                pieces += _NAMES[token_id].encode("ascii")
        return pieces.decode("utf-8", "replace")

    def knows(self, token_id: int) -> bool:
        """Whether an id is in the vocabulary."""
        return 0 <= token_id < self.size
