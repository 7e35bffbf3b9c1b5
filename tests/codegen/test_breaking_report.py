from __future__ import annotations

from pathlib import Path

from avrorpc.schema import Json
from avrorpc_codegen.breaking.comparison import Version
from avrorpc_codegen.breaking.mode import Ignore, Mode
from avrorpc_codegen.breaking.report import Report, report_on
from avrorpc_codegen.breaking.rules import Level
from support.breaking import version
from support.contracts import write

CALLS = '@namespace("n") protocol P { void m(%s); decimal(9, %d) price(); }'
DATA = "namespace n; record R { %s }"


def report(folder: Path, old: str, new: str, mode: Mode = Mode.BACKWARD, *ignores: Ignore) -> Report:
    write(folder, {"old/a.avdl": old, "new/a.avdl": new})
    olds = [version(folder / "old", "v1")]
    return report_on(version(folder / "new", "new"), olds, Level.SOURCE, mode, ignores)


def last_lines(made: Report) -> list[str]:
    return made.to_text().rpartition("\n\n")[2].splitlines()


def test_the_verdict_is_of_both_directions_and_hints_at_what_the_mode_leaves_out(tmp_path: Path) -> None:
    old, new = CALLS % ("int a", 2), CALLS % ("long a", 2)
    said = "old clients can call the new server; new clients cannot call all of an old server"
    count, hinted = last_lines(report(tmp_path, old, new))
    assert count == "no breaking change (backward, source) against v1"
    assert hinted == f"{said} (`--mode full` says why)"
    assert last_lines(report(tmp_path, old, new, Mode.FULL)) == [
        "1 breaking change (1 wire) against v1",
        said,
    ]
    transitive = report(tmp_path, old, new, Mode.BACKWARD_TRANSITIVE)
    assert "(`--mode full_transitive` says why)" in transitive.to_text()


def test_values_that_become_others_are_no_failure_and_are_told(tmp_path: Path) -> None:
    made = report(tmp_path, CALLS % ("", 2), CALLS % ("", 3), Mode.FULL)
    assert last_lines(made)[1] == (
        "old clients can call the new server, but some of it means something else;"
        " new clients can call an old server, but some of it means something else"
    )
    assert [item["works"] for item in verdicts(made)] == [False, False]


def verdicts(made: Report) -> list[dict[str, Json]]:
    return [item for item in made.verdict_json().values() if isinstance(item, dict)]


def test_stored_data_has_a_verdict_of_its_own(tmp_path: Path) -> None:
    made = report(tmp_path, DATA % "int a;", DATA % "int a; int b;")
    assert last_lines(made)[1] == "new readers cannot read all old data; old readers can read new data"
    assert len(verdicts(made)) == 2


def test_calls_and_data_are_both_spoken_of_where_both_break(tmp_path: Path) -> None:
    write(tmp_path, {"old/d.avdl": DATA % "", "new/d.avdl": DATA % "int b;"})
    made = report(tmp_path, CALLS % ("", 2), CALLS % ("", 2))
    assert len(verdicts(made)) == 4


def test_what_is_ignored_is_counted_and_no_part_of_the_verdict(tmp_path: Path) -> None:
    ignore = Ignore("AVR512", "n.P.m(*", "nobody calls it")
    made = report(tmp_path, CALLS % ("", 2), CALLS % ("int a", 2), Mode.FULL, ignore)
    assert last_lines(made) == [
        "no breaking change (full, source) against v1, 1 ignored",
        "old clients can call the new server; new clients can call an old server",
    ]
    ignored = made.to_json()["ignored"]
    assert isinstance(ignored, list)
    assert [item["reason"] for item in ignored if isinstance(item, dict)] == ["nobody calls it"]


def test_a_version_without_contracts_is_mentioned_and_not_compared(tmp_path: Path) -> None:
    write(tmp_path, {"new/a.avdl": DATA % "int a;", "old/a.avdl": DATA % "int a;"})
    new, empty = version(tmp_path / "new"), Version("v0", is_there=False)
    alone = report_on(new, [empty], Level.SOURCE, Mode.FULL)
    assert alone.to_text() == "v0 has no contracts here: everything is new"
    both = report_on(new, [empty, version(tmp_path / "old", "v1")], Level.SOURCE, Mode.FULL)
    assert last_lines(both)[:2] == [
        "v0 has no contracts here: everything is new",
        "no breaking change (full, source) against v1",
    ]
