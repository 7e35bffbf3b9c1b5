from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.breaking.finding import Flow
from avrorpc_codegen.breaking.pairing import pair
from avrorpc_codegen.breaking.usage import DATA, REPLY, REQUEST, Usage, find_unions, find_usage
from support.breaking import version
from support.contracts import write

SHARED = "namespace n; record Shared { int a; }"
OLD = """
  import idl "shared.avdl";
  record In { Shared shared; array<Deep> deep; }
  record Deep { int a; }
  record Out { int a; }
  error Bad { union { null, Deep } deep; }
  record Alone { union { null, int } a; }
  record Gone { int a; }
  void put(In value) throws Bad;
  Out get();
  Out same();
  void old(Gone value);
"""
NEW = OLD.replace("record Deep { int a; }", "record Deep { long a; }").replace(
    "void old(Gone value)", "Gone new()"
)


def usage(folder: Path, old: str = OLD, new: str = NEW) -> Usage:
    for name, text in (("old", old), ("new", new)):
        frame = f'@namespace("n") protocol P {{ {text} }}'
        write(folder / name, {"p.avdl": frame, "shared.avdl": SHARED})
    before, after = version(folder / "old").contracts, version(folder / "new").contracts
    return find_usage(before, after, pair(before, after), ())


def test_types_are_reached_by_requests_replies_and_errors(tmp_path: Path) -> None:
    found = usage(tmp_path)
    assert found.of("n.In") == [(flow, "n.P.put") for flow in REQUEST]
    assert found.of("n.Out") == [(flow, use) for use in ("n.P.get", "n.P.same") for flow in REPLY]
    assert found.of("n.Bad") == [(flow, "n.P.put") for flow in REPLY]
    assert found.of("n.Deep") == [(flow, "n.P.put") for flow in (*REQUEST, *REPLY)]


def test_types_of_schema_files_and_those_that_no_message_reaches_may_be_stored(tmp_path: Path) -> None:
    found = usage(tmp_path)
    assert found.of("n.Shared") == [*((flow, "n.P.put") for flow in REQUEST), *((flow, "") for flow in DATA)]
    assert found.of("n.Alone") == [(flow, "") for flow in DATA]


def test_messages_of_one_version_alone_carry_nothing_between_them(tmp_path: Path) -> None:
    found = usage(tmp_path)
    assert [talk.name for talk in found.talks] == ["n.P.put", "n.P.get", "n.P.same"]
    assert found.of("n.Gone") == []


def test_ways_without_a_change_are_left_out(tmp_path: Path) -> None:
    ways = usage(tmp_path).ways
    assert [(way.use, way.flows, way.is_error) for way in ways] == [
        ("n.P.put", REQUEST, False),
        ("n.P.put", REPLY, True),
    ]
    assert usage(tmp_path, OLD, OLD).ways == []


def test_a_flow_has_two_ends() -> None:
    assert {flow for flows in (REQUEST, REPLY, DATA) for flow in flows} == set(Flow)


def test_unions_are_found_wherever_they_are(tmp_path: Path) -> None:
    write(tmp_path, {"p.avdl": f'@namespace("n") protocol P {{ {OLD} }}', "shared.avdl": SHARED})
    write(tmp_path, {"s.avsc": '{"type": "map", "values": ["int", "string"]}'})
    found = find_unions(version(tmp_path).contracts)
    assert len(found) == 3
