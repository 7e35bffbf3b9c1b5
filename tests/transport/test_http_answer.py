"""What becomes of a handler's errors."""

from __future__ import annotations

import pytest
from avrorpc.errors import LimitExceeded, RemoteProtocolError
from avrorpc.transport.http_answer import answer
from avrorpc.transport.http_message import HttpRequest, HttpResponse


@pytest.mark.parametrize(
    ("error", "status"), [(LimitExceeded("the body is large"), 413), (RemoteProtocolError("a bad body"), 400)]
)
async def test_what_the_client_did_wrong_is_said(error: Exception, status: int) -> None:
    async def handler(_: HttpRequest) -> HttpResponse:
        raise error

    response = await answer(handler, HttpRequest("GET", "/"))
    assert response.status == status
    assert response.body == f"{error}\n".encode()


async def test_what_the_server_did_wrong_is_logged_and_not_said(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(_: HttpRequest) -> HttpResponse:
        raise LookupError("a secret")

    response = await answer(handler, HttpRequest("GET", "/"))
    assert response.status == 500
    assert isinstance(response.body, bytes)
    assert b"secret" not in response.body
    assert "a secret" in caplog.text
    number = response.body.decode().rsplit(maxsplit=1)[-1]
    assert f"error {number}" in caplog.text, "so that the log's entry is found"
