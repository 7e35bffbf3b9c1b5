"""Each rule has a page, and what the pages of the compiler's own rules call wrong and right is so."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import avrorpc_codegen
import pytest
from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.diagnostic import Diagnostics, Rule, RuleId
from avrorpc_codegen.explanation import all_rules, explanation, title
from avrorpc_codegen.generation import generate
from avrorpc_codegen.reading import read_contracts, search_path
from support.contracts import write

REPOSITORY = Path(__file__).parents[2]
NOT_IN_A_CONTRACT = {
    Rule.UNREADABLE,
    Rule.NOT_UTF8,
    Rule.BAD_PACKAGE,
    Rule.NOT_IN_IDL,
    Rule.FORMAT_FAILED,
    Rule.BAD_TEMPLATE,
    Rule.UNUSED_TEMPLATE,
}
"""Rules that no text of a contract can break; their pages say so."""
SHOWN = [rule for rule in Rule if rule not in NOT_IN_A_CONTRACT]
BY_RULE = pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.value)


def blocks(rule: Rule, label: str) -> list[tuple[str, str]]:
    """Return the language and the text of each block with a label."""
    pattern = rf"^```(avdl|json) {label}\n(.*?)^```$"
    return re.findall(pattern, explanation(rule), re.MULTILINE | re.DOTALL)


def found(folder: Path, rule: Rule, language: str, text: str) -> list[str]:
    """Compile an example, with the files of its page beside it; for 3xx generate from it too."""
    beside = re.findall(r"^```avdl with (\S+)\n(.*?)^```$", explanation(rule), re.MULTILINE | re.DOTALL)
    suffix = "avdl" if language == "avdl" else "avpr" if '"protocol"' in text else "avsc"
    example = write(folder, {**dict(beside), f"example.{suffix}": text})[-1]
    diagnostics = Diagnostics()
    if rule.value.startswith("AVR3"):
        generate(Config(folder, (Target("out", folder / "out"),)), diagnostics, [REPOSITORY / "schemas"])
    else:
        read_contracts([example], search_path(folder, [REPOSITORY / "schemas"]), diagnostics)
    return [str(item.rule.value) for item in diagnostics.items]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    folder = files(avrorpc_codegen) / "pages"
    pages = sorted(page.name for page in folder.iterdir())
    assert pages == sorted(f"{rule.value}.md" for rule in all_rules())


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.value)
def test_a_page_has_a_title_and_more_to_say(rule: RuleId) -> None:
    text = explanation(rule)
    assert re.fullmatch(rf"# {rule.value}: \S.*[^.]", text.partition("\n")[0])
    assert title(rule)[0].islower() or title(rule).startswith(("`", "JSON"))
    assert text.endswith("\n")
    assert len(text.split("\n\n")) > 2


@BY_RULE
def test_what_is_wrong_gives_that_finding_and_no_other(rule: Rule, tmp_path: Path) -> None:
    examples = blocks(rule, "wrong")
    assert examples
    for number, (language, text) in enumerate(examples):
        assert set(found(tmp_path / str(number), rule, language, text)) == {rule.value}, text


@BY_RULE
def test_nothing_is_found_in_what_is_right(rule: Rule, tmp_path: Path) -> None:
    examples = blocks(rule, "right")
    assert examples
    for number, (language, text) in enumerate(examples):
        assert found(tmp_path / str(number), rule, language, text) == [], text


def test_the_reference_lists_every_rule_by_the_title_of_its_page() -> None:
    reference = REPOSITORY / "docs" / "reference" / "diagnostics.md"
    rows = re.findall(r"^\| \[(AVR\d+)\]\((\S+)\) \| (.*) \|$", reference.read_text(), re.MULTILINE)
    assert [(name, text) for name, _, text in rows] == [(rule.value, title(rule)) for rule in all_rules()]
    assert all((reference.parent / link).is_file() and link.endswith(f"{name}.md") for name, link, _ in rows)
