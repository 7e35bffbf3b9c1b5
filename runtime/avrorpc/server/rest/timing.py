"""How long the stages of a request took: for `Server-Timing`, and for the metadata of research mode."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stages:
    """The stages of one request, in seconds, in their order."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def ended(self, name: str) -> None:
        """Take note that a stage has ended, and the next begun."""
        now = time.perf_counter()
        self.seconds[name] = now - self._last
        self._last = now

    @property
    def header(self) -> str:
        """The value of `Server-Timing` (W3C), in milliseconds."""
        return ", ".join(f"{name};dur={seconds * 1000:.3f}" for name, seconds in self.seconds.items())

    @property
    def milliseconds(self) -> dict[str, float]:
        """The stages in milliseconds."""
        return {name: round(seconds * 1000, 3) for name, seconds in self.seconds.items()}
