"""What is foretold at the level of the wire is what real clients and servers of two versions do."""

from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc import ContractMismatch
from avrorpc.client.dynamic import DynamicClient
from avrorpc.schema import Extent, Json, Protocol
from avrorpc_codegen.breaking.comparison import compare
from avrorpc_codegen.breaking.finding import Break, Finding, Side
from avrorpc_codegen.breaking.rules import Level
from support.breaking import CASES, GOLDEN, golden_findings, of_texts, version
from support.contracts import write
from support.peers import Peer, contract, failures
from support.serving import ServerThread

WITHOUT_PEERS = {
    "data": "there is nobody to call",
    "schema_changed": "there is nobody to call",
    **dict.fromkeys(
        ("stream_changed", "stream_item_other", "stream_item_type"), "the dynamic client does not stream"
    ),
}


ITEM = "record Item { string name; %s } Item find(string name, %s);"
SERIES = [
    "record Item { string name; } Item find(string name);",
    ITEM % ("int size = 0;", "int count = 1"),
    ITEM % ("long size = 0;", "int count = 1") + " void close();",
    ITEM % ("long size = 0; union { null, string } note = null;", "int count = 1") + " void close();",
    "enum Kind { A, B } = A; " + ITEM % ('Kind kind = "A";', "int most") + " void close();",
]


def protocols(path: Path) -> list[Protocol]:
    return [item.protocol for item in version(path).contracts.protocols.values()]


def breaks(found: list[Finding], side: Side) -> list[Break]:
    """Return what is foretold to make a call fail."""
    return [
        item
        for finding in found
        for item in finding.breaks
        if item.side is side and item.level is Level.WIRE and item.extent is not Extent.MEANING
    ]


@pytest.mark.parametrize("side", [Side.OLD_CLIENT, Side.NEW_CLIENT], ids=lambda side: str(side.value))
@pytest.mark.parametrize("case", [case for case in CASES if case not in WITHOUT_PEERS])
def test_calls_fail_where_it_is_foretold_and_nowhere_else(case: str, side: Side) -> None:
    foretold = breaks(golden_findings(case), side)
    versions = [protocols(GOLDEN / case / name) for name in ("old", "new")]
    clients, servers = versions if side is Side.OLD_CLIENT else versions[::-1]
    failed = failures(clients, servers)
    assert bool(failed) is bool(foretold), f"foretold {foretold}, failed {failed}"


def foretold_meaning(tmp_path: Path, writes: str, reads: str) -> tuple[Protocol, Protocol]:
    found = of_texts(tmp_path, f"void put({writes});", f"void put({reads});")
    extents = {item.extent for f in found for item in f.breaks if item.side is Side.OLD_CLIENT}
    assert Extent.MEANING in extents
    (client,), (server,) = protocols(tmp_path / "old"), protocols(tmp_path / "new")
    return client, server


def test_values_become_others_where_it_is_foretold(tmp_path: Path) -> None:
    client, server = foretold_meaning(tmp_path, 'int @aliases(["size"]) width = 0', "int size = 0")
    peer = Peer(contract(server))
    with ServerThread(peer.service) as served, DynamicClient(served.tcp, contract(client)) as caller:
        caller.call("put", {"width": 7})
    assert peer.sent == {"size": 0}


@pytest.mark.parametrize(
    ("writes", "reads", "sent", "problem"),
    [
        pytest.param(
            "decimal(9, 2) price",
            "decimal(9, 3) price",
            {"price": "12.34"},
            "put: request: price: the scale of a decimal goes from 2 to 3: the point moves",
            id="scale",
        ),
        pytest.param(
            "timestamp_ms at",
            "local_timestamp_ms at",
            {"at": "2024-02-29T12:30:00+00:00"},
            "put: request: at: a timestamp-millis is read as a local-timestamp-millis",
            id="local time",
        ),
    ],
)
def test_peers_that_would_take_all_values_for_others_do_not_connect(
    tmp_path: Path, writes: str, reads: str, sent: dict[str, Json], problem: str
) -> None:
    client, server = foretold_meaning(tmp_path, writes, reads)
    with (
        ServerThread(Peer(contract(server)).service) as served,
        DynamicClient(served.tcp, contract(client)) as caller,
        pytest.raises(ContractMismatch) as caught,
    ):
        caller.call("put", sent)
    assert str(caught.value) == problem


def test_a_series_of_versions_holds_for_each_two_of_them(tmp_path: Path) -> None:
    """Each version as a client of each: N by N."""
    made = []
    for number, text in enumerate(SERIES):
        write(tmp_path / str(number), {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})
        made.append(version(tmp_path / str(number), f"v{number}"))
    outcome = {}
    for client in made:
        for server in made:
            foretold = not breaks(compare(client, server), Side.OLD_CLIENT)
            ends = [[item.protocol for item in end.contracts.protocols.values()] for end in (client, server)]
            assert (not failures(*ends)) is foretold, (client.label, server.label)
            outcome[client.label, server.label] = foretold
    rows = ["".join("+" if outcome[c.label, server.label] else "-" for server in made) for c in made]
    assert rows == ["++++-", "++---", "--++-", "--++-", "--+++"]
