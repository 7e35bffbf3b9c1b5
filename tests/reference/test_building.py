from __future__ import annotations

import hashlib
from pathlib import Path

from avrorpc.schema import compact, protocol_to_json
from avrorpc_codegen.diagnostic import Diagnostics, Severity
from avrorpc_codegen.reference.building import count_line
from avrorpc_codegen.reference.code import text_of
from avrorpc_codegen.reference.pages import Example, Use
from support.contracts import write
from support.reference import protocol, read, reference

SHOP = """
  /** Something to sell. */
  @aliases(["Thing"]) record Item {
    /** What it is called. */ string @sensitive(true) name;
    Item? next = null;
    Kind @order("ignore") kind = "A";
  }
  /** Kinds. */ enum Kind { /** The first. */ A, B } = B;
  fixed Hash(16);
  error Gone { Hash hash; }
  /** Buy it. */
  @timeout("30s") @readonly(true) @by("me")
  array<Item> buy(/** Which. */ Item item, int count = 1) throws Gone;
  void tell(string text) oneway;
"""


def test_a_protocol_shows_what_it_is_and_where_it_comes_from(tmp_path: Path) -> None:
    shown = reference(tmp_path, {"shop/p.avdl": f'/** Sells. */\n@namespace("n") protocol P {{{SHOP}}}'})
    (protocol,) = shown.protocols
    assert (protocol.name, protocol.full_name, protocol.namespace) == ("P", "n.P", "n")
    assert (protocol.doc.text, protocol.source) == ("Sells.", "shop/p.avdl:2")
    text = compact(protocol_to_json(read(tmp_path).protocols["n.P"].protocol))
    assert protocol.handshake_hash == hashlib.md5(text.encode()).hexdigest()
    assert [(line.kind, line.name) for line in protocol.types] == [
        ("error", "Gone"),
        ("fixed", "Hash"),
        ("record", "Item"),
        ("enum", "Kind"),
    ]
    assert count_line(shown) == "1 namespace, 1 protocol, 2 messages, 4 types"


def test_a_message_shows_all_that_a_caller_needs(tmp_path: Path) -> None:
    (protocol_,) = reference(tmp_path, protocol(SHOP)).protocols
    buy, tell = protocol_.messages
    assert buy.doc.text == "Buy it."
    assert [badge.label for badge in buy.badges] == ["read-only", "timeout 30s"]
    assert [text_of(note) for note in buy.notes] == ['@by("me")']
    assert buy.result is not None
    assert (text_of(buy.result), buy.result_doc.text) == ("array<Item>", "Something to sell.")
    item, count = buy.parameters
    assert (item.name, text_of(item.type), item.default, item.doc.text) == ("item", "Item", None, "Which.")
    assert count.default is not None
    assert (text_of(count.default), count.anchor) == ("1", "buy.count")
    assert [line.name for line in buy.errors] == ["Gone"]
    assert buy.python is not None
    assert text_of(buy.python) == "def buy(self, item: Item, *, count: int = 1) -> list[Item]"
    assert tell.result is None
    assert [badge.label for badge in tell.badges] == ["one-way"]


def test_a_type_shows_all_that_it_holds(tmp_path: Path) -> None:
    item, gone, kind, hash_ = reference(tmp_path, protocol(SHOP)).types
    assert [view.kind for view in (item, gone, kind, hash_)] == ["record", "error", "enum", "fixed"]
    name, next_, kind_field = item.fields
    assert [badge.label for badge in name.badges] == ["sensitive"]
    assert text_of(next_.type) == "Item?"
    assert [text_of(note) for note in kind_field.notes] == ['@order("ignore")']
    assert (item.aliases, item.py_name) == (["n.Thing"], "out.n.Item") or item.aliases == ["Thing"]
    assert [(symbol.name, symbol.doc.text, symbol.is_default) for symbol in kind.symbols] == [
        ("A", "The first.", False),
        ("B", "", True),
    ]
    assert hash_.size == 16


def test_a_type_knows_who_uses_it(tmp_path: Path) -> None:
    item, gone, _, hash_ = reference(tmp_path, protocol(SHOP)).types
    assert [(use.label, use.how) for use in item.uses] == [
        ("P.buy", "parameter item"),
        ("P.buy", "result"),
        ("Item.next", "field"),
    ]
    assert [(use.label, use.how) for use in gone.uses] == [("P.buy", "error")]
    assert [(use.label, use.how) for use in hash_.uses] == [("Gone.hash", "field")]
    assert len(set(item.uses)) == 3
    assert isinstance(item.uses[0], Use)


def test_a_namespace_has_the_comment_of_its_file_and_its_main_schema(tmp_path: Path) -> None:
    files = {"a.avdl": "/** About n. */ namespace n; schema array<R>; record R {}"}
    (namespace,) = reference(tmp_path, files).namespaces
    assert namespace.doc.text == "About n."
    assert [(file, text_of(code)) for file, code in namespace.main_schemas] == [("a.avdl", "array<R>")]


def test_a_main_schema_is_shown_where_nothing_has_a_name(tmp_path: Path) -> None:
    files = {"a.avdl": "namespace n; schema array<string>;", "b.avdl": "schema map<int>;"}
    shown = reference(tmp_path, files).namespaces
    assert [(view.title, [text_of(code) for _, code in view.main_schemas]) for view in shown] == [
        ("(no namespace)", ["map<int>"]),
        ("n", ["array<string>"]),
    ]


def test_an_imported_message_says_where_it_is_written(tmp_path: Path) -> None:
    files = {
        "a.avdl": '@namespace("n") protocol A {\n  import idl "b.avdl";\n  void own();\n}',
        "b.avdl": '@namespace("n") protocol B {\n\n\n  void taken();\n}',
        "c.avdl": '@namespace("n") protocol C { import protocol "d.avpr"; }',
        "d.avpr": '{"protocol": "D", "namespace": "n",'
        ' "messages": {"old": {"request": [], "response": "null"}}}',
    }
    sources = {
        (view.name, message.name): message.source
        for view in reference(tmp_path, files).protocols
        for message in view.messages
    }
    assert sources == {
        ("A", "own"): "a.avdl:3",
        ("A", "taken"): "b.avdl:4",
        ("B", "taken"): "b.avdl:4",
        ("C", "old"): "d.avpr:1",
        ("D", "old"): "d.avpr:1",
    }


def test_files_outside_the_roots_are_named_without_their_folders(tmp_path: Path) -> None:
    files = {
        "in/a.avdl": 'namespace n; import idl "../out/b.avdl"; record R {}',
        "out/b.avdl": "namespace m; fixed F(1);",
    }
    write(tmp_path, files)
    shown = reference(tmp_path / "in", {})
    assert {view.full_name: view.source for view in shown.types} == {"n.R": "a.avdl:1", "m.F": "b.avdl:1"}


def test_examples_are_shown_in_place_of_the_annotation(tmp_path: Path) -> None:
    write(tmp_path, {"cases.json": '[{"description": "One.", "input": {"a": 1}, "expected_output": 2}]'})
    (view,) = reference(tmp_path, protocol('@examples("cases.json") int go(int a);')).protocols
    assert view.messages[0].examples == [Example("One.", '{"a": 1}', "2")]
    assert view.messages[0].notes == []


def test_examples_that_cannot_be_read_are_a_finding(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    body = '@examples("cases.json") int go(int a);'
    (view,) = reference(tmp_path, protocol(body), diagnostics).protocols
    (found,) = diagnostics.items
    assert found.severity is Severity.WARNING
    assert found.message == "cannot read cases.json: no such file or directory"
    assert found.span is not None
    assert found.span.source.text[found.span.start : found.span.end] == '"cases.json"'
    assert [text_of(note) for note in view.messages[0].notes] == ['@examples("cases.json")']
