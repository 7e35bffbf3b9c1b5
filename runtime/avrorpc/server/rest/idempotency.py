"""`Idempotency-Key`: a request that is sent again is answered again, and runs once.

Source: the draft "The Idempotency-Key HTTP Header Field" of the IETF's httpapi group.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from avrorpc.server.rest.problems import Refusal
from avrorpc.transport.http_message import HttpResponse

MAX_KEY: Final = 255
"""Characters of a key."""
KEPT_SECONDS: Final = 3600.0
"""How long an answer is kept."""
KEPT_ANSWERS: Final = 10_000
"""How many are; the oldest go first."""
KEPT_BYTES: Final = 64 * 1024 * 1024
"""Bytes of answers that are kept together."""
PASSING: Final = frozenset({401, 403, 408, 413, 429, 499, 502, 503, 504})
"""Statuses after which a request may be sent again with its key: nothing was done, or nobody knows."""


@dataclass(slots=True)
class _Answer:
    print: bytes
    since: float
    response: HttpResponse | None = None
    bytes: int = 0


@dataclass(slots=True)
class IdempotencyKeys:
    """The keys that were used lately, each with the answer that its request had."""

    clock: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)
    _answers: OrderedDict[tuple[str, str, str], _Answer] = field(default_factory=OrderedDict)
    _bytes: int = 0

    async def run(
        self,
        key: str,
        route: str,
        caller: str,
        payload: bytes,
        call: Callable[[], Awaitable[HttpResponse]],
    ) -> HttpResponse:
        """Return the answer of a request, from memory where it came before.

        Args:
            key: What the client chose.
            route: Verb and path.
            caller: Who asks; the keys of others are not his.
            payload: Whatever makes the request what it is.
            call: Runs it.

        Raises:
            Refusal: 400, the key is none; 409, the same request is under way; 422, the key was used for
                another request.
        """
        key = key.strip().strip('"')
        if not 0 < len(key) <= MAX_KEY or not all("!" <= character <= "~" for character in key):
            raise Refusal(400, f"an Idempotency-Key is 1 to {MAX_KEY} characters of ASCII, without blanks")
        now, name = self.clock(), (caller, route, key)
        self._forget(now)
        digest = hashlib.blake2b(payload, digest_size=16).digest()
        known = self._answers.get(name)
        if known is not None:
            if known.print != digest:
                raise Refusal(422, "this Idempotency-Key was used for another request", errors=())
            if known.response is None:
                raise Refusal(
                    409, "the request with this Idempotency-Key is under way", headers={"Retry-After": "1"}
                )
            again = known.response
            return HttpResponse(again.status, {**again.headers, "Idempotent-Replayed": "true"}, again.body)
        answer = self._answers[name] = _Answer(digest, now)
        try:
            response = await call()
        except BaseException:
            self._drop(name)
            raise
        if response.status in PASSING or not isinstance(response.body, bytes):
            self._drop(name)
        else:
            answer.response, answer.bytes = response, len(response.body)
            self._bytes += answer.bytes
            self._forget(now)
        return response

    def _forget(self, now: float) -> None:
        while self._answers:
            name, oldest = next(iter(self._answers.items()))
            is_old = now - oldest.since > KEPT_SECONDS
            is_much = len(self._answers) > KEPT_ANSWERS or self._bytes > KEPT_BYTES
            if oldest.response is None or not (is_old or is_much):
                return
            self._drop(name)

    def _drop(self, name: tuple[str, str, str]) -> None:
        self._bytes -= self._answers.pop(name).bytes
