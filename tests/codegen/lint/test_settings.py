from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.config import ConfigError, load_config
from avrorpc_codegen.diagnostic import Severity
from avrorpc_codegen.lint.letter_case import LetterCase
from avrorpc_codegen.lint.rules import Category, LintRule
from avrorpc_codegen.lint.settings import LintConfig, UnknownSelector, chosen, lint_config, matches

DEFAULT = chosen(["default"])
NAMING = frozenset(rule for rule in LintRule if rule.category is Category.NAMING)


def settings(folder: Path, text: str) -> LintConfig:
    (folder / "pyproject.toml").write_text(f"[tool.avrogen.lint]\n{text}")
    config = load_config(folder)
    return lint_config(config.lint, config.root)


def test_without_settings_the_default_rules_apply(tmp_path: Path) -> None:
    config = settings(tmp_path, "")
    assert config == LintConfig(tmp_path)
    assert config.rules == DEFAULT == frozenset(rule for rule in LintRule if rule.is_default)
    assert config.severity(LintRule.TYPE_NAME) is Severity.WARNING
    assert config.severity(LintRule.ENDLESS_RECORD) is Severity.ERROR


def test_words_choose_rules() -> None:
    assert chosen(["AVR401", "avr402"]) == {LintRule.TYPE_NAME, LintRule.MEMBER_NAME}
    assert chosen(["naming"]) == NAMING
    assert chosen(["all"]) == frozenset(LintRule)
    assert chosen(["default", "AVR424"]) == DEFAULT | {LintRule.BARE_RESULT}
    assert chosen([]) == frozenset()


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("AVR4O1", "did you mean `AVR401`?"),
        ("avr4l1", "did you mean `AVR411`?"),
        ("AVR40", "did you mean `naming`?"),
        ("nameing", "did you mean `naming`?"),
        ("Documentation", "did you mean `documentation`?"),
        ("xyz", "`avrogen lint --list` shows all"),
        ("AVR203", "did you mean"),
    ],
)
def test_a_word_that_chooses_nothing_is_answered_with_what_was_meant(word: str, hint: str) -> None:
    with pytest.raises(UnknownSelector, match=f"there is no rule {word!r}") as caught:
        chosen([word])
    assert hint in str(caught.value)


def test_all_settings_are_read(tmp_path: Path) -> None:
    text = """
    select = ["all"]
    ignore = ["AVR401", "documentation"]
    exclude = ["legacy"]
    naming = "camelCase"
    languages = ["java", "python"]
    annotations = ["times"]
    logical-types = ["money"]
    fail-on = "error"
    [tool.avrogen.lint.severity]
    naming = "error"
    AVR402 = "warning"
    [tool.avrogen.lint.per-file-ignores]
    "schemas/old/**" = ["naming"]
    """
    config = settings(tmp_path, text)
    assert LintRule.TYPE_NAME not in config.rules
    assert LintRule.UNFINISHED not in config.rules
    assert LintRule.BARE_RESULT in config.rules
    assert config.exclude == ("legacy",)
    assert config.naming is LetterCase.CAMEL
    assert config.languages == ("java", "python")
    assert config.annotations == {"times"}
    assert config.logical_types == {"money"}
    assert config.fail_on is Severity.ERROR
    assert config.severity(LintRule.SYMBOL_NAME) is Severity.ERROR
    assert config.severity(LintRule.MEMBER_NAME) is Severity.WARNING
    assert config.rules_for(tmp_path / "schemas/old/a.avdl") == config.rules - NAMING
    assert config.rules_for(tmp_path / "schemas/new/a.avdl") == config.rules


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("selct = []", "knows no setting 'selct'; did you mean `select`?"),
        ("select = 'all'", "`select` is a list of strings"),
        ("select = ['AVR499']", "`select`: there is no rule 'AVR499'"),
        ("ignore = ['docs']", "`ignore`: there is no rule 'docs'"),
        ("exclude = [1]", "`exclude` is a list of strings"),
        ("naming = 'kebab-case'", "`naming` is one of consistent, snake_case, camelCase, not 'kebab-case'"),
        ("languages = ['cobol']", "has no reserved words of 'cobol'; there are python, java, typescript"),
        ("fail-on = 'never'", "`fail-on` is one of error, warning, not 'never'"),
        ("severity = 'error'", "`severity` is a table"),
        ("severity = {AVR401 = 'note'}", "`AVR401` is one of error, warning, not 'note'"),
        ("severity = {AVR4 = 'error'}", "`severity`: there is no rule 'AVR4'"),
        ("per-file-ignores = []", "`per-file-ignores` is a table"),
        ("per-file-ignores = {a = 'naming'}", "`a` is a list of strings"),
        ("per-file-ignores = {a = ['names']}", "`per-file-ignores`: there is no rule 'names'"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    assert "[tool.avrogen.lint]" in str(caught.value)
    assert problem in str(caught.value)


def test_the_table_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.avrogen]\nlint = 1\n")
    with pytest.raises(ConfigError, match="is not a table"):
        load_config(tmp_path)


def test_a_command_line_selects_anew_and_ignores_more() -> None:
    config = LintConfig(rules=DEFAULT - NAMING)
    assert config.overridden([], [], None) == config
    assert config.overridden(["AVR401"], [], None).rules == {LintRule.TYPE_NAME}
    assert config.overridden([], ["evolution", "AVR411"], None).rules == DEFAULT - NAMING - chosen(
        ["evolution", "AVR411"]
    )
    assert config.overridden([], [], "error").fail_on is Severity.ERROR
    with pytest.raises(ConfigError, match="AVR999"):
        config.overridden([], ["AVR999"], None)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("legacy", "schemas/legacy/a.avdl", True),
        ("legacy", "schemas/legacy2/a.avdl", False),
        ("legacy/", "legacy/deep/a.avdl", True),
        ("*.avdl", "schemas/a.avdl", True),
        ("a*.avdl", "schemas/b.avdl", False),
        ("schemas/*.avdl", "schemas/a.avdl", True),
        ("schemas/*.avdl", "schemas/x/a.avdl", False),
        ("schemas/**/a.avdl", "schemas/a.avdl", True),
        ("schemas/**/a.avdl", "schemas/x/y/a.avdl", True),
        ("schemas/**", "schemas/x/a.avdl", True),
        ("schemas/x", "schemas/x/y/a.avdl", True),
        ("./schemas/x", "schemas/x/a.avdl", True),
        ("x/a.avdl", "schemas/x/a.avdl", False),
        ("schemas/?.avdl", "schemas/a.avdl", True),
        ("schemas/a+b.avdl", "schemas/aab.avdl", False),
        ("", "schemas/a.avdl", False),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, tmp_path / path, tmp_path) is expected


def test_files_outside_the_project_match_by_name_alone(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    assert matches("a.avdl", tmp_path / "a.avdl", inside)
    assert not matches("schemas/a.avdl", tmp_path / "a.avdl", inside)
