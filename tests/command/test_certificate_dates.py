"""The dates of certificates, read from their files, against what a library reads."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from avrorpc_codegen.command.certificate_dates import certificate_dates, date_warning
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from support.certificates import CERTIFICATES

UTC = datetime.UTC
KEY = ec.generate_private_key(ec.SECP256R1())
MOMENTS = st.datetimes(datetime.datetime(1951, 1, 1), datetime.datetime(2150, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def certificate(start: datetime.datetime, end: datetime.datetime, name: str = "desk") -> str:
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@given(st.tuples(MOMENTS, MOMENTS).map(sorted), st.text("abc", min_size=1, max_size=64))
def test_dates_are_read_as_they_were_written(moments: list[datetime.datetime], name: str) -> None:
    start, end = moments
    assert certificate_dates(f"a text\n{certificate(start, end, name)}") == (start, end)


@pytest.mark.parametrize(
    ("days", "text"),
    [((-2, -1), "ended on"), ((1, 90), "begins on"), ((-1, 5), "ends on"), ((-1, 90), None)],
)
def test_what_is_over_or_soon_is_said(tmp_path: Path, days: tuple[int, int], text: str | None) -> None:
    now = datetime.datetime.now(UTC)
    start, end = (now + datetime.timedelta(days=number, hours=1) for number in days)
    (tmp_path / "c.pem").write_text(certificate(start, end))
    said = date_warning(tmp_path / "c.pem", now)
    assert said is None if text is None else said is not None and text in said


def test_a_chain_goes_by_its_first_certificate() -> None:
    said = date_warning(CERTIFICATES.expired, datetime.datetime.now(UTC))
    assert said is not None
    assert "clients refuse it" in said


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "ü"])
def test_what_is_no_certificate_is_left_to_who_listens(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.pem").write_text(text)
    assert date_warning(tmp_path / "c.pem", datetime.datetime.now(UTC)) is None
