"""Certificates of an authority that lives as long as the tests do, as files."""

from __future__ import annotations

import atexit
import datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_NAME: Final = "spiffe://tests.local/desk"
_DAY: Final = datetime.timedelta(days=1)


class Certificates:
    """Paths of files; each is written when it is first asked for."""

    @cached_property
    def folder(self) -> Path:
        made = TemporaryDirectory()
        atexit.register(made.cleanup)
        return Path(made.name)

    @cached_property
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @cached_property
    def ca(self) -> Path:
        """The authority's certificate."""
        return self._authority_file(self.authority, "ca")

    @cached_property
    def other_ca(self) -> Path:
        """That of an authority which has signed nothing here."""
        return self._authority_file(trustme.CA(), "other_ca")

    @cached_property
    def server(self) -> Path:
        """The certificate of `localhost`, `127.0.0.1` and `::1`."""
        return self._pair(self.authority, "server", "localhost", "127.0.0.1", "::1")

    @property
    def server_key(self) -> Path:
        return self.key(self.server)

    @cached_property
    def client(self) -> Path:
        """The certificate of a client with the name `CLIENT_NAME`."""
        return self._client(self.authority, "client")

    @cached_property
    def stranger(self) -> Path:
        """The certificate of a client from an authority that nobody knows."""
        return self._client(trustme.CA(), "stranger")

    @cached_property
    def elsewhere(self) -> Path:
        """The certificate of a server called `elsewhere.local`."""
        return self._pair(self.authority, "elsewhere", "elsewhere.local")

    @cached_property
    def expired(self) -> Path:
        """The certificate of a server here, which ended yesterday."""
        now = datetime.datetime.now(datetime.UTC)
        return self._pair(
            self.authority, "expired", "127.0.0.1", not_before=now - 2 * _DAY, not_after=now - _DAY
        )

    @staticmethod
    def key(certificate: Path) -> Path:
        """The key of one of these certificates."""
        return certificate.with_suffix(".key")

    def _authority_file(self, authority: trustme.CA, name: str) -> Path:
        path = self.folder / f"{name}.pem"
        authority.cert_pem.write_to_path(path)
        return path

    def _client(self, authority: trustme.CA, name: str) -> Path:
        """Write a pair with a URI, which trustme does not make."""
        signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), password=None)
        issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        names = [x509.DNSName("desk.tests.local"), x509.UniformResourceIdentifier(CLIENT_NAME)]
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk")]))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(signer, hashes.SHA256())
        )
        path = self.folder / f"{name}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        pem, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key(path).write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, clear))
        return path

    def _pair(self, authority: trustme.CA, name: str, *names: str, **options: object) -> Path:
        pair = authority.issue_cert(*names, **options)  # type: ignore[arg-type]
        path = self.folder / f"{name}.pem"
        path.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
        pair.private_key_pem.write_to_path(path.with_suffix(".key"))
        return path


CERTIFICATES: Final = Certificates()
