"""For whoever tests services: virtual time, wires in memory, mocks, faults, recordings, and conformance.

`avrorpc.testing.strategies` has Hypothesis strategies for the values of contracts, and needs
`avrorpc[testing]`; the rest needs nothing but avrorpc.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from avrorpc.testing.directions import Direction
    from avrorpc.testing.examples import ServiceReport, ServiceTester
    from avrorpc.testing.hosting import HostedServer
    from avrorpc.testing.mocking import ANYTHING, Expectation, Mock, MockCall, UnexpectedCall, mock
    from avrorpc.testing.pairs import connected, memory_pair
    from avrorpc.testing.proxy import Proxy, Statistics
    from avrorpc.testing.recording import Mismatch, Recorder, RecordingError, compare, replay
    from avrorpc.testing.toxics import (
        Bandwidth,
        BlackHole,
        Corrupt,
        HalfClose,
        Latency,
        Reset,
        Slicer,
        Toxic,
        Truncate,
    )
    from avrorpc.testing.virtual import Deadlock, VirtualLoop, run, virtual_time

__all__ = [
    "ANYTHING",
    "Bandwidth",
    "BlackHole",
    "Corrupt",
    "Deadlock",
    "Direction",
    "Expectation",
    "HalfClose",
    "HostedServer",
    "Latency",
    "Mismatch",
    "Mock",
    "MockCall",
    "Proxy",
    "Recorder",
    "RecordingError",
    "Reset",
    "ServiceReport",
    "ServiceTester",
    "Slicer",
    "Statistics",
    "Toxic",
    "Truncate",
    "UnexpectedCall",
    "VirtualLoop",
    "compare",
    "connected",
    "memory_pair",
    "mock",
    "replay",
    "run",
    "virtual_time",
]

_HOMES: Final = {
    "avrorpc.testing.directions": ("Direction",),
    "avrorpc.testing.examples": ("ServiceReport", "ServiceTester"),
    "avrorpc.testing.hosting": ("HostedServer",),
    "avrorpc.testing.mocking": (
        "ANYTHING",
        "Expectation",
        "Mock",
        "MockCall",
        "UnexpectedCall",
        "mock",
    ),
    "avrorpc.testing.pairs": ("connected", "memory_pair"),
    "avrorpc.testing.proxy": ("Proxy", "Statistics"),
    "avrorpc.testing.recording": (
        "Mismatch",
        "Recorder",
        "RecordingError",
        "compare",
        "replay",
    ),
    "avrorpc.testing.toxics": (
        "Bandwidth",
        "BlackHole",
        "Corrupt",
        "HalfClose",
        "Latency",
        "Reset",
        "Slicer",
        "Toxic",
        "Truncate",
    ),
    "avrorpc.testing.virtual": ("Deadlock", "VirtualLoop", "run", "virtual_time"),
}
_HOME: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
