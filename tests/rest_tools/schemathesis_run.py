"""Runs Schemathesis with all of its checks on every service: `python schemathesis_run.py [OPTION...]`.

Options go to `st run`. What a valid request may be answered with beside 2xx is taken from the document: the
statuses of the errors that an operation declares, and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
TESTS: Final = HERE.parent
FAILING: Final = ("/fail", "/break_off", "/endless")
"""Messages whose contract is to fail, or never to end."""


def declared_statuses(document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the statuses of the declared errors of each operation, by verb and path."""
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            found = [
                status
                for status, response in operation["responses"].items()
                if "-problem" in json.dumps(response).replace("avrorpc-problem", "")
            ]
            yield f"{verb.upper()} {path}", found


def is_shadowed(path: str, paths: Iterable[str]) -> bool:
    """Whether a path with variables stands for a path, too: `Allow` has its verbs, and the check has not."""
    patterns = (re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(other)) for other in paths if other != path)
    return any(re.fullmatch(pattern, path) for pattern in patterns)


def configuration(document: dict[str, Any]) -> str:
    """Return the `schemathesis.toml` for a document."""
    parts = []
    for name, statuses in declared_statuses(document):
        parts += ["[[operations]]", f"include-name = {json.dumps(name)}"]
        expected = json.dumps(["2xx", *statuses])
        parts += [f"checks.positive_data_acceptance.expected-statuses = {expected}"]
        if is_shadowed(name.partition(" ")[2], document["paths"]):
            parts += ["checks.allow_header_conformance.enabled = false"]
    return "\n".join(parts)


def run(mode: str, options: list[str]) -> int:
    """Serve in a mode, run Schemathesis, and return its exit code."""
    paths = os.pathsep.join([str(TESTS), str(TESTS / "generated"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, str(HERE / "served.py"), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            with urllib.request.urlopen(f"{url}/openapi.json") as response:
                document = json.load(response)
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "schemathesis.toml").write_text(configuration(document))
                command = ["st", "--config-file", f"{folder}/schemathesis.toml", "run", f"{url}/openapi.json"]
                # Whatever a request to change the mode does, what is checked is of one form.
                command += ["--header", f"Avrorpc-Mode:{mode}"]
                command += ["--exclude-path-regex", f"({'|'.join(FAILING)})$", *options]
                settings = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
                return subprocess.run(command, cwd=folder, env=settings).returncode
        finally:
            server.stdin.close()
            server.wait(20)


if __name__ == "__main__":
    sys.exit(max(run(mode, sys.argv[1:]) for mode in ("production", "research")))
