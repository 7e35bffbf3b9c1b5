"""Rules about change: what a contract should say now, so that its versions can read each other later."""

from __future__ import annotations

from avrorpc.schema import (
    Array,
    Enum,
    Map,
    NoDefault,
    Primitive,
    Schema,
    Union,
    default_problem,
    describe,
    short_name,
)

from avrorpc_codegen import syntax
from avrorpc_codegen.lint.finding import Findings
from avrorpc_codegen.lint.linted_file import DeclaredHere, LintedFile, VariableHere
from avrorpc_codegen.lint.rules import LintRule


def check(file: LintedFile, findings: Findings) -> None:
    """Check what a file declares for what will hinder its next version."""
    for declared in file.declared:
        _check_enum(declared, findings)
    for variable in file.variables:
        _check_variable(variable, findings)
    for message in file.messages:
        _check_result(message.tree, message.message.response, findings)


def _check_enum(declared: DeclaredHere, findings: Findings) -> None:
    if isinstance(declared.named, Enum) and declared.named.default is None:
        name = declared.tree.name
        findings.add(
            LintRule.CLOSED_ENUM,
            f"the enum `{short_name(name.text)}` has no default",
            name.span,
            "a peer with this version cannot read a symbol that a later version adds",
            help="add a symbol such as `UNKNOWN`, and `= UNKNOWN;` behind the `}`",
        )


def _check_variable(variable: VariableHere, findings: Findings) -> None:
    schema, default = variable.field.type, variable.field.default
    if not isinstance(schema, Union) or not schema.branches:
        return
    name, what = variable.tree.name, f"the {variable.place.value} `{variable.tree.name.text}`"
    first = schema.branches[0]
    if isinstance(default, NoDefault):
        if _is_null(first):
            message = f"{what} may be null, and has no default"
            note = "a peer whose version does not have it yet sends nothing that could be read here"
            findings.add(
                LintRule.NULLABLE_WITHOUT_DEFAULT,
                message,
                name.span,
                note,
                help=f"write `{name.text} = null`",
            )
        elif any(map(_is_null, schema.branches)):
            message = f"{what} may be null, and null is not the first branch"
            note = "many Avro tools take only defaults of the first branch, so it can never have null for one"
            hint = f"put `null` first, and write `{name.text} = null`"
            findings.add(LintRule.UNION_ORDER, message, name.span, note, help=hint)
    elif default_problem(first, default) is not None:
        fitting = next(branch for branch in schema.branches if default_problem(branch, default) is None)
        message = f"the default of {what} is of the branch {describe(fitting)}, which is not the first"
        note = "Avro before 1.12 and many of its tools take only defaults of the first branch"
        hint = f"put `{describe(fitting)}` first"
        findings.add(LintRule.UNION_ORDER, message, name.span, note, help=hint)


def _is_null(schema: Schema) -> bool:
    return isinstance(schema, Primitive) and schema.name == "null"


def _check_result(tree: syntax.Message, response: Schema, findings: Findings) -> None:
    if tree.result is None or not isinstance(response, Primitive | Array | Map) or _is_null(response):
        return
    message = f"the result of `{tree.name.text}` is {describe(response)}, which can never hold more"
    hint = "return a record, to which fields with defaults can be added"
    findings.add(LintRule.BARE_RESULT, message, tree.result.span, help=hint)
