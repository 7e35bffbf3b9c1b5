"""Views of protocols and their messages."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from avrorpc.schema import (
    Field,
    Fixed,
    Message,
    Primitive,
    Record,
    Schema,
    Union,
    describe,
)

from avrorpc_codegen import documentation, layout
from avrorpc_codegen.diagnostic import Rule
from avrorpc_codegen.graph import protocol_schemas, reachable
from avrorpc_codegen.layout import Branches, Code, Group, Joined, Lambda, Text, flat
from avrorpc_codegen.naming import parameter_name, type_name, unique
from avrorpc_codegen.placing import PyProtocol
from avrorpc_codegen.python_types import Literal
from avrorpc_codegen.type_view import TypeViewer
from avrorpc_codegen.views import Method, ProtocolView


@dataclass(slots=True)
class _Parameters:
    """The parameters of a message: as laid out, as passed on, and as documented."""

    declared: list[str] = field(default_factory=lambda: ["self"])
    arguments: list[Code] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    """Statements that put defaults in the place of None."""
    docs: list[tuple[str, str]] = field(default_factory=list)


class ProtocolViewer:
    """Writes one protocol."""

    def __init__(self, protocol: PyProtocol, taken: set[str], types: TypeViewer) -> None:
        self.names = protocol
        self.taken = taken
        self.protocol = protocol.declared.protocol
        self.unit = protocol.declared.unit
        self.types = types
        self.python = types.python
        self.placement = types.placement

    def view(self) -> ProtocolView:
        """Return the view of the protocol."""
        protocol, names = self.protocol, self.names
        doc = protocol.doc or f"The protocol `{protocol.name}`."
        attribute = layout.statement("__contract__ = ", names.py_contract, 4)
        return ProtocolView(
            protocol.name,
            names.py_name,
            names.py_async,
            names.py_service,
            names.py_client,
            names.py_async_client,
            names.py_contract,
            documentation.block(doc, 4),
            layout.class_head(names.py_name, ("Protocol",)),
            layout.class_head(names.py_async, ("Protocol",)),
            layout.class_head(names.py_service, ("stub.Service",)),
            layout.class_head(names.py_client, ("stub.Client",)),
            layout.class_head(names.py_async_client, ("stub.AsyncClient",)),
            self._contract(),
            attribute,
            [self._method(message) for message in protocol.messages.values()],
            protocol.props,
        )

    def _contract(self) -> str:
        named = reachable(protocol_schemas(self.protocol))
        classes = sorted(item.name for item in named if not isinstance(item, Fixed))
        entries = tuple(Joined(f'"{name}": ', self._refer(name)) for name in classes)
        types: Code = Lambda(Group("{", entries, "}")) if entries else "dict"
        arguments = (
            layout.quote(self.protocol.name),
            Text(self.names.declared.text),
            Joined("types=", types),
        )
        value = Group("stub.Contract(", arguments, ")")
        return layout.assignment(self.names.py_contract, "Final", value, 0)

    def _refer(self, full_name: str) -> str:
        return self.types.imports.refer(self.placement.types[full_name])

    def _method(self, message: Message) -> Method:
        py_method = self.names.py_methods[message.name]
        result = self.python.annotation(message.response)
        py_constant, constant = self._constant(result, message, py_method)
        parameters = self._parameters(message, py_constant)
        call = Group("self.__avrorpc__(", (py_constant, *parameters.arguments), ")")
        returns = "" if flat(result) == "None" else "return "
        start = f"def {py_method}"
        return Method(
            message.name,
            py_method,
            self._doc(message, parameters),
            f"See `{self.names.py_name}.{py_method}`.",
            layout.definition(start, parameters.declared, result, 4),
            layout.definition(f"async {start}", parameters.declared, result, 4),
            layout.definition(start, parameters.declared, _either(result), 4),
            parameters.defaults,
            layout.broken(call, 8, returns),
            layout.broken(call, 8, f"{returns}await "),
            constant,
            message.props,
        )

    def _constant(self, result: Code, message: Message, py_method: str) -> tuple[str, str]:
        """Return the name of the constant for a method, and the code that defines it."""
        arguments: tuple[Code, ...] = (layout.quote(message.name),)
        if py_method != message.name:
            arguments = (*arguments, f"attribute={layout.quote(py_method)}")
        value = Group(f"{self.names.py_contract}.method(", arguments, ")")
        method = Group("stub.Method[", (result,), "]", has_comma=False)
        final = Group("Final[", (method,), "]", has_comma=False)
        py_constant = type_name(f"_{self.names.py_name.strip('_')}_{py_method}", self.taken)
        self.taken.add(py_constant)
        return py_constant, layout.assignment(py_constant, final, value, 0)

    def _parameters(self, message: Message, py_constant: str) -> _Parameters:
        parameters = _Parameters()
        literals = [self._literal(item, message) for item in message.request]
        taken = {*self.placement.roots, *self.types.imports.module.late.values(), py_constant}
        for literal in literals:
            if literal is not None and literal.is_mutable:  # Its code stands in the body, beside parameters.
                nodes = ast.walk(ast.parse(flat(literal.code), mode="eval"))
                taken.update(node.id for node in nodes if isinstance(node, ast.Name))
        names = unique([item.name for item in message.request], parameter_name, taken)
        for item, literal in zip(message.request, literals, strict=True):
            py_name = names[item.name]
            annotation = self.python.annotation(item.type)
            if literal is not None and "*" not in parameters.declared:
                parameters.declared.append("*")
            doc = item.doc or f"Of the Avro type `{describe(item.type)}`."
            default = None if literal is None else literal.code
            if literal is not None and literal.is_mutable:
                doc = f"{doc} Default: `{flat(literal.code)}`."
                parameters.defaults.append(layout.defaulted(py_name, literal.code, 8))
                annotation, default = _optional(annotation), "None"
            parameters.declared.append(layout.assignment(py_name, annotation, default, 8, after=",")[:-1])
            parameters.arguments.append(py_name)
            parameters.docs.append((py_name, doc))
        return parameters

    def _literal(self, item: Field, message: Message) -> Literal | None:
        span = self.names.declared.parameter_spans.get((message.name, item.name))
        literal = self.types.literal(item, message.name, span, self.unit.name)
        if literal is not None and literal.is_mutable and _admits_null(item.type):
            self.types.diagnostics.error(
                Rule.HIDDEN_DEFAULT,
                f"the default of `{item.name}` cannot be told from null in Python",
                span,
                "a list, a map or a record is made anew for each call, and null asks for it",
                file=self.unit.name,
                help="take null out of the type, or make it the default",
            )
        return literal

    def _doc(self, message: Message, parameters: _Parameters) -> str:
        parts = [documentation.block(message.doc or f"The message `{message.name}`.", 8)]
        if parameters.docs:
            parts.append(documentation.section("Args", parameters.docs, 8))
        errors = [error for error in message.errors if isinstance(error, Record)]
        raised = [(self._refer(error.name), _first_sentence(error)) for error in errors]
        if raised:
            parts.append(documentation.section("Raises", raised, 8))
        return "\n\n".join(parts)


def _first_sentence(error: Record) -> str:
    return documentation.split_summary(error.doc or f"The error `{error.name}`.")[0]


def _admits_null(schema: Schema) -> bool:
    branches = schema.branches if isinstance(schema, Union) else [schema]
    return any(isinstance(branch, Primitive) and branch.name == "null" for branch in branches)


def _optional(annotation: Code) -> Code:
    items = annotation.items if isinstance(annotation, Branches) else (annotation,)
    return Branches((*items, "None"))


def _either(result: Code) -> Code:
    """Return what a method may return that is written as `def` or as `async def`."""
    awaitable = Group("Awaitable[", (result,), "]", has_comma=False)
    items = result.items if isinstance(result, Branches) else (result,)
    if items[-1] == "None":
        return Branches((*items[:-1], awaitable, "None"))
    return Branches((*items, awaitable))
