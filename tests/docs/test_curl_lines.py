"""The lines with curl of the documentation, run against a real server of what they name.

Runs where curl is on the path.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from avrorpc_services import byte_tokenizer
from support.serving import ServerThread
from support.shelf import MemoryShelf

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on the path")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "call-over-rest.md"
WRITTEN = "http://127.0.0.1:8000"


def lines() -> list[str]:
    """Return what stands behind `$ curl`, in the order of the page; large files have tests of their own."""
    blocks = re.findall(
        r"^```console\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    joined = "".join(blocks).replace("\\\n", "")
    here = [line for line in joined.splitlines() if line.startswith("$ curl ") and "/tape" not in line]
    return [line.removeprefix("$ curl ") for line in here]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ServerThread(byte_tokenizer(), MemoryShelf()) as server:
        yield server.http


EXPECTED = [
    ("/tokenizer/tokenize", 200, '{"input_ids":[[256,72,105,257]]'),
    ("/tokenizer/vocab", 200, '{"kind":"byte"'),
    ("/openapi.json", 200, '{"openapi":"3.1'),
    ("/tokenizer/vocab", 200, '{"data":{'),
    ("/tokenizer/vocab", 200, '{"kind":"byte"'),
    ("/tokenizer/tokenize", 422, '"pointer":"/txt"'),
    ("/books", 200, '{"id":"b5","title":"Emma","price":"9.50"'),
    ("/changes", 200, "id: 0\nevent: item\n"),
    ("/changes", 200, "id: 42\nevent: item\n"),
    ("/books/import", 200, "2"),
    ("/books", 200, '{"items":['),
]


def test_the_page_has_these_lines() -> None:
    assert [re.search(rf"{WRITTEN}(/[\w./]+)", line)[1] for line in lines()] == [row[0] for row in EXPECTED]  # type: ignore[index]


@pytest.mark.parametrize(
    ("number", "status", "says"), [(number, *row[1:]) for number, row in enumerate(EXPECTED)]
)
def test_a_line_does_what_it_says(url: str, tmp_path: Path, number: int, status: int, says: str) -> None:
    books = [{"id": f"x{one}", "title": "Emma", "price": "9.50"} for one in range(2)]
    (tmp_path / "books.ndjson").write_text("".join(f"{json.dumps(book)}\n" for book in books))
    line = lines()[number].replace(WRITTEN, url)
    command = ["curl", "-sS", "-m", "20", "-w", "\n%{http_code}", *shlex.split(line)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    body, _, got = done.stdout.rpartition("\n")
    is_said = body.startswith(says) if status == 200 else says in body
    assert (int(got), is_said) == (status, True), body[:500]
