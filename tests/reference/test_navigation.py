from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.reference import navigation
from avrorpc_codegen.reference.addresses import LONGEST_PAGE
from avrorpc_codegen.reference.navigation import Group
from support.reference import reference

FILES = {
    "a.avdl": '@namespace("n") protocol A { record R { R? r = null; } void go(); void stop(); }',
    "b.avdl": '@namespace("n") protocol B { void wait(); }',
}


def labels(groups: list[Group]) -> list[tuple[str, list[str]]]:
    return [
        (group.title, [("- " if entry.is_inner else "") + entry.label for entry in group.entries])
        for group in groups
    ]


def test_what_stands_beside_each_page(tmp_path: Path) -> None:
    shown = reference(tmp_path, FILES)
    (namespace,) = shown.namespaces
    assert labels(navigation.of_home(shown)) == [("Namespaces", ["n"])]
    assert labels(navigation.of_namespace(namespace)) == [("Protocols", ["A", "B"]), ("Types", ["R"])]
    groups = navigation.of_protocol(namespace, namespace.protocols[0])
    assert labels(groups) == [("Protocols", ["A", "- go", "- stop", "B"]), ("Types", ["R"])]
    assert [entry.label for entry in groups[0].entries if entry.is_current] == ["A"]
    assert labels(navigation.of_type(namespace.types[0])) == [("Used by", ["R.r"])]


def test_many_types_stand_beside_no_page(tmp_path: Path) -> None:
    types = "".join(f"record R{number} {{}}" for number in range(LONGEST_PAGE + 1))
    (namespace,) = reference(tmp_path, {"a.avdl": f'@namespace("n") protocol P {{ {types} }}'}).namespaces
    assert labels(navigation.of_namespace(namespace)) == [("Protocols", ["P"])]
    assert labels(navigation.of_protocol(namespace, namespace.protocols[0])) == [("Protocols", ["P"])]
    assert navigation.of_type(namespace.types[0]) == []
