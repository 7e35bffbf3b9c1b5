"""TLS: what each end shows and demands, contexts made of it, and who a certificate says the other end is.

At least TLS 1.2. A client always verifies the server, by name; a server verifies clients where it has a CA
for them.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from avrorpc.errors import BindError
from avrorpc.principal import Principal
from avrorpc.transport.address import Address
from avrorpc.transport.faults import reason

File: TypeAlias = str | os.PathLike[str]


@dataclass(slots=True, frozen=True, kw_only=True)
class Tls:
    """What one end of a TLS connection shows, and what it demands of the other.

    For what is not here, such as chosen ciphers, give an `ssl.SSLContext` instead.
    """

    ca: File | None = None
    """The authorities that the other end's certificate must come from. A client without takes the system's; a
    server without asks clients for no certificate.
    """
    cert: File | None = None
    """The certificate to show, and those between it and its authority (PEM)."""
    key: File | None = None
    """Its key, where it is not in the same file."""
    password: str | None = field(default=None, repr=False)
    """The key's, where it has one."""
    require_client: bool = True
    """Whether a server with `ca` refuses clients without a certificate; one shown is always verified."""
    server_name: str | None = None
    """For clients: the name that the server's certificate must have, where it is not the host's."""


TlsOptions: TypeAlias = Tls | ssl.SSLContext


@dataclass(slots=True, frozen=True)
class ClientTls:
    """What a client dials with."""

    context: ssl.SSLContext
    server_name: str


def client_tls(address: Address, given: TlsOptions | None) -> ClientTls | None:
    """Return what an address is dialled with; None where it has no TLS.

    Raises:
        BindError: What is given does not fit: a file is missing, or is something else.
    """
    options = _options(address, given)
    if options is None:
        return None
    if isinstance(options, ssl.SSLContext):
        return ClientTls(options, address.server_name or address.host)
    place = str(address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.ca is None:
        context.load_default_certs()
    else:
        _trust(context, options.ca, place)
    _show(context, options, place)
    return ClientTls(context, options.server_name or address.host)


def server_tls(address: Address, given: TlsOptions | None) -> ssl.SSLContext | None:
    """Return what an address is listened on with; None where it has no TLS.

    Raises:
        BindError: What is given does not fit: no certificate, a file is missing, or is something else.
    """
    options = _options(address, given)
    if options is None or isinstance(options, ssl.SSLContext):
        return options
    if options.server_name:
        raise BindError(f"cannot listen on {address}: server_name= is for clients")
    if not options.cert:
        raise BindError(
            f"cannot listen on {address}: TLS needs a certificate; give cert= and key= in the URL, or tls="
        )
    place = f"cannot listen on {address}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _show(context, options, place)
    if options.ca is not None:
        _trust(context, options.ca, place)
        context.verify_mode = ssl.CERT_REQUIRED if options.require_client else ssl.CERT_OPTIONAL
    return context


def _options(address: Address, given: TlsOptions | None) -> TlsOptions | None:
    """Put together what the URL and the argument say."""
    if not address.is_secure:
        if given is not None:
            raise BindError(f"tls= has no use at {address}, which is not encrypted; write tls:// or https://")
        return None
    of_url = {name: getattr(address, name) for name in ("ca", "cert", "key", "server_name")}
    of_url = {name: value for name, value in of_url.items() if value is not None}
    if given is None:
        return Tls(**of_url)
    if isinstance(given, ssl.SSLContext):
        files = sorted(of_url.keys() - {"server_name"})
        if files:
            raise BindError(f"{address}: {files[0]}= has no use beside an SSLContext, which has its own")
        return given
    if not isinstance(given, Tls):
        raise BindError(f"tls= is an avrorpc.Tls or an ssl.SSLContext, and not {type(given).__name__}")
    for name in of_url:
        if getattr(given, name) is not None:
            raise BindError(f"{address}: {name} is given twice, in the URL and in tls=")
    return replace(given, **of_url)


def _trust(context: ssl.SSLContext, ca: File, place: str) -> None:
    _read(ca, "ca", _CERTIFICATE, place)
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError as error:
        raise BindError(f"{place}: the ca {os.fspath(ca)} cannot be used: {reason(error)}") from error


def _show(context: ssl.SSLContext, options: Tls, place: str) -> None:
    if options.cert is None:
        if options.key is not None:
            raise BindError(f"{place}: a key goes with its certificate; give cert, too")
        return
    _read(options.cert, "cert", _CERTIFICATE, place)
    key = options.cert if options.key is None else options.key
    _read(key, "key" if options.key is not None else "cert", _KEY, place)
    try:
        # Without a password of ours OpenSSL would ask the terminal, and wait.
        context.load_cert_chain(options.cert, options.key, password=options.password or "")
    except ssl.SSLError as error:
        cert, of = os.fspath(options.cert), os.fspath(key)
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BindError(f"{place}: the key in {of} is not that of the certificate in {cert}") from error
        if b"ENCRYPTED" in Path(key).read_bytes():
            said = "is the password right?" if options.password else "give Tls(..., password=...)"
            raise BindError(f"{place}: the key in {of} is encrypted; {said}") from error
        raise BindError(f"{place}: {cert} and {of} cannot be used: {reason(error)}") from error


def _read(file: File, what: str, needed: bytes, place: str) -> None:
    """Check that a file is there and holds what it should; OpenSSL's own words help nobody."""
    path = os.fspath(file)
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise BindError(f"{place}: cannot read the {what} {path}: {reason(error)}") from error
    if needed not in text:
        lacks = "key" if needed == _KEY else "certificate"
        more = "; name its key's file with key=" if needed == _KEY and what == "cert" else ""
        raise BindError(f"{place}: the {what} {path} has no {lacks} in PEM{more}")


_CERTIFICATE: Final = b"BEGIN CERTIFICATE"
_KEY: Final = b"PRIVATE KEY"


def certified(certificate: Mapping[str, Any] | None) -> Principal | None:
    """Return whom a verified certificate names, as `getpeercert` of a socket gives it; None without one.

    Its name is the first URI among the alternative names, else the first host name, else the common name.
    """
    if not certificate:
        return None
    names: dict[str, list[str]] = {}
    for kind, value in certificate.get("subjectAltName", ()):
        names.setdefault(kind, []).append(value)
    subject, issuer = _pairs(certificate.get("subject", ())), _pairs(certificate.get("issuer", ()))
    common = [value for name, value in subject if name == "commonName"]
    candidates = [*names.get("URI", []), *names.get("DNS", []), *common, *(value for _, value in subject)]
    attributes = {
        "uri": tuple(names.get("URI", ())),
        "dns": tuple(names.get("DNS", ())),
        "subject": tuple(f"{name}={value}" for name, value in subject),
        "issuer": tuple(f"{name}={value}" for name, value in issuer),
        "serial": tuple(certificate[key] for key in ("serialNumber",) if key in certificate),
        "expires": tuple(certificate[key] for key in ("notAfter",) if key in certificate),
    }
    return Principal(candidates[0] if candidates else "", "certificate", attributes)


def _pairs(name: Any) -> list[tuple[str, str]]:
    """Return the parts of a distinguished name, each a set of pairs, in their order."""
    return [pair for part in name for pair in part]
