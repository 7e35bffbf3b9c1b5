"""What people get wrong with curl at a real server of two services: each row is what was sent, and what came.

Runs where curl is on the path.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from avrorpc import Limits
from avrorpc_services import byte_tokenizer
from support.serving import ServerThread
from support.shelf import MemoryShelf

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on the path")

LIMITS = Limits(max_body=2_000, max_head=4_000, max_depth=20)
BLANK = "about:blank"
WRONG = "urn:avrorpc:error:invalid-argument"
JSON = "-H 'Content-Type: application/json'"
KEY = "-H 'Idempotency-Key: k1'"
BROKEN = "urn:avrorpc:error:internal"
USED_UP = "urn:avrorpc:error:resource-exhausted"
LINES = "-H 'Content-Type: application/x-ndjson'"
TOKENIZE = f"/tokenizer/tokenize {JSON}"

TABLE = [
    # Paths and verbs.
    ("/tokenizer/tokenise", 404, BLANK, "did you mean /tokenizer/tokenize?"),
    ("/nothing/of/the/kind", 404, BLANK, "/openapi.json has what there is"),
    ("/tokenizer", 404, BLANK, "there is nothing at /tokenizer"),
    ("//books", 404, BLANK, "there is nothing at //books"),
    ("/books/%ff", 400, BLANK, "percent-encoded bytes are UTF-8"),
    ("/tokenizer/tokenize", 405, BLANK, "takes POST, OPTIONS, and no GET"),
    ("/tokenizer/tokenize -X DELETE", 405, BLANK, "and no DELETE"),
    ("/books -X PROPFIND", 501, BLANK, "knows no such method"),
    ("/books -X BREW", 400, BLANK, "no request of HTTP/1.1"),
    ("/avro", 426, BLANK, "opens WebSockets"),
    ("/avro/llm.Tokenizer -d x", 415, BLANK, "must be avro/binary"),
    ("/avro/x -H 'Content-Type: avro/binary' -d x", 404, BLANK, "there is llm.Tokenizer, shelf.Shelf"),
    # Bodies as such.
    (f"{TOKENIZE} -d '{{\"text\": \"Hi\"'", 400, BLANK, "line 1, column 14"),
    (f'{TOKENIZE} -d "{{\'text\': \'Hi\'}}"', 400, BLANK, "enclosed in double quotes"),
    (f'{TOKENIZE} -d \'{{"text": "a", "text": "b"}}\'', 400, BLANK, "'text' stands twice"),
    (f"{TOKENIZE} -d '{{\"text\": {'[' * 40}{']' * 40}}}'", 413, BLANK, "max_depth=20"),
    (f"{TOKENIZE} -d '{'x' * 2_001}'", 413, BLANK, "max_body=2000"),
    (f"{TOKENIZE} -H 'Transfer-Encoding: chunked' -d '{'x' * 2_001}'", 413, BLANK, "max_body=2000"),
    (f"{TOKENIZE} -H 'Content-Encoding: br' -d x", 415, BLANK, "no content coding 'br'"),
    (f"{TOKENIZE} -H 'Content-Encoding: gzip' -d x", 400, BLANK, "gzip"),
    ("/tokenizer/tokenize -d text=Hi", 415, BLANK, "the body is a form"),
    ("/tokenizer/tokenize -F text=Hi", 415, BLANK, "not multipart/form-data"),
    ("/tokenizer/tokenize -H 'Content-Type: text/plain' -d Hi", 415, BLANK, "must be application/json"),
    ("/books/b1/cover -X PUT -H 'Content-Type: image/png' -d x", 415, BLANK, "or application/octet-stream"),
    (f"/tokenizer/vocab?x={'y' * 5_000}", 414, BLANK, "max_head=4000"),
    (f"/tokenizer/vocab -H 'X: {'y' * 5_000}'", 431, BLANK, "max_head=4000"),
    # Values.
    ("/tokenizer/tokenize -X POST", 422, WRONG, "/text: llm.Tokenizer/tokenize needs 'text'"),
    (f"{TOKENIZE} -d '{{\"txt\": \"Hi\"}}'", 422, WRONG, "2 things are wrong with the values: /txt: "),
    (f"{TOKENIZE} -d '{{\"text\": 3}}'", 422, WRONG, "/text: expected union { string, array<string>"),
    (f"{TOKENIZE} -d '[\"Hi\"]'", 422, WRONG, "a JSON object with the arguments by name"),
    ("/tokenizer/tokenize?text=Hi -X POST", 422, WRONG, "no query parameter here; it is for the body"),
    ("/books?page-size=many", 422, WRONG, "/page_size: expected int"),
    ("/books?page-size=1\\&page-size=2", 422, WRONG, "/page_size: it is given twice"),
    ("/books?limit=3", 422, WRONG, "there is cursor, page-size, tag"),
    ("/books/b1?x=1", 422, WRONG, "no query parameter 'x' here; there are none"),
    (f"/books/b1 -X GET {JSON} -d '{{\"id\": \"b2\"}}'", 422, WRONG, "/id: it is in the path already"),
    (
        f'/books {JSON} {KEY} -d \'{{"title": "a", "price": 1.005}}\'',
        422, WRONG, "/price: expected decimal(9, 2) in quotes, got 1.005",
    ),
    (f"/books {JSON} {KEY} -d '{{\"title\": \"a\"}}'", 422, WRONG, "needs 'price': decimal(9, 2)"),
    ("/books/none", 404, "urn:avrorpc:declared:shelf.NoSuchBook", "there is no book none"),
    (f"/books/import {LINES} -d '{{\"id\": \"n\"}}'", 422, WRONG, "book[0]/title: shelf.Book needs 'title'"),
    (f"/books/import {JSON} -d '[]'", 422, WRONG, "write the items one on each line"),
    ("/shelf/config -X PUT -d '{\"loan_days\": 0}'", 422, BLANK, "loan_days is a whole number from 1 on"),
    ("/shelf/config -X PUT -d '{\"days\": 0}'", 422, WRONG, "there is mode, loan_days"),
    ("/shelf/test -d '{\"repeat\": \"x\"}'", 422, WRONG, "repeat is a whole number"),
    ("/shelf/test -d '{\"message\": \"x\"}'", 422, WRONG, "a message of the service: "),
    # Headers.
    ("/books/b1 -H 'Accept: image/png'", 406, BLANK, "nothing of 'image/png'"),
    ("/books/b1 -H 'Avrorpc-Mode: fast'", 400, BLANK, "research or production"),
    ("/books/b1 -H 'Avrorpc-Timeout-Ms: soon'", 400, BLANK, "a whole number of milliseconds"),
    (f"/books {JSON} -d '{{}}'", 400, BLANK, "needs a header Idempotency-Key"),
    (f"/books/b1 -X PUT {JSON} -H 'If-Match: \"x\"' -d '{{}}'", 412, BLANK, "has changed since it was read"),
    ("/changes -H 'Accept: text/event-stream' -H 'Last-Event-ID: x'", 400, BLANK, "the number of an item"),
    ("/books/b1 -H 'Origin: http://evil.example'", 403, BLANK, "pages of this origin"),
    # What breaks in between.
    (f"/shelf/fail {JSON} -d '{{\"how\": \"crash\"}}'", 500, BROKEN, "an internal error"),
    (f"/shelf/fail {JSON} -d '{{\"how\": \"quota\"}}'", 429, USED_UP, "not so fast"),
]  # fmt: skip


@pytest.fixture(scope="module")
def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture(scope="module")
def url(shelf: MemoryShelf) -> Iterator[str]:
    with ServerThread(byte_tokenizer(), shelf, mode="research", limits=LIMITS) as server:
        yield server.http


@pytest.mark.parametrize(("sent", "status", "kind", "says"), TABLE, ids=[row[0][:60] for row in TABLE])
def test_what_is_wrong_is_told(
    url: str, shelf: MemoryShelf, sent: str, status: int, kind: str, says: str
) -> None:
    path, *options = shlex.split(sent)
    command = ["curl", "-sS", "-m", "20", "-w", "\n%{http_code} %{content_type}", *options, f"{url}{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    body, _, got = done.stdout.rpartition("\n")
    assert got == f"{status} application/problem+json", done.stdout
    problem = json.loads(body)
    assert (problem["status"], problem["type"]) == (status, kind)
    assert says in problem["detail"]
    assert "Traceback" not in body
    assert (shelf.ran, len(shelf.books)) == (0, 5)
