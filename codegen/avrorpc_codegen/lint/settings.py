"""What `[tool.avrogen.lint]` of a `pyproject.toml` says: which rules apply where, and what they go by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from avrorpc_codegen.config import ConfigError
from avrorpc_codegen.diagnostic import Severity, did_you_mean
from avrorpc_codegen.lint.letter_case import LetterCase
from avrorpc_codegen.lint.reserved_words import LANGUAGES
from avrorpc_codegen.lint.rules import Category, LintRule

DEFAULT: Final = "default"
"""Selects the rules that apply where the settings say nothing."""
ALL: Final = "all"
"""Selects every rule."""

_TABLE: Final = "[tool.avrogen.lint]"
_CONSISTENT: Final = "consistent"
_NAMINGS: Final = {
    _CONSISTENT: None,
    LetterCase.SNAKE.value: LetterCase.SNAKE,
    LetterCase.CAMEL.value: LetterCase.CAMEL,
}
_KNOWN: Final = (
    *("select", "ignore", "exclude", "per-file-ignores", "severity", "fail-on"),
    *("naming", "languages", "annotations", "logical-types"),
)


class UnknownSelector(Exception):
    """A word that is neither the id of a rule nor a category; the text says what was meant."""


def chosen(selectors: Iterable[str], *, sets: bool = True) -> frozenset[LintRule]:
    """Return the rules that ids, categories and, where `sets`, the words `default` and `all` stand for.

    Raises:
        UnknownSelector: A word stands for no rule.
    """
    rules: set[LintRule] = set()
    for selector in selectors:
        by_id = {str(rule.value): rule for rule in LintRule}
        categories = {category.value: category for category in Category}
        if selector.upper() in by_id:
            rules.add(by_id[selector.upper()])
        elif selector in categories:
            rules.update(rule for rule in LintRule if rule.category is categories[selector])
        elif sets and selector == DEFAULT:
            rules.update(rule for rule in LintRule if rule.is_default)
        elif sets and selector == ALL:
            rules.update(LintRule)
        else:
            known = [*by_id, *categories, *([DEFAULT, ALL] if sets else [])]
            raise UnknownSelector(f"there is no rule {selector!r}; {_hint(selector, known)}")
    return frozenset(rules)


def _hint(selector: str, known: Sequence[str]) -> str:
    digits = selector.upper().translate(str.maketrans("OIL", "011"))
    prefixed = [rule.category.value for rule in LintRule if digits == str(rule.value)[:5]]
    if digits in known or prefixed:
        return f"did you mean `{(prefixed or [digits])[0]}`?"
    close = did_you_mean(selector.lower(), known) or did_you_mean(selector.upper(), known)
    return close or "`avrogen lint --list` shows all"


@dataclass(slots=True, frozen=True)
class LintConfig:
    """The settings of lint for a project."""

    root: Path = Path()
    """The folder that patterns are relative to."""
    rules: frozenset[LintRule] = field(default_factory=lambda: chosen([DEFAULT]))
    """The rules that apply, but for what `per_file_ignores` takes away."""
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, frozenset[LintRule]] = field(default_factory=dict)
    severities: Mapping[LintRule, Severity] = field(default_factory=dict)
    """What differs from the rules' own."""
    fail_on: Severity = Severity.WARNING
    """The least that makes the command fail."""
    naming: LetterCase | None = None
    """How fields, parameters and messages are written; None: all in one way, whichever most are in."""
    languages: tuple[str, ...] = ("python",)
    """The languages whose reserved words are avoided."""
    annotations: frozenset[str] = frozenset()
    """Annotations that the project knows, beyond Avro's and avrorpc's."""
    logical_types: frozenset[str] = frozenset()
    """Logical types that the project knows, beyond Avro's."""

    def severity(self, rule: LintRule) -> Severity:
        """Return how bad a finding of a rule is."""
        return self.severities.get(rule, rule.severity)

    def is_excluded(self, path: Path) -> bool:
        """Return whether a file is left alone."""
        return any(matches(pattern, path, self.root) for pattern in self.exclude)

    def rules_for(self, path: Path) -> frozenset[LintRule]:
        """Return the rules that apply to a file."""
        rules = self.rules
        for pattern, ignored in self.per_file_ignores.items():
            if matches(pattern, path, self.root):
                rules -= ignored
        return rules

    def overridden(self, select: Sequence[str], ignore: Sequence[str], fail_on: str | None) -> LintConfig:
        """Return the settings with what a command line says; a selection there begins anew.

        Raises:
            ConfigError: A word stands for no rule.
        """
        try:
            rules = (chosen(select) if select else self.rules) - chosen(ignore)
        except UnknownSelector as error:
            raise ConfigError(str(error)) from error
        return replace(self, rules=rules, fail_on=Severity(fail_on) if fail_on else self.fail_on)


def lint_config(table: Mapping[str, object], root: Path) -> LintConfig:
    """Return the settings that a table `[tool.avrogen.lint]` holds; `root` is the folder of its file.

    Raises:
        ConfigError: A setting is unknown, or makes no sense.
    """
    for key in table:
        if key not in _KNOWN:
            hint = did_you_mean(key, _KNOWN)
            raise _problem(f"knows no setting {key!r}" + (f"; {hint}" if hint else ""))
    rules = _rules(_strings(table, "select", [DEFAULT]), "select")
    rules -= _rules(_strings(table, "ignore"), "ignore")
    naming = _choice(table, "naming", _NAMINGS, _CONSISTENT)
    fail_on = _choice(table, "fail-on", [item.value for item in Severity], Severity.WARNING.value)
    languages = _strings(table, "languages", ["python"])
    for language in languages:
        if language not in LANGUAGES:
            raise _problem(f"has no reserved words of {language!r}; there are {', '.join(LANGUAGES)}")
    return LintConfig(
        root=root,
        rules=rules,
        exclude=tuple(_strings(table, "exclude")),
        per_file_ignores=_per_file_ignores(table),
        severities=_severities(table),
        fail_on=Severity(fail_on),
        naming=_NAMINGS[naming],
        languages=tuple(languages),
        annotations=frozenset(_strings(table, "annotations")),
        logical_types=frozenset(_strings(table, "logical-types")),
    )


def matches(pattern: str, path: Path, root: Path) -> bool:
    """Return whether a pattern names a file, or a folder that it is in.

    `*` stands for any part of a name, `**` for any folders. A pattern without `/` may match anywhere, one
    with `/` is relative to the root.
    """
    path = path.resolve()
    parts = path.relative_to(root.resolve()).parts if path.is_relative_to(root.resolve()) else path.parts[1:]
    bare = pattern.strip("/").removeprefix("./")
    regex = re.compile(_translated(bare))
    if "/" not in bare:
        return any(regex.fullmatch(part) for part in parts)
    return any(regex.fullmatch("/".join(parts[:count])) for count in range(1, len(parts) + 1))


def _translated(pattern: str) -> str:
    tokens = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(tokens.get(piece, re.escape(piece)) for piece in pieces)


def _rules(selectors: Iterable[str], where: str) -> frozenset[LintRule]:
    try:
        return chosen(selectors)
    except UnknownSelector as error:
        raise _problem(f"`{where}`: {error}") from error


def _strings(table: Mapping[str, object], key: str, default: Sequence[str] = ()) -> list[str]:
    value = table.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _problem(f"`{key}` is a list of strings")
    return [str(item) for item in value]


def _choice(table: Mapping[str, object], key: str, choices: Iterable[str], default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or value not in choices:
        raise _problem(f"`{key}` is one of {', '.join(choices)}, not {value!r}")
    return value


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise _problem(f"`{key}` is a table")
    return value


def _per_file_ignores(table: Mapping[str, object]) -> dict[str, frozenset[LintRule]]:
    ignores = _table(table, "per-file-ignores")
    where = "per-file-ignores"
    return {pattern: _rules(_strings(ignores, pattern), where) for pattern in ignores}


def _severities(table: Mapping[str, object]) -> dict[LintRule, Severity]:
    found: dict[LintRule, Severity] = {}
    stated = _table(table, "severity")
    for selector in sorted(stated, key=str.isupper):  # An id says more than its category.
        value = _choice(stated, selector, [item.value for item in Severity], "")
        found |= dict.fromkeys(_rules([selector], "severity"), Severity(value))
    return found


def _problem(text: str) -> ConfigError:
    return ConfigError(f"{_TABLE} {text}" if text.startswith(("knows", "has")) else f"{_TABLE}: {text}")
