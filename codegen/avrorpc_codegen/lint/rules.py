"""The rules of lint: their ids, categories and defaults. What each one checks is in its category's module."""

from __future__ import annotations

from enum import Enum
from typing import Final

from avrorpc_codegen.diagnostic import RuleId, Severity


class Category(Enum):
    """What a rule is about; settings select rules by these words, too."""

    NAMING = "naming"
    """How things are called."""
    DOCUMENTATION = "documentation"
    """What is said about them."""
    EVOLUTION = "evolution"
    """Whether the contract can change later."""
    ANNOTATIONS = "annotations"
    """What stands after an `@`, and where."""
    TYPES = "types"
    """Types that do not do what they seem to."""
    REDUNDANCY = "redundancy"
    """What the contract can do without."""
    FILES = "files"
    """Where things are."""
    IGNORES = "ignores"
    """The comments that ignore rules."""


class LintRule(RuleId):
    """The rules of lint. The fifth character of an id says the category."""

    TYPE_NAME = "AVR401"
    """A type or a protocol that is not in PascalCase."""
    MEMBER_NAME = "AVR402"
    """A field, a parameter or a message in another style than the others."""
    SYMBOL_NAME = "AVR403"
    """A symbol of an enum that is not in UPPER_SNAKE_CASE."""
    NAMESPACE_NAME = "AVR404"
    """A namespace that is not in lower case."""
    NAMES_ALIKE = "AVR405"
    """Two names that differ only in case or underscores."""
    RESERVED_NAME = "AVR406"
    """A name that a programming language keeps for itself."""
    FOREIGN_LETTERS = "AVR407"
    """A name with letters that other Avro tools refuse."""

    UNDOCUMENTED_PROTOCOL = "AVR411"
    """A protocol without documentation."""
    UNDOCUMENTED_MESSAGE = "AVR412"
    """A message without documentation."""
    UNDOCUMENTED_PARAMETER = "AVR413"
    """A message with parameters that have no documentation."""
    UNDOCUMENTED_TYPE = "AVR414"
    """A record, an enum or a fixed without documentation."""
    UNDOCUMENTED_ERROR = "AVR415"
    """An error without documentation."""
    UNDOCUMENTED_FIELD = "AVR416"
    """A record or an error with fields that have no documentation."""
    EMPTY_WORDS = "AVR417"
    """Documentation that only repeats the name."""
    UNFINISHED = "AVR418"
    """Documentation that says that it is not finished."""

    CLOSED_ENUM = "AVR421"
    """An enum without a default."""
    NULLABLE_WITHOUT_DEFAULT = "AVR422"
    """A field or a parameter that may be null, and must be given."""
    UNION_ORDER = "AVR423"
    """A union whose first branch is not the one of the default."""
    BARE_RESULT = "AVR424"
    """A message whose result cannot grow."""

    MISPLACED_ANNOTATION = "AVR431"
    """A known annotation in a place where it means nothing."""
    MISSPELT_ANNOTATION = "AVR432"
    """An unknown annotation that looks like a known one."""
    ANNOTATED_TYPE = "AVR433"
    """An annotation of a field or a parameter that stands before its type."""
    CONTRADICTION = "AVR434"
    """Annotations of a message that contradict each other."""
    SAME_ROUTE = "AVR435"
    """Two protocols with one route."""
    UNSAFE_GET = "AVR436"
    """A GET of a message that may change something."""

    UNION_ALIKE = "AVR441"
    """A union with branches that look the same in JSON."""
    UNKNOWN_LOGICAL_TYPE = "AVR442"
    """A logical type that nobody knows."""
    IDLE_LOGICAL_TYPE = "AVR443"
    """A logical type on a type that it does not fit."""
    ENDLESS_RECORD = "AVR444"
    """A record that has no value, since it contains itself."""

    REPEATED_NAMESPACE = "AVR451"
    """A `@namespace` that is the one around it."""
    NEEDLESS_BACK_TICKS = "AVR452"
    """Back-ticks around a name that is no keyword."""
    REPEATED_IMPORT = "AVR453"
    """A file imported twice."""
    UNUSED_IMPORT = "AVR454"
    """An import that nothing uses."""
    UNUSED_TYPE = "AVR455"
    """A type of a protocol that no message uses."""
    UNTHROWN_ERROR = "AVR456"
    """An error that no message throws."""

    NO_NAMESPACE = "AVR461"
    """A protocol or a type without a namespace."""
    WRONG_FOLDER = "AVR462"
    """A file that is not in the folder of its namespace."""
    WRONG_FILE_NAME = "AVR463"
    """A file that is not called like its protocol."""

    BAD_IGNORE = "AVR491"
    """An ignore without a reason, or of rules that do not exist."""
    UNUSED_IGNORE = "AVR492"
    """An ignore that ignores nothing."""

    @property
    def category(self) -> Category:
        """What the rule is about."""
        return _CATEGORIES[str(self.value)[4]]

    @property
    def severity(self) -> Severity:
        """How bad a finding is where the settings say nothing."""
        return Severity.ERROR if self in _ERRORS else Severity.WARNING

    @property
    def is_default(self) -> bool:
        """Whether the rule applies where the settings say nothing."""
        return self is not LintRule.BARE_RESULT

    @property
    def is_fixable(self) -> bool:
        """Whether `--fix` mends findings of this rule."""
        return self in _FIXABLE


_CATEGORIES: Final = {
    "0": Category.NAMING,
    "1": Category.DOCUMENTATION,
    "2": Category.EVOLUTION,
    "3": Category.ANNOTATIONS,
    "4": Category.TYPES,
    "5": Category.REDUNDANCY,
    "6": Category.FILES,
    "9": Category.IGNORES,
}
_ERRORS: Final = frozenset(
    {
        LintRule.FOREIGN_LETTERS,
        LintRule.MISPLACED_ANNOTATION,
        LintRule.MISSPELT_ANNOTATION,
        LintRule.ANNOTATED_TYPE,
        LintRule.CONTRADICTION,
        LintRule.SAME_ROUTE,
        LintRule.UNKNOWN_LOGICAL_TYPE,
        LintRule.IDLE_LOGICAL_TYPE,
        LintRule.ENDLESS_RECORD,
        LintRule.BAD_IGNORE,
    }
)
"""What does not do what its author meant; everything else is a warning."""
_FIXABLE: Final = frozenset(
    {
        LintRule.REPEATED_NAMESPACE,
        LintRule.NEEDLESS_BACK_TICKS,
        LintRule.REPEATED_IMPORT,
        LintRule.UNUSED_IGNORE,
    }
)
