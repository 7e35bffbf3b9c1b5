"""Rules about names: their letter case, and what other languages and tools make of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from avrorpc.schema import Enum, short_name

from avrorpc_codegen import syntax
from avrorpc_codegen.lint.finding import Findings
from avrorpc_codegen.lint.letter_case import LetterCase, folded
from avrorpc_codegen.lint.linted_file import LintedFile, Place
from avrorpc_codegen.lint.reserved_words import LANGUAGES, Kind
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.source import Span, where
from avrorpc_codegen.syntax import Name


def check(file: LintedFile, findings: Findings) -> None:
    """Check all names that a file declares."""
    for kind, name in _names(file):
        _check_case(kind, name, file, findings)
        _check_reserved(kind, name, file, findings)
        _check_letters(name, findings)
    _check_namespace(file, findings)
    _check_alike(file, findings)


def _names(file: LintedFile) -> Iterator[tuple[Kind, Name]]:
    if file.tree.protocol is not None:
        yield Kind.TYPE, file.tree.protocol.name
    for item in file.declared:
        yield Kind.TYPE, item.tree.name
        if isinstance(item.tree, syntax.EnumDeclaration):
            yield from ((Kind.SYMBOL, symbol.name) for symbol in item.tree.symbols)
    for message in file.messages:
        yield Kind.MESSAGE, message.tree.name
    for variable in file.variables:
        own = Kind.ERROR_FIELD if variable.is_in_error else Kind.FIELD
        yield Kind.PARAMETER if variable.place is Place.PARAMETER else own, variable.tree.name


def _check_case(kind: Kind, name: Name, file: LintedFile, findings: Findings) -> None:
    short = short_name(name.text)
    case, rule, aliases = file.surroundings.member_case, LintRule.MEMBER_NAME, kind is not Kind.MESSAGE
    if kind is Kind.TYPE:
        is_protocol = file.tree.protocol is not None and name is file.tree.protocol.name
        case, rule, aliases = LetterCase.PASCAL, LintRule.TYPE_NAME, not is_protocol
    elif kind is Kind.SYMBOL:
        case, rule, aliases = LetterCase.UPPER_SNAKE, LintRule.SYMBOL_NAME, False
    if case.fits(short) or not short.isascii():
        return
    hint = f"call it `{case.apply(short)}`"
    if aliases:
        hint += f'; a contract in use keeps the old name by `@aliases(["{short}"])`'
    findings.add(rule, f"`{short}` is not in {case.value}", name.span, help=hint)


def _check_reserved(kind: Kind, name: Name, file: LintedFile, findings: Findings) -> None:
    _add_reserved(kind, short_name(name.text), name.span, file, findings)


def _add_reserved(kind: Kind, name: str, span: Span, file: LintedFile, findings: Findings) -> None:
    problems = [LANGUAGES[language](name, kind) for language in file.config.languages]
    notes = [problem for problem in problems if problem]
    if notes:
        message = f"`{name}` is an awkward name for a {kind.value}"
        findings.add(LintRule.RESERVED_NAME, message, span, *notes, help="choose another name")


def _check_letters(name: Name, findings: Findings) -> None:
    foreign = [letter for letter in name.text if not letter.isascii()]
    if foreign:
        message = (
            f"`{name.text}` has letters that many Avro tools refuse: {', '.join(dict.fromkeys(foreign))}"
        )
        note = "Avro's specification allows the letters A to Z and a to z, digits and `_`"
        findings.add(LintRule.FOREIGN_LETTERS, message, name.span, note)


def _check_namespace(file: LintedFile, findings: Findings) -> None:
    stated: list[tuple[str, Span]] = []
    if file.namespace and file.namespace_span is not None:
        stated.append((file.namespace, file.namespace_span))
    for item in file.declared:
        for annotation in item.tree.annotations:
            name, value = annotation.name.text, annotation.value
            stated += [(str(value.json), value.span)] if name == "namespace" and value.json else []
    for namespace, span in stated:
        if namespace != namespace.lower():
            message = f"the namespace `{namespace}` is not in lower case"
            findings.add(LintRule.NAMESPACE_NAME, message, span, help=f"call it `{namespace.lower()}`")
        for part in dict.fromkeys(namespace.split(".")):
            _add_reserved(Kind.NAMESPACE, part, span, file, findings)


def _check_alike(file: LintedFile, findings: Findings) -> None:
    for item in file.declared:
        if isinstance(item.tree, syntax.RecordDeclaration):
            _add_alike([variable.name for variable in item.tree.fields], "field", findings)
        elif isinstance(item.tree, syntax.EnumDeclaration) and isinstance(item.named, Enum):
            _add_alike([symbol.name for symbol in item.tree.symbols], "symbol", findings)
    for message in file.messages:
        _add_alike([variable.name for variable in message.tree.parameters], "parameter", findings)
    _add_alike([message.tree.name for message in file.messages], "message", findings)
    _check_types_alike(file, findings)


def _add_alike(names: Iterable[Name], what: str, findings: Findings) -> None:
    seen: dict[str, Name] = {}
    for name in names:
        first = seen.setdefault(folded(name.text), name)
        if first is not name:
            _add_pair(name.text, name.span, first.text, first.span, what, findings)


def _check_types_alike(file: LintedFile, findings: Findings) -> None:
    names = [(item.named.name, item.tree.name) for item in file.declared]
    if file.protocol is not None and file.tree.protocol is not None:
        names.append((file.protocol.name, file.tree.protocol.name))
    for full, name in names:
        if full in file.surroundings.lookalikes:
            first, first_span = file.surroundings.lookalikes[full]
            _add_pair(short_name(full), name.span, first, first_span, "type", findings)


def _add_pair(
    name: str, span: Span, first: str, first_span: Span | None, what: str, findings: Findings
) -> None:
    notes = [f"`{first}` is declared {where(first_span)}"] if first_span is not None else []
    message = f"the {what} `{name}` is called nearly like `{first}`"
    findings.add(LintRule.NAMES_ALIKE, message, span, *notes, help="give one of them another name")
