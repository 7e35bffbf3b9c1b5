"""Certificates for development: a private authority, and what it signs for servers and clients."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAMES: Final = ("localhost", "127.0.0.1", "::1")
TRUST_DOMAIN: Final = "avrorpc.local"
CA_DAYS: Final = 3650
_ONLY_OWNER: Final = 0o600
_FOR_ALL: Final = 0o644
_LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST_HOST: Final = 253
_BACKDATED: Final = datetime.timedelta(minutes=5)


class CertificateError(Exception):
    """Certificates cannot be made; the text says why."""


class Folder:
    """The files of one authority: `ca.pem`, `ca.key`, and a pair for each server and client.

    Args:
        path: Where they are; it is made where there is nothing yet.
        days: How long new certificates are valid.
        force: Whether those of servers and clients that are there are made anew.
    """

    def __init__(self, path: Path, *, days: int, force: bool) -> None:
        self.path = path
        self._days = days
        self._force = force
        self.written: list[Path] = []
        """What was written, in that order."""
        self.reused: list[Path] = []
        """What was there before and was used."""

    def write(self, names: Iterable[str], clients: Iterable[str], keep: Iterable[str] = ()) -> None:
        """Write a server's pair, and one for each client; the authority's own first, where it has none.

        Args:
            names: What the server is called.
            clients: The clients.
            keep: Pairs that are left as they are, where they are there.

        Raises:
            CertificateError: Something is in the way, or the authority's files are not usable.
            OSError: A file cannot be written.
        """
        clients = list(dict.fromkeys(clients))
        for client in clients:
            if client in ("ca", "server") or not client.replace("-", "").replace("_", "").isalnum():
                raise CertificateError(f"{client!r} is no name for a client; use letters, digits, - and _")
        subjects = [_name(name) for name in names]
        kept = [] if self._force else [name for name in keep if self._files(name)]
        for name in kept:
            self._check_current(name)
        self.reused += [path for name in kept for path in self._files(name)]
        self._check_free([name for name in ("server", *clients) if name not in kept])
        self.path.mkdir(parents=True, exist_ok=True)
        ca, ca_key = self._authority()
        if "server" not in kept:
            self._pair("server", subjects, ExtendedKeyUsageOID.SERVER_AUTH, ca, ca_key)
        for client in clients:
            if client in kept:
                continue
            uri = x509.UniformResourceIdentifier(f"spiffe://{TRUST_DOMAIN}/{client}")
            self._pair(client, [uri], ExtendedKeyUsageOID.CLIENT_AUTH, ca, ca_key)

    def certificate(self, name: str) -> Path:
        """Return the file of a certificate."""
        return self.path / f"{name}.pem"

    def key(self, name: str) -> Path:
        """Return the file of its key."""
        return self.path / f"{name}.key"

    def _check_free(self, names: list[str]) -> None:
        if self._force:
            return
        there = [path for name in names for path in self._files(name)]
        if there:
            listed = ", ".join(map(str, there))
            raise CertificateError(
                f"{listed}: already there; --force makes them anew, with the same authority"
            )

    def _check_current(self, name: str) -> None:
        """Check that a pair that is there can go on to be used.

        Raises:
            CertificateError: It has expired, or is none.
        """
        file = self.certificate(name)
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
        except (OSError, ValueError) as error:
            raise CertificateError(f"{file} cannot be used ({error}); --force makes it anew") from error
        if certificate.not_valid_after_utc <= datetime.datetime.now(datetime.UTC):
            raise CertificateError(f"{file} has expired; --force makes it anew, with the same authority")

    def _files(self, name: str) -> list[Path]:
        return [path for path in (self.key(name), self.certificate(name)) if path.exists()]

    def _authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        certificate_file, key_file = self.certificate("ca"), self.key("ca")
        if not certificate_file.exists() and not key_file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "avrorpc development CA")])
            builder = _builder(name, name, key, max(CA_DAYS, self._days))
            usage = x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True,
                content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, encipher_only=False, decipher_only=False,
            )  # fmt: skip
            made = (
                builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(usage, critical=True)
                .sign(key, hashes.SHA256())
            )
            self._write(key_file, _pem(key), _ONLY_OWNER)
            self._write(certificate_file, made.public_bytes(serialization.Encoding.PEM), _FOR_ALL)
            return made, key
        try:
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
            loaded = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise CertificateError(
                f"the authority in {self.path} cannot be used ({error}); it needs both ca.pem and ca.key"
            ) from error
        if (
            not isinstance(loaded, ec.EllipticCurvePrivateKey)
            or loaded.public_key() != certificate.public_key()
        ):
            raise CertificateError(f"{key_file} is not the key of {certificate_file}")
        if certificate.not_valid_after_utc <= datetime.datetime.now(datetime.UTC):
            raise CertificateError(
                f"{certificate_file} has expired; remove it and {key_file} to have another made"
            )
        self.reused += [key_file, certificate_file]
        return certificate, loaded

    def _pair(
        self,
        name: str,
        alternatives: list[x509.GeneralName],
        purpose: x509.ObjectIdentifier,
        ca: x509.Certificate,
        ca_key: ec.EllipticCurvePrivateKey,
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        made = (
            _builder(subject, ca.subject, key, self._days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(issuer_id, critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        self._write(self.key(name), _pem(key), _ONLY_OWNER)
        self._write(self.certificate(name), made.public_bytes(serialization.Encoding.PEM), _FOR_ALL)

    def _write(self, path: Path, text: bytes, mode: int) -> None:
        """Write a file that nobody else can read at any moment, unless it is for all."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(text)
        self.written.append(path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    if len(text) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, text.removeprefix("*.").split("."))):
        raise CertificateError(f"{text!r} is no name of a host, and no IP address")
    return x509.DNSName(text)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
