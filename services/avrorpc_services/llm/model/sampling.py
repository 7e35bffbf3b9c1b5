"""How the next token is chosen from the scores of a model.

Choices are made on the CPU in float64 with a generator of their own, so that one seed gives one text on
every device, and no other user of torch's random numbers is disturbed.
"""

from __future__ import annotations

from typing import Final

import torch


class Sampler:
    """Chooses tokens one after another.

    Args:
        temperature: 0 takes the likeliest token; above 0 draws, more freely the higher it is.
        seed: Makes the draws repeatable; without one they differ each time.
    """

    def __init__(self, temperature: float = 0.0, seed: int | None = None) -> None:
        self._temperature: Final = temperature
        self._generator: Final = torch.Generator()
        if seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(seed)

    def choose(self, scores: torch.Tensor) -> int:
        """Return the id of the next token.

        Args:
            scores: The scores before softmax, of shape [vocabulary], on any device.
        """
        if self._temperature == 0:
            return int(scores.argmax())
        scores = scores.to("cpu", torch.float64)
        # The best score becomes 0 first, so that a tiny temperature makes no infinity of it.
        probabilities = ((scores - scores.max()) / self._temperature).softmax(-1)
        return int(torch.multinomial(probabilities, 1, generator=self._generator))
