"""`Deprecation` and `Sunset` from `@deprecated`: RFC 9745, RFC 8594."""

from __future__ import annotations

import datetime
from email.utils import format_datetime

from avrorpc.errors import SchemaError
from avrorpc.schema import Json
from avrorpc.schema.model import Props


def deprecation_headers(props: Props) -> dict[str, str]:
    """Return the header fields of answers to a message, none where it is not deprecated.

    `@deprecated` is `true`, a text, or an object with `since`, `sunset` (dates) and `link` (a URL of what to
    use instead).

    Raises:
        SchemaError: A date is none.
    """
    stated = props.get("deprecated")
    if stated in (None, False):
        return {}
    told = stated if isinstance(stated, dict) else {}
    headers = {"Deprecation": f"@{int(_date(told.get('since', '1970-01-01')).timestamp())}"}
    if "sunset" in told:
        headers["Sunset"] = format_datetime(_date(told["sunset"]), usegmt=True)
    if "link" in told:
        headers["Link"] = f'<{told["link"]}>; rel="deprecation"'
    return headers


def _date(value: Json) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise SchemaError(f"@deprecated: {value!r} is no date such as 2026-01-31") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)
