"""Bearer tokens in a file: who has which, what it may call, and until when.

The file holds no token, only its SHA-256, so that whoever reads it cannot use it. It is read again when it
has changed: a token that is taken out is refused from then on. Source of the header: RFC 6750.
"""

from __future__ import annotations

import datetime
import fnmatch
import hashlib
import logging
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from avrorpc.call import Call
from avrorpc.errors import BindError, Code, StatusError
from avrorpc.method import Method
from avrorpc.principal import Principal

logger = logging.getLogger("avrorpc")

HEADER: Final = "authorization"
"""The metadata that holds a token, as `Bearer TOKEN`."""
_LOOK_AGAIN: Final = 1.0
"""Seconds after which the file is looked at again."""
_BYTES: Final = 32
"""Random bytes in a token that is made here."""


@dataclass(slots=True, frozen=True)
class Token:
    """One line of a token file."""

    name: str
    """Whom it stands for."""
    digest: bytes
    """The SHA-256 of the token, 32 bytes."""
    expires: datetime.datetime | None = None
    """From when on it counts no more."""
    may: tuple[str, ...] = ()
    """Patterns of `protocol/message` that it may call, such as `llm.Tokenizer/*`; empty for all."""

    def __str__(self) -> str:
        parts = [self.name, f"sha256:{self.digest.hex()}"]
        if self.expires is not None:
            parts.append(f"expires={self.expires.isoformat()}")
        return " ".join([*parts, *(f"may={pattern}" for pattern in self.may)])


class TokenFile:
    """The tokens of a file, one on each line: `NAME sha256:HEX [expires=DATE] [may=PATTERN]...`.

    Empty lines, and lines that begin with `#`, say nothing. `authenticate` and `authorize` are for
    `Authentication`. A file that has become unreadable is reported to the log, and the tokens that were read
    last stay good, so that a slip of the pen locks nobody out.

    Args:
        path: Where it is.
        trusted: The kinds of `Principal` that need no token. Who reaches a unix socket is known by its user
            only, and is not among them unless `process` is.

    Raises:
        BindError: It cannot be read; the text says where, and shows no digest.
    """

    def __init__(self, path: str | Path, *, trusted: Collection[str] = ("certificate",)) -> None:
        self._path: Final = Path(path)
        self._trusted: Final = frozenset(trusted)
        self._tokens: dict[bytes, Token] = {}
        self._state: tuple[int, int, int] | None = None
        self._problem = ""
        self._looked: float | None = None
        self._read()

    def __len__(self) -> int:
        return len(self._tokens)

    def count(self, name: str) -> int:
        """Return how many tokens a name has."""
        return sum(token.name == name for token in self._tokens.values())

    def authenticate(self, call: Call) -> Principal | None:
        """Return who a call comes from: whom its connection proves, or else whom its token stands for.

        Raises:
            StatusError: UNAUTHENTICATED, its token is unknown or has expired.
        """
        given = call.metadata.get(HEADER)
        if given is None:
            known = call.principal
            return known if known is not None and known.kind in self._trusted else None
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer":
            raise StatusError(Code.UNAUTHENTICATED, "the header Authorization must be `Bearer TOKEN`")
        self._look(call.clock.now())
        found = self._tokens.get(hashlib.sha256(token.strip()).digest())
        if found is None:
            raise StatusError(Code.UNAUTHENTICATED, "the token is unknown")
        if found.expires is not None and found.expires <= datetime.datetime.now(datetime.UTC):
            raise StatusError(Code.UNAUTHENTICATED, "the token has expired")
        return Principal(found.name, "token", {"may": found.may})

    def authorize(self, principal: Principal, method: Method[Any]) -> bool:
        """Return whether somebody may call a message; who came without a token may call all."""
        patterns = principal.attributes.get("may", ())
        return not patterns or any(fnmatch.fnmatchcase(method.full_name, one) for one in patterns)

    def _look(self, now: float) -> None:
        if self._looked is not None and now - self._looked < _LOOK_AGAIN:
            return
        self._looked = now
        try:
            self._read()
        except BindError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                logger.error("%s; the tokens that were read last stay good", error)

    def _read(self) -> None:
        try:
            found = self._path.stat()
            state = (found.st_mtime_ns, found.st_size, found.st_ino)
            if state == self._state:
                return
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BindError(f"cannot read the tokens in {self._path}: {_reason(error)}") from error
        self._tokens = {token.digest: token for token in _parsed(text, self._path)}
        self._state, self._problem = state, ""


def new_token(
    name: str, *, expires: datetime.datetime | None = None, may: Sequence[str] = ()
) -> tuple[str, Token]:
    """Return a token that nobody can guess, and its line for a file.

    Raises:
        ValueError: The name or a pattern has spaces.
    """
    for text in (name, *may):
        if not text or any(character.isspace() for character in text) or text.startswith("#"):
            raise ValueError(f"{text!r} must be one word")
    secret = secrets.token_urlsafe(_BYTES)
    return secret, Token(name, hashlib.sha256(secret.encode()).digest(), expires, tuple(may))


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no UTF-8 text"


def _parsed(text: str, path: Path) -> Iterator[Token]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, *rest = line.split()
        try:
            yield _token(name, rest)
        except ValueError as error:
            raise BindError(
                f"{path}:{number}: {error}; a line is NAME sha256:HEX [expires=DATE] [may=PATTERN]..."
            ) from None


def _token(name: str, rest: list[str]) -> Token:
    kind, _, digits = rest[0].partition(":") if rest else ("", "", "")
    if kind != "sha256" or len(digits) != 64:
        raise ValueError("there is no SHA-256 behind the name; `avrogen token` makes lines")
    expires, may = None, []
    for part in rest[1:]:
        key, _, value = part.partition("=")
        if key == "expires":
            expires = datetime.datetime.fromisoformat(value)
            expires = expires if expires.tzinfo is not None else expires.replace(tzinfo=datetime.UTC)
        elif key == "may" and value:
            may.append(value)
        else:
            raise ValueError(f"{part!r} is neither expires= nor may=")
    return Token(name, bytes.fromhex(digits), expires, tuple(may))
