"""Status errors from a service behind the service, and where causes are exposed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import avrorpc
import pytest
from avrorpc import Code, StatusError, error_info
from avrorpc.contracts import ResourceInfo, RetryInfo
from support.implementations import SyncConformance
from support.serving import ServerThread
from testcontracts.conformance import ConformanceClient, ConformanceService, NotThere

REMOTE = ["tcp", "spec", "http"]
DETAILS = (RetryInfo(seconds=1.5), ResourceInfo(type="model", name="tiny"))


def _raise(how: str) -> None:
    code, _, details = how.partition("/")
    if code == "declared":
        try:
            raise KeyError("hunter2")
        except KeyError as error:
            raise NotThere(message="m", key="k", code=1) from error
    if code == "group":
        raise ExceptionGroup("several", [ValueError("hunter2"), KeyError("hunter3")])
    raise StatusError(Code(code), f"because of {code}", details=DETAILS if details else ())


class Failing(SyncConformance):
    """Fails as it is told to."""

    def fail(self, how: str) -> None:
        _raise(how)

    def find(self, key: str) -> str:
        _raise(key)
        return key


@pytest.mark.parametrize("url", ["local:", "tcp"])
def test_causes_are_exposed_alike_where_they_are(url: str) -> None:
    with ServerThread(Failing(), expose_cause=True) as server:
        if url == "tcp":
            client = avrorpc.connect(ConformanceClient, server.tcp)
        else:
            client = avrorpc.connect(ConformanceClient, url, target=Failing(), expose_cause=True)
        with client, pytest.raises(StatusError) as caught:
            client.fail("group")
    assert caught.value.message.splitlines() == [
        "ExceptionGroup: several (2 sub-exceptions)",
        "ValueError: hunter2",
        "KeyError: 'hunter3'",
    ]


class Between(SyncConformance):
    """Calls the next service, and lets through whatever it says."""

    def __init__(self, behind: ConformanceClient) -> None:
        super().__init__()
        self.behind = behind

    def fail(self, how: str) -> None:
        self.behind.fail(how)

    def find(self, key: str) -> str:
        return self.behind.find(key)


HOPS = [
    ("local", "local"),
    ("local", "tcp"),
    ("tcp", "local"),
    ("tcp", "tcp"),
    ("verify", "http"),
    ("tcp", "verify"),
]


@pytest.fixture(params=HOPS, ids="-".join)
def front(request: pytest.FixtureRequest) -> Iterator[ConformanceClient]:
    """A client of a service that calls another that calls a third, which fails."""
    with ExitStack() as stack:
        behind: ConformanceService = Failing()
        for placement in (*request.param, "tcp"):
            client = stack.enter_context(_client(placement, behind, stack))
            behind = Between(client)
        yield client


def _client(placement: str, implementation: ConformanceService, stack: ExitStack) -> ConformanceClient:
    if placement in REMOTE:
        server = stack.enter_context(ServerThread(implementation))
        return avrorpc.connect(ConformanceClient, getattr(server, placement))
    return avrorpc.connect(ConformanceClient, f"{placement}:", target=implementation)


def test_one_id_finds_a_failure_in_the_log_of_each_service(
    front: ConformanceClient, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StatusError) as caught:
        front.fail("group")
    assert (caught.value.code, caught.value.message) == (Code.INTERNAL, "an internal error")
    records = [record for record in caplog.records if record.name == "avrorpc"]
    assert len(records) == 3
    assert all(record.getMessage().endswith(f"error id {caught.value.error_id}") for record in records)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Code.NOT_FOUND, Code.INTERNAL),
        (Code.PERMISSION_DENIED, Code.INTERNAL),
        (Code.INVALID_ARGUMENT, Code.INTERNAL),
        (Code.UNAVAILABLE, Code.UNAVAILABLE),
        (Code.RESOURCE_EXHAUSTED, Code.RESOURCE_EXHAUSTED),
    ],
)
def test_what_the_last_service_said_is_no_answer_of_the_first(
    front: ConformanceClient, said: Code, told: Code
) -> None:
    with pytest.raises(StatusError) as caught:
        front.fail(f"{said.value}/well known")
    error = caught.value
    assert error.code is told
    assert "because of" not in error.message
    assert error_info(error).details == ()
    assert error.error_id is not None


def test_a_declared_error_passes_where_each_message_declares_it(front: ConformanceClient) -> None:
    with pytest.raises(NotThere) as caught:
        front.find("declared")
    assert caught.value.key == "k"
