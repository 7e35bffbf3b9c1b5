from __future__ import annotations

from pathlib import Path

from avrorpc_codegen.config import RUNTIME_EXTERNAL, Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.placing import Placement, place
from support.contracts import resolved


def placed(folder: Path, files: dict[str, str]) -> tuple[Placement, list[str]]:
    contracts, found = resolved(folder, files)
    assert not found.items, found.render()
    diagnostics = Diagnostics()
    config = Config(folder, (Target("out", folder / "to"),), dict(RUNTIME_EXTERNAL))
    return place(contracts, config, diagnostics), [item.rule.value for item in diagnostics.items]


def test_a_namespace_is_a_module(tmp_path: Path) -> None:
    placement, _ = placed(
        tmp_path, {"a.avdl": "namespace a.b; record R {}", "b.avdl": "namespace a.b; enum E {}"}
    )
    (module,) = placement.modules.values()
    assert (module.py_module, module.path) == ("out.a.b", tmp_path / "to/out/a/b/__init__.py")
    assert [item.named.name for item in module.types] == ["a.b.R", "a.b.E"]


def test_names_derived_from_a_protocol_give_way_to_types(tmp_path: Path) -> None:
    types = "record ThingClient {} record THING {}"
    text = f'@namespace("n") protocol Thing {{ {types} void class(); void ThingClient(); }}'
    placement, _ = placed(tmp_path, {"a.avdl": text})
    (protocol,) = placement.modules["n"].py_protocols
    assert (protocol.py_client, protocol.py_contract) == ("ThingClient_", "THING_")
    assert protocol.py_methods == {"class": "class_", "ThingClient": "ThingClient__"}


def test_types_whose_names_need_no_change_keep_them(tmp_path: Path) -> None:
    placement, _ = placed(
        tmp_path, {"a.avdl": "namespace n; record `class` {} record class_ {} enum `__x` { A }"}
    )
    assert {name: py_type.py_name for name, py_type in placement.types.items()} == {
        "n.class": "class__",
        "n.class_": "class_",
        "n.__x": "x_",
    }


def test_names_give_way_to_the_packages_in_a_module(tmp_path: Path) -> None:
    files = {
        "a.avdl": '@namespace("n") protocol P { record A { int PClient; } void call(); }',
        "b.avdl": "namespace n.PClient; record B {}",
        "c.avdl": "namespace n.datetime.out; record C {}",
    }
    placement, _ = placed(tmp_path, files)
    assert placement.modules["n"].py_protocols[0].py_client == "PClient_"
    assert placement.types["n.A"].members == {"PClient": "PClient"}, "a field hides nothing there"
    assert placement.modules["n.datetime.out"].py_module == "out.n.datetime_.out_"


def test_the_name_of_a_late_import_hides_nothing(tmp_path: Path) -> None:
    files = {
        "a.avdl": 'namespace a; import idl "b.avdl"; record A { b.B? b; } record out_b {}',
        "b.avdl": 'namespace b; import idl "a.avdl"; record B { a.A? a; }',
    }
    placement, _ = placed(tmp_path, files)
    assert placement.modules["a"].late == {"out.b": "out_b_"}


def test_the_name_of_a_late_import_gives_way_to_fields_methods_and_parameters(tmp_path: Path) -> None:
    files = {
        "a.avdl": """
            @namespace("a") protocol P {
              import idl "b.avdl"; import idl "c.avdl"; import idl "d.avdl";
              record A { b.B? b; c.C? x; d.D? y; }
              void c();
              void m(d.D? d);
            }
        """,
        **{
            f"{n}.avdl": f'namespace {n}; import idl "a.avdl"; record {n.upper()} {{ a.A? a; }}'
            for n in "bcd"
        },
    }
    placement, _ = placed(tmp_path, files)
    assert placement.modules["a"].late == {"out.b": "out_b", "out.c": "out_c", "out.d": "out_d"}


def test_records_in_one_union_are_tagged(tmp_path: Path) -> None:
    text = (
        "namespace n; record A {} record B {} record C {} record D { union { A, B } x; union { null, C } y; }"
    )
    placement, _ = placed(tmp_path, {"a.avdl": text})
    assert placement.tagged == {"n.A", "n.B"}


def test_external_types_are_named_but_not_generated(tmp_path: Path) -> None:
    files = {
        "a.avdl": 'namespace n; import idl "t.avdl"; record R { avrorpc.Tensor t; }',
        "t.avdl": "namespace avrorpc; record Tensor {}",
    }
    placement, _ = placed(tmp_path, files)
    assert list(placement.modules) == ["n"]
    assert placement.types["avrorpc.Tensor"].module == "avrorpc.tensor"
    assert placement.modules["n"].uses == {"avrorpc.tensor"}
    assert placement.modules["n"].late == {}


def test_modules_that_need_each_other_import_each_other_late(tmp_path: Path) -> None:
    files = {
        "a.avdl": 'namespace a; import idl "b.avdl"; record A { b.B? b; }',
        "b.avdl": 'namespace b; import idl "a.avdl"; import idl "c.avdl"; record B { a.A? a; c.C c; }',
        "c.avdl": "namespace c; record C {}",
    }
    placement, _ = placed(tmp_path, files)
    assert placement.modules["a"].late == {"out.b": "out_b"}
    assert (placement.modules["b"].uses, placement.modules["b"].late) == (
        {"out.a", "out.c"},
        {"out.a": "out_a"},
    )


def test_a_package_is_imported_before_what_lies_in_it(tmp_path: Path) -> None:
    files = {
        "a.avdl": 'namespace a; import idl "b.avdl"; record A { a.b.B b; }',
        "b.avdl": "namespace a.b; record B {}",
        "c.avdl": 'namespace a.c; import idl "a.avdl"; record C { a.A a; }',
    }
    placement, _ = placed(tmp_path, files)
    assert placement.modules["a"].late == {"out.a.b": "a_b"}
    assert placement.modules["a.c"].late == {}


def test_a_module_written_by_hand_may_import_the_namespace_that_it_serves(tmp_path: Path) -> None:
    files = {"t.avdl": "namespace mine; record Special {} record R { Special s; }"}
    contracts, _ = resolved(tmp_path, files)
    config = Config(tmp_path, (Target("out", tmp_path),), {"mine.Special": "out_special"})
    assert place(contracts, config, Diagnostics()).modules["mine"].late == {"out_special": "out_special_"}


def test_what_cannot_be_placed_is_a_diagnostic(tmp_path: Path) -> None:
    assert placed(tmp_path, {"a.avdl": "record R {}"})[1] == ["AVR301"]
    assert placed(tmp_path, {"b.avdl": "protocol P {}"})[1] == ["AVR301"]
    clash = {"c.avdl": 'namespace n; record x {} @namespace("n.x.y") record R {}'}
    assert placed(tmp_path / "c", clash)[1] == ["AVR302"]
    clash = {"c.avdl": '@namespace("n") protocol x { @namespace("n.x") record R {} }'}
    assert placed(tmp_path / "d", clash)[1] == ["AVR302"]
    clash = {"a.avdl": "namespace n.`class`; record R {}", "b.avdl": "namespace n.class_; record S {}"}
    assert placed(tmp_path / "e", clash)[1] == ["AVR302"]


def test_a_namespace_without_target_is_a_diagnostic(tmp_path: Path) -> None:
    contracts, _ = resolved(tmp_path, {"a.avdl": "namespace n; record R {}"})
    diagnostics = Diagnostics()
    place(contracts, Config(tmp_path, (Target("out", tmp_path, ("m",)),)), diagnostics)
    assert [item.message for item in diagnostics.items] == [
        "no target in [tool.avrogen] takes the namespace `n`"
    ]
