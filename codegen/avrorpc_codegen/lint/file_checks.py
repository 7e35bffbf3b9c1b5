"""Rules about files: their namespaces, folders and names."""

from __future__ import annotations

from avrorpc.schema import namespace_of, short_name

from avrorpc_codegen.lint.finding import Findings
from avrorpc_codegen.lint.letter_case import LetterCase, words
from avrorpc_codegen.lint.linted_file import LintedFile
from avrorpc_codegen.lint.rules import LintRule


def check(file: LintedFile, findings: Findings) -> None:
    """Check where a file is."""
    _check_has_namespace(file, findings)
    if file.namespace:
        _check_folder(file, findings)
    _check_file_name(file, findings)


def _check_has_namespace(file: LintedFile, findings: Findings) -> None:
    protocol = file.tree.protocol
    names = [item.tree.name for item in file.declared if not namespace_of(item.named.name)]
    if protocol is not None and not file.namespace:
        names = [protocol.name]
    if names:
        hint = "write `namespace com.example;` at the top of the file"
        if protocol is not None:
            hint = 'write `@namespace("com.example")` before the protocol'
        message = f"`{short_name(names[0].text)}` has no namespace"
        note = "its name may clash with any other, and no code can be generated for it"
        findings.add(LintRule.NO_NAMESPACE, message, names[0].span, note, help=hint)


def _check_folder(file: LintedFile, findings: Findings) -> None:
    """Compare the folder with the end of the namespace: `orders/` does for `com.shop.orders`."""
    span, root = file.namespace_span, file.surroundings.schemas
    if span is None or not file.unit.path.is_relative_to(root):
        return
    folders = file.unit.path.parent.relative_to(root).parts
    parts = tuple(file.namespace.split("."))
    if folders and parts[-len(folders) :] != folders:
        message = f"the namespace `{file.namespace}` is in the folder `{'/'.join(folders)}`"
        hint = f"move the file to `{'/'.join(parts)}`, or change the namespace"
        findings.add(LintRule.WRONG_FOLDER, message, span, help=hint)


def _check_file_name(file: LintedFile, findings: Findings) -> None:
    protocol = file.tree.protocol
    if protocol is None:
        return
    name = short_name(protocol.name.text)
    own = words(name)
    stem = "".join(words(file.unit.path.stem.replace("-", "_").replace(".", "_")))
    ends = range(len(own) + 1)
    allowed = {"".join(own[start:end]) for end in ends for start in range(end)}
    allowed.add("".join(words(short_name(file.namespace))))  # The one protocol of a small namespace.
    if stem and stem not in allowed:
        message = f"the protocol `{name}` is in the file `{file.unit.path.name}`"
        hint = f"call the file `{LetterCase.SNAKE.apply(name)}.avdl`"
        findings.add(LintRule.WRONG_FILE_NAME, message, protocol.name.span, help=hint)
