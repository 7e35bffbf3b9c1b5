"""Example cases of contracts that lie in files, for tests of what implements these contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from avrorpc.examples import BadExamples, Case, by_message
from avrorpc.method import Contract

from avrorpc_codegen.command.reporting import show
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.example_files import EXAMPLES, read_examples
from avrorpc_codegen.reading import read_contracts, search_path


@dataclass(slots=True)
class ExampleFiles:
    """What the files hold that `@examples` of contracts name."""

    cases: dict[str, Mapping[str, tuple[Case, ...]]] = field(default_factory=dict)
    """By contract and message."""
    unknown: list[str] = field(default_factory=list)
    """Messages, or protocols, whose file is nowhere, since their contracts are not among the schemas."""


def named_files(contract: Contract) -> dict[str, str]:
    """Return the files that `@examples` names and that are not at hand, by what has the annotation."""
    if contract.has_example_file:
        return {}
    protocol = contract.protocol
    stated = {contract.name: protocol.props.get(EXAMPLES)}
    for name, message in protocol.messages.items():
        stated[f"{contract.name}.{name}"] = message.props.get(EXAMPLES)
    return {name: value for name, value in stated.items() if isinstance(value, str)}


def read_example_files(contracts: Iterable[Contract], schemas: Path) -> ExampleFiles:
    """Read the files of example cases that contracts name, which lie beside their sources.

    Args:
        contracts: As they are served, or called.
        schemas: A folder with their sources, or one of these files.

    Raises:
        ConfigError: `schemas` is a file, and no contract by its name.
        BadExamples: A file is not there, or its cases do not fit the contract.
        SystemExit: A source cannot be compiled.
    """
    found = ExampleFiles()
    wanted = {contract.name: named for contract in contracts if (named := named_files(contract))}
    if not wanted:
        return found
    if schemas.exists():
        diagnostics = Diagnostics()
        folder = schemas if schemas.is_dir() else schemas.parent
        read = read_contracts([schemas], search_path(folder, []), diagnostics)
        show(diagnostics)
        protocols = [item for name, item in read.contracts.protocols.items() if name in wanted]
        read_examples(protocols, read.contracts, diagnostics)
        if diagnostics.has_errors:
            raise BadExamples(diagnostics.render())
        found.cases = {item.protocol.name: by_message(item.cases) for item in protocols}
    found.unknown = [
        place for name, named in sorted(wanted.items()) if name not in found.cases for place in named
    ]
    return found
