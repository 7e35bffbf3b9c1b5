"""TLS: both ends verified, callers known by certificates, and a sentence for each thing that may be wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import avrorpc
import pytest
from avrorpc import (
    BindError,
    Call,
    Code,
    ConnectError,
    Principal,
    Reply,
    RpcError,
    Server,
    StatusError,
    Tls,
    TransportError,
    bind,
    current_call,
)
from avrorpc.service import Service
from avrorpc.transport.address import parse_address
from avrorpc.transport.tls import certified, client_tls, server_tls
from support.certificates import CERTIFICATES, CLIENT_NAME
from support.implementations import AsyncSmall
from support.rogue import Rogue, closed_port, silent
from support.serving import ServerThread
from testcontracts.small import AsyncSmallClient, SmallClient

SCHEMES = pytest.mark.parametrize("scheme", ["tls", "https"])
COLOURS = pytest.mark.parametrize("colour", ["sync", "async"])
CA, SERVER, CLIENT = CERTIFICATES.ca, CERTIFICATES.server, CERTIFICATES.client
HERE = Tls(cert=SERVER, key=CERTIFICATES.server_key)
MUTUAL = Tls(cert=SERVER, key=CERTIFICATES.server_key, ca=CA)
KNOWN = Tls(ca=CA, cert=CLIENT, key=CERTIFICATES.key(CLIENT))


class Telling(AsyncSmall):
    """Remembers who called, as implementation and middleware see it."""

    def __init__(self) -> None:
        self.callers: list[Principal | None] = []

    async def double(self, value: int, *, offset: int = 0) -> int:
        context = current_call()
        assert context is not None
        self.callers.append(context.principal)
        return 2 * value + offset


async def call(colour: str, url: str, tls: Any = None, timeout: float = 20) -> int:
    if colour == "async":
        async with avrorpc.connect(AsyncSmallClient, url, tls=tls, timeout=timeout) as client:
            return await client.double(3)
    with avrorpc.connect(SmallClient, url, tls=tls, timeout=timeout) as blocking:
        return await asyncio.to_thread(blocking.double, 3)


async def said(error: type[RpcError], calling: Awaitable[object]) -> str:
    with pytest.raises(error) as caught:
        await calling
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400
    assert "_ssl.c" not in text
    return text


def query(**files: Path) -> str:
    return "&".join(f"{name}={path}" for name, path in files.items())


@pytest.fixture
def telling() -> Telling:
    return Telling()


@pytest.fixture
async def server(telling: Telling) -> Any:
    async with Server([telling]) as made:
        yield made


@SCHEMES
@COLOURS
async def test_a_client_is_known_by_its_verified_certificate(
    server: Server, telling: Telling, scheme: str, colour: str
) -> None:
    url = await server.listen(f"{scheme}://127.0.0.1:0", tls=MUTUAL)
    assert await call(colour, url, KNOWN) == 6
    (caller,) = telling.callers
    assert caller is not None
    assert (caller.name, caller.kind) == (CLIENT_NAME, "certificate")
    assert caller.attributes["uri"] == (CLIENT_NAME,)
    assert caller.attributes["dns"] == ("desk.tests.local",)
    assert "commonName=desk" in caller.attributes["subject"]
    assert caller.attributes["expires"]


@SCHEMES
@COLOURS
async def test_files_may_be_named_in_the_url(
    server: Server, telling: Telling, scheme: str, colour: str
) -> None:
    files = query(ca=CA, cert=SERVER, key=CERTIFICATES.server_key)
    url = await server.listen(f"{scheme}://127.0.0.1:0?{files}")
    assert "?" not in url, "the files are the server's, and no part of what clients write"
    assert await call(colour, f"{url}?{query(ca=CA, cert=CLIENT, key=CERTIFICATES.key(CLIENT))}") == 6
    assert telling.callers[0] is not None


async def test_middleware_of_a_server_sees_the_caller() -> None:
    seen: list[Principal | None] = []

    def only_the_desk(service: Service) -> Service:
        async def serve(asked: Call) -> Reply:
            seen.append(asked.principal)
            if asked.principal is None or asked.principal.name != CLIENT_NAME:
                raise StatusError(Code.PERMISSION_DENIED, "only the desk may call")
            return await service(asked)

        return serve

    async with Server([bind(AsyncSmall(), middleware=(only_the_desk,))]) as server:
        url = await server.listen("tls://127.0.0.1:0", tls=MUTUAL)
        assert await call("async", url, KNOWN) == 6
        plain = await server.listen("tcp://127.0.0.1:0")
        with pytest.raises(StatusError, match="PERMISSION_DENIED: only the desk may call"):
            await call("async", plain)
    assert [one and one.name for one in seen] == [CLIENT_NAME, None]


async def test_a_caller_without_a_proof_is_nobody(server: Server, telling: Telling) -> None:
    optional = Tls(cert=SERVER, key=CERTIFICATES.server_key, ca=CA, require_client=False)
    for url, tls in (
        (await server.listen("tcp://127.0.0.1:0"), None),
        (await server.listen("http://127.0.0.1:0"), None),
        (await server.listen("tls://127.0.0.1:0", tls=HERE), Tls(ca=CA)),
        (await server.listen("tls://127.0.0.1:0", tls=optional), Tls(ca=CA)),
    ):
        assert await call("async", url, tls) == 6
    assert telling.callers == [None] * 4


async def test_a_client_that_need_not_show_a_certificate_may(server: Server, telling: Telling) -> None:
    optional = Tls(cert=SERVER, key=CERTIFICATES.server_key, ca=CA, require_client=False)
    url = await server.listen("tls://127.0.0.1:0", tls=optional)
    await call("async", url, KNOWN)
    assert telling.callers[0] is not None


@SCHEMES
@COLOURS
async def test_a_server_that_no_known_authority_has_signed(server: Server, scheme: str, colour: str) -> None:
    url = await server.listen(f"{scheme}://127.0.0.1:0", tls=HERE)
    text = await said(ConnectError, call(colour, url))
    assert text.startswith(f"cannot connect to {url}: no authority that is trusted here has signed")
    assert "name its CA by ca=FILE" in text
    other = CERTIFICATES.other_ca
    assert f"the authority in {other} has not signed" in await said(
        ConnectError, call(colour, f"{url}?ca={other}")
    )


@SCHEMES
@COLOURS
async def test_a_server_whose_certificate_has_expired(server: Server, scheme: str, colour: str) -> None:
    expired = CERTIFICATES.expired
    url = await server.listen(f"{scheme}://127.0.0.1:0", tls=Tls(cert=expired, key=CERTIFICATES.key(expired)))
    assert "the server's certificate has expired" in await said(ConnectError, call(colour, url, Tls(ca=CA)))


@SCHEMES
@COLOURS
async def test_a_server_of_another_name_unless_that_is_meant(
    server: Server, scheme: str, colour: str
) -> None:
    elsewhere = CERTIFICATES.elsewhere
    url = await server.listen(
        f"{scheme}://127.0.0.1:0", tls=Tls(cert=elsewhere, key=CERTIFICATES.key(elsewhere))
    )
    text = await said(ConnectError, call(colour, url, Tls(ca=CA)))
    assert "the server's certificate is not for '127.0.0.1'" in text
    assert await call(colour, url, Tls(ca=CA, server_name="elsewhere.local")) == 6
    assert await call(colour, f"{url}?ca={CA}&server_name=elsewhere.local") == 6
    text = await said(ConnectError, call(colour, f"{url}?ca={CA}&server_name=other.local"))
    assert "is not for 'other.local'" in text


@COLOURS
async def test_a_client_without_a_certificate_where_one_is_wanted(server: Server, colour: str) -> None:
    url = await server.listen("tls://127.0.0.1:0", tls=MUTUAL)
    text = await said(ConnectError, call(colour, url, Tls(ca=CA)))
    assert "client certificate" in text or "want a certificate" in text


@COLOURS
async def test_a_client_whose_certificate_is_refused(server: Server, colour: str) -> None:
    url = await server.listen("tls://127.0.0.1:0", tls=MUTUAL)
    stranger = CERTIFICATES.stranger
    text = await said(
        ConnectError, call(colour, f"{url}?{query(ca=CA, cert=stranger, key=CERTIFICATES.key(stranger))}")
    )
    assert "want another client certificate" in text or "authority of this client's certificate" in text


@COLOURS
async def test_https_says_what_may_be_wrong_where_a_certificate_is_wanted(
    server: Server, colour: str
) -> None:
    url = await server.listen("https://127.0.0.1:0", tls=MUTUAL)
    text = await said(TransportError, call(colour, url, Tls(ca=CA)))
    assert "certificate" in text


@SCHEMES
@COLOURS
async def test_a_server_without_tls(server: Server, scheme: str, colour: str) -> None:
    plain = await server.listen({"tls": "tcp", "https": "http"}[scheme] + "://127.0.0.1:0")
    url = f"{scheme}{plain[plain.index(':') :]}"
    text = await said(ConnectError, call(colour, url, Tls(ca=CA)))
    assert {"tls": "tcp://", "https": "http://"}[scheme] in text


@COLOURS
async def test_a_plain_client_where_tls_is_spoken(server: Server, colour: str) -> None:
    url = await server.listen("tls://127.0.0.1:0", tls=HERE)
    text = await said(RpcError, call(colour, url.replace("tls:", "tcp:")))
    assert "tls://" in text or "the peer speaks TLS" in text


@COLOURS
async def test_a_handshake_that_never_ends_keeps_to_the_deadline(colour: str) -> None:
    with Rogue(silent) as rogue, pytest.raises(StatusError) as caught:
        await call(colour, f"tls://127.0.0.1:{rogue.port}", timeout=0.05)
    assert caught.value.code is Code.DEADLINE_EXCEEDED


@SCHEMES
@COLOURS
async def test_a_server_that_is_not_there(scheme: str, colour: str) -> None:
    text = await said(ConnectError, call(colour, f"{scheme}://127.0.0.1:{closed_port()}"))
    assert text.endswith("nothing listens there; is the server up?")


async def test_old_versions_of_tls_are_refused(server: Server) -> None:
    url = await server.listen("tls://127.0.0.1:0", tls=HERE)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(CA)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ConnectError):
        await call("sync", url, old)


async def test_an_ssl_context_serves_as_well(server: Server) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SERVER, CERTIFICATES.server_key)
    url = await server.listen("tls://127.0.0.1:0", tls=context)
    trusting = ssl.create_default_context(cafile=CA)
    assert await call("async", url, trusting) == 6
    with pytest.raises(BindError, match="ca= has no use beside an SSLContext"):
        await call("async", f"{url}?ca={CA}", trusting)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "text").write_text("no PEM")
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    (folder / "both.pem").write_bytes(SERVER.read_bytes() + CERTIFICATES.server_key.read_bytes())
    return folder


LISTENING: list[tuple[Callable[[Path], Tls | None], str]] = [
    (lambda _: None, "TLS needs a certificate; give cert= and key="),
    (lambda _: Tls(ca=CA), "TLS needs a certificate"),
    (lambda f: Tls(cert=f / "none"), "cannot read the cert {f}/none: No such file or directory"),
    (lambda f: Tls(cert=SERVER, key=f / "none"), "cannot read the key {f}/none: No such file"),
    (lambda f: Tls(cert=f / "text"), "the cert {f}/text has no certificate in PEM"),
    (lambda _: Tls(cert=SERVER), "has no key in PEM; name its key's file with key="),
    (lambda _: Tls(cert=SERVER, key=CERTIFICATES.key(CLIENT)), "is not that of the certificate in"),
    (lambda f: Tls(cert=f / "both.pem", ca=f / "none"), "cannot read the ca {f}/none"),
    (lambda f: Tls(cert=f / "both.pem", ca=f / "text"), "the ca {f}/text has no certificate in PEM"),
    (lambda f: Tls(cert=f / "both.pem", ca=f / "broken.pem"), "the ca {f}/broken.pem cannot be used"),
    (lambda f: Tls(cert=f / "both.pem", server_name="x"), "server_name= is for clients"),
]


@pytest.mark.parametrize(("made", "problem"), LISTENING)
def test_files_that_cannot_be_used_are_named_when_a_server_listens(
    files: Path, made: Callable[[Path], Tls | None], problem: str
) -> None:
    with pytest.raises(BindError) as caught:
        server_tls(parse_address("tls://127.0.0.1:0"), made(files))
    assert problem.format(f=files) in str(caught.value)
    assert str(caught.value).startswith("cannot listen on tls://127.0.0.1:0")


def test_a_certificate_and_its_key_may_be_one_file(files: Path) -> None:
    assert server_tls(parse_address(f"tls://127.0.0.1:0?cert={files}/both.pem"), None) is not None


@pytest.mark.parametrize(
    ("url", "tls", "problem"),
    [
        ("tcp://h:1", Tls(ca=CA), "tls= has no use at tcp://h:1, which is not encrypted"),
        (f"tls://h:1?ca={CA}", Tls(ca=CA), "ca is given twice, in the URL and in tls="),
        ("tls://h:1", Tls(key=CERTIFICATES.key(CLIENT)), "a key goes with its certificate"),
        ("tls://h:1?ca=/nowhere", None, "cannot read the ca /nowhere: No such file or directory"),
        ("tls://h:1", "ca.pem", "tls= is an avrorpc.Tls or an ssl.SSLContext, and not str"),
    ],
)
def test_what_a_client_cannot_use_is_said_when_it_is_made(url: str, tls: Any, problem: str) -> None:
    with pytest.raises(BindError) as caught:
        avrorpc.connect(SmallClient, url, tls=tls)
    assert problem in str(caught.value)


def test_a_client_verifies_by_default_and_takes_no_old_tls() -> None:
    made = client_tls(parse_address("tls://node:1"), None)
    assert made is not None
    assert made.context.verify_mode is ssl.CERT_REQUIRED
    assert made.context.check_hostname
    assert made.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert made.server_name == "node"


def test_a_password_is_not_shown() -> None:
    assert "geheim" not in repr(Tls(cert="c", password="geheim"))


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        ({"subjectAltName": (("DNS", "a.b"), ("URI", "spiffe://x/y"))}, "spiffe://x/y"),
        ({"subjectAltName": (("DNS", "a.b"),), "subject": ((("commonName", "c"),),)}, "a.b"),
        ({"subject": ((("organizationName", "o"),), (("commonName", "c"),))}, "c"),
        ({"subject": ((("organizationName", "o"),),)}, "o"),
        ({"subject": ()}, None),
    ],
)
def test_a_name_is_taken_from_what_a_certificate_says(certificate: dict[str, Any], name: str | None) -> None:
    found = certified({"serialNumber": "01", **certificate})
    assert found is not None
    assert found.name == (name or "")
    assert certified({}) is None
    assert certified(None) is None


def test_a_synchronous_client_may_be_shared_by_threads_over_tls() -> None:
    with ServerThread(AsyncSmall()) as server, avrorpc.connect(SmallClient, server.tls) as client:
        assert [client.double(n) for n in range(20)] == [2 * n for n in range(20)]


async def test_a_client_that_hangs_in_the_handshake_keeps_no_server_from_closing(server: Server) -> None:
    url = await server.listen("tls://127.0.0.1:0", tls=HERE)
    with socket.create_connection(("127.0.0.1", parse_address(url).port)):
        async with asyncio.timeout(20):
            await server.close(0)


@SCHEMES
def test_an_idle_client_that_blocks_keeps_no_server_from_closing(scheme: str) -> None:
    with (
        ServerThread(AsyncSmall()) as server,
        avrorpc.connect(SmallClient, getattr(server, scheme)) as client,
    ):
        assert client.double(1) == 2
        server.run(server.server.close(600))  # `run` does not wait that long
        with pytest.raises(ConnectError):
            client.double(1)
