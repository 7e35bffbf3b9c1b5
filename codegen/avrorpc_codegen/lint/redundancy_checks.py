"""Rules about what a contract can do without. What is mended here leaves the compiled contract as it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from avrorpc.schema import Record, namespace_of, short_name

from avrorpc_codegen import syntax
from avrorpc_codegen.lexer import Kind
from avrorpc_codegen.lint.finding import Edit, Findings, removal
from avrorpc_codegen.lint.linted_file import LintedFile, named_type
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.loading import Unit, closure
from avrorpc_codegen.parser import PRIMITIVE_KEYWORDS
from avrorpc_codegen.source import Span, where
from avrorpc_codegen.syntax import Annotation, Name

_KEYWORDS: Final = PRIMITIVE_KEYWORDS | frozenset(
    {
        *("array", "map", "union", "decimal", "record", "error", "enum", "fixed", "protocol", "namespace"),
        *("schema", "import", "idl", "void", "throws", "oneway", "true", "false", "NaN", "Infinity"),
    }
)


def check(file: LintedFile, findings: Findings) -> None:
    """Check a file for what it says twice, or for nobody."""
    _check_back_ticks(file, findings)
    for declared in file.declared:
        for annotation in declared.tree.annotations:
            if annotation.name.text == "namespace" and annotation.value.json == file.namespace:
                _add_namespace(annotation, file, findings)
    _check_imports(file, findings)
    _check_types(file, findings)


def _check_back_ticks(file: LintedFile, findings: Findings) -> None:
    for token in file.lexed.tokens:
        bare = str(token.value)
        if token.kind is Kind.NAME and "`" in token.text and _KEYWORDS.isdisjoint(bare.split(".")):
            message = f"`{bare}` is no keyword, and needs no back-ticks"
            findings.add(
                LintRule.NEEDLESS_BACK_TICKS,
                message,
                token.span,
                help="leave them out",
                edits=[Edit(token.span, _apart(token.span, bare))],
            )


def _apart(span: Span, name: str) -> str:
    """Return a name with blanks where it would grow together with what stands beside the span."""
    text = span.source.text
    before, behind = text[max(span.start - 1, 0) : span.start], text[span.end : span.end + 1]
    return f"{' ' * _is_in_names(before)}{name}{' ' * _is_in_names(behind)}"


def _is_in_names(letter: str) -> bool:
    return letter.isalnum() or letter in ("_", "-", "`")


def _add_namespace(annotation: Annotation, file: LintedFile, findings: Findings) -> None:
    span = file.annotation_span(annotation)
    message = f"`{file.namespace}` is the namespace here anyway"
    if not file.namespace:
        message = "there is no namespace here anyway"
    findings.add(LintRule.REPEATED_NAMESPACE, message, span, help="leave it out", edits=[removal(span)])


def _check_imports(file: LintedFile, findings: Findings) -> None:
    seen: dict[Unit, syntax.Import] = {}
    for item in file.imports:
        imported = file.unit.imports.get(item.span.start)
        if imported is None:
            continue
        first = seen.setdefault(imported, item)
        span = file.import_span(item)
        if first is not item:
            message = f"{imported.name} is imported already"
            note = f"first {where(first.span)}"
            findings.add(
                LintRule.REPEATED_IMPORT, message, span, note, help="leave it out", edits=[removal(span)]
            )
        elif imported is not file.unit and not _is_used(imported, file):
            message = f"nothing here uses what {imported.name} declares"
            findings.add(LintRule.UNUSED_IMPORT, message, span, help="leave the import out")


def _is_used(imported: Unit, file: LintedFile) -> bool:
    """Return whether anything would be missed: a message taken over, or a type that something refers to.

    A file without declarations of its own gathers others, and uses them all.
    """
    provided = closure(imported)
    if file.protocol is not None and any(_has_messages(unit) for unit in provided):
        return True
    if not file.declared and not file.messages and file.tree.main_schema is None:
        return True
    names = {named.name for unit in provided for named in file.contracts.by_unit[unit]}
    # Files that are imported may count on what stands beside them.
    others = [unit for unit in closure(file.unit) if unit not in provided or unit is file.unit]
    return any(not names.isdisjoint(_referred(unit, file)) for unit in others)


def _has_messages(unit: Unit) -> bool:
    return unit.tree is not None and any(isinstance(item, syntax.Message) for item in unit.tree.items)


def _referred(unit: Unit, file: LintedFile) -> set[str]:
    """Return the full names that a file's text refers to."""
    if unit.tree is None:
        return set()
    owner = next((item for item in file.contracts.protocols.values() if item.unit is unit), None)
    namespace = unit.tree.namespace.text if unit.tree.namespace else ""
    if owner is not None:
        namespace = namespace_of(owner.protocol.name)
    found = (named_type(name, namespace, file.contracts) for name in _references(unit.tree))
    return {named.name for named in found if named is not None}


def _references(tree: syntax.File) -> Iterable[Name]:
    types = [tree.main_schema] if tree.main_schema else []
    for item in tree.items:
        match item:
            case syntax.RecordDeclaration():
                types += [variable.type for variable in item.fields]
            case syntax.Message():
                types += [variable.type for variable in item.parameters]
                types += [item.result] if item.result else []
                yield from item.throws
    while types:
        match types.pop().plain:
            case syntax.ReferenceType() as plain:
                yield plain.name
            case syntax.ArrayType() as plain:
                types.append(plain.items)
            case syntax.MapType() as plain:
                types.append(plain.values)
            case syntax.UnionType() as plain:
                types += plain.branches


def _check_types(file: LintedFile, findings: Findings) -> None:
    """Report types that no message reaches; a protocol without messages is there for its types."""
    if file.protocol is None or not file.protocol.messages:
        return
    for declared in file.declared:
        if declared.named.name in file.surroundings.used:
            continue
        name = declared.tree.name
        if isinstance(declared.named, Record) and declared.named.is_error:
            message = f"no message throws `{short_name(name.text)}`"
            hint = "add it to the `throws` of a message, or leave it out"
            findings.add(LintRule.UNTHROWN_ERROR, message, name.span, help=hint)
        else:
            message = f"no message uses `{short_name(name.text)}`"
            hint = "leave it out, or move it into a file of types"
            findings.add(LintRule.UNUSED_TYPE, message, name.span, help=hint)
