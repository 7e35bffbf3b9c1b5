"""The documentation runs: every Python block, the tutorial from its first line to its last, every link."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.ports import free_ports

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


def blocks(page: Path, ports: Mapping[str, int] | None = None) -> Iterator[Block]:
    """Yield the blocks of a page, with other ports in the place of those that it has."""
    text = page.read_text(encoding="utf-8")
    for written, free in (ports or {}).items():
        assert f"127.0.0.1:{written}" in text
        text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{free}")
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
        for block in blocks(TUTORIAL, dict(zip(("9017", "8017"), free_ports(2), strict=True))):
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
                output = done.stdout if done.stdout.endswith("\n") else f"{done.stdout}\n"
            else:
                assert output == block.text, f"line {block.line}"
                checked += 1
    finally:
        for server in servers:
            server.terminate()
            assert server.wait(30) == 0
            assert server.stdout is not None
            server.stdout.close()
    assert checked == 8
    assert len(servers) == 1


def test_changing_generated_code_goes_as_it_is_written(tmp_path: Path) -> None:
    page = ROOT / "docs" / "how-to" / "customise-generated-code.md"
    (generated, wrong), output, lines = [b for b in blocks(page) if b.language == "text"], "", []
    for block in blocks(page):
        if block.file is not None:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            output = run_generate(tmp_path).stdout
        elif block.language == "py":
            lines.append(block.text)
    assert output == generated.text
    module = (tmp_path / "generated/contracts/shop/__init__.py").read_text()
    assert module.startswith("# Copyright Example Ltd. All rights reserved.\n# Generated by avrogen")
    assert lines
    assert all(text in module for text in lines)
    code = "from contracts.shop import Order; print(Order(customer='Ada', total=3).as_lines())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path / "generated"
    )
    assert done.stdout == "Order\n  customer: Ada\n  total: 3\n", done.stderr
    template = tmp_path / "templates/class.py.j2"
    template.write_text(template.read_text().replace("class.head", "class.hed"))
    done = run_generate(tmp_path)
    assert (done.returncode, done.stderr.partition("\n\n")[0]) == (1, wrong.text.rstrip("\n"))


def test_streaming_goes_as_it_is_written(tmp_path: Path) -> None:
    outputs: list[str] = []
    for block in blocks(ROOT / "docs" / "how-to" / "stream.md"):
        if block.file is not None:
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "text":
            outputs.append(block.text)
    commands = [
        ["avrogen", "generate", "schemas", "-o", ".", "--package", "contracts"],
        ["avrogen", "lint", "schemas"],
        ["avrogen", "format", "--check", "schemas"],
        ["mypy", "--strict", "."],
        *(
            [sys.executable, "-c", f"from avrorpc import bind; from {name} import *; bind(Thermometer())"]
            for name in ("sync_station", "async_station")
        ),
    ]
    for command in commands:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment(), timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
    for caller, output in zip(("sync_caller.py", "async_caller.py"), outputs, strict=True):
        done = subprocess.run(
            [sys.executable, "-W", "error", caller], capture_output=True, text=True, cwd=tmp_path, timeout=60
        )
        assert done.stdout == output, done.stderr


def run_generate(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["avrogen", "generate"], capture_output=True, text=True, cwd=folder, env=environment(), timeout=60
    )
