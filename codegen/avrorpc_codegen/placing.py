"""Where each type goes: its Python module and its names there.

Decides all Python names of a run before any code is written, so that one module can refer to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from avrorpc.schema import Enum, Named, Record, Schema, namespace_of, short_name

from avrorpc_codegen import naming
from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.contracts import Contracts, DeclaredProtocol, DeclaredType
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.graph import parts, protocol_schemas, reachable, records_in_unions
from avrorpc_codegen.targets import external_module, python_path, target_of


@dataclass(slots=True)
class PyType:
    """The Python side of a named type."""

    module: str
    py_name: str
    named: Named
    members: dict[str, str] = field(default_factory=dict)
    """Python names by Avro names: of fields, or of symbols."""


@dataclass(slots=True)
class PyProtocol:
    """The Python side of a protocol."""

    declared: DeclaredProtocol
    py_name: str
    py_async: str
    py_service: str
    py_client: str
    py_async_client: str
    py_contract: str
    py_methods: dict[str, str] = field(default_factory=dict)
    """Names of the methods by Avro message names."""


@dataclass(slots=True)
class Module:
    """A module to generate: one namespace."""

    namespace: str
    py_module: str
    path: Path
    """The file, relative to nothing: as the target says."""
    target: Target
    types: list[DeclaredType] = field(default_factory=list)
    protocols: list[DeclaredProtocol] = field(default_factory=list)
    py_protocols: list[PyProtocol] = field(default_factory=list)
    py_names: set[str] = field(default_factory=set)
    """All names that are taken in it."""
    uses: set[str] = field(default_factory=set)
    """Other modules that it refers to."""
    late: dict[str, str] = field(default_factory=dict)
    """Those of them that refer back, imported after the types, and the name that binds each."""


@dataclass(slots=True)
class Placement:
    """All modules and all names of a run."""

    modules: dict[str, Module]
    """By namespace."""
    types: dict[str, PyType]
    """By full Avro name."""
    tagged: set[str]
    """Records that share a union with another record."""
    roots: frozenset[str]
    """The names that imports bind in generated modules."""


def place(contracts: Contracts, config: Config, diagnostics: Diagnostics) -> Placement:
    """Decide on modules and names."""
    modules = _modules(contracts, config, diagnostics)
    imported = [*(target.package for target in config.targets), *config.external.values()]
    roots = frozenset(name.partition(".")[0] for name in imported)
    placement = Placement(modules, {}, _tagged(contracts), roots)
    packages = _packages(modules)
    named: dict[str, set[str]] = {}
    for py_module, py_types in _types_by_module(contracts, config, modules).items():
        taken = roots | packages.get(py_module, set())
        py_names = naming.unique([short_name(name) for name in py_types], naming.type_name, taken)
        named[py_module] = {*roots, *py_names.values()}
        for full, declared in py_types.items():
            placement.types[full] = PyType(py_module, py_names[short_name(full)], declared)
    for module in modules.values():
        module.py_names = named.setdefault(module.py_module, set(roots))
        _name_protocols(module, module.py_names, packages.get(module.py_module, set()))
    for py_type in placement.types.values():
        py_type.members = _members(py_type.named, named[py_type.module])
    for module in modules.values():
        module.py_names = module.py_names | packages.get(module.py_module, set())
        module.uses = {placement.types[name].module for name in _used(module) if name in placement.types} - {
            module.py_module
        }
    _find_cycles(placement, config)
    return placement


def _types_by_module(
    contracts: Contracts, config: Config, modules: dict[str, Module]
) -> dict[str, dict[str, Named]]:
    """Return the types of each Python module; one without a module has no namespace, and is diagnosed."""
    found: dict[str, dict[str, Named]] = {}
    for full, declared in contracts.types.items():
        external = external_module(full, config)
        module = modules.get(namespace_of(full))
        if external is not None or module is not None:
            py_module = external or (module.py_module if module else "")
            found.setdefault(py_module, {})[full] = declared.named
    return found


def _packages(modules: dict[str, Module]) -> dict[str, set[str]]:
    """Return the packages directly in each one: Python binds their names there."""
    found: dict[str, set[str]] = {}
    for module in modules.values():
        for name in (*_above(module.py_module), module.py_module):
            above, _, part = name.rpartition(".")
            found.setdefault(above, set()).add(part)
    return found


def _modules(contracts: Contracts, config: Config, diagnostics: Diagnostics) -> dict[str, Module]:
    modules: dict[str, Module] = {}
    for full, declared in contracts.types.items():
        if external_module(full, config) is None:
            module = _module(full, declared, "type", modules, config, diagnostics)
            if module is not None:
                module.types.append(declared)
    for full, protocol in contracts.protocols.items():
        if external_module(full, config) is None:
            module = _module(full, protocol, "protocol", modules, config, diagnostics)
            if module is not None:
                module.protocols.append(protocol)
    _check_clashes(contracts, modules, diagnostics)
    return modules


def _check_clashes(contracts: Contracts, modules: dict[str, Module], diagnostics: Diagnostics) -> None:
    def clash(problem: str, declared: DeclaredType | DeclaredProtocol) -> None:
        unit = declared.unit.name
        diagnostics.error(Rule.NAME_CLASH, problem, declared.span, file=unit, help="rename one of the two")

    packages = {above: namespace for namespace in modules for above in (*_above(namespace), namespace)}
    declarations: dict[str, Mapping[str, DeclaredType | DeclaredProtocol]]
    declarations = {"type": contracts.types, "protocol": contracts.protocols}
    for what, found in declarations.items():
        for full in sorted(found.keys() & packages.keys()):
            problem = f"`{full}` is a {what}, and the namespace `{packages[full]}` makes it a package"
            clash(problem, found[full])
    by_path: dict[str, Module] = {}
    for module in modules.values():
        other = by_path.setdefault(module.py_module, module)
        if other is not module:
            problem = (
                f"the namespaces `{other.namespace}` and `{module.namespace}` are both the Python module"
            )
            clash(f"{problem} `{module.py_module}`", (module.types or module.protocols)[0])


def _module(
    full: str,
    declared: DeclaredType | DeclaredProtocol,
    what: str,
    modules: dict[str, Module],
    config: Config,
    diagnostics: Diagnostics,
) -> Module | None:
    namespace = namespace_of(full)
    if not namespace:
        diagnostics.error(
            Rule.NO_NAMESPACE,
            f"the {what} `{full}` has no namespace, so it has no Python module",
            declared.span,
            file=declared.unit.name,
            help='put `@namespace("...")` before the protocol, or `namespace ...;` at the top of the file',
        )
        return None
    if namespace not in modules:
        target = target_of(namespace, config)
        if target is None:
            problem = f"no target in [tool.avrogen] takes the namespace `{namespace}`"
            diagnostics.error(Rule.NO_NAMESPACE, problem, declared.span, file=declared.unit.name)
            return None
        py_module = python_path(target, namespace)
        path = target.output.joinpath(*py_module.split("."), "__init__.py")
        modules[namespace] = Module(namespace, py_module, path, target)
    return modules[namespace]


def _members(named: Named, taken: set[str]) -> dict[str, str]:
    match named:
        case Enum():
            return naming.unique(named.symbols, naming.symbol_name, set())
        case Record():
            name = naming.error_field_name if named.is_error else naming.member_name
            return naming.unique([item.name for item in named.fields], name, taken)
        case _:
            return {}


def _name_protocols(module: Module, taken: set[str], packages: set[str]) -> None:
    hidden = taken | packages

    def claim(avro_name: str) -> str:
        py_name = naming.type_name(avro_name, hidden)
        taken.add(py_name)
        hidden.add(py_name)
        return py_name

    for declared in module.protocols:
        name = short_name(declared.protocol.name)
        protocol = PyProtocol(
            declared,
            py_name=claim(name),
            py_async=claim(f"Async{name}"),
            py_service=claim(f"{name}Service"),
            py_client=claim(f"{name}Client"),
            py_async_client=claim(f"Async{name}Client"),
            py_contract=claim(naming.constant_name(name)),
        )
        module.py_protocols.append(protocol)
    for protocol in module.py_protocols:
        messages = protocol.declared.protocol.messages
        protocol.py_methods = naming.unique(messages, naming.method_name, taken)


def _tagged(contracts: Contracts) -> set[str]:
    schemas: list[Schema] = []
    for declared in contracts.types.values():
        if isinstance(declared.named, Record):
            schemas += [item.type for item in declared.named.fields]
    for protocol in contracts.protocols.values():
        schemas += protocol_schemas(protocol.protocol)
    return records_in_unions(schemas)


def _used(module: Module) -> set[str]:
    """Return the full names of the types that a module's code names."""
    names = {named.name for p in module.protocols for named in reachable(protocol_schemas(p.protocol))}
    for declared in module.types:
        if isinstance(declared.named, Record):
            fields = [item.type for item in declared.named.fields]
            names |= {schema.name for schema in parts(fields) if isinstance(schema, Named)}
    return names


def _find_cycles(placement: Placement, config: Config) -> None:
    """Mark the imports of modules that come to need the importing one while it is being imported.

    Importing a module imports the packages above it first, so a module needs those as well. A module
    written by hand for a type of a namespace is likely to import what is generated for that namespace.
    """
    by_module = {module.py_module: module for module in placement.modules.values()}
    needs = {name: set(module.uses) | set(_above(name)) for name, module in by_module.items()}
    reach = {name: _closure(name, needs) for name in by_module}
    by_hand = {(namespace_of(full), py_module) for full, py_module in config.external.items()}
    for name, module in by_module.items():
        late = sorted(
            used for used in module.uses if name in reach.get(used, ()) or (module.namespace, used) in by_hand
        )
        if late:
            names = module.py_names | _names_inside(module, placement)
            for used in late:
                module.late[used] = naming.module_alias(used, names)
                names.add(module.late[used])
            module.py_names.update(module.late.values())


def _names_inside(module: Module, placement: Placement) -> set[str]:
    """Return the names in classes and signatures of a module: what an import binds must hide none of them."""
    names: set[str] = set()
    for protocol in module.py_protocols:
        names.update(protocol.py_methods.values())
        for message in protocol.declared.protocol.messages.values():
            names.update(naming.parameter_name(item.name, ()) for item in message.request)
    for declared in module.types:
        names.update(placement.types[declared.named.name].members.values())
    return names


def _above(py_module: str) -> list[str]:
    parts = py_module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _closure(start: str, needs: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in needs.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
