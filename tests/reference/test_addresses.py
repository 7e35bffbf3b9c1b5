from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.reference.addresses import LONGEST_PAGE, Address, Addresses, Kind, Page, Target
from support.contracts import write
from support.reference import read


def contracts(folder: Path, **files: str) -> Contracts:
    write(folder, {f"{name}.avdl": text for name, text in files.items()})
    return read(folder)


def folder_of(addresses: Addresses, namespace: str) -> str:
    return addresses[Target(Kind.NAMESPACE, namespace)].page.folder


def test_a_namespace_has_a_page_with_its_types_and_a_protocol_has_its_own(tmp_path: Path) -> None:
    addresses = Addresses(
        contracts(tmp_path, a='@namespace("n.m") protocol P { record R { int a; } void go(); }')
    )
    assert addresses[Target(Kind.NAMESPACE, "n.m")] == Address(Page("n.m"))
    assert addresses[Target(Kind.TYPE, "n.m.R")] == Address(Page("n.m"), "R")
    assert addresses[Target(Kind.MEMBER, "n.m.R", "a")] == Address(Page("n.m"), "R.a")
    assert addresses[Target(Kind.PROTOCOL, "n.m.P")] == Address(Page("n.m", "protocol.P"))
    assert addresses[Target(Kind.MESSAGE, "n.m.P", "go")] == Address(Page("n.m", "protocol.P"), "go")


def test_types_get_pages_of_their_own_where_there_are_many(tmp_path: Path) -> None:
    types = "".join(f"record R{number} {{}}" for number in range(LONGEST_PAGE + 1))
    addresses = Addresses(contracts(tmp_path, a=f"namespace many; {types}", b="namespace few; fixed F(1);"))
    assert addresses.split == {"many"}
    assert addresses[Target(Kind.TYPE, "many.R7")] == Address(Page("many", "type.R7"), "R7")
    assert addresses[Target(Kind.TYPE, "few.F")] == Address(Page("few"), "F")


@pytest.mark.parametrize(
    ("namespace", "folder"),
    [
        ("größe", "größe"),
        ("assets", "ns-assets"),
        ("aux.more", "ns-aux.more"),
        ("COM1", "ns-COM1"),
        ("_hidden", "ns-_hidden"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_folders_have_names_that_every_system_takes(tmp_path: Path, namespace: str, folder: str) -> None:
    assert (
        folder_of(Addresses(contracts(tmp_path, a=f"namespace {namespace}; fixed F(1);")), namespace)
        == folder
    )


def test_what_has_no_namespace_has_a_folder_too(tmp_path: Path) -> None:
    assert folder_of(Addresses(contracts(tmp_path, a="protocol P { fixed F(1); }")), "") == "no-namespace"


def test_names_that_differ_in_case_alone_get_files_that_differ_in_more(tmp_path: Path) -> None:
    addresses = Addresses(
        contracts(
            tmp_path,
            a='@namespace("Shop") protocol Cart {}',
            b='@namespace("shop") protocol cart {}',
            c='@namespace("shop") protocol CART {}',
        )
    )
    assert [folder_of(addresses, name) for name in addresses.namespaces] == ["Shop", "shop-2"]
    pages = [addresses[Target(Kind.PROTOCOL, name)].page.name for name in ("shop.CART", "shop.cart")]
    assert pages == ["protocol.CART", "protocol.cart-2"]


def test_a_name_that_no_file_system_takes_is_cut(tmp_path: Path) -> None:
    first, second = ("ü" * 200 + end for end in "ab")
    addresses = Addresses(
        contracts(tmp_path, a=f"namespace {first}; fixed F(1);", b=f"namespace {second}; fixed F(1);")
    )
    folders = {folder_of(addresses, first), folder_of(addresses, second)}
    assert len(folders) == 2
    assert all(len(folder.encode()) < 150 for folder in folders)


def test_a_name_in_a_comment_means_what_is_nearest(tmp_path: Path) -> None:
    addresses = Addresses(
        contracts(
            tmp_path,
            a='@namespace("a") protocol P { record Same {} record Alone { int size; } void go(); }',
            c="namespace a; enum Color { RED } fixed Hash(1);",
            b='@namespace("b") protocol Q { record Same {} void Same(); void stop(); }',
        )
    )
    assert addresses.find("Same", "b") == Target(Kind.TYPE, "b.Same")
    assert addresses.find("a.Same", "b") == Target(Kind.TYPE, "a.Same")
    assert addresses.find("Same", "c") is None
    assert addresses.find("Alone", "b") == Target(Kind.TYPE, "a.Alone")
    assert addresses.find("stop", "b", "b.Q") == Target(Kind.MESSAGE, "b.Q", "stop")
    assert addresses.find("stop", "b") is None
    assert addresses.find("P.go", "a") == Target(Kind.MESSAGE, "a.P", "go")
    assert addresses.find("a.P.go", "b") == Target(Kind.MESSAGE, "a.P", "go")
    assert addresses.find("P.gone", "a") is None
    assert addresses.find("Alone.size", "a") == Target(Kind.MEMBER, "a.Alone", "size")
    assert addresses.find("Color.RED", "a") == Target(Kind.MEMBER, "a.Color", "RED")
    assert addresses.find("Color.BLUE", "a") is None
    assert addresses.find("Hash.size", "a") is None
    assert addresses.find("a", "b") == Target(Kind.NAMESPACE, "a")
    assert addresses.find("", "b") is None
