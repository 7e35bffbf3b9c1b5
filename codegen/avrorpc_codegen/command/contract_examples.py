"""Example cases of contracts that lie in files, for tests of what implements these contracts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from avrorpc.contracts import ExampleCase
from avrorpc.method import Contract
from avrorpc.server.examples import example_cases

from avrorpc_codegen.command.reporting import show
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.example_cases import read_cases
from avrorpc_codegen.reading import read_contracts, search_path
from avrorpc_codegen.reference.relations import origins


@dataclass(slots=True)
class ExampleFiles:
    """What the files hold that `@examples` of contracts name."""

    cases: dict[tuple[str, str], list[ExampleCase]] = field(default_factory=dict)
    """By contract and message."""
    unknown: list[str] = field(default_factory=list)
    """Messages whose file is nowhere, since their contracts are not among the schemas."""


def named_files(contract: Contract) -> dict[str, str]:
    """Return the file that `@examples` names, by message."""
    named = ((name, message.props.get("examples")) for name, message in contract.protocol.messages.items())
    return {name: value for name, value in named if isinstance(value, str)}


def read_example_files(contracts: Iterable[Contract], schemas: Path) -> ExampleFiles:
    """Read the files of example cases that contracts name, which lie beside their sources.

    Args:
        contracts: As they are served, or called.
        schemas: A folder with their sources, or one of these files.

    Raises:
        BadExamples: A file is not there, or holds something else.
        ConfigError: `schemas` is a file, and no contract by its name.
        SystemExit: A source cannot be compiled.
    """
    found = ExampleFiles()
    wanted = {(contract.name, name) for contract in contracts for name in named_files(contract)}
    if not wanted:
        return found
    folders: dict[tuple[str, str], tuple[str, Path]] = {}
    if schemas.exists():
        diagnostics = Diagnostics()
        folder = schemas if schemas.is_dir() else schemas.parent
        read = read_contracts([schemas], search_path(folder, []), diagnostics)
        show(diagnostics)
        where = origins(read.contracts)
        for protocol, declared in read.contracts.protocols.items():
            for message in declared.protocol.messages.values():
                file = message.props.get("examples")
                if isinstance(file, str) and id(message) in where:
                    folders[protocol, message.name] = file, where[id(message)][0].path.parent
    for protocol, name in sorted(wanted):
        if (protocol, name) not in folders:
            found.unknown.append(f"{protocol}.{name}")
            continue
        file, folder = folders[protocol, name]
        found.cases[protocol, name] = list(example_cases(name, list(read_cases(file, folder))))
    return found
