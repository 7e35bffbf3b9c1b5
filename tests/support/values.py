"""Values of the test contracts."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

from testcontracts.conformance import Circle, Colour, Everything, Point, Tree


def everything(**changes: Any) -> Everything:
    values: dict[str, Any] = {
        "flag": True,
        "small": -7,
        "large": 2**62,
        "single": 0.5,
        "twofold": math.pi,
        "blob": b"\x00\xff",
        "text": "grüße, 世界 🌍",
        "colour": Colour.GREEN,
        "word": b"abcd",
        "numbers": [1, -1, 0],
        "named": {"a": 1.5, "": -0.0},
        "shape": Circle(centre=Point(x=1.0), radius=2.0),
        "note": None,
        "day": datetime.date(2020, 2, 29),
        "moment": datetime.datetime(2020, 2, 29, 12, 30, 1, 250_000, tzinfo=datetime.UTC),
        "price": Decimal("-12.34"),
        "tree": Tree(label="root", children=[Tree(label="leaf")]),
    }
    return Everything(**{**values, **changes})
