"""From contracts to what pages show: every decision about the content of the reference is made here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from avrorpc.schema import (
    Enum,
    Field,
    Fixed,
    Named,
    NoDefault,
    Primitive,
    Record,
    Schema,
    compact,
    handshake_hash,
    namespace_of,
    protocol_to_json,
    short_name,
)
from avrorpc.schema import Message as AvroMessage
from avrorpc.schema import Protocol as AvroProtocol

from avrorpc_codegen.contracts import Contracts, DeclaredProtocol, DeclaredType, origins
from avrorpc_codegen.diagnostic import Diagnostics, counted
from avrorpc_codegen.graph import parts, protocol_schemas, reachable
from avrorpc_codegen.loading import Unit
from avrorpc_codegen.reference.addresses import Addresses, Kind, Target
from avrorpc_codegen.reference.code import Code
from avrorpc_codegen.reference.examples import message_examples
from avrorpc_codegen.reference.idl import Idl, literal
from avrorpc_codegen.reference.pages import (
    Doc,
    Example,
    Line,
    Message,
    Namespace,
    Protocol,
    Reference,
    Symbol,
    Type,
    Variable,
)
from avrorpc_codegen.reference.properties import (
    badges,
    message_badges,
    notes,
    parameter_badges,
    variable_notes,
)
from avrorpc_codegen.reference.python_side import PythonSide
from avrorpc_codegen.reference.relations import uses
from avrorpc_codegen.reference.schema_text import protocol_json, type_json
from avrorpc_codegen.source import Span

NO_NAMESPACE: Final = "(no namespace)"
"""What stands for the name of the empty namespace."""
_KINDS: Final = ("record", "error", "enum", "fixed")


class Builder:
    """Builds the reference of one set of contracts.

    Args:
        contracts: What is documented.
        addresses: Where everything is.
        python: What is generated for the contracts.
        roots: The folders that the names of source files are relative to.
        diagnostics: Is told of examples that cannot be read.
    """

    def __init__(
        self,
        contracts: Contracts,
        addresses: Addresses,
        python: PythonSide,
        roots: Sequence[Path],
        diagnostics: Diagnostics,
    ) -> None:
        self._contracts = contracts
        self._addresses = addresses
        self._python = python
        self._roots = [root.resolve() for root in roots]
        self._diagnostics = diagnostics
        self._origins = origins(contracts)
        self._uses = uses(contracts)

    def reference(self, title: str) -> Reference:
        """Return what all pages show."""
        namespaces = {
            name: Namespace(
                Target(Kind.NAMESPACE, name),
                name,
                name or NO_NAMESPACE,
                Doc(self._namespace_doc(name), name),
                is_split=name in self._addresses.split,
            )
            for name in self._addresses.namespaces
        }
        for full in sorted(self._contracts.protocols, key=str.casefold):
            namespace = namespaces[namespace_of(full)]
            namespace.protocols.append(self._protocol(self._contracts.protocols[full]))
        for full in sorted(self._contracts.types, key=str.casefold):
            namespaces[namespace_of(full)].types.append(self._type(self._contracts.types[full]))
        for namespace in namespaces.values():
            namespace.types.sort(key=lambda item: _KINDS.index(item.kind))
        for unit, schema in self._contracts.main_schemas.items():
            if unit.tree is not None and not isinstance(schema, Record | Enum | Fixed):
                owner = unit.tree.namespace.text if unit.tree.namespace else ""
                code = Idl(owner).type(schema)
                namespaces[owner].main_schemas.append((self._file(unit), code))
        return Reference(title, list(namespaces.values()))

    def _namespace_doc(self, name: str) -> str:
        trees = [unit.tree for unit in self._contracts.by_unit if unit.tree]
        docs = [tree.doc for tree in trees if tree.namespace and tree.namespace.text == name and tree.doc]
        return docs[0] if docs else ""

    def _protocol(self, declared: DeclaredProtocol) -> Protocol:
        protocol = declared.protocol
        full, namespace = protocol.name, namespace_of(protocol.name)
        signatures = self._python.signatures(full)
        examples = message_examples(declared, self._contracts, self._diagnostics)
        types = sorted(reachable(protocol_schemas(protocol)), key=lambda named: named.name.casefold())
        return Protocol(
            Target(Kind.PROTOCOL, full),
            short_name(full),
            full,
            namespace or NO_NAMESPACE,
            Doc(protocol.doc or "", namespace, full),
            self._place(declared.unit, declared.span),
            handshake_hash(compact(protocol_to_json(protocol))).hex(),
            self._python.usage(full),
            protocol_json(protocol),
            [
                self._message(item, protocol, signatures, examples.get(item.name, []))
                for item in protocol.messages.values()
            ],
            [self._line(named, namespace) for named in types],
            badges(protocol.props),
            notes(protocol.props),
        )

    def _message(
        self,
        message: AvroMessage,
        protocol: AvroProtocol,
        signatures: dict[str, Code],
        examples: list[Example],
    ) -> Message:
        namespace = namespace_of(protocol.name)
        idl = Idl(namespace)
        unit, tree = self._origins[id(message)]
        is_void = isinstance(message.response, Primitive) and message.response.name == "null"
        result = message.response
        props = dict(message.props)
        if examples and "examples" in props:
            del props["examples"]
        errors = [error for error in message.errors if isinstance(error, Record)]
        return Message(
            Target(Kind.MESSAGE, protocol.name, message.name),
            message.name,
            Doc(message.doc or "", namespace, protocol.name),
            idl.message(message),
            signatures.get(message.name),
            None if is_void else idl.type(result),
            Doc(_doc_of(result), namespace),
            self._place(unit, tree.name.span if tree else None),
            [
                self._variable(item, idl, f"{message.name}.{item.name}", message, protocol.name)
                for item in message.request
            ],
            [self._line(error, namespace) for error in errors],
            message_badges(message),
            notes(props),
            examples,
        )

    def _type(self, declared: DeclaredType) -> Type:
        named = declared.named
        full, namespace = named.name, namespace_of(named.name)
        idl = Idl(namespace)
        name = short_name(full)
        view = Type(
            Target(Kind.TYPE, full),
            kind_of(named),
            name,
            full,
            Doc(named.doc or "", namespace),
            idl.declaration(declared),
            self._place(declared.unit, declared.span),
            self._python.type_name(full),
            type_json(named),
            aliases=list(named.aliases),
            badges=badges(named.props),
            notes=notes(named.props),
            uses=self._uses.get(full, []),
        )
        match named:
            case Record():
                view.fields = [self._variable(item, idl, f"{name}.{item.name}") for item in named.fields]
            case Enum():
                docs = declared.symbol_docs
                view.symbols = [
                    Symbol(s, f"{name}.{s}", Doc(docs.get(s, ""), namespace), s == named.default)
                    for s in named.symbols
                ]
            case Fixed():
                view.size = named.size
        return view

    def _variable(
        self, item: Field, idl: Idl, anchor: str, message: AvroMessage | None = None, protocol: str = ""
    ) -> Variable:
        return Variable(
            item.name,
            anchor,
            idl.type(item.type, item.default),
            None if isinstance(item.default, NoDefault) else literal(item.default),
            Doc(item.doc or "", idl.namespace, protocol),
            badges(item.props) if message is None else parameter_badges(item, message),
            variable_notes(item),
        )

    def _line(self, named: Named, namespace: str) -> Line:
        own = namespace_of(named.name)
        shown = short_name(named.name) if own == namespace else named.name
        return Line(Target(Kind.TYPE, named.name), kind_of(named), shown, Doc(named.doc or "", own))

    def _place(self, unit: Unit, span: Span | None) -> str:
        name = self._file(unit)
        return name if span is None else f"{name}:{span.source.position(span.start)[0]}"

    def _file(self, unit: Unit) -> str:
        root = next((root for root in self._roots if unit.path.is_relative_to(root)), unit.path.parent)
        return unit.path.relative_to(root).as_posix()


def kind_of(named: Named) -> str:
    """Return what a type is, in the word of Avro IDL that declares it."""
    if isinstance(named, Record):
        return "error" if named.is_error else "record"
    return "enum" if isinstance(named, Enum) else "fixed"


def count_line(reference: Reference) -> str:
    """Return how much there is, in words."""
    messages = sum(len(protocol.messages) for protocol in reference.protocols)
    counts = {
        "namespace": len(reference.namespaces),
        "protocol": len(reference.protocols),
        "message": messages,
        "type": len(reference.types),
    }
    return ", ".join(counted(count, noun) for noun, count in counts.items())


def _doc_of(schema: Schema) -> str:
    named = [part for part in parts([schema]) if isinstance(part, Record | Enum | Fixed)]
    return (named[0].doc or "") if len(named) == 1 else ""
