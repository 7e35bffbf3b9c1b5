from __future__ import annotations

from pathlib import Path

from support.contracts import generated


def imports(text: str) -> list[str]:
    head = text.partition("stub.require_level")[0]
    return [line for line in head.split("\n") if line.startswith(("import ", "from "))]


def test_only_what_is_used_is_imported(tmp_path: Path) -> None:
    modules = generated(
        tmp_path, {"a.avdl": "namespace a; enum E { X }", "b.avdl": "namespace b; fixed F(1);"}
    )
    assert imports(modules["out.a"]) == [
        "from __future__ import annotations",
        "from enum import Enum",
        "from avrorpc import stub",
    ]
    assert imports(modules["out.b"])[1] == "from typing import TypeAlias"


def test_groups_and_order_are_those_of_isort(tmp_path: Path) -> None:
    files = {
        "a.avdl": """@namespace("a") protocol P {
            import idl "b.avdl"; import idl "t.avdl";
            error Bad { array<date> days = []; decimal(4) price; }
            record R { b.B b; avrorpc.Tensor t; uuid id; fixed_ f; }
            fixed fixed_(2);
            enum E { X }
            R go();
        }""",
        "b.avdl": "namespace b; record B {}",
        "t.avdl": "namespace avrorpc; record Tensor {}",
    }
    text = generated(tmp_path, files)["out.a"]
    head = text.partition("from __future__ import annotations\n\n")[2].partition("\nstub.require")[0]
    assert head.split("\n") == [
        "import abc",
        "import dataclasses",
        "import datetime",
        "import decimal",
        "import uuid",
        "from collections.abc import Awaitable",
        "from dataclasses import dataclass",
        "from enum import Enum",
        "from typing import Final, Protocol, TypeAlias",
        "",
        "import avrorpc.tensor",
        "import msgspec",
        "from avrorpc import stub",
        "",
        "import out.b",
        "",
    ]


def test_late_imports_stand_after_the_types(tmp_path: Path) -> None:
    files = {
        "a.avdl": """@namespace("a") protocol P {
            import idl "b.avdl";
            record A { b.E e = "X"; }
            b.B go(b.E e = "X");
        }""",
        "b.avdl": 'namespace b; import idl "a.avdl"; record B { a.A? a = null; } enum E { X }',
    }
    text = generated(tmp_path, files)["out.a"]
    assert "e: b.E = msgspec.field(default_factory=lambda: b.E.X)" in text
    assert text.index("class A(") < text.index("import out.b as b") < text.index("class P(Protocol)")
    assert "def go(self, *, e: b.E = b.E.X) -> b.B:" in text
