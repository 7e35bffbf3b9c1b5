"""Structured logs of calls: one line at the end of each, and as much more as is asked for.

Records go through the standard library's logging; what they say is in `record.call`, a dict, which
`JsonFormatter` writes as one JSON object per line.
"""

from __future__ import annotations

import datetime
import json
import logging
import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, Literal

from avrorpc.call import Call, Reply
from avrorpc.errors import Code
from avrorpc.middleware.correlation import correlation_id
from avrorpc.middleware.redaction import shown_arguments, shown_error, shown_item, shown_result
from avrorpc.middleware.watching import OK, Ending, Watch, watched
from avrorpc.schema import Json
from avrorpc.service import Service

LOGGER: Final = "avrorpc.calls"
"""The logger that calls are logged to unless another is given."""
MAX_BODY: Final = 4_096
"""How many characters of JSON a body may take; of a longer one, its beginning is logged as a text."""
_BROKEN: Final = {
    code.value for code in (Code.UNKNOWN, Code.INTERNAL, Code.UNIMPLEMENTED, Code.UNAVAILABLE, Code.DATA_LOSS)
}
_PLAIN: Final = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}


class Detail(IntEnum):
    """How much is logged; each has all that those before it have."""

    FAILURES = 1
    """A line at the end of each call that failed; declared errors are answers, and no failures."""
    CALLS = 2
    """A line at the end of each call."""
    STARTS = 3
    """A line at the start of each call, too."""
    BODIES = 4
    """Arguments, results and the fields of errors, without what is `@sensitive`."""
    ITEMS = 5
    """A line for each item of a stream."""


class CallLogging:
    """Logs calls.

    The level of a line is INFO for a call that worked or gave a declared error, WARNING for one that was
    refused or cancelled, ERROR where the server broke or could not be reached; starts and items are DEBUG.

    Args:
        side: Whether it stands at a client or at a server.
        detail: How much is logged.
        logger: Where to.
        max_body: How many characters of JSON a body may take.
    """

    def __init__(
        self,
        side: Literal["client", "server"],
        *,
        detail: Detail = Detail.CALLS,
        logger: logging.Logger | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self.side: Final = side
        """Where it stands."""
        self.detail = detail
        """How much is logged; it may be changed at any time."""
        self._logger = logger or logging.getLogger(LOGGER)
        self._max_body = max_body

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            return await watched(service, call, _Watch(self, call))

        return serve

    def log(self, level: int, event: str, call: Call, fields: Mapping[str, Json]) -> None:
        """Log one line; what is None is left out."""
        if not self._logger.isEnabledFor(level):
            return
        now, method = call.clock.now(), call.method
        said: dict[str, Json] = {
            "event": event,
            "side": self.side,
            "protocol": method.contract.name,
            "message": method.name,
            "deadline_s": None if call.deadline is None else round(call.deadline - now, 6),
            "peer": call.peer,
            "principal": None if call.principal is None else call.principal.name,
            "correlation_id": correlation_id(call),
            **fields,
        }
        said = {name: value for name, value in said.items() if value is not None}
        code, took = said.get("code"), said.get("duration_ms")
        text = f"{self.side} {method.full_name} {event if code is None else code}"
        if took is not None:
            text = f"{text} in {took} ms"
        self._logger.log(level, "%s", text, extra={"call": said})

    def body(self, shown: Json) -> Json:
        """Return a body as it is logged."""
        text = json.dumps(shown)
        if len(text) <= self._max_body:
            return shown
        return f"{text[: self._max_body]}[{len(text) - self._max_body} more]"


class _Watch(Watch):
    __slots__ = ("_call", "_logging", "_request_items", "_response_items", "_start")

    def __init__(self, logging_: CallLogging, call: Call) -> None:
        self._logging = logging_
        self._call = call
        self._start = call.clock.now()
        self._request_items = self._response_items = 0
        if logging_.detail >= Detail.STARTS:
            logging_.log(logging.DEBUG, "start", call, self._arguments())

    def request_item(self, item: Any) -> None:
        self._request_items += 1
        self._item("request item", self._request_items, item, shown_item)

    def response_item(self, item: Any) -> None:
        self._response_items += 1
        self._item("response item", self._response_items, item, shown_result)

    def ended(self, ending: Ending) -> None:
        failed = ending.code != OK and ending.declared is None
        if self._logging.detail is Detail.FAILURES and not failed:
            return
        level = logging.INFO
        if failed:
            level = logging.ERROR if ending.code in _BROKEN else logging.WARNING
        streaming = self._call.method.streaming
        fields: dict[str, Json] = {
            "code": ending.code,
            "duration_ms": round(1000 * (self._call.clock.now() - self._start), 3),
            "error": None if ending.error is None else type(ending.error).__name__,
            "error_id": ending.error_id,
            "request_items": self._request_items if streaming.takes_stream else None,
            "response_items": self._response_items if streaming.gives_stream else None,
        }
        self._logging.log(level, "end", self._call, {**fields, **self._result(ending)})

    def _item(self, event: str, number: int, item: Any, show: Any) -> None:
        if self._logging.detail >= Detail.ITEMS:
            body = self._logging.body(show(self._call.method, item))
            self._logging.log(logging.DEBUG, event, self._call, {"number": number, "item": body})

    def _arguments(self) -> dict[str, Json]:
        if self._logging.detail < Detail.BODIES:
            return {}
        return {"arguments": self._logging.body(shown_arguments(self._call.method, self._call.arguments))}

    def _result(self, ending: Ending) -> dict[str, Json]:
        method = self._call.method
        if self._logging.detail < Detail.BODIES:
            return {}
        if ending.error is not None:
            return {"failure": self._logging.body(shown_error(method, ending.error))}
        if ending.reply is None or method.streaming.gives_stream or method.message.one_way:
            return {}
        return {"result": self._logging.body(shown_result(method, ending.reply.value))}


class JsonFormatter(logging.Formatter):
    """Writes any log record as one JSON object in a line: time, level, logger, text, and what it carries."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        said: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "text": record.getMessage(),
        }
        for name, value in record.__dict__.items():
            if name == "call" and isinstance(value, dict):
                said.update(value)
            elif name not in _PLAIN:
                said.setdefault(name, value)
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(_plain(said))


def _plain(value: Any) -> Json:
    """Return what JSON has a form for; anything else as its text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return str(value)
