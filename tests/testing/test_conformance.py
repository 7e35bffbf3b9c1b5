"""The checks find what services break, name it, and let those pass that break nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from avrorpc import BindError, Call, EncodeError, Reply, Server, Service, bind
from avrorpc.client.dynamic import fetch_contract
from avrorpc.server.served import Served
from avrorpc.server.server import Server as ServerClass
from avrorpc.testing.conformance import (
    CHECKS,
    PLACEMENTS,
    UNKNOWN_MESSAGE,
    Options,
    Report,
    Result,
    Verdict,
    check,
    check_async,
    remote_subject,
    subject_of,
)
from avrorpc.wire.envelope import reply_head
from avrorpc.wire.server import Request
from avrorpc_codegen.certificates import Folder
from support import broken_services as broken
from support.examples import SHOP, Shop
from support.implementations import AsyncConformance, AsyncSmall, AsyncStreams, SyncConformance, SyncStreams
from support.serving import ServerThread
from testcontracts.conformance import CONFORMANCE
from testcontracts.small import SMALL, SmallService

EVERYTHING = {
    "value": {
        "flag": True,
        "small": 1,
        "large": 2,
        "single": 0.5,
        "twofold": 0.25,
        "blob": "AA==",
        "text": "t",
        "colour": "RED",
        "word": "AAAAAA==",
        "numbers": [1],
        "named": {},
        "shape": {"$type": "conformance.Point", "x": 1.0},
        "note": None,
        "day": "2020-01-01",
        "moment": "2020-01-01T00:00:00Z",
        "price": "1.00",
        "tree": {"label": "a"},
    }
}
CASES: dict[str, list[Any]] = {
    "echo": [EVERYTHING],
    "find": [{"key": "missing"}, {"key": "x" * 21}, {"key": "a"}],
    "fail": [{"how": "status"}],
    "wait": [{"seconds": 0.4}],
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Failures that are provoked are logged; nobody reads of them here."""
    logger = logging.getLogger("avrorpc")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


def checked(
    implementation: object, cases: dict[str, list[Any]], placements: Sequence[str] = (), **options: Any
) -> Report:
    return check(
        subject_of(implementation),
        Options(cases=cases, placements=tuple(placements), **{"examples": 4, "limit": 1.0, **options}),
    )


def found(report: Report) -> set[tuple[str, str | None]]:
    return {(result.check, result.message) for result in report.findings}


def result(report: Report, name: str, message: str | None) -> Result:
    return next(one for one in report.results if (one.check, one.message) == (name, message))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    Folder(folder, days=1, force=False).write(["127.0.0.1"], ())
    return folder


def test_a_pause_of_the_machine_is_not_taken_for_a_slow_call() -> None:
    class PausesOnce(AsyncSmall):
        """Is held up once, as by a collection of garbage."""

        has_paused = False

        async def double(self, value: int, *, offset: int = 0) -> int:
            if not self.has_paused:
                self.has_paused = True
                await asyncio.sleep(0.1)
            return await super().double(value, offset=offset)

    report = checked(PausesOnce(), {}, ["local"])
    kept = result(report, "deadline-kept", "double")
    assert (kept.verdict, kept.detail.partition(";")[0]) == (Verdict.SKIPPED, "every call ended at once")


@pytest.mark.parametrize("implementation", [SyncConformance, AsyncConformance])
def test_a_service_that_keeps_its_contract_passes_in_every_placement(
    implementation: Any, certificates: Path
) -> None:
    async def made() -> Any:
        return implementation()

    report = checked(asyncio.run(made()), CASES, certificates=certificates)
    assert report.findings == []
    assert report.placements == PLACEMENTS
    for name in ("answers-fit", "input-kept", "errors-keep-fields"):
        assert result(report, name, "find").verdict is Verdict.PASSED
    for name in ("placements-agree", "metadata-accepted", "calls-kept-apart", "bad-arguments-refused"):
        assert result(report, name, "add").verdict is Verdict.PASSED
    assert result(report, "deadline-kept", "wait").verdict is Verdict.PASSED
    assert result(report, "unknown-message-refused", None).verdict is Verdict.PASSED
    is_async = implementation is AsyncConformance
    assert result(report, "cancellation-reaches", "wait").verdict is (
        Verdict.PASSED if is_async else Verdict.SKIPPED
    )


BROKEN: list[tuple[type, str, str, dict[str, list[Any]]]] = [
    (broken.MutatesItsInput, "input-kept", "echo", {"echo": [EVERYTHING]}),
    (broken.ReturnsAWrongType, "answers-fit", "add", {}),
    (broken.RaisesWhatIsUndeclared, "answers-fit", "find", {"find": [{"key": "b"}]}),
    (broken.MixesCalls, "calls-kept-apart", "add", {"add": [{"a": 1.0}, {"a": 2.0}]}),
    (broken.AnswersByPlacement, "placements-agree", "add", {}),
    (broken.FailsByPlacement, "errors-keep-fields", "find", {"find": [{"key": "b"}]}),
    (broken.RefusesMetadata, "metadata-accepted", "add", {}),
    (broken.IgnoresItsDeadline, "deadline-kept", "wait", {"wait": [{"seconds": 1.2}]}),
    (broken.DropsCancellation, "cancellation-reaches", "wait", {"wait": [{"seconds": 0.9}]}),
]


def detached(service: Service) -> Service:
    """Let calls that come by a wire go on when they are cancelled."""

    async def serve(call: Call) -> Reply:
        if call.peer is None:
            return await service(call)
        task = asyncio.ensure_future(service(call))
        left.append(task)
        return await asyncio.shield(task)

    left: list[asyncio.Future[Reply]] = []
    return serve


STREAMS_BROKEN: list[tuple[type, str, str, dict[str, list[Any]]]] = [
    (broken.ReordersAStream, "stream-order", "download", {"download": [{"pieces": 30, "size": 1}]}),
    (broken.KeepsAStreamOpen, "stream-closes-early", "count", {"count": [{"to": 40}]}),
]
BROKEN += STREAMS_BROKEN


@pytest.mark.parametrize(
    ("implementation", "name", "message", "cases"), BROKEN, ids=[row[0].__name__ for row in BROKEN]
)
def test_a_broken_service_is_found_out(
    implementation: type, name: str, message: str, cases: dict[str, list[Any]]
) -> None:
    async def made() -> Any:
        return implementation()

    placements = ("local", "verify", "memory", "tcp")
    report = checked(asyncio.run(made()), cases, placements, limit=2.0)
    assert (name, message) in found(report)
    assert {where for _, where in found(report)} == {message}
    finding = result(report, name, message)
    assert finding.detail
    assert finding.sentence.endswith(".")
    assert isinstance(finding.arguments, dict)


@pytest.mark.parametrize("placement", ["tcp", "https", "ws"])
def test_a_cancellation_that_a_wire_loses_is_found_out(placement: str, certificates: Path) -> None:
    service, cases = bind(AsyncConformance(), middleware=(detached,)), {"wait": [{"seconds": 0.9}]}
    report = checked(service, cases, ["local", placement], limit=2.0, certificates=certificates, examples=1)
    finding = result(report, "cancellation-reaches", "wait")
    assert finding.verdict is Verdict.FAILED
    assert finding.placement == placement


def test_examples_in_the_contract_are_made_and_held_to() -> None:
    report = checked(Shop(), {}, ["local", "tcp"])
    assert found(report) == {("examples-hold", "buy"), ("examples-hold", "sell")}
    assert result(report, "examples-hold", "price").verdict is Verdict.PASSED
    buy = result(report, "examples-hold", "buy")
    assert buy.detail == 'the example \'one\': expected "ok", got "no"'
    assert (buy.placement, buy.arguments) == ("local", {"item": "a"})
    assert "the example 'unfit' does not fit the message" in result(report, "examples-hold", "sell").detail
    assert Shop.called["buy"] >= 2, "an implementation is called for its examples, whatever they change"


def test_of_a_server_examples_with_side_effects_are_not_made() -> None:
    Shop.called.clear()
    with ServerThread(Shop()) as server:
        report = check([remote_subject(server.tcp, SHOP)], Options(examples=1))
        assert result(report, "examples-hold", "price").verdict is Verdict.PASSED
        assert result(report, "examples-hold", "buy").verdict is Verdict.SKIPPED
        assert "buy" not in Shop.called
        report = check([remote_subject(server.tcp, SHOP)], Options(examples=1, everything=True))
    assert ("examples-hold", "buy") in found(report)


def test_placements_with_tls_need_certificates() -> None:
    with pytest.raises(BindError, match="the placement 'wss' needs certificates"):
        checked(AsyncSmall(), {}, ["local", "wss"])


@pytest.mark.parametrize("implementation", [SyncStreams, AsyncStreams])
def test_streams_that_keep_their_contract_pass(implementation: Any) -> None:
    async def made() -> Any:
        return implementation()

    cases: dict[str, list[Any]] = {
        "count": [{"to": 5}, {"to": 5, "fail_at": 3}],
        "download": [{"pieces": 3, "size": 2}],
        "upload": [{"name": "f", "piece": [{"number": 1, "data": "AA=="}]}, {"name": "f", "piece": []}],
        "shout": [{"prefix": "!", "text": ["a", "b"]}],
        "total": [{"bound": 10, "number": [1, 2, 30]}],
    }
    report = checked(asyncio.run(made()), cases)
    assert report.findings == []
    for name in ("answers-fit", "stream-order", "errors-keep-fields", "stream-closes-early", "stream-ends"):
        assert result(report, name, "count").verdict is Verdict.PASSED
    for message in ("upload", "shout", "total"):
        assert result(report, "answers-fit", message).verdict is Verdict.PASSED


def test_a_cause_that_leaks_is_found_out() -> None:
    report = checked(broken.LeaksTheCause(), {"fail": [{"how": "x"}]}, ["tcp"])
    assert found(report) == {("answers-fit", "fail"), ("errors-redacted", "fail")}
    assert "no error id" in result(report, "errors-redacted", "fail").detail


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncConformance()) as served:
        yield served


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_a_server_is_checked_from_outside(server: ServerThread, scheme: str) -> None:
    url = getattr(server, scheme)
    contract = fetch_contract(url, "conformance.Conformance")
    report = check([remote_subject(url, contract)], Options(cases=CASES, examples=3, limit=1.0))
    assert report.findings == []
    assert report.placements == (scheme,)
    assert result(report, "answers-fit", "echo").verdict is Verdict.PASSED
    assert result(report, "input-kept", "echo").verdict is Verdict.SKIPPED


def test_a_server_that_exposes_causes_is_found_out() -> None:
    with ServerThread(SyncConformance(), expose_cause=True) as server:
        report = check(
            [remote_subject(server.tcp, CONFORMANCE)], Options(cases={"fail": [{"how": "value"}]}, examples=1)
        )
    detail = result(report, "errors-redacted", "fail").detail
    assert "callers are told the cause" in detail


def test_wrong_parameters_and_unknown_messages_that_are_taken_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(
        self: ServerClass, request: Request[Served], streams: object = None, **_: object
    ) -> bytes:
        return request.handshake + bytes(reply_head({}, is_error=False)) + b"\x02"

    monkeypatch.setattr(ServerClass, "answer", answer)

    async def main() -> Report:
        async with Server([AsyncSmall()]) as server:
            url = await server.listen("tcp://127.0.0.1:0")
            return await check_async([remote_subject(url, SMALL)], Options(examples=1))

    report = asyncio.run(main())
    assert ("bad-arguments-refused", "double") in found(report)
    assert ("unknown-message-refused", None) in found(report)
    assert "a result" in result(report, "unknown-message-refused", None).detail


def test_messages_with_side_effects_are_called_only_on_demand() -> None:
    called: list[str] = []

    class Noting(SmallService):
        def double(self, value: int, *, offset: int = 0) -> int:
            called.append("double")
            return 0

        def fail(self) -> None:
            called.append("fail")

    report = checked(Noting(), {}, ["local"])
    assert set(called) == {"double"}
    assert "--all" in result(report, "answers-fit", "fail").detail
    checked(Noting(), {}, ["local"], everything=True)
    assert set(called) == {"double", "fail"}


def test_nothing_need_be_drawn() -> None:
    report = checked(AsyncSmall(), {}, ["tcp"], examples=0)
    assert report.findings == []
    assert "no arguments" in result(report, "bad-arguments-refused", "double").detail


def test_the_same_seed_draws_the_same_calls() -> None:
    def calls(seed: int) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []

        class Noting(SmallService):
            def double(self, value: int, *, offset: int = 0) -> int:
                seen.append((value, offset))
                return 0

            def fail(self) -> None: ...

        checked(bind(Noting(), inline=True), {}, ["local"], seed=seed, examples=8)
        return seen

    assert calls(1) == calls(1)
    assert calls(1) != calls(2)


def test_findings_are_told_in_json_and_to_junit() -> None:
    report = checked(broken.ReturnsAWrongType(), {}, ["local"])
    told: Any = json.loads(json.dumps(report.json()))
    assert told["failed"] == len(report.findings) == 1
    assert told["passed"] + told["failed"] + told["skipped"] == len(told["results"])
    failed = next(one for one in told["results"] if one["verdict"] == "failed")
    assert (failed["check"], failed["message"]) == ("answers-fit", "add")
    suite = Xml.fromstring(report.junit()).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "1"
    assert [case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None] == [
        "answers-fit"
    ]


def test_progress_is_told() -> None:
    told: list[tuple[int, int, str]] = []
    report = check(
        subject_of(AsyncSmall()), Options(placements=("local",), examples=1), lambda *what: told.append(what)
    )
    assert [done for done, _, _ in told] == list(range(1, len(report.results) + 1))
    assert {total for _, total, _ in told} == {len(report.results)}


def test_names_of_checks_are_unique_and_sentences_end() -> None:
    names = [one.name for one in (UNKNOWN_MESSAGE, *CHECKS)]
    assert len(set(names)) == len(names)
    assert all(one.sentence.endswith(".") for one in CHECKS)


def test_the_reference_lists_all_checks_with_their_sentences() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "testing.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| ([A-Z][^|]*\.) \|$", page, re.MULTILINE)
    assert rows == [(one.name, one.sentence) for one in (UNKNOWN_MESSAGE, *CHECKS)]


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ({"double": ["x"]}, "must be an object"),
        ({"double": [{"x": 1}]}, "has no 'x'"),
        ({"double": [{"value": "many"}]}, "value"),
    ],
)
def test_cases_that_do_not_fit_are_refused(cases: dict[str, list[Any]], said: str) -> None:
    with pytest.raises(EncodeError, match=said):
        checked(AsyncSmall(), cases, ["local"])


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(BindError, match="there is no placement 'mars'"):
        checked(AsyncSmall(), {}, ["mars"])
    with pytest.raises(BindError, match=r"no contract a\.B; it has small\.Small"):
        subject_of(AsyncSmall(), "a.B")
    with pytest.raises(BindError, match="derives from no generated skeleton"):
        subject_of(object())
