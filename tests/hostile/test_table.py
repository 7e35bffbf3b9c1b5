"""How many named attacks there are; each is a row of one of the tables."""

from __future__ import annotations

from collections.abc import Iterable

from hostile import (
    test_frames,
    test_http,
    test_http_servers,
    test_limits,
    test_resets,
    test_servers,
    test_slow,
    test_websockets,
)

TABLES: dict[str, Iterable[str]] = {
    name: [row[0] for row in table]
    for name, table in {
        "frames that break the rules": test_frames.BREAKS,
        "frames that fail their call": test_frames.FAILS,
        "servers that break the rules": test_servers.ATTACKS,
        "servers that send what belongs to no call": test_servers.ON_CALLS,
        "upgrades": test_servers.UPGRADES,
        "compressed messages": test_servers.COMPRESSED,
        "HTTP requests": test_http.REFUSED,
        "HTTP requests that never end": test_http.NO_CALLS,
        "noise on ports of TLS": test_http.TLS_NOISE,
        "HTTP servers": test_http_servers.ATTACKS,
        "HTTP servers asked for a WebSocket": test_http_servers.OPENINGS,
        "HTTP servers without end": test_http_servers.ENDLESS,
        "WebSocket frames": test_websockets.ATTACKS,
        "WebSocket floods": test_websockets.FLOODS,
        "slow clients": test_slow.SLOW,
    }.items()
} | {"limits": test_limits.CASES, "resets": test_resets.SHAPES}
FEWEST = 311
"""As many as there were when they were counted last."""


def test_there_are_more_than_three_hundred_named_attacks() -> None:
    for names in TABLES.values():
        assert len(set(names)) == len(list(names))
    assert sum(len(list(names)) for names in TABLES.values()) >= FEWEST
