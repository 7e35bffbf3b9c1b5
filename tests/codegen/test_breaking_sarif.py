"""SARIF 2.1.0: what the specification demands of each object, and nothing that it does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from avrorpc_codegen.breaking.mode import Ignore, Mode, select
from avrorpc_codegen.breaking.report import Report
from avrorpc_codegen.breaking.rules import BreakingRule, Level
from avrorpc_codegen.breaking.sarif import to_sarif
from support.breaking import CASES, GOLDEN, compared, golden_findings
from support.contracts import write
from support.golden import working_directory

# Object by object: what it must have, and what else it may have of all that the specification names.
OBJECTS: dict[str, tuple[set[str], set[str]]] = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": (
        {"tool"},
        {"columnKind", "originalUriBaseIds", "invocations", "results", "properties"},
    ),
    "tool": ({"driver"}, set()),
    "driver": ({"name"}, {"version", "semanticVersion", "rules"}),
    "rule": ({"id"}, {"name", "shortDescription", "help", "defaultConfiguration"}),
    "text": ({"text"}, {"markdown"}),
    "configuration": (set(), {"level"}),
    "invocation": ({"executionSuccessful"}, set()),
    "result": (
        {"message"},
        {
            *("ruleId", "ruleIndex", "level", "locations", "relatedLocations", "partialFingerprints"),
            *("suppressions", "properties"),
        },
    ),
    "location": (set(), {"physicalLocation", "logicalLocations", "message"}),
    "physical": ({"artifactLocation"}, {"region"}),
    "artifact": ({"uri"}, {"uriBaseId"}),
    "region": ({"startLine", "startColumn", "endLine", "endColumn"}, set()),
    "logical": ({"fullyQualifiedName"}, set()),
    "suppression": ({"kind"}, {"justification"}),
}


def check(kind: str, value: Any) -> Any:
    required, optional = OBJECTS[kind]
    assert isinstance(value, dict)
    assert required <= value.keys(), kind
    assert value.keys() <= required | optional, kind
    return value


def check_location(value: Any) -> None:
    check("location", value)
    for item in value.get("logicalLocations", ()):
        assert check("logical", item)["fullyQualifiedName"]
    if "message" in value:
        check("text", value["message"])
    if "physicalLocation" in value:
        physical = check("physical", value["physicalLocation"])
        artifact = check("artifact", physical["artifactLocation"])
        assert artifact["uriBaseId"] == "%SRCROOT%"
        assert not artifact["uri"].startswith("/")
        assert ":" not in artifact["uri"]
        assert artifact["uri"].isascii()
        if "region" in physical:
            region = check("region", physical["region"])
            assert all(isinstance(number, int) and number >= 1 for number in region.values())
            start = region["startLine"], region["startColumn"]
            assert start < (region["endLine"], region["endColumn"])


def check_log(log: Any) -> list[Any]:
    """Check a log, and return its results."""
    assert json.loads(json.dumps(log)) == log
    check("log", log)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    check("run", run)
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert all(check("invocation", item)["executionSuccessful"] is True for item in run["invocations"])
    driver = check("driver", check("tool", run["tool"])["driver"])
    rules = driver["rules"]
    for rule in rules:
        check("rule", rule)
        check("text", rule["shortDescription"])
        check("text", rule["help"])
        assert check("configuration", rule["defaultConfiguration"])["level"] in ("error", "warning")
    assert len({rule["id"] for rule in rules}) == len(rules) == len(BreakingRule)
    results: list[Any] = run["results"]
    for result in results:
        check("result", result)
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert check("text", result["message"])["text"]
        assert all(isinstance(text, str) for text in result["partialFingerprints"].values())
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            check_location(location)
        for suppression in result.get("suppressions", ()):
            assert check("suppression", suppression)["kind"] in ("inSource", "external")
    return results


def log_of(case: str, *ignores: Ignore) -> Any:
    selection = select(golden_findings(case), Level.SOURCE, Mode.FULL, ignores)
    with working_directory(GOLDEN / case):
        return to_sarif(
            Report(Level.SOURCE, Mode.FULL, ["old"], selection, {}), "1.2.3", GOLDEN.parents[2].resolve()
        )


@pytest.mark.parametrize("case", CASES)
def test_a_log_is_what_the_specification_demands(case: str) -> None:
    results = check_log(log_of(case))
    assert len(results) == len(golden_findings(case))


def test_a_result_points_at_the_line_in_the_repository() -> None:
    (result,) = check_log(log_of("symbol_added"))[:1]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "tests/codegen/breaking_golden/symbol_added/new/shop.avdl"
    assert physical["region"] == {"startLine": 3, "startColumn": 22, "endLine": 3, "endColumn": 27}
    assert "relatedLocations" not in result


def test_what_was_elsewhere_is_a_related_place() -> None:
    (result,) = check_log(log_of("size_changed"))
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "It was at old/shop.avdl:3:9."
    assert related["physicalLocation"]["region"]["startColumn"] == 9


def test_what_only_the_past_has_is_shown_there() -> None:
    (result,) = check_log(log_of("protocol_removed"))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("old/till.avdl")


def test_what_a_project_lives_with_is_suppressed() -> None:
    results = check_log(log_of("size_changed", Ignore("AVR533", "*", "nobody stores it")))
    assert [item["suppressions"] for item in results] == [
        [{"kind": "external", "justification": "nobody stores it"}]
    ]


def test_a_fingerprint_does_not_depend_on_the_line(tmp_path: Path) -> None:
    write(tmp_path, {"old/a.avdl": "namespace n; fixed F(1);", "new/a.avdl": "namespace n;\n\n fixed F(2);"})
    write(tmp_path, {"other/a.avdl": "namespace n; fixed F(2);"})
    prints = []
    for name in ("new", "other"):
        selection = select(compared(tmp_path / "old", tmp_path / name), Level.SOURCE, Mode.FULL, ())
        log: Any = to_sarif(Report(Level.SOURCE, Mode.FULL, ["old"], selection, {}), "1", tmp_path)
        prints.append(log["runs"][0]["results"][0]["partialFingerprints"])
    assert prints[0] == prints[1]


def test_names_that_are_no_uri_are_quoted(tmp_path: Path) -> None:
    write(tmp_path, {"old/ä b.avdl": "namespace n; fixed F(1);", "new/ä b.avdl": "namespace n; fixed F(2);"})
    selection = select(compared(tmp_path / "old", tmp_path / "new"), Level.SOURCE, Mode.FULL, ())
    with working_directory(tmp_path):
        report = Report(Level.SOURCE, Mode.FULL, ["old"], selection, {})
        (result,) = check_log(to_sarif(report, "1", tmp_path.resolve()))
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == "new/ä b.avdl"
