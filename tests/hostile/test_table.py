"""How many named attacks there are; each is a row of one of the tables."""

from __future__ import annotations

from hostile import test_frames, test_servers


def test_there_are_more_than_eighty_named_attacks() -> None:
    tables = (
        test_frames.BREAKS,
        test_frames.FAILS,
        test_servers.ATTACKS,
        test_servers.ON_CALLS,
        test_servers.UPGRADES,
        test_servers.COMPRESSED,
    )
    for table in tables:
        names = [row[0] for row in table]
        assert len(set(names)) == len(names)
    assert sum(len(table) for table in tables) >= 80
