"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines at fault.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final
from urllib.parse import quote

from avrorpc.schema import Json

from avrorpc_codegen.breaking.finding import At, Finding
from avrorpc_codegen.breaking.mode import Ignore
from avrorpc_codegen.breaking.report import Report
from avrorpc_codegen.breaking.rules import ABOUT, BreakingRule, Level
from avrorpc_codegen.explanation import explanation, title

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"
_LEVELS: Final = {Level.WIRE: "error", Level.JSON: "error", Level.SOURCE: "warning"}


def to_sarif(report: Report, version: str, base: Path) -> dict[str, Json]:
    """Return a report as a SARIF log; paths are relative to `base`, the first folder of the repository."""
    rules = list(BreakingRule)
    results: list[Json] = [_result(finding, rules, base, None) for finding in report.selection.findings]
    results += [_result(finding, rules, base, ignore) for finding, ignore in report.selection.ignored]
    driver: dict[str, Json] = {
        "name": "avrogen",
        "version": version,
        "semanticVersion": version,
        "rules": [_rule(rule) for rule in rules],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The first folder of the repository."}}},
        "invocations": [{"executionSuccessful": True}],
        "results": results,
        "properties": {
            "level": report.level.value,
            "mode": report.mode.value,
            "against": list(report.against),
            "verdict": report.verdict_json(),
        },
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: BreakingRule) -> dict[str, Json]:
    about = ABOUT[rule]
    is_strict = bool(about.wire or about.json)
    return {
        "id": str(rule.value),
        "name": "".join(word.capitalize() for word in rule.name.split("_")),
        "shortDescription": {"text": title(rule)},
        "help": {"text": about.mend, "markdown": explanation(rule)},
        "defaultConfiguration": {"level": "error" if is_strict else "warning"},
    }


def _result(
    finding: Finding, rules: list[BreakingRule], base: Path, ignore: Ignore | None
) -> dict[str, Json]:
    words = [f"{finding.spot.subject}: {finding.message}"]
    words += [item.in_words(finding.spot.subject) for item in finding.breaks]
    out: dict[str, Json] = {
        "ruleId": str(finding.rule.value),
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS[next(level for level in Level if any(b.level is level for b in finding.breaks))],
        "message": {"text": "\n".join([*words, f"To mend it: {ABOUT[finding.rule].mend}."])},
        "locations": [_location(finding, finding.spot.new or finding.spot.old, base)],
        "partialFingerprints": {"change/v1": _fingerprint(finding)},
        "properties": {
            "subject": finding.spot.subject,
            "breaks": [item.to_json() for item in finding.breaks],
            "against": list(finding.against),
        },
    }
    if finding.spot.new is not None and finding.spot.old is not None:
        related = _location(finding, finding.spot.old, base)
        out["relatedLocations"] = [{**related, "message": {"text": f"It was {finding.spot.old.in_words()}."}}]
    if ignore is not None:
        out["suppressions"] = [{"kind": "external", "justification": ignore.reason}]
    return out


def _location(finding: Finding, at: At | None, base: Path) -> dict[str, Json]:
    logical: list[Json] = [{"fullyQualifiedName": finding.spot.subject}]
    if at is None:
        return {"logicalLocations": logical}
    physical: dict[str, Json] = {
        "artifactLocation": {"uri": quote(_path(at, finding, base)), "uriBaseId": _ROOT}
    }
    if at.span is not None:
        line, column = at.span.source.position(at.span.start)
        end_line, end_column = at.span.source.position(at.span.end)
        physical["region"] = {
            "startLine": line,
            "startColumn": column,
            "endLine": end_line,
            "endColumn": end_column,
        }
    return {"physicalLocation": physical, "logicalLocations": logical}


def _path(at: At, finding: Finding, base: Path) -> str:
    """Return a path in the repository; one of an older version loses the name of that version."""
    for label in finding.against:
        if at.file.startswith(f"{label}:"):
            return at.file.removeprefix(f"{label}:")
    path = Path(at.file).resolve()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()


def _fingerprint(finding: Finding) -> str:
    """Return what stays the same while the finding does, wherever its line moves."""
    key = "\0".join([str(finding.rule.value), finding.spot.subject, finding.detail])
    return hashlib.sha256(key.encode()).hexdigest()[:32]
