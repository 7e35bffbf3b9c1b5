"""`connect`: a typed client for an address, and the functions on clients.

These are functions and not methods, since a contract may have a message of any name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar, overload

from avrorpc.binding import Binding
from avrorpc.call import Options
from avrorpc.client.direct import connect_direct
from avrorpc.client.local import connect_local
from avrorpc.client.remote import AsyncRemoteChannel, Remote, RemoteChannel
from avrorpc.client.version import ServerVersion
from avrorpc.errors import BindError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.service import Middleware, refuse_waiting
from avrorpc.stub import AsyncClient, Client
from avrorpc.transport.address import parse_address
from avrorpc.transport.backoff import DEFAULT_BACKOFF, Backoff
from avrorpc.transport.connection import ConnectionTransport
from avrorpc.transport.connection_blocking import BlockingConnectionTransport
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.exchange import Transport
from avrorpc.transport.tls import TlsOptions
from avrorpc.wire.client import Connected, Identity

C = TypeVar("C", bound=Client | AsyncClient)
V = TypeVar("V")

LOCAL_PLACEMENTS: Final = ("direct:", "local:", "verify:")


def connect(
    client: type[C],
    url: str,
    *,
    target: object | None = None,
    timeout: float | None = None,
    metadata: Mapping[str, bytes] | None = None,
    middleware: tuple[Middleware, ...] = (),
    limits: Limits = DEFAULT_LIMITS,
    expose_cause: bool = False,
    tls: TlsOptions | None = None,
    backoff: Backoff = DEFAULT_BACKOFF,
) -> C:
    """Return a client that calls through the placement that the URL names.

    A remote client dials at its first call, and again when a connection was lost.

    Args:
        client: A generated client class; synchronous or asynchronous.
        url: `direct:`, `local:`, `verify:`, `unix:///PATH`, or `tcp`, `tls`, `http` or `https` with `://HOST:PORT`;
            for tests `memory://NAME`.
        target: The implementation (or its binding), for placements in this process.
        timeout: Seconds allowed for each call.
        metadata: Sent with each call.
        middleware: Wraps each call; the first runs outermost. It runs outside of the server's own, or of
            a local binding's.
        limits: Bounds on what a server may send.
        expose_cause: Whether an undeclared exception of a local implementation shows its text.
        tls: A `Tls` or an `ssl.SSLContext`, for `tls://` and `https://`; the URL may name files as well.
        backoff: How soon a server is dialled again that could not be reached.

    Raises:
        BindError: The URL is wrong, the target does not fit contract or placement, or a synchronous client is
            given middleware that needs an event loop.
    """
    options = Options(timeout=timeout, metadata=dict(metadata or {}))
    made: Any
    view: Any = client
    if not issubclass(client, AsyncClient):
        inner = target.middleware if isinstance(target, Binding) else ()
        refuse_waiting((*middleware, *inner), client.__name__)
    if url in LOCAL_PLACEMENTS:
        if target is None:
            raise BindError(
                f"{url} needs the implementation: connect({client.__name__}, {url!r}, target=...)"
            )
        binding = target if isinstance(target, Binding) else Binding(target)
        if url == "direct:":
            made = connect_direct(view, binding, options, has_middleware=bool(middleware))
        else:
            verify = url == "verify:"
            made = connect_local(view, binding, options, middleware, verify=verify, expose_cause=expose_cause)
        return _typed(client, made)
    if "://" not in url and not url.startswith("unix:"):
        raise BindError(
            f"{url!r} is no address; write {', '.join(LOCAL_PLACEMENTS)}, unix:PATH, or one of tcp, tls,"
            " http, https, ws and wss with ://HOST:PORT"
        )
    if target is not None:
        raise BindError(f"{url} is served elsewhere, so that target= has no use")
    dialler = Dialler(parse_address(url), tls, backoff)
    asynchronous = issubclass(client, AsyncClient)
    contract = client.__contract__
    identity = Identity(contract.hash, contract.text, contract.name)
    transport = transport_for(
        dialler, identity, limits, partial(ServerVersion, contract), asynchronous=asynchronous
    )
    remote = Remote(contract, transport, limits)
    channel: Any = (AsyncRemoteChannel if asynchronous else RemoteChannel)(remote, options, middleware)
    return _typed(client, client(channel))


@overload
def close(client: Client) -> None: ...
@overload
def close(client: AsyncClient) -> Awaitable[None]: ...
def close(client: Client | AsyncClient) -> Awaitable[None] | None:
    """Close a client's connections; await the result where the client is asynchronous."""
    return client.__avrorpc__.close()


def with_options(
    client: C, *, timeout: float | None = None, metadata: Mapping[str, bytes] | None = None
) -> C:
    """Return a client over the same connections with other options; what is left out stays.

    Raises:
        BindError: The client is a `direct:` one, which has no place for options.
    """
    channel: Any = client.__avrorpc__
    if not hasattr(channel, "with_options"):
        raise BindError("direct: applies no timeout, metadata or middleware; use local: for these")
    options: Options = channel.options
    if timeout is not None:
        options = replace(options, timeout=timeout)
    if metadata is not None:
        options = replace(options, metadata=dict(metadata))
    return _typed(type(client), type(client)(channel.with_options(options)))


def transport_for(
    dialler: Dialler,
    identity: Identity,
    limits: Limits,
    accept: Callable[[Connected], V],
    *,
    asynchronous: bool = False,
) -> Transport[V]:
    """Return what moves calls to an address; `accept` is given the server's identity at each handshake.

    Raises:
        BindError: There are no calls over addresses of this scheme.
    """
    if dialler.address.is_websocket and asynchronous:
        from avrorpc.transport.websocket import WebSocketDialler  # noqa: PLC0415

        return ConnectionTransport(WebSocketDialler(dialler), identity, limits, accept)
    if dialler.address.is_websocket:
        return BlockingConnectionTransport(dialler, identity, limits, accept)
    # HTTP is imported only where it is used: aiohttp alone takes longer than all the rest.
    if dialler.address.is_http and asynchronous:
        from avrorpc.transport.http import HttpTransport  # noqa: PLC0415

        return HttpTransport(dialler, identity, limits, accept)
    if dialler.address.is_http:
        from avrorpc.transport.http_blocking import BlockingHttpTransport  # noqa: PLC0415

        return BlockingHttpTransport(dialler, identity, limits, accept)
    if dialler.address.scheme == "memory" and not asynchronous:
        raise BindError(f"{dialler.address} lives on an event loop; use the asynchronous client")
    if asynchronous:
        return ConnectionTransport(dialler, identity, limits, accept)
    return BlockingConnectionTransport(dialler, identity, limits, accept)


def _typed(client: type[C], made: Any) -> C:
    assert isinstance(made, client)
    return made
