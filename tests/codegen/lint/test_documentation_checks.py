from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.lint.rules import Category, LintRule
from support.linting import linted, messages

DOCUMENTATION = [rule for rule in LintRule if rule.category is Category.DOCUMENTATION]

BARE = """
@namespace("n")
protocol Shop {
  record Order { int a; int b; }
  error Lost { string why; }
  enum Size { SMALL }
  fixed Hash(4);
  void buy(int c, int d, int e, int f, int g, int h, int i) throws Lost;
  void ping();
}
"""


def test_everything_without_documentation_is_named_and_lists_are_named_together(tmp_path: Path) -> None:
    assert messages(tmp_path, BARE, *DOCUMENTATION) == [
        "the protocol `Shop` has no documentation",
        "the record `Order` has no documentation",
        "`Order` has fields without documentation: `a`, `b`",
        "the error `Lost` has no documentation",
        "`Lost` has a field without documentation: `why`",
        "the enum `Size` has no documentation",
        "the fixed `Hash` has no documentation",
        "the message `buy` has no documentation",
        "`buy` has parameters without documentation: `c`, `d`, `e`, `f`, `g` and 2 more",
        "the message `ping` has no documentation",
    ]


def test_a_comment_without_words_documents_nothing(tmp_path: Path) -> None:
    text = "namespace n; /** */ record R {}"
    assert messages(tmp_path, text, LintRule.UNDOCUMENTED_TYPE) == ["the record `R` has no documentation"]


def test_one_comment_before_a_type_documents_all_its_variables(tmp_path: Path) -> None:
    text = "namespace n; record R { /** In grams. */ long gross, net; }"
    assert messages(tmp_path, text, LintRule.UNDOCUMENTED_FIELD) == []


@pytest.mark.parametrize(
    ("doc", "name"),
    [
        ("The user id.", "user_id"),
        ("User ID", "userId"),
        ("userId", "userId"),
        ("An order.", "Order"),
        ("The list of orders", "order_list"),
        ("The order field.", "order"),
        ("The id of the user", "user_id"),
        ("Returns the orders.", "orders"),
        ("the field", "x"),
        ("...", "x"),
    ],
)
def test_words_that_the_name_says_already(tmp_path: Path, doc: str, name: str) -> None:
    text = f"namespace n; record R {{ /** {doc} */ int {name}; }}"
    (found,) = linted(tmp_path, text, LintRule.EMPTY_WORDS)
    assert text[found.span.start : found.span.end] == f"/** {doc} */"


@pytest.mark.parametrize(
    ("doc", "name"),
    [
        ("Unique in the shop.", "order_id"),
        ("How many orders are open.", "orders"),
        ("Where.", "place"),
        ("In grams.", "weight"),
        ("Größe in cm.", "größe"),
        ("Order of a customer.", "order"),
        ("A node.", "node_info"),
        ("Write a record.", "write"),
    ],
)
def test_words_that_say_more(tmp_path: Path, doc: str, name: str) -> None:
    text = f"namespace n; record R {{ /** {doc} */ int {name}; }}"
    assert linted(tmp_path, text, LintRule.EMPTY_WORDS) == []


def test_unfinished_words_are_found_in_all_documentation(tmp_path: Path) -> None:
    text = """
    /** Sells. FIXME */
    @namespace("n") protocol P {
      enum E { /** TBD */ A }
      /** todo lists are no TODOS. */
      void go(/** TODO: describe */ int a);
    }
    """
    assert messages(tmp_path, text, LintRule.UNFINISHED) == [
        "the documentation of `P` says FIXME",
        "the documentation of `A` says TBD",
        "the documentation of `a` says TODO",
    ]


def test_the_right_one_of_two_equal_comments_is_shown(tmp_path: Path) -> None:
    text = "namespace n; /** TODO */ record A {} /** TODO */ record B {}"
    found = linted(tmp_path, text, LintRule.UNFINISHED)
    assert [finding.span.start for finding in found] == [text.index("/**"), text.rindex("/**")]
