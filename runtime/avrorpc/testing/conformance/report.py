"""What the checks found: for people as a table, for programs as JSON or JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any
from xml.etree import ElementTree as Xml  # only written

from avrorpc.schema import Json


class Verdict(Enum):
    """How a check of a message ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(slots=True, frozen=True, kw_only=True)
class Result:
    """One check of one message."""

    check: str
    """The check's name."""
    sentence: str
    """What it demands."""
    contract: str
    message: str | None
    """The message's name; None for a check of the whole service."""
    verdict: Verdict
    detail: str = ""
    """What is wrong, or why it was skipped."""
    placement: str | None = None
    """Where it went wrong."""
    arguments: Json = None
    """The arguments that show it."""

    def json(self) -> dict[str, Json]:
        """Return this as JSON."""
        return {
            "check": self.check,
            "sentence": self.sentence,
            "contract": self.contract,
            "message": self.message,
            "verdict": self.verdict.value,
            "detail": self.detail,
            "placement": self.placement,
            "arguments": self.arguments,
        }


@dataclass(slots=True, frozen=True)
class Report:
    """All results, in the order of the checks."""

    results: tuple[Result, ...]
    placements: tuple[str, ...]
    seed: int
    examples: int

    def count(self, verdict: Verdict) -> int:
        """Return how many checks ended so."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def findings(self) -> list[Result]:
        """The results that failed."""
        return [result for result in self.results if result.verdict is Verdict.FAILED]

    def json(self) -> dict[str, Json]:
        """Return the report as JSON."""
        return {
            "passed": self.count(Verdict.PASSED),
            "failed": self.count(Verdict.FAILED),
            "skipped": self.count(Verdict.SKIPPED),
            "placements": list(self.placements),
            "seed": self.seed,
            "examples": self.examples,
            "results": [result.json() for result in self.results],
        }

    def junit(self) -> str:
        """Return the report as JUnit's XML, a test case for each check of each message."""
        suite = Xml.Element(
            "testsuite",
            name="avrogen test",
            tests=str(len(self.results)),
            failures=str(self.count(Verdict.FAILED)),
            errors="0",
            skipped=str(self.count(Verdict.SKIPPED)),
        )
        for result in self.results:
            where = f"{result.contract}.{result.message}" if result.message else result.contract
            case = Xml.SubElement(suite, "testcase", classname=where, name=result.check)
            if result.verdict is Verdict.FAILED:
                failure = Xml.SubElement(case, "failure", message=_printable(result.detail))
                failure.text = _printable("\n".join(lines(result)))
            elif result.verdict is Verdict.SKIPPED:
                Xml.SubElement(case, "skipped", message=_printable(result.detail))
        suites = Xml.Element("testsuites")
        suites.append(suite)
        Xml.indent(suites)
        return Xml.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def lines(result: Result) -> Iterable[str]:
    """Yield what there is to say of a finding, for people."""
    yield result.sentence
    yield result.detail
    if result.placement is not None:
        yield f"placement: {result.placement}"
    if result.arguments is not None:
        yield f"arguments: {_compact(result.arguments)}"


def _compact(value: Json) -> str:
    import json  # noqa: PLC0415 - only for findings

    return json.dumps(value, ensure_ascii=False)


def _printable(text: Any) -> str:
    """Return a text without the characters that XML cannot hold."""
    return "".join(c if c in "\t\n" or c >= " " else f"\\x{ord(c):02x}" for c in str(text))
