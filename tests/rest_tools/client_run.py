"""Makes a client with openapi-python-client from the served document, and calls every operation with it."""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Final

TESTS: Final = Path(__file__).parents[1]
SETTINGS: Final = '{"content_type_overrides": {"application/x-ndjson": "application/octet-stream"}}'
BOOK: Final = {"id": "b0", "title": "Emma", "price": "9.50"}
ADDED: Final = "ShelfAddBookBody"
GENERATED: Final = ("service_info", "service_examples", "service_health", "service_config_get")


def call_all(url: str, document: dict[str, Any]) -> int:
    """Call every operation, and return how many there were.

    Raises:
        AssertionError: One answered something else than 2xx, or one was not called.
    """
    package = importlib.import_module("madeclient")
    models, types = (importlib.import_module(f"madeclient.{name}") for name in ("models", "types"))
    client, called = package.Client(base_url=url), set[str]()

    def call(name: str, *path: str, **more: Any) -> None:
        module = importlib.import_module(f"madeclient.api.{name.partition('_')[0]}.{name}")
        answer = module.sync_detailed(*path, client=client, **more)
        assert 200 <= answer.status_code < 300, (name, answer)
        called.add(name)

    def body(model: str, given: dict[str, Any]) -> Any:
        return getattr(models, model).from_dict(given)

    for segment in ("tokenizer", "model", "shelf"):
        for name in GENERATED:
            call(f"{segment}_{name}")
        call(f"{segment}_service_test", body=body(f"{segment.title()}ServiceTestBody", {}))
        for verb in ("post", "put"):
            model = f"{segment.title()}ServiceConfig{verb.title()}Body"
            call(f"{segment}_service_config_{verb}", body=body(model, {"mode": "production"}))
    call("tokenizer_tokenize", body=body("LlmTokenizerTokenizeRequest", {"text": ["Hi"]}))
    call("tokenizer_detokenize", body=body("LlmTokenizerDetokenizeRequest", {"input_ids": [[72]]}))
    call("tokenizer_vocab")
    call("model_info")
    with urllib.request.urlopen(f"{url}/model/examples") as response:
        cases = [case for case in json.load(response) if "expected_output" in case]
    for name in ("generate", "forward"):
        given = next(case["input"] for case in cases if case["message"] == name)
        call(f"model_{name}", body=body(f"LlmModel{name.title()}Request", given))
    call("shelf_add_book", body=body(ADDED, {"title": "Emma", "price": "9.50"}), idempotency_key="k")
    call("shelf_list_books")
    call("shelf_get_book", "b0")
    call("shelf_replace_book", "b0", body=body("ShelfBook", BOOK))
    call("shelf_put_cover", "b0", body="AAEC")
    call("shelf_get_cover", "b0")
    call("shelf_changes")
    lines = io.BytesIO(json.dumps(BOOK).encode() + b"\n")
    call("shelf_import_books", body=types.File(payload=lines))
    call("shelf_count_books")
    call("shelf_count_books_get")
    call("shelf_seen", body=body("ShelfShelfSeenRequest", {"id": "b0"}))
    call("shelf_fail", body=body("ShelfShelfFailRequest", {"how": "well"}))
    call("shelf_remove_book", "b0")
    known = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if operation["tags"][0] in ("tokenizer", "model", "shelf")
    }
    assert called == known, called ^ known
    return len(called)


def main() -> None:
    """Serve, make the client, and call."""
    paths = os.pathsep.join([str(TESTS), str(TESTS / "generated"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(TESTS / "rest_tools" / "served.py")]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            with urllib.request.urlopen(f"{url}/openapi.json") as response:
                document = json.load(response)
            written, settings = Path(folder, "openapi.json"), Path(folder, "settings.json")
            written.write_text(json.dumps(document))
            settings.write_text(SETTINGS)
            made = ["openapi-python-client", "generate", "--path", str(written), "--config", str(settings)]
            made += ["--meta", "none", "--output-path", f"{folder}/madeclient"]
            subprocess.run(made, check=True)
            sys.path.insert(0, folder)
            importlib.invalidate_caches()
            print(f"a made client called {call_all(url, document)} operations")
        finally:
            server.stdin.close()
            server.wait(20)


if __name__ == "__main__":
    main()
