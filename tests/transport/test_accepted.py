"""Where an accepted connection comes from, and who counts as being on this host."""

from __future__ import annotations

import pytest
from avrorpc.transport.accepted import Accepted, Counted, is_loopback


@pytest.mark.parametrize(
    ("address", "peer", "is_local"),
    [
        (("127.0.0.1", 5), "127.0.0.1:5", True),
        (("127.8.8.8", 5), "127.8.8.8:5", True),
        (("::1", 5, 0, 0), "[::1]:5", True),
        (("::ffff:127.0.0.1", 5, 0, 0), "[::ffff:127.0.0.1]:5", True),
        (("fe80::1%eth0", 5, 0, 2), "[fe80::1%eth0]:5", False),
        (("10.0.0.1", 5), "10.0.0.1:5", False),
        (("0.0.0.0", 5), "0.0.0.0:5", False),
        (("somewhere", 5), "somewhere:5", False),
        ("", "", True),
        ("/run/client", "/run/client", True),
        (None, "", True),
        (b"\0abstract", "", True),
    ],
)
def test_a_sockets_address_says_who_it_is(address: object, peer: str, is_local: bool) -> None:
    accepted = Accepted("tcp")
    accepted.comes_from(address)
    assert (accepted.peer, accepted.is_local) == (peer, is_local)


def test_nobody_is_local_before_it_is_known_where_he_comes_from() -> None:
    assert not Accepted("tcp").is_local


def test_each_connection_has_counts_of_its_own() -> None:
    one, other = Accepted("tcp"), Accepted("tcp", Counted(received=3))
    assert (one.traffic.received, other.traffic.received) == (0, 3)
    assert one != other
    assert len({one, other}) == 2


def test_an_address_with_a_zone_is_judged_without_it() -> None:
    assert is_loopback("::1%lo")
