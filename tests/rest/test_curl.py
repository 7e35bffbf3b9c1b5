"""The commands of the how-to page for large files, as they stand there."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
from pathlib import Path

import pytest
from avrorpc import Server
from support.tapes import ScriptedTapes

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "call-over-rest.md"
ADDRESS = "http://127.0.0.1:8000"
WHOLE = bytes(range(256)) * 20_000

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


def commands() -> list[str]:
    found = re.findall(r"^\$ (.*/tape.*)$", PAGE.read_text(), re.MULTILINE)
    assert len(found) == 3
    return found


async def shell(command: str, url: str, folder: Path) -> tuple[int, str]:
    line = f"set -o pipefail; {command.replace(ADDRESS, url).replace('curl ', 'curl -sS ')}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", line, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (said or complained).decode()


async def test_curl_sends_and_fetches_large_files_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "tape.bin").write_bytes(WHOLE)
    (tmp_path / "tape.gz").write_bytes(gzip.compress(WHOLE, 1))
    async with Server([ScriptedTapes()], mode="production") as server:
        url = await server.listen("http://127.0.0.1:0")
        sent, piped, fetched = commands()
        assert await shell(sent, url, tmp_path) == (0, str(len(WHOLE)))
        assert await shell(piped, url, tmp_path) == (0, str(len(WHOLE)))
        assert await shell(fetched, url, tmp_path) == (0, "")
        copy = (tmp_path / "copy.bin").read_bytes()
        assert len(copy) == 5_000_000
        assert copy[:256] == bytes(range(256))


async def test_curl_fails_where_a_download_breaks_off(tmp_path: Path) -> None:
    tapes = ScriptedTapes()
    async with Server([tapes], mode="production") as server:
        url = await server.listen("http://127.0.0.1:0")
        *_, fetched = commands()
        tapes.fails_at = 1_000_000
        code, said = await shell(fetched, url, tmp_path)
        assert code in (18, 56), said
        tapes.fails_at = 0
        code, said = await shell(fetched, url, tmp_path)
        assert code == 22, said
        assert "500" in said
