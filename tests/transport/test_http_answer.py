"""What becomes of a handler's errors."""

from __future__ import annotations

import json

import pytest
from avrorpc.errors import LimitExceeded, RemoteProtocolError
from avrorpc.transport.http_answer import excuse


@pytest.mark.parametrize(
    ("error", "status"), [(LimitExceeded("the body is large"), 413), (RemoteProtocolError("a bad body"), 400)]
)
def test_what_the_client_did_wrong_is_said(error: Exception, status: int) -> None:
    response = excuse(error)
    assert response.status == status
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["detail"] == str(error)


def test_what_the_server_did_wrong_is_logged_and_not_said(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise LookupError("a secret")
    except LookupError as error:
        response = excuse(error)
    assert response.status == 500
    assert isinstance(response.body, bytes)
    assert b"secret" not in response.body
    assert "a secret" in caplog.text
    number = json.loads(response.body)["detail"].rsplit(maxsplit=1)[-1]
    assert f"error {number}" in caplog.text, "so that the log's entry is found"
