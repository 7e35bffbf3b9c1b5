"""The pages that explain rules: one Markdown file for each, in `pages/`.

A page begins with the line `# ID: title`. Its code blocks are whole files, so that the tests can compile
them: one labelled `avdl wrong` breaks the rule, one labelled `avdl right` does not.
"""

from __future__ import annotations

from importlib.resources import files

from avrorpc_codegen.breaking.rules import BreakingRule
from avrorpc_codegen.diagnostic import Rule, RuleId
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.rest_changes import RestRule


def all_rules() -> list[RuleId]:
    """Return every rule there is, in the order of their ids."""
    return sorted([*Rule, *LintRule, *BreakingRule, *RestRule], key=lambda rule: str(rule.value))


def explanation(rule: RuleId) -> str:
    """Return the page of a rule, in Markdown."""
    return (files("avrorpc_codegen") / "pages" / f"{rule.value}.md").read_text(encoding="utf-8")


def title(rule: RuleId) -> str:
    """Return the title of a rule's page, without the id."""
    return explanation(rule).partition("\n")[0].removeprefix(f"# {rule.value}: ")
