"""The sentences for what goes wrong between two ends, made of what the system and TLS say of it."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from avrorpc.errors import ConnectError, ConnectionLost
from avrorpc.limits import Limits
from avrorpc.transport.address import Address

_PLAIN_SCHEMES: Final = {"tls": "tcp", "https": "http", "wss": "ws"}
_NO_ROOT: Final = (2, 18, 19, 20, 21)
"""OpenSSL's codes for a chain that does not end at an authority that is trusted."""
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


@contextmanager
def dialling(address: Address) -> Iterator[None]:
    """Turn what the system says of a failed connection into a `ConnectError`."""
    try:
        yield
    except OSError as error:
        if is_deadline(error):
            raise
        raise connect_error(address, error) from error


@contextmanager
def exchanging(address: Address) -> Iterator[None]:
    """Turn what the system says of a broken connection into a `ConnectionLost`."""
    try:
        yield
    except OSError as error:
        if is_deadline(error):
            raise
        raise ConnectionLost(f"the connection to {address} broke: {reason(error)}") from error


def connect_error(address: Address, error: OSError) -> ConnectError:
    """Return the error for a connection that did not come about."""
    return ConnectError(f"cannot connect to {address}: {_why_not_connected(address, error)}")


def no_handshake(address: Address, limits: Limits) -> ConnectError:
    """Return the error for a server that takes a connection and does not answer the handshake."""
    return ConnectError(
        f"cannot connect to {address}: no handshake within handshake_timeout={limits.handshake_timeout} s"
    )


def _why_not_connected(address: Address, error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return tls_reason(address, error)
    if isinstance(error, socket.gaierror):
        return f"the host {address.host!r} is unknown"
    if is_refusal(error):
        return "nothing listens there; is the server up?"
    if isinstance(error, FileNotFoundError) and address.scheme == "unix":
        return "there is no such socket; is the server up?"
    if is_hang_up(error) and address.is_secure:
        return ended_in_tls(address)
    return reason(error)


def ended_in_tls(address: Address) -> str:
    """Return what is said of a server that ends the connection while TLS is set up, and does not say why."""
    certificate = (
        "want another client certificate" if address.cert else "want a client certificate (cert=, key=)"
    )
    return (
        f"the server ended the connection before it answered; does it {certificate},"
        f" or speak plain {_PLAIN_SCHEMES[address.scheme]}://?"
    )


def tls_reason(address: Address, error: ssl.SSLError) -> str:
    """Return in one sentence why TLS failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _why_not_verified(address, error)
    said = error.reason or ""
    if "WRONG_VERSION_NUMBER" in said or "HTTP_REQUEST" in said or "RECORD_LAYER_FAILURE" in said:
        return f"the server does not speak TLS there; is it {_PLAIN_SCHEMES[address.scheme]}://?"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "UNEXPECTED_EOF" in said:
        return ended_in_tls(address)
    if ("PROTOCOL" in said and "VERSION" in said) or "UNSUPPORTED_PROTOCOL" in said:
        return "the server speaks no TLS of version 1.2 or later"
    if "CERTIFICATE_REQUIRED" in said or ("HANDSHAKE_FAILURE" in said and not address.cert):
        return "the server wants a client certificate; give one with cert= and key="
    if "UNKNOWN_CA" in said:
        return "the server does not know the authority of this client's certificate"
    if "ALERT" in said and "CERTIFICATE" in said:
        kind = said.partition("ALERT_")[2].replace("_", " ").lower()
        return f"the server refused this client's certificate: {kind}"
    return f"TLS failed: {said.replace('_', ' ').lower() or error}"


def _why_not_verified(address: Address, error: ssl.SSLCertVerificationError) -> str:
    match error.verify_code:
        case code if code in _NO_ROOT:
            signer = (
                f"the authority in {address.ca} has not"
                if address.ca
                else "no authority that is trusted here has"
            )
            return f"{signer} signed the server's certificate; name its CA by ca=FILE"
        case code if code == _EXPIRED:
            return "the server's certificate has expired"
        case code if code == _NOT_YET_VALID:
            return "the server's certificate is not valid yet; is the clock right?"
        case code if code in (_OTHER_NAME, _OTHER_ADDRESS):
            name = address.server_name or address.host
            return f"the server's certificate is not for {name!r}; server_name= expects another name"
        case _:
            return f"the server's certificate is refused: {error.verify_message}"


def reason(error: OSError) -> str:
    """Return what the system says, without its number."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__


def is_deadline(error: OSError) -> bool:
    """Whether our own time ran out; the system's ETIMEDOUT is of the same class, and has a number."""
    return isinstance(error, TimeoutError) and not error.errno


def is_hang_up(error: BaseException | None) -> bool:
    """Whether the other end closed the connection, and threw away what it was sent."""
    if isinstance(error, ConnectionResetError | BrokenPipeError):  # asyncio's own have no number
        return True
    return isinstance(error, OSError) and error.errno in (errno.ECONNRESET, errno.EPIPE)


def is_refusal(error: OSError) -> bool:
    """Whether every address of the host refused; asyncio puts several refusals into one text."""
    if isinstance(error, ConnectionRefusedError):
        return True
    return error.errno is None and f"[Errno {errno.ECONNREFUSED}]" in str(error)


def lost_at_start(address: Address, lost: ConnectionLost) -> ConnectError:
    """Return the error for a connection that ends before any call was sent on it."""
    cause = lost.__cause__
    if isinstance(cause, ssl.SSLError) or (isinstance(cause, OSError) and address.is_secure):
        return connect_error(address, cause)
    if address.is_secure:
        return ConnectError(f"cannot connect to {address}: {ended_in_tls(address)}")
    said = (
        f"{reason(cause)}, before"
        if isinstance(cause, OSError)
        else "the server closed the connection before"
    )
    other = "" if address.scheme == "unix" else "; does it speak another protocol, such as tls:// or http://?"
    return ConnectError(f"cannot connect to {address}: {said} it answered{other}")
