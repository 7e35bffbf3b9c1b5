"""Makes a client with openapi-python-client from the served document, and calls every operation with it.

What is sent are the document's examples, and for operations without any what `GIVEN` has. A path is about
something that was made just before, by the operation that makes such things.
"""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
import tempfile
import time
import typing
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from rest_tools.document import JSON, Document, Operation, links, operations  # noqa: E402 - by the path above
from rest_tools.schemathesis_run import serving  # noqa: E402

SETTINGS: Final = '{"content_type_overrides": {"application/x-ndjson": "application/octet-stream"}}'
LINES: Final = "application/x-ndjson"
BOOK: Final = {"id": "b0", "title": "Emma", "price": "9.50"}
EVERYTHING: Final = {
    "flag": True,
    "small": 1,
    "large": 2,
    "single": 0.5,
    "twofold": "NaN",
    "blob": "AAEC",
    "text": "t",
    "colour": "RED",
    "word": "AAECAw==",
    "numbers": [1],
    "named": {"a": 1.5},
    "shape": {"$type": "conformance.Point", "x": 1.0, "y": 2.0},
    "note": None,
    "day": "2020-02-29",
    "moment": "2020-02-29T00:00:00Z",
    "price": "1.00",
    "tree": {"label": "a", "children": [{"label": "b", "children": []}]},
}
GIVEN: Final[dict[str, dict[str, Any]]] = {
    "shelf_replace_book": {"body": BOOK},
    "shelf_put_cover": {"body": "AAEC"},
    "shelf_seen": {"body": {"id": "b0"}},
    "shelf_fail": {"body": {"how": "well"}},
    "shelf_import_books": {"body": [BOOK, {**BOOK, "id": "b1"}]},
    "conformance_echo": {"body": {"value": EVERYTHING}},
    "conformance_add": {"body": {"a": 1.0}},
    "conformance_add_get": {"a": 1.0},
    "conformance_join": {"body": {"parts": ["a"]}},
    "conformance_find": {"body": {"key": "a"}},
    "conformance_fail": {"body": {"how": "not"}},
    "conformance_wait": {"body": {"seconds": 0.0}},
    "conformance_note": {"body": {"text": "a"}},
    "conformance_import": {"body": {"from": 1}},
    "conformance_hurry": {"body": {"seconds": 0.0}},
    "small_double": {"body": {"value": 1}},
    "small_double_get": {"value": 1},
    "streams_count": {"body": {"to": 2}},
    "streams_download": {"body": {"pieces": 2, "size": 3}},
    "streams_break_off": {"body": {"after": 2, "how": "not"}},
    "streams_endless": {"body": {"pause": 0.0}},
}
"""Arguments by the operation's id, where the document has no example."""


class Caller:
    """Calls operations with the client that was made.

    Args:
        url: Where they are served.
        document: What the client was made from.
        mode: The mode that the server is in.
    """

    def __init__(self, url: str, document: Document, mode: str) -> None:
        self._client_class = importlib.import_module("madeclient").Client
        self._url = url
        self._links = {link.consumer.id: link for link in links(document)}
        self._mode = mode
        self.called: list[str] = []
        """The operations that were called, and answered 2xx."""

    def __call__(self, operation: Operation) -> Any:
        """Call an operation with its example, and return what the client makes of the answer.

        Raises:
            AssertionError: It was answered with something else than 2xx, or that could not be read.
        """
        module = importlib.import_module(f"madeclient.api.{operation.tag}.{operation.id}")
        path, named = self._arguments(operation)
        # The generator leaves out parameters that are JSON (`content`): the client is told apart from it.
        left_out = {name: json.dumps(named.pop(name)) for name in _json_parameters(operation) & named.keys()}
        client = self._client_class(base_url=self._url, httpx_args={"params": left_out})
        if LINES in operation.told.get("requestBody", {}).get("content", {}):
            named["body"] = _lines(named["body"])
        elif "body" in named:
            named["body"] = _body(typing.get_type_hints(module.sync_detailed)["body"], named["body"])
        answer = module.sync_detailed(*path, client=client, **named)
        assert 200 <= answer.status_code < 300, (operation.name, answer)
        told = operation.told["responses"].get(str(int(answer.status_code)), {}).get("content", {})
        assert (answer.parsed is not None) == (JSON in told or bool(answer.content)), (operation.name, answer)
        self.called.append(operation.id)
        return answer.parsed

    def _arguments(self, operation: Operation) -> tuple[list[Any], dict[str, Any]]:
        """Return what stands in the path, and everything else by name."""
        path: list[Any] = []
        named: dict[str, Any] = dict(GIVEN.get(operation.id, {}))
        for parameter in operation.told.get("parameters", ()):
            shown = {**parameter, **parameter.get("content", {}).get(JSON, {})}.get("examples", {})
            if parameter["in"] == "path":
                path.append(self._made(operation))
            elif parameter["name"] == "Idempotency-Key":
                named["idempotency_key"] = f"key-{time.monotonic_ns()}"
            elif shown:
                named.setdefault(parameter["name"], next(iter(shown.values()))["value"])
        for media in operation.told.get("requestBody", {}).get("content", {}).values():
            for example in media.get("examples", {}).values():
                named.setdefault("body", example["value"])
            named.setdefault("body", {"mode": self._mode} if operation.path.endswith("/config") else {})
        return path, named

    def _made(self, operation: Operation) -> str:
        """Return the name of something new that an operation may be about."""
        link = self._links[operation.id]
        found = self(link.producer)
        for step in link.pointer.split("/")[1:]:
            found = getattr(found, step)
        return str(found)


def _json_parameters(operation: Operation) -> set[str]:
    """Return the names of the parameters that are JSON."""
    return {one["name"] for one in operation.told.get("parameters", ()) if "content" in one}


def _lines(given: Any) -> Any:
    """Return the items of a stream as the file that the client sends, whatever its annotation says."""
    text = given if isinstance(given, str) else "".join(f"{json.dumps(item)}\n" for item in given)
    return importlib.import_module("madeclient.types").File(payload=io.BytesIO(text.encode()))


def _body(hint: Any, given: Any) -> Any:
    """Return a body as the client takes it: an object of its model, or as it is."""
    models = [kind for kind in typing.get_args(hint) or (hint,) if hasattr(kind, "from_dict")]
    return models[0].from_dict(given) if models else given


def call_all(mode: str) -> int:
    """Serve, make the client, call every operation, and return how many there were.

    Raises:
        AssertionError: One answered something else than 2xx, or one was not called.
    """
    with serving(mode, "") as url, tempfile.TemporaryDirectory() as folder:
        with urlopen(f"{url}/openapi.json") as response:
            document = json.load(response)
        written, settings = Path(folder, "openapi.json"), Path(folder, "settings.json")
        written.write_text(json.dumps(document))
        settings.write_text(SETTINGS)
        made = ["openapi-python-client", "generate", "--path", str(written), "--config", str(settings)]
        made += ["--meta", "none", "--output-path", f"{folder}/madeclient", "--fail-on-warning"]
        subprocess.run(made, check=True)
        sys.path.insert(0, folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "madeclient"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        call = Caller(url, document, mode)
        for operation in operations(document):
            call(operation)
        sys.path.remove(folder)
    missing = {operation.id for operation in operations(document)} - set(call.called)
    assert not missing, missing
    return len(set(call.called))


if __name__ == "__main__":
    for mode in ("production", "research"):
        print(f"a made client called {call_all(mode)} operations in {mode} mode", flush=True)
