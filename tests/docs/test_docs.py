"""The documentation runs: every Python block, the tutorial from its first line to its last, every link."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TUTORIAL = ROOT / "docs" / "tutorial.md"


@dataclass
class Block:
    """A fenced block, with the file name that the line before it gives, if any."""

    language: str
    text: str
    file: str | None
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(match[2], match[3], match[1], text[: match.start(2)].count("\n") + 1)


def links(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    return [target for target in found if not target.startswith("https://")]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def environment() -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("page", [p for p in PAGES if p != TUTORIAL], ids=name)
def test_python_blocks_run(page: Path) -> None:
    source = "\n".join(block.text for block in blocks(page) if block.language == "python")
    if not source:
        return
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        assert (page.parent / target).exists(), f"{name(page)} links to {target}"


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    queue = [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        queue += [(page.parent / target).resolve() for target in links(page)]
    assert set(PAGES) <= seen


def test_the_tutorial_runs_as_it_is_written(tmp_path: Path) -> None:
    output = ""
    servers: list[subprocess.Popen[str]] = []
    checked = 0
    try:
        for block in blocks(TUTORIAL):
            if block.file is not None:
                path = tmp_path / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.language == "sh" and " serve " in block.text:
                server = subprocess.Popen(
                    shlex.split(block.text),
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=tmp_path,
                    env=environment(),
                )
                servers.append(server)
                assert server.stdout is not None
                assert server.stdout.readline().startswith("ready ")
            elif block.language == "sh":
                done = subprocess.run(
                    shlex.split(block.text),
                    capture_output=True,
                    text=True,
                    cwd=tmp_path,
                    env=environment(),
                    timeout=60,
                )
                assert done.returncode == 0, f"line {block.line}: {done.stderr}"
                output = done.stdout
            else:
                assert output == block.text, f"line {block.line}"
                checked += 1
    finally:
        for server in servers:
            server.terminate()
            assert server.wait(30) == 0
            assert server.stdout is not None
            server.stdout.close()
    assert checked == 3
    assert len(servers) == 1
