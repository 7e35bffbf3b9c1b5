"""How many named attacks there are; each is a row of one of the tables."""

from __future__ import annotations

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

ROWS: dict[str, list[tuple[object, ...]]] = {
    "frames that break the rules": list(test_frames.BREAKS),
    "frames that fail their call": list(test_frames.FAILS),
    "servers that break the rules": list(test_servers.ATTACKS),
    "servers that send what belongs to no call": list(test_servers.ON_CALLS),
    "upgrades": list(test_servers.UPGRADES),
    "compressed messages": list(test_servers.COMPRESSED),
    "HTTP requests": list(test_http.REFUSED),
    "HTTP requests that never end": list(test_http.NO_CALLS),
    "noise on ports of TLS": list(test_http.TLS_NOISE),
    "HTTP servers": list(test_http_servers.ATTACKS),
    "HTTP servers asked for a WebSocket": list(test_http_servers.OPENINGS),
    "HTTP servers without end": list(test_http_servers.ENDLESS),
    "WebSocket frames": list(test_websockets.ATTACKS),
    "WebSocket floods": list(test_websockets.FLOODS),
    "slow clients": list(test_slow.SLOW),
    "limits": list(test_limits.CASES.items()),
    "resets": list(test_resets.SHAPES.items()),
}
FEWEST = 311
"""As many as there were when they were counted last."""


def test_there_are_more_than_three_hundred_named_attacks() -> None:
    for table in ROWS.values():
        assert len({row[0] for row in table}) == len(table)
    assert sum(map(len, ROWS.values())) >= FEWEST
