"""The Python that is generated for a contract, as the reference shows it: names, signatures, a first call.

The generator's own views say what it looks like, so that the two never differ.
"""

from __future__ import annotations

from avrorpc_codegen.config import Config
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.graph import protocol_schemas, reachable
from avrorpc_codegen.importing import Imports
from avrorpc_codegen.placing import Module, PyProtocol, place
from avrorpc_codegen.protocol_view import ProtocolViewer
from avrorpc_codegen.reference.addresses import Kind, Target
from avrorpc_codegen.reference.code import Code, python_code
from avrorpc_codegen.type_view import TypeViewer

_ADDRESS = "tcp://localhost:9000"


class PythonSide:
    """The Python of all contracts; what the generator refuses is left out, and in `diagnostics`."""

    def __init__(self, contracts: Contracts, config: Config) -> None:
        self.diagnostics = Diagnostics()
        self._placement = place(contracts, config, self.diagnostics)
        self._protocols: dict[str, tuple[Module, PyProtocol]] = {}
        self._is_placed = not self.diagnostics.has_errors
        if self._is_placed:
            for module in self._placement.modules.values():
                for protocol in module.py_protocols:
                    self._protocols[protocol.declared.protocol.name] = (module, protocol)

    def type_name(self, full_name: str) -> str:
        """Return the dotted name of a type's class or alias; empty where there is none."""
        py_type = self._placement.types.get(full_name)
        return f"{py_type.module}.{py_type.py_name}" if py_type and self._is_placed else ""

    def usage(self, protocol: str) -> Code | None:
        """Return how Python connects to a protocol."""
        if protocol not in self._protocols:
            return None
        module, names = self._protocols[protocol]
        lines = [
            "from avrorpc import connect",
            f"from {module.py_module} import {names.py_client}",
            "",
            f'client = connect({names.py_client}, "{_ADDRESS}")',
        ]
        return python_code("\n".join(lines), {})

    def signatures(self, protocol: str) -> dict[str, Code]:
        """Return the methods of a protocol's client by the names of its messages."""
        if protocol not in self._protocols:
            return {}
        module, names = self._protocols[protocol]
        imports = Imports(module)
        diagnostics = Diagnostics()
        types = TypeViewer(self._placement, imports, diagnostics)
        methods = ProtocolViewer(names, set(module.py_names), types).view().methods
        self.diagnostics.items.extend(diagnostics.items)
        if diagnostics.has_errors:
            return {}
        avro_protocol = names.declared.protocol
        linked = {
            imports.refer(self._placement.types[named.name]): Target(Kind.TYPE, named.name)
            for named in reachable(protocol_schemas(avro_protocol))
        }
        return {
            message: python_code(method.sync_head.replace("\n    ", "\n").removesuffix(":"), linked)
            for message, method in zip(avro_protocol.messages, methods, strict=True)
        }
