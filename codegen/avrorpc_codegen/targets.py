"""Which package a namespace goes to, and which module has what is never generated."""

from __future__ import annotations

from dataclasses import replace

from avrorpc.schema import namespace_of

from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.naming import module_part


def target_of(namespace: str, config: Config) -> Target | None:
    """Return the target that takes a namespace: the most specific, else the one for the rest."""
    fitting = [
        (len(stated), index)
        for index, target in enumerate(config.targets)
        for stated in target.namespaces
        if is_below(namespace, stated)
    ]
    if fitting:
        return config.targets[max(fitting)[1]]
    return next((target for target in config.targets if not target.namespaces), None)


def python_path(target: Target, namespace: str) -> str:
    """Return the dotted module of a namespace in a target."""
    stated = max((n for n in target.namespaces if is_below(namespace, n)), key=len, default="")
    return _joined(target.package, stated, namespace)


def external_module(full: str, config: Config) -> str | None:
    """Return the module that has a type already; the most specific setting wins, a target's too."""
    if full in config.external:
        return config.external[full]
    namespace = namespace_of(full)
    stated = max((name for name in config.external if is_below(namespace, name)), key=len, default=None)
    if stated is None:
        return None
    taken = [n for target in config.targets for n in target.namespaces if is_below(namespace, n)]
    if any(len(name) >= len(stated) for name in taken):
        return None
    return _joined(config.external[stated], stated, namespace)


def shared_modules(contracts: Contracts, config: Config) -> dict[str, str]:
    """Return the modules of what comes with installed packages, by full name.

    A package speaks for the files that it brings and for nothing else, so that no installed package takes a
    namespace away from the project. Settings win: what a target or `external` names stays as it is there.
    """
    found: dict[str, str] = {}
    units = {full: declared.unit for full, declared in contracts.types.items()}
    units |= {full: declared.unit for full, declared in contracts.protocols.items()}
    for full, unit in units.items():
        shared = unit.shared
        if shared and external_module(full, config) is None:
            module = external_module(full, replace(config, external=dict(shared.modules)))
            if module is not None:
                found[full] = module
    return found


def is_below(namespace: str, other: str) -> bool:
    """Return whether a namespace is another one or lies in it."""
    return namespace == other or namespace.startswith(f"{other}.")


def _joined(py_package: str, stated: str, namespace: str) -> str:
    """Return a package's module for what a namespace has beyond the stated one."""
    rest = namespace.removeprefix(stated).strip(".")
    root = py_package.partition(".")[0]
    return ".".join([py_package, *(module_part(part, {root}) for part in rest.split(".") if part)])
