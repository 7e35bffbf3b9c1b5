"""The two modes."""

from __future__ import annotations

from enum import Enum

from avrorpc.errors import BindError


class Mode(Enum):
    """How a service is called."""

    RESEARCH = "research"
    """Over REST, in JSON: the answer is the envelope with metadata and examples. Also called `restful`."""
    PRODUCTION = "production"
    """Directly: the answer is the bare result. Also called `zero_cost`."""

    @classmethod
    def of(cls, value: Mode | str) -> Mode:
        """Return the mode that a name stands for.

        Raises:
            BindError: It stands for none.
        """
        if isinstance(value, cls):
            return value
        names = {"restful": cls.RESEARCH, "zero_cost": cls.PRODUCTION, **{m.value: m for m in cls}}
        if value not in names:
            raise BindError(f"{value!r} is no mode; there is {', '.join(names)}")
        return names[str(value)]
