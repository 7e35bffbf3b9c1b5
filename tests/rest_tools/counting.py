"""Counts of a Schemathesis run by operation, from the events that it reports (`--report ndjson`)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rest_tools.document import Document, operations

STATEFUL = "Stateful tests"
"""What scenarios of several operations are labelled."""


@dataclass
class Count:
    """What was sent to one operation, and how it was answered."""

    cases: int = 0
    """Requests in all."""
    negative: int = 0
    """Those that break the document."""
    valid: int = 0
    """Generated ones that keep to it."""
    accepted: int = 0
    """Those of these that were answered 2xx."""
    examples: int = 0
    """Requests made of the operation's examples."""
    examples_accepted: int = 0
    """Those of these that were answered 2xx."""
    checks: int = 0
    """Checks of answers."""
    failures: int = 0
    """Those of these that failed."""
    refused: Counter[int] = field(default_factory=Counter)
    """Statuses, other than 2xx, that valid requests were answered with."""

    @property
    def share(self) -> float:
        """The share of generated valid requests that were answered 2xx; 0 where there was none."""
        return self.accepted / self.valid if self.valid else 0.0

    @property
    def problem(self) -> str | None:
        """What is wrong with the answers to valid requests; None where enough was accepted.

        All examples must be; and half of what was generated, where there are no examples to stand in for it.
        """
        if self.examples_accepted < self.examples:
            return (
                f"{self.examples - self.examples_accepted} of {self.examples} examples are not answered 2xx"
            )
        if self.share < 0.5 and not self.examples:
            return f"{self.accepted} of {self.valid} valid requests are answered 2xx, and there is no example"
        return None


def counted(lines: Iterable[str], document: Document) -> dict[str, Count]:
    """Return the counts of each operation, by names such as `GET /books/{id}`.

    Args:
        lines: The report: events as JSON, one on each line.
        document: What was tested. Schemathesis tries the examples of other operations, too, where they fit;
            here those count as generated.
    """
    known = {one.name: one for one in operations(document)}
    counts = {name: Count() for name in known}
    for recorder in _recorders(lines):
        for id_, case in recorder["cases"].items():
            told = case["value"]
            label = recorder["label"]
            name = f"{told['method']} {told['path']}" if label == STATEFUL else label
            interaction = recorder["interactions"].get(id_, {}).get("response") or {}
            count = counts.setdefault(name, Count())
            count.cases += 1
            # What a check sends by itself, such as a request without its token, is known by what it follows.
            if label == STATEFUL or "parent_id" not in case:
                is_shown = told["meta"]["phase"]["name"] == "examples" and known[name].shows(told)
                _add(count, told["meta"], interaction.get("status_code", 0), is_example=is_shown)
            checks = recorder["checks"].get(id_, ())
            count.checks += len(checks)
            count.failures += sum(check["status"] == "failure" for check in checks)
    return counts


def table(counts: dict[str, Count]) -> str:
    """Return the counts for people, and what is wrong with them."""
    heads = ("operation", "cases", "checks", "failed", "valid", "2xx", "share", "examples", "2xx")
    rows: list[tuple[str, ...]] = [heads]
    for name, one in sorted(counts.items()):
        numbers = (one.cases, one.checks, one.failures, one.valid, one.accepted)
        share = f"{one.share:.0%}"
        rows.append((name, *map(str, numbers), share, str(one.examples), str(one.examples_accepted)))
    total = Count()
    for one in counts.values():
        total.cases += one.cases
        total.checks += one.checks
        total.failures += one.failures
        total.valid += one.valid
        total.accepted += one.accepted
        total.examples += one.examples
        total.examples_accepted += one.examples_accepted
    sums = (total.cases, total.checks, total.failures, total.valid, total.accepted)
    last = (f"{len(counts)} operations", *map(str, sums), f"{total.share:.0%}")
    rows.append((*last, str(total.examples), str(total.examples_accepted)))
    widths = [max(len(row[place]) for row in rows) for place in range(len(heads))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join([*lines, *problems(counts)])


def problems(counts: dict[str, Count]) -> list[str]:
    """Return what is wrong with the answers to valid requests, a sentence for each operation."""
    found = []
    for name, one in sorted(counts.items()):
        if one.problem is not None:
            statuses = ", ".join(f"{number} times {status}" for status, number in sorted(one.refused.items()))
            found.append(f"{name}: {one.problem} ({statuses or 'no answers'})")
    return found


def _recorders(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario is not None and scenario["recorder"].get("cases"):
            yield {"checks": {}, "interactions": {}, **scenario["recorder"]}


def _add(count: Count, meta: dict[str, Any], status: int, *, is_example: bool) -> None:
    is_good = 200 <= status < 300
    if meta["generation"]["mode"] != "positive":
        count.negative += 1
        return
    if not is_good:
        count.refused[status] += 1
    if is_example:
        count.examples += 1
        count.examples_accepted += is_good
    else:
        count.valid += 1
        count.accepted += is_good
