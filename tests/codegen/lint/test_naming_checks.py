from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint.letter_case import LetterCase
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig
from support.linting import linted, linted_files, messages


def test_types_and_protocols_are_in_pascal_case(tmp_path: Path) -> None:
    text = '@namespace("n") protocol orders { record a_b {} error E_ {} enum DType { A } fixed md5(1); }'
    found = linted(tmp_path, text, LintRule.TYPE_NAME)
    assert [finding.diagnostic.message.split("`")[1] for finding in found] == ["orders", "a_b", "md5"]
    helps = [finding.diagnostic.help for finding in found]
    assert helps[0] == "call it `Orders`"
    assert helps[1] == 'call it `AB`; a contract in use keeps the old name by `@aliases(["a_b"])`'


def test_a_full_name_is_judged_by_its_last_part(tmp_path: Path) -> None:
    assert messages(tmp_path, "record a.b.C {} record a.b.d {}", LintRule.TYPE_NAME) == [
        "`d` is not in PascalCase"
    ]


MIXED = "namespace n; record R { int user_id; int orderId; int itemId; int plain; } "


@pytest.mark.parametrize(
    ("naming", "wrong"),
    [
        (None, ["`user_id` is not in camelCase"]),
        (LetterCase.CAMEL, ["`user_id` is not in camelCase"]),
        (LetterCase.SNAKE, ["`orderId` is not in snake_case", "`itemId` is not in snake_case"]),
    ],
)
def test_members_are_in_the_style_of_the_settings_or_of_most(
    tmp_path: Path, naming: LetterCase | None, wrong: list[str]
) -> None:
    config = LintConfig(tmp_path, naming=naming)
    assert messages(tmp_path, MIXED, LintRule.MEMBER_NAME, config=config) == wrong


def test_the_usual_style_is_that_of_all_files_together(tmp_path: Path) -> None:
    files = {
        "schemas/a.avdl": "namespace a; record A { int user_id; }",
        "schemas/b.avdl": "namespace b; record B { int userId; int itemId; }",
    }
    found = [f for f in linted_files(tmp_path, files) if f.rule is LintRule.MEMBER_NAME]
    assert [finding.diagnostic.message for finding in found] == ["`user_id` is not in camelCase"]


def test_messages_have_no_aliases_to_keep_an_old_name(tmp_path: Path) -> None:
    text = '@namespace("n") protocol P { void GetIt(int TheId); }'
    helps = [finding.diagnostic.help for finding in linted(tmp_path, text, LintRule.MEMBER_NAME)]
    assert helps == [
        "call it `get_it`",
        'call it `the_id`; a contract in use keeps the old name by `@aliases(["TheId"])`',
    ]


def test_namespaces_are_in_lower_case_wherever_they_are_said(tmp_path: Path) -> None:
    text = '@namespace("com.Shop") protocol P { @namespace("Other") record A {} @namespace("x") record B {} }'
    assert messages(tmp_path, text, LintRule.NAMESPACE_NAME) == [
        "the namespace `com.Shop` is not in lower case",
        "the namespace `Other` is not in lower case",
    ]
    dotted = linted(tmp_path, "protocol com.Shop.P {}", LintRule.NAMESPACE_NAME)
    assert [finding.span.start for finding in dotted] == [len("protocol ")]


def test_lookalikes_are_found_in_each_list_of_names(tmp_path: Path) -> None:
    text = """
    @namespace("n") protocol P {
      record R { int ab; int a_b; int c; }
      enum E { X, x }
      void go(int p_q, int pq);
      void Go();
      record r { int ab; }
    }
    """
    assert messages(tmp_path, text, LintRule.NAMES_ALIKE) == [
        "the field `a_b` is called nearly like `ab`",
        "the symbol `x` is called nearly like `X`",
        "the parameter `pq` is called nearly like `p_q`",
        "the message `Go` is called nearly like `go`",
        "the type `r` is called nearly like `R`",
    ]


def test_types_of_different_files_are_compared_and_those_of_other_namespaces_are_not(tmp_path: Path) -> None:
    files = {
        "schemas/a.avdl": "namespace n; record Order {}",
        "schemas/b.avdl": "namespace n; record ORDER {}",
        "schemas/c.avdl": "namespace m; record order {}",
    }
    (found,) = (f for f in linted_files(tmp_path, files) if f.rule is LintRule.NAMES_ALIKE)
    assert found.span.source.path.name == "b.avdl"
    assert found.diagnostic.notes[0].startswith("`Order` is declared at ")


def test_each_language_of_the_settings_says_what_is_awkward(tmp_path: Path) -> None:
    text = "namespace com.package; record R { int from; int new; int fine; }"
    assert messages(tmp_path, text, LintRule.RESERVED_NAME) == ["`from` is an awkward name for a field"]
    config = LintConfig(tmp_path, languages=("java",))
    assert messages(tmp_path, text, LintRule.RESERVED_NAME, config=config) == [
        "`package` is an awkward name for a namespace",
        "`new` is an awkward name for a field",
    ]
    config = LintConfig(tmp_path, languages=("python", "java", "typescript"))
    (found,) = linted(tmp_path, "namespace n; record class {}", LintRule.RESERVED_NAME, config=config)
    assert len(found.diagnostic.notes) == 3


def test_foreign_letters_are_named_once_and_not_judged_by_case(tmp_path: Path) -> None:
    rules = (LintRule.FOREIGN_LETTERS, LintRule.TYPE_NAME, LintRule.MEMBER_NAME)
    assert messages(tmp_path, "namespace n; record größe { int öäö; }", *rules) == [
        "`größe` has letters that many Avro tools refuse: ö, ß",
        "`öäö` has letters that many Avro tools refuse: ö, ä",
    ]
