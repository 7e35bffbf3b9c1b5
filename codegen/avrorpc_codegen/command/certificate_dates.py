"""Whether a server's certificate is good now: its dates, read from the file without a further package.

Source: RFC 5280 section 4.1, the fields of a certificate; X.690, their encoding.
"""

from __future__ import annotations

import datetime
import re
import ssl
from pathlib import Path
from typing import Final

SOON: Final = datetime.timedelta(days=14)
"""How long before the end of a certificate is spoken of."""
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VERSION, _UTC_TIME = 0xA0, 0x17


def date_warning(path: Path, now: datetime.datetime) -> str | None:
    """Return what is to be said of the dates of a file's first certificate; None where all is well.

    What cannot be read is not spoken of: who listens with it says what is wrong.
    """
    try:
        dates = certificate_dates(path.read_text(encoding="ascii"))
    except (OSError, ValueError, IndexError):
        return None
    start, end = dates
    if end <= now:
        return f"the certificate {path} ended on {end:%Y-%m-%d}: clients refuse it"
    if start > now:
        return f"the certificate {path} begins on {start:%Y-%m-%d}: clients refuse it until then"
    if end - now < SOON:
        return f"the certificate {path} ends on {end:%Y-%m-%d}, in {(end - now).days} days"
    return None


def certificate_dates(text: str) -> tuple[datetime.datetime, datetime.datetime]:
    """Return from when until when the first certificate of a PEM text holds.

    Raises:
        ValueError: It has none, or one that is broken.
        IndexError: It is cut off.
    """
    found = _PEM.search(text)
    if found is None:
        raise ValueError("there is no certificate")
    data = ssl.PEM_cert_to_DER_cert(found[0])
    _, position, _ = _element(data, 0)  # the certificate
    _, position, _ = _element(data, position)  # what is signed of it
    tag, _, end = _element(data, position)
    if tag == _VERSION:
        position = end
    for _ in range(3):  # serial number, algorithm, issuer
        _, _, position = _element(data, position)
    _, position, _ = _element(data, position)
    start, position = _time(data, position)
    until, _ = _time(data, position)
    return start, until


def _element(data: bytes, position: int) -> tuple[int, int, int]:
    """Return tag, start and end of the element at a position."""
    tag, length, start = data[position], data[position + 1], position + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise ValueError("an element is cut off")
    return tag, start, start + length


def _time(data: bytes, position: int) -> tuple[datetime.datetime, int]:
    tag, start, end = _element(data, position)
    text = data[start:end].decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year; from 50 on the last century's
        text = f"{'19' if text >= '5' else '20'}{text}"
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.UTC), end
