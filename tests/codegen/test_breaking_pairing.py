from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Field, Primitive
from avrorpc_codegen.breaking.pairing import Pairing, pair, pair_fields
from support.breaking import version
from support.contracts import write


def paired(folder: Path, old: dict[str, str], new: dict[str, str]) -> Pairing:
    write(folder / "old", old)
    write(folder / "new", new)
    return pair(version(folder / "old").contracts, version(folder / "new").contracts)


def types(folder: Path, old: str, new: str) -> dict[str, str]:
    return paired(folder, {"a.avdl": f"namespace n; {old}"}, {"a.avdl": f"namespace n; {new}"}).new_names


A, B = "record A {}", "record B {}"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (A, A, {"n.A": "n.A"}),
        (A, B, {}),
        (A, f'@aliases(["A"]) {B}', {"n.A": "n.B"}),
        (A, f'@aliases(["n.A"]) {B}', {"n.A": "n.B"}),
        (A, f'@aliases(["m.A"]) {B}', {}),
        (f'@aliases(["B"]) {A}', B, {"n.A": "n.B"}),
        (A, f'@namespace("m") {A}', {"n.A": "m.A"}),
        (A, f'@namespace("m") {A} @namespace("o") {A}', {}),
        (f"{A} {B}", f'@aliases(["B"]) {A}', {"n.A": "n.A"}),
        (f"{A} {B}", f'{A} @namespace("m") {B}', {"n.A": "n.A", "n.B": "m.B"}),
        (A, "enum A { X }", {"n.A": "n.A"}),
    ],
)
def test_types_are_known_by_name_alias_or_their_last_part(
    tmp_path: Path, old: str, new: str, expected: dict[str, str]
) -> None:
    assert types(tmp_path, old, new) == expected


def protocols(pairing: Pairing) -> list[tuple[str, str]]:
    return [(old.protocol.name, new.protocol.name) for old, new in pairing.protocols]


def test_protocols_are_known_by_name_in_any_file(tmp_path: Path) -> None:
    text = '@namespace("n") protocol P { void a(); }'
    assert protocols(paired(tmp_path, {"a.avdl": text}, {"b.avdl": text})) == [("n.P", "n.P")]


def test_a_protocol_may_move_to_another_namespace(tmp_path: Path) -> None:
    old, new = '@namespace("n") protocol P {}', '@namespace("m") protocol P {}'
    assert protocols(paired(tmp_path, {"a.avdl": old}, {"b.avdl": new})) == [("n.P", "m.P")]


def test_a_protocol_that_took_the_place_of_another_is_it_if_they_have_messages_in_common(
    tmp_path: Path,
) -> None:
    old = {"a.avdl": '@namespace("n") protocol P { void a(); void b(); void c(); }'}
    same = {"a.avdl": '@namespace("n") protocol Q { void a(); void b(); }'}
    other = {"a.avdl": '@namespace("n") protocol Q { void a(); void x(); }'}
    assert protocols(paired(tmp_path / "same", old, same)) == [("n.P", "n.Q")]
    different = paired(tmp_path / "other", old, other)
    assert protocols(different) == []
    assert [item.protocol.name for item in different.removed_protocols] == ["n.P"]
    assert [item.protocol.name for item in different.added_protocols] == ["n.Q"]


def field(name: str, *aliases: str) -> Field:
    return Field(name, Primitive("int"), aliases=list(aliases))


def test_fields_are_known_by_name_or_alias() -> None:
    old = [field("a"), field("b", "beta"), field("c"), field("d")]
    new = [field("a", "c"), field("beta"), field("delta", "d", "a"), field("e")]
    assert pair_fields(old, new) == {"a": "a", "b": "beta", "d": "delta"}
