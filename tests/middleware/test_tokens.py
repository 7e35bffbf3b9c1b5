"""Who calls, by tokens in a file."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest
from avrorpc import BindError, Code, Server, StatusError, Tls, connect
from avrorpc.call import BlockingClock, Call
from avrorpc.contracts import AsyncIntrospectionClient
from avrorpc.middleware import Authentication
from avrorpc.middleware.tokens import Token, TokenFile, new_token
from avrorpc.principal import Principal
from support.certificates import CERTIFICATES
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


def test_a_file_that_breaks_later_is_told_of_and_locks_nobody_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret, token = new_token("ada")
    file = written(tmp_path / "t", token)
    (tmp_path / "t").write_text("ada sha256:oops")
    with caplog.at_level("ERROR", "avrorpc"):
        for _ in range(2):
            file._looked = None  # as if a second had passed
            found = file.authenticate(call(f"Bearer {secret}"))
            assert found is not None
            assert found.name == "ada"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "t:1: there is no SHA-256 behind the name" in caplog.text


def test_the_user_of_a_unix_socket_needs_a_token_unless_trusted(tmp_path: Path) -> None:
    file, process = written(tmp_path / "t"), Principal("uid:1000", "process")
    assert file.authenticate(call(None, process)) is None
    assert TokenFile(tmp_path / "t", trusted=["process"]).authenticate(call(None, process)) is process


SHOWN = f"cert={CERTIFICATES.server}&key={CERTIFICATES.server_key}"


@pytest.mark.parametrize("scheme", ["tcp", "unix", "tls", "http", "https", "ws", "wss"])
async def test_a_token_goes_over_every_transport(tmp_path: Path, scheme: str) -> None:
    secret, token = new_token("ada")
    file = written(tmp_path / "t", token)
    guard = Authentication(file.authenticate, authorize=file.authorize)
    is_secure = scheme in ("tls", "https", "wss")
    async with Server([MemoryShelf()], middleware=(guard,)) as server:
        if scheme == "unix":
            url = await server.listen(f"unix://{tmp_path}/s")
        else:
            url = await server.listen(f"{scheme}://127.0.0.1:0{f'?{SHOWN}' if is_secure else ''}")
        tls = Tls(ca=CERTIFICATES.ca) if is_secure else None
        url = url.partition("?")[0]
        wrong = {"authorization": b"Bearer guess"}
        for metadata, text in [(None, "needs to know who calls"), (wrong, "the token is unknown")]:
            async with connect(AsyncShelfClient, url, tls=tls, metadata=metadata) as stranger:
                with pytest.raises(StatusError, match=text) as refused:
                    await stranger.count_books()
            assert refused.value.code is Code.UNAUTHENTICATED
        async with connect(AsyncIntrospectionClient, url, tls=tls) as asking:
            with pytest.raises(StatusError) as refused:
                await asking.services()
            assert refused.value.code is Code.UNAUTHENTICATED
        metadata = {"authorization": f"Bearer {secret}".encode()}
        async with connect(AsyncShelfClient, url, tls=tls, metadata=metadata) as ada:
            assert await ada.count_books() == 5


@pytest.mark.parametrize("scheme", ["tls", "https", "wss"])
async def test_a_verified_certificate_or_a_token_will_do(tmp_path: Path, scheme: str) -> None:
    secret, token = new_token("ada")
    guard = Authentication(written(tmp_path / "t", token).authenticate)
    own = Tls(cert=CERTIFICATES.server, key=CERTIFICATES.server_key, ca=CERTIFICATES.ca, require_client=False)
    async with Server([MemoryShelf()], middleware=(guard,)) as server:
        url = await server.listen(f"{scheme}://127.0.0.1:0", tls=own)
        known = Tls(ca=CERTIFICATES.ca, cert=CERTIFICATES.client, key=CERTIFICATES.key(CERTIFICATES.client))
        async with connect(AsyncShelfClient, url, tls=known) as desk:
            assert await desk.count_books() == 5
        unknown = Tls(ca=CERTIFICATES.ca)
        metadata = {"authorization": f"Bearer {secret}".encode()}
        async with connect(AsyncShelfClient, url, tls=unknown, metadata=metadata) as ada:
            assert await ada.count_books() == 5
        async with connect(AsyncShelfClient, url, tls=unknown) as stranger:
            with pytest.raises(StatusError, match="needs to know who calls"):
                await stranger.count_books()
