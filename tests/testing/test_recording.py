"""Recordings are made, answered from, and held against live services."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import avrorpc
import pytest
from avrorpc import Call, Code, Reply, StatusError, bind, with_options
from avrorpc.call import BlockingClock
from avrorpc.driving import drive
from avrorpc.method import Contract
from avrorpc.middleware.redaction import REDACTED
from avrorpc.testing import Recorder, RecordingError, compare, connected, mock, replay, run
from avrorpc.testing.recording import load
from support.implementations import AsyncConformance, AsyncStreams, SyncConformance
from support.values import everything
from testcontracts.conformance import (
    AsyncConformanceClient,
    ConformanceClient,
    ConformanceService,
    NotThere,
)
from testcontracts.streams import AsyncStreamsClient, BadPiece, Piece, StreamsService


def record(path: Path) -> None:
    client = avrorpc.connect(
        ConformanceClient, "local:", target=SyncConformance(), middleware=(Recorder(path, metadata=["k"]),)
    )
    assert client.echo(everything()) == everything()
    with_options(client, metadata={"k": b"v", "secret": b"s"}).find("a")
    with pytest.raises(NotThere):
        client.find("missing")
    with pytest.raises(StatusError):
        client.fail("status")
    client.note("hello")
    client.add(1.0, b=2.0)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    record(tmp_path / "calls.jsonl")
    return tmp_path / "calls.jsonl"


def test_each_call_is_a_line_of_json(recording: Path) -> None:
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    assert lines[1] == {
        "message": "conformance.Conformance/find",
        "arguments": {"key": "a"},
        "metadata": {"k": "v"},
        "result": "A",
    }
    assert lines[2]["error"] == {
        "error": "conformance.NotThere",
        "fields": {"message": "no such key", "key": "missing", "code": 404},
    }
    assert lines[3]["error"] == {"code": "NOT_FOUND", "message": "nothing of that name"}
    assert lines[5]["result"] == 3.0


def test_a_recording_answers_as_the_service_did(recording: Path) -> None:
    client = avrorpc.connect(ConformanceClient, "verify:", target=replay(ConformanceService, recording))
    assert client.echo(everything()) == everything()
    assert client.find("a") == "A"
    with pytest.raises(NotThere, match="missing"):
        client.find("missing")
    with pytest.raises(StatusError) as caught:
        client.fail("status")
    assert caught.value.code is Code.NOT_FOUND
    client.note("hello")
    assert client.add(1.0, b=2.0) == 3.0


def test_a_call_that_was_not_recorded_is_told_the_closest(recording: Path) -> None:
    client = avrorpc.connect(ConformanceClient, "local:", target=replay(ConformanceService, recording))
    with pytest.raises(StatusError) as caught:
        client.find("mising")
    assert caught.value.code is Code.FAILED_PRECONDITION
    assert 'with {"key": "mising"}; the closest of 2 has {"key": "missing"}' in str(caught.value)
    with pytest.raises(StatusError, match="it has 0 calls of this message"):
        client.notes()


def test_calls_that_are_alike_answer_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    double = mock(ConformanceService)
    double.on.notes().returns(["a"], ["a", "b"])
    recorder = Recorder(path)
    live = avrorpc.connect(ConformanceClient, "local:", target=bind(double.service, middleware=(recorder,)))
    assert [live.notes(), live.notes()] == [["a"], ["a", "b"]]
    again = avrorpc.connect(ConformanceClient, "local:", target=replay(ConformanceService, path))
    assert [again.notes(), again.notes(), again.notes()] == [["a"], ["a", "b"], ["a", "b"]]


def test_a_live_service_is_held_against_a_recording(recording: Path) -> None:
    class Other(AsyncConformance):
        async def find(self, key: str) -> str:
            return "B"

    async def main() -> None:
        async with connected(AsyncConformanceClient, AsyncConformance()) as client:
            assert await compare(recording, client) == []
        async with connected(AsyncConformanceClient, Other()) as client:
            mismatches = await compare(recording, client)
        assert len(mismatches) == 2
        text = str(mismatches[0])
        assert 'find with {"key": "a"}' in text
        assert '"result": "A"' in text
        assert '"result": "B"' in text
        assert "NotThere" in str(mismatches[1])

    run(main())


def test_streams_are_recorded_replayed_and_compared(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"

    async def calls(client: Any) -> None:
        assert [item async for item in client.count(3)] == [0, 1, 2]
        with pytest.raises(BadPiece):
            [item async for item in client.count(5, fail_at=2)]
        assert (await client.upload("f", pieces())).pieces == 2
        assert [text async for text in client.shout("!", texts())] == ["!A", "!B"]

    async def pieces() -> AsyncIterator[Piece]:
        for number in range(2):
            yield Piece(number=number, data=b"xx")

    async def texts() -> AsyncIterator[str]:
        for text in ("a", "b"):
            yield text

    async def main() -> None:
        live = avrorpc.connect(
            AsyncStreamsClient, "local:", target=AsyncStreams(), middleware=(Recorder(path),)
        )
        await calls(live)
        recorded = load(path)
        assert recorded[0].items == [0, 1, 2]
        assert recorded[1].items == [0, 1]
        assert recorded[1].error is not None
        assert len(recorded[2].arguments["piece"]) == 2  # type: ignore[arg-type]
        again = avrorpc.connect(AsyncStreamsClient, "local:", target=replay(StreamsService, path))
        await calls(again)
        assert await compare(path, again) == []

    run(main())


def test_what_is_redacted_equals_anything(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    line = {"message": "conformance.Conformance/find", "arguments": {"key": REDACTED}, "result": "A"}
    path.write_text(json.dumps(line) + "\n")
    client = avrorpc.connect(ConformanceClient, "local:", target=replay(ConformanceService, path))
    assert client.find("whatever") == "A"


SECRETS = {
    "protocol": "Accounts",
    "namespace": "a",
    "types": [
        {
            "type": "record",
            "name": "Login",
            "fields": [
                {"name": "user", "type": "string"},
                {"name": "password", "type": "string", "sensitive": True},
                {"name": "code", "type": {"type": "string", "sensitive": True}},
            ],
        }
    ],
    "messages": {
        "open": {
            "request": [
                {"name": "pin", "type": "int", "sensitive": True},
                {"name": "logins", "type": {"type": "array", "items": ["null", "Login"]}},
            ],
            "response": {"type": "map", "values": "Login"},
        }
    },
}


@pytest.mark.parametrize("sensitive", [False, True])
def test_what_is_sensitive_is_recorded_on_demand_alone(tmp_path: Path, sensitive: bool) -> None:
    contract = Contract("a.Accounts", json.dumps(SECRETS), types=dict)
    login = {"user": "eve", "password": "hunter2", "code": "hunter2"}
    call = Call(contract.method("open"), (7, [None, login]), BlockingClock())

    async def answer(_: Call) -> Reply:
        return Reply({"x": login})

    recorder = Recorder(tmp_path / "calls.jsonl", sensitive=sensitive)
    drive(recorder(answer)(call))  # type: ignore[arg-type]
    text = recorder.path.read_text()
    assert ("hunter2" in text) is sensitive
    secret = "hunter2" if sensitive else REDACTED
    shown = {"user": "eve", "password": secret, "code": secret}
    recorded = load(recorder.path)[0]
    assert recorded.arguments == {"pin": 7 if sensitive else REDACTED, "logins": [None, shown]}
    assert recorded.result == {"x": shown}


@pytest.mark.parametrize("line", ["{", "[]", '{"message": "a/b", "colour": 1}'])
def test_what_is_no_recording_is_refused_by_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"message": "a/b"}\n' + line)
    with pytest.raises(RecordingError, match=r"calls\.jsonl:2 is no recorded call"):
        load(path)
    with pytest.raises(RecordingError, match="cannot read"):
        load(tmp_path / "none")
