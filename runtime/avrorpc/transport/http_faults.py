"""The sentences for what aiohttp says of a failed request."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import aiohttp

from avrorpc.errors import ConnectionLost, RemoteProtocolError, TransportError
from avrorpc.transport.address import Address
from avrorpc.transport.faults import connect_error, ended_in_tls, is_hang_up, reason
from avrorpc.transport.http_status import not_http, not_now


@contextmanager
def saying(address: Address) -> Iterator[None]:
    """Turn what aiohttp says of a request to a server into errors of ours."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        problem = error.certificate_error
        raise connect_error(
            address, problem if isinstance(problem, OSError) else OSError(str(problem))
        ) from error
    except aiohttp.ClientConnectorError as error:
        raise connect_error(address, error.os_error) from error
    except aiohttp.WSServerHandshakeError as error:
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise not_now(address) from error
        text = f"{address} answered {error.status} and opens no WebSocket here: {error.message}"
        raise RemoteProtocolError(text) from error
    except aiohttp.ClientResponseError as error:
        raise not_http(address, error.message) from error
    except aiohttp.ClientError as error:
        raise _lost(address, error) from error


def _lost(address: Address, error: aiohttp.ClientError) -> TransportError:
    for problem in (error, error.__cause__):
        if isinstance(problem, ssl.SSLError):
            return connect_error(address, problem)
    said = reason(error) if isinstance(error, OSError) else str(error)
    if address.is_secure and (isinstance(error, aiohttp.ServerDisconnectedError) or is_hang_up(error)):
        said = ended_in_tls(address)
    return ConnectionLost(f"the connection to {address} broke: {said}")
