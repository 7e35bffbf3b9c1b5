"""Who calls, by tokens in a file."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest
from avrorpc import BindError, Code, Server, StatusError, connect
from avrorpc.call import BlockingClock, Call
from avrorpc.middleware import Authentication
from avrorpc.middleware.tokens import Token, TokenFile, new_token
from avrorpc.principal import Principal
from support.shelf import MemoryShelf
from testcontracts.shelf import SHELF, AsyncShelfClient

METHOD = SHELF.methods["get_book"]


def call(header: str | None, principal: Principal | None = None) -> Call:
    metadata = {} if header is None else {"authorization": header.encode()}
    return Call(METHOD, (), BlockingClock(), metadata=metadata, principal=principal)


def written(path: Path, *tokens: Token) -> TokenFile:
    path.write_text("# who may\n\n" + "\n".join(map(str, tokens)))
    return TokenFile(path)


def test_a_token_tells_who_calls_and_the_file_does_not_hold_it(tmp_path: Path) -> None:
    secret, token = new_token("ada")
    file = written(tmp_path / "t", token)
    assert secret not in (tmp_path / "t").read_text()
    found = file.authenticate(call(f"Bearer {secret}"))
    assert found is not None
    assert (found.name, found.kind) == ("ada", "token")
    assert file.authorize(found, METHOD)


@pytest.mark.parametrize(
    ("header", "text"),
    [("Bearer nothing", "unknown"), ("Basic YTpi", "must be `Bearer TOKEN`"), ("", "must be `Bearer TOKEN`")],
)
def test_what_is_no_token_of_the_file_is_refused(tmp_path: Path, header: str, text: str) -> None:
    file = written(tmp_path / "t", new_token("ada")[1])
    with pytest.raises(StatusError, match=text) as refused:
        file.authenticate(call(header))
    assert refused.value.code is Code.UNAUTHENTICATED


def test_a_token_ends_when_it_expires(tmp_path: Path) -> None:
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    secret, token = new_token("ada", expires=past)
    with pytest.raises(StatusError, match="has expired"):
        written(tmp_path / "t", token).authenticate(call(f"Bearer {secret}"))


def test_a_token_may_call_what_its_patterns_name(tmp_path: Path) -> None:
    secret, token = new_token("ada", may=["shelf.Shelf/get_*"])
    file = written(tmp_path / "t", token)
    found = file.authenticate(call(f"bearer {secret}"))
    assert found is not None
    assert file.authorize(found, METHOD)
    assert not file.authorize(found, SHELF.methods["add_book"])


def test_who_is_proved_by_the_connection_needs_no_token(tmp_path: Path) -> None:
    file = written(tmp_path / "t", new_token("ada")[1])
    known = Principal("desk", "certificate")
    assert file.authenticate(call(None, known)) is known
    assert file.authenticate(call(None)) is None


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    secret, token = new_token("ada")
    file = written(tmp_path / "t", token)
    assert len(file) == 1
    (tmp_path / "t").write_text("")
    os.utime(tmp_path / "t", (1, 1))
    with pytest.raises(StatusError, match="unknown"):
        file.authenticate(call(f"Bearer {secret}"))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("ada", "no SHA-256"),
        ("ada secret", "no SHA-256"),
        ("ada sha256:" + "zz" * 32, "non-hexadecimal"),
        ("ada sha256:" + "00" * 32 + " until=now", "neither expires= nor may="),
        ("ada sha256:" + "00" * 32 + " expires=soon", "Invalid isoformat"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str, text: str) -> None:
    (tmp_path / "t").write_text("\n" + line)
    with pytest.raises(BindError, match=text) as wrong:
        TokenFile(tmp_path / "t")
    assert f"{tmp_path / 't'}:2: " in str(wrong.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BindError, match="cannot read the tokens"):
        TokenFile(tmp_path / "none")


@pytest.mark.parametrize("name", ["", "a b", "#a"])
def test_a_name_is_one_word(name: str) -> None:
    with pytest.raises(ValueError, match="one word"):
        new_token(name)


@pytest.mark.parametrize("scheme", ["tcp", "http", "ws"])
async def test_a_token_goes_over_every_transport(tmp_path: Path, scheme: str) -> None:
    secret, token = new_token("ada")
    file = written(tmp_path / "t", token)
    guard = Authentication(file.authenticate, authorize=file.authorize)
    async with Server([MemoryShelf()], middleware=(guard,)) as server:
        url = await server.listen(f"{scheme}://127.0.0.1:0")
        stranger = connect(AsyncShelfClient, url)
        with pytest.raises(StatusError) as refused:
            await stranger.count_books()
        assert refused.value.code is Code.UNAUTHENTICATED
        ada = connect(AsyncShelfClient, url, metadata={"authorization": f"Bearer {secret}".encode()})
        assert await ada.count_books() == 5
        await stranger.__avrorpc__.close()
        await ada.__avrorpc__.close()
