"""Runs Schemathesis with all of its checks on every service: `python schemathesis_run.py [OPTION...]`.

Options go to `st run`. It runs in production mode, in research mode, and with a file of tokens. What a valid
request may be answered with beside 2xx is taken from the contracts: the statuses of the errors that a message
declares, and of the codes that its example cases expect, and nothing else. Each operation answers 2xx to its
examples, and to half of the valid requests that are generated, unless it has examples to stand in for them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

HERE: Final = Path(__file__).resolve().parent
TESTS: Final = HERE.parent
sys.path[:0] = [str(TESTS)]

from avrorpc import Code  # noqa: E402 - found by the path above
from avrorpc.status import STATUSES  # noqa: E402
from rest_tools.counting import counted, problems, table  # noqa: E402
from rest_tools.document import declared_statuses, is_shadowed, operations  # noqa: E402

TOKEN: Final = "nobody-else-has-this-one"
RUNS: Final = (("production", ""), ("research", ""), ("production", TOKEN))
"""Modes, and the token that is asked for; empty where there is none."""


@contextmanager
def serving(mode: str, token: str) -> Iterator[str]:
    """Serve in a process of its own, and give the URL."""
    paths = os.pathsep.join([str(TESTS), str(TESTS / "generated"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, str(HERE / "served.py"), mode, *([token] if token else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A small model gains nothing from threads that wait for each other where others compute, too.
        env={"OMP_NUM_THREADS": "1", **os.environ, "PYTHONPATH": paths},
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            server.wait(20)


def fetched(url: str, headers: Mapping[str, str]) -> str:
    """Return what is at a URL."""
    with urlopen(Request(url, headers=dict(headers))) as response:
        text: str = response.read().decode()
        return text


def statuses_of_cases(cases: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the statuses of the codes that the cases of messages expect, by message."""
    found: dict[str, set[str]] = {}
    for case in cases:
        code = case.get("expected_error", {}).get("code")
        if code:
            found.setdefault(case["message"], set()).add(str(STATUSES[Code(code)].http))
    return {message: sorted(statuses) for message, statuses in found.items()}


def configuration(document: dict[str, Any], expected: Mapping[str, Mapping[str, list[str]]]) -> str:
    """Return the `schemathesis.toml` for a document.

    Args:
        document: What is tested.
        expected: The statuses of cases by tag and message.
    """
    parts = []
    for operation in operations(document):
        message = operation.id.removeprefix(f"{operation.tag}_")
        stated = expected.get(operation.tag, {}).get(message, [])
        statuses = json.dumps(["2xx", *declared_statuses(operation), *stated])
        parts += ["[[operations]]", f"include-name = {json.dumps(operation.name)}"]
        parts += [f"checks.positive_data_acceptance.expected-statuses = {statuses}"]
        if is_shadowed(operation.path, document["paths"]):
            # Its check looks at one template alone; hooks.py has one that looks at all.
            parts += ["checks.allow_header_conformance.enabled = false"]
    return "\n".join(parts)


def let_in(document: dict[str, Any], metrics: str) -> list[str]:
    """Return the operations of contracts that never refused a stranger."""
    row = re.compile(r'avrorpc_calls_total\{service="(.*?)",method="(.*?)",code="UNAUTHENTICATED"\} [1-9]')
    refused = {
        f"{re.sub('(?<=[a-z])(?=[A-Z])', '_', service.rpartition('.')[2]).lower()}_{method}"
        for service, method in row.findall(metrics)
    }
    return [
        one.name
        for one in operations(document)
        if one.told.get("security") != []
        and not one.id.startswith((f"{one.tag}_service_", "server_"))
        and one.id.removesuffix(f"_{one.verb.lower()}") not in refused
        and one.id not in refused
    ]


def run(mode: str, token: str, options: list[str]) -> int:
    """Serve, run Schemathesis, count, and return 0 where all is well."""
    print(f"\n== {mode} mode{', with tokens' if token else ''}", flush=True)
    began = time.monotonic()
    headers = {"Avrorpc-Mode": mode, **({"Authorization": f"Bearer {token}"} if token else {})}
    with serving(mode, token) as url, tempfile.TemporaryDirectory() as folder:
        document = json.loads(fetched(f"{url}/openapi.json", headers))
        tags = {one.tag for one in operations(document) if one.id == f"{one.tag}_service_examples"}
        cases = {tag: json.loads(fetched(f"{url}/{tag}/examples", headers)) for tag in tags}
        expected = {tag: statuses_of_cases(told) for tag, told in cases.items()}
        Path(folder, "openapi.json").write_text(json.dumps(document))
        auth = f"[auth.openapi.bearer]\nbearer = {json.dumps(token)}\n" if token else ""
        Path(folder, "schemathesis.toml").write_text(auth + configuration(document, expected))
        report, tested = Path(folder, "events.ndjson"), Path(folder, "tested.json")
        command = ["st", "--config-file", f"{folder}/schemathesis.toml", "run", "openapi.json", "--url", url]
        # Whatever a request to change the mode does, what is checked is of one form.
        command += ["--header", f"Avrorpc-Mode:{mode}"]
        command += ["--request-timeout", "60", "--output-sanitize", "false", "--report", "ndjson"]
        # Tokens that are made up are wrong, and no part of valid data; `ignored_auth` tries them by itself.
        command += ["--generation-with-security-parameters", "false"]
        command += ["--report-ndjson-path", str(report), *options]
        settings = {"SCHEMATHESIS_HOOKS": "rest_tools.hooks", "PYTHONPATH": str(TESTS)}
        settings |= {"SERVED_AT": url, "SERVED_WITH": json.dumps(headers), "DOCUMENT_TO": str(tested)}
        code = subprocess.run(command, cwd=folder, env={**os.environ, **settings}).returncode
        metrics = fetched(f"{url}/metrics", headers)
        with report.open(encoding="utf-8") as lines:
            counts = counted(lines, json.loads(tested.read_text(encoding="utf-8")))
    print(table(counts))
    strangers = let_in(document, metrics) if token else []
    for name in strangers:
        print(f"{name}: no stranger was refused")
    print(f"{mode} mode took {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    return 1 if code or problems(counts) or strangers else 0


if __name__ == "__main__":
    sys.exit(max([run(mode, token, sys.argv[1:]) for mode, token in RUNS]))
