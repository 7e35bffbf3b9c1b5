from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import avrorpc
import pytest
from avrorpc_codegen.config import RUNTIME_EXTERNAL, Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import Generated, generate
from avrorpc_codegen.reading import Read, read_contracts
from avrorpc_codegen.sharing import Installed
from support.contracts import write
from support.installed import install

SHARES_BILLING = """
[avrorpc.schemas]
billing = billing_contracts
[avrorpc.namespaces]
billing = billing_contracts.billing
[console_scripts]
UPPER = billing_contracts:main
"""
BILLING = {
    "billing_contracts/__init__.py": "raise RuntimeError('imported')",
    "billing_contracts/schemas/billing/money.avdl": "namespace billing; record Money { long cents; }",
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def shop(folder: Path, text: str) -> Path:
    (path,) = write(folder / "shop", {"schemas/shop.avdl": text})
    return path.parent


def generated(schemas: Path, *targets: Target, external: dict[str, str] | None = None) -> Generated:
    diagnostics = Diagnostics()
    config = Config(
        schemas, targets or (Target("out", schemas.parent),), {**RUNTIME_EXTERNAL, **(external or {})}
    )
    result = generate(config, diagnostics)
    assert not diagnostics.items, diagnostics.render()
    return result


def modules(result: Generated) -> dict[str, str]:
    return {path.parent.name: text for path, text in result.files.items() if path.suffix == ".py"}


def read(schemas: Path) -> tuple[Read, str]:
    diagnostics = Diagnostics()
    found = read_contracts([schemas], [schemas], diagnostics)
    return found, diagnostics.render() if diagnostics.items else ""


BUY = (
    '@namespace("shop") protocol Shop { import idl "billing/money.avdl"; billing.Money price(string item); }'
)


def test_what_an_installed_package_shares_is_imported_and_never_emitted(site: Path, tmp_path: Path) -> None:
    install(site, "billing-contracts", SHARES_BILLING, BILLING)
    result = generated(shop(tmp_path, BUY))
    texts = modules(result)
    assert set(texts) == {"out", "shop"}
    assert "import billing_contracts.billing\n" in texts["shop"]
    assert "-> billing_contracts.billing.Money:" in texts["shop"]
    assert result.packages == {"billing-contracts 1.0": ["billing/money.avdl"]}
    assert "billing_contracts" not in sys.modules


def test_a_package_without_python_for_its_contracts_leaves_that_to_the_project(
    site: Path, tmp_path: Path
) -> None:
    install(site, "billing", "[avrorpc.schemas]\nx = billing_contracts\n", BILLING)
    assert set(modules(generated(shop(tmp_path, BUY)))) == {"out", "shop", "billing"}


def test_a_target_that_names_a_namespace_wins_over_a_package(site: Path, tmp_path: Path) -> None:
    install(site, "billing-contracts", SHARES_BILLING, BILLING)
    schemas = shop(tmp_path, BUY)
    own = Target("own", tmp_path, ("billing",))
    assert "own" in modules(generated(schemas, own, Target("out", tmp_path)))


def test_external_in_the_settings_wins_over_a_package(site: Path, tmp_path: Path) -> None:
    install(site, "billing-contracts", SHARES_BILLING, BILLING)
    texts = modules(generated(shop(tmp_path, BUY), external={"billing.Money": "by_hand"}))
    assert "-> by_hand.Money:" in texts["shop"]


def test_a_package_takes_no_namespace_away_from_the_project(site: Path, tmp_path: Path) -> None:
    install(site, "billing-contracts", SHARES_BILLING, BILLING)
    text = f'@namespace("billing") protocol Own {{ record Mine {{ int a; }} {BUY.partition("{")[2]}'
    texts = modules(generated(shop(tmp_path, text)))
    assert "class Mine(" in texts["billing"]
    assert "class Money(" not in texts["billing"]
    assert "billing_contracts.billing" in texts["billing"]


def test_the_file_of_the_project_wins_over_that_of_a_package(site: Path, tmp_path: Path) -> None:
    install(site, "billing-contracts", SHARES_BILLING, BILLING)
    schemas = shop(tmp_path, BUY)
    write(schemas, {"billing/money.avdl": "namespace billing; record Money { int euros; }"})
    assert "euros: int" in modules(generated(schemas))["billing"]


def test_a_package_finds_its_own_files_before_those_of_the_project(site: Path, tmp_path: Path) -> None:
    files = {
        "a/__init__.py": "",
        "a/schemas/a/top.avdl": 'namespace a; import idl "types.avdl"; record Top { Low low; }',
        "a/schemas/types.avdl": "namespace a; record Low { int of_a; }",
    }
    install(site, "a", "[avrorpc.schemas]\na = a\n[avrorpc.namespaces]\na = a\n", files)
    schemas = shop(tmp_path, '@namespace("s") protocol S { import idl "a/top.avdl"; a.Top get(); }')
    write(schemas, {"types.avdl": "namespace s; record Mine { int b; }"})
    found, problems = read(schemas)
    assert problems == ""
    assert {"a.Low", "s.Mine"} <= set(found.contracts.types)


def test_packages_are_searched_in_the_order_of_their_names(site: Path, tmp_path: Path) -> None:
    for name in ("zeta", "alpha", "Beta"):
        files = {f"{name}/__init__.py": "", f"{name}/schemas/x.avdl": "namespace x; record X { int a; }"}
        install(site, name, f"[avrorpc.schemas]\nx = {name}\n", files)
    found, _ = read(shop(tmp_path, '@namespace("s") protocol S { import idl "x.avdl"; }'))
    assert found.units[-1].shared is not None
    assert found.units[-1].shared.distribution == "alpha 1.0"
    order = [shared.distribution for shared in Installed([], Diagnostics()).shared()]
    assert [name for name in order if name.endswith(" 1.0")] == ["alpha 1.0", "Beta 1.0", "zeta 1.0"]


def test_the_first_of_two_versions_on_the_path_hides_the_other(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "Billing.Contracts", SHARES_BILLING, BILLING)
    first = tmp_path / "first"
    first.mkdir()
    monkeypatch.syspath_prepend(str(first))
    install(first, "billing-contracts", SHARES_BILLING, BILLING, version="2.0")
    assert generated(shop(tmp_path, BUY)).packages == {"billing-contracts 2.0": ["billing/money.avdl"]}


def test_a_finding_in_a_file_of_a_package_names_the_package(site: Path, tmp_path: Path) -> None:
    broken = {
        **BILLING,
        "billing_contracts/schemas/billing/money.avdl": "namespace billing; record Money { Lo a; }",
    }
    install(site, "billing-contracts", SHARES_BILLING, broken)
    _, problems = read(shop(tmp_path, BUY))
    assert "money.avdl:1:35: error[AVR203]" in problems
    assert "= note: this file comes with billing-contracts 1.0" in problems


def test_packages_are_not_looked_at_while_every_import_is_found(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise AssertionError

    monkeypatch.setattr("importlib.metadata.distributions", refuse)
    text = '@namespace("s") protocol S { import idl "avrorpc/tensor.avdl"; avrorpc.Tensor get(); }'
    assert list(generated(shop(tmp_path, text)).packages.values()) == [["avrorpc/tensor.avdl"]]


def missing_package(site: Path) -> str:
    install(site, "billing", "[avrorpc.schemas]\nx = nowhere_at_all.below\n")
    return (
        "billing 1.0 says that `nowhere_at_all.below` has contracts, but there is no package `nowhere_at_all`"
    )


def missing_folder(site: Path) -> str:
    install(site, "billing", SHARES_BILLING, {"billing_contracts/__init__.py": ""})
    return "but there is no folder `schemas` in it"


def a_module(site: Path) -> str:
    install(site, "billing", SHARES_BILLING, {"billing_contracts.py": ""})
    return "but there is no folder `schemas` in it"


def no_name(site: Path) -> str:
    install(site, "billing", "[avrorpc.schemas]\nx = .\n")
    return "says that `.` has contracts, but there is no package ``"


def not_a_table(site: Path) -> str:
    install(site, "billing", "[avrorpc.schemas]\nnothing\n")
    return "the entry points of billing 1.0 cannot be read"


def not_utf8(site: Path) -> str:
    install(site, "billing", "")
    (site / "billing-1.0.dist-info" / "entry_points.txt").write_bytes(b"[avrorpc.schemas]\nx = \xff\n")
    return "the entry points of billing 1.0 cannot be read"


def no_metadata(site: Path) -> str:
    write(site, {"billing-1.0.dist-info/entry_points.txt": "[avrorpc.schemas]\nx = nowhere_at_all\n"})
    return "a package without metadata says that `nowhere_at_all` has contracts"


def bad_project(site: Path) -> str:
    install(site, "billing", SHARES_BILLING, {"billing_contracts/__init__.py": "", "pyproject.toml": "["})
    return "not valid TOML"


@pytest.mark.parametrize(
    "broken",
    [missing_package, missing_folder, a_module, no_name, not_a_table, not_utf8, no_metadata, bad_project],
)
def test_a_broken_package_is_a_warning_beside_the_import_that_is_missing(
    broken: Callable[[Path], str], site: Path, tmp_path: Path
) -> None:
    expected = broken(site)
    _, problems = read(shop(tmp_path, BUY))
    assert expected in problems
    assert problems.count("warning[AVR120]") == 1
    assert "error[AVR201]: there is no file 'billing/money.avdl'" in problems
    assert "= note: no installed package shares it" in problems


def test_an_editable_install_shares_the_folder_of_its_project(site: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    pyproject = '[project]\nname = "Billing_Contracts"\n[tool.avrogen]\nschemas = "idl"\n'
    code = "namespace billing; record Money { long cents; }"
    write(
        project,
        {
            "pyproject.toml": pyproject,
            "src/billing_contracts/__init__.py": "",
            "idl/billing/money.avdl": code,
        },
    )
    install(site, "billing-contracts", SHARES_BILLING)
    sys.path.insert(1, str(project / "src"))
    try:
        result = generated(shop(tmp_path, BUY))
        # And in that very project the same files are its own.
        inside = generated(project / "idl", Target("billing_contracts", project / "src"))
    finally:
        sys.path.remove(str(project / "src"))
    assert set(modules(result)) == {"out", "shop"}
    assert result.packages == {"billing-contracts 1.0": ["billing/money.avdl"]}
    assert set(modules(inside)) == {"billing_contracts", "billing"}
    assert inside.packages == {}


def test_a_project_of_another_name_above_a_package_is_not_its_own(site: Path, tmp_path: Path) -> None:
    """As above a virtual environment that lies in a project."""
    write(tmp_path, {"pyproject.toml": '[project]\nname = "other"\n', "schemas/billing/money.avdl": ""})
    install(site, "billing-contracts", SHARES_BILLING, {"billing_contracts/__init__.py": ""})
    _, problems = read(shop(tmp_path, BUY))
    assert "there is no folder `schemas` in it" in problems


def test_the_contracts_of_the_runtime_come_first_and_need_no_metadata(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.metadata.distributions", list)
    (runtime,) = Installed([], Diagnostics()).shared()
    assert runtime.distribution == f"avrorpc {avrorpc.__version__}"
    assert runtime.find("avrorpc/tensor.avdl") is not None
    assert runtime.find("avrorpc/nothing.avdl") is None
