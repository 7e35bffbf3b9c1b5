"""Views of protocols and their messages."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from avrorpc.schema import (
    Field,
    Fixed,
    Message,
    Named,
    Primitive,
    Record,
    Schema,
    Streaming,
    Union,
    describe,
    streaming,
)

from avrorpc_codegen import documentation, layout
from avrorpc_codegen.diagnostic import Rule
from avrorpc_codegen.example_files import examples_file
from avrorpc_codegen.graph import protocol_schemas, reachable
from avrorpc_codegen.layout import Branches, Code, Group, Joined, Lambda, Text, flat
from avrorpc_codegen.naming import parameter_name, type_name, unique
from avrorpc_codegen.placing import PyProtocol
from avrorpc_codegen.python_types import Literal
from avrorpc_codegen.type_view import TypeViewer
from avrorpc_codegen.views import Method, ProtocolView


@dataclass(slots=True)
class _Parameters:
    """The parameters of a message: as laid out, as passed on, and as documented.

    A stream of items, the last of them, is apart: its type differs from class to class.
    """

    declared: list[str] = field(default_factory=lambda: ["self"])
    arguments: list[Code] = field(default_factory=list)
    item: str = ""
    """The name of the parameter that is a stream, if there is one."""
    item_type: Code = ""
    """The type of its items."""
    item_doc: str = ""
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
        arguments: tuple[Code, ...] = (
            layout.quote(self.protocol.name),
            Text(self.names.declared.text),
            Joined("types=", types),
        )
        if self.names.declared.has_case_file and self.names.declared.cases:
            name = layout.quote(examples_file(self.protocol.name))
            arguments = (*arguments, Joined("examples=", Group("(", ("__name__", name), ")")))
        value = Group("stub.Contract(", arguments, ")")
        return layout.assignment(self.names.py_contract, "Final", value, 0)

    def _refer(self, full_name: str) -> str:
        return self.types.imports.refer(self.placement.types[full_name])

    def _method(self, message: Message) -> Method:
        py_method = self.names.py_methods[message.name]
        result = self.python.annotation(message.response)
        py_constant = type_name(f"_{self.names.py_name.strip('_')}_{py_method}", self.taken)
        self.taken.add(py_constant)
        kind = streaming(message)
        parameters = self._parameters(message, kind, py_constant)
        start = f"def {py_method}"
        if kind.gives_stream:
            sync_result, async_result = (
                self._abstract("Iterator", result),
                self._abstract("AsyncIterator", result),
            )
            service_result: Code = Branches((sync_result, async_result))
            async_start = start
        else:
            sync_result = async_result = result
            service_result = _either(result, self._abstract("Awaitable", result))
            async_start = f"async {start}"
        if kind is Streaming.BOTH:
            sync_result = Group("stub.BidiStream[", (parameters.item_type, result), "]")
            sync_parameters = parameters.declared
        else:
            sync_parameters = self._declared(parameters, "Iterable")
        sync_call, async_call = self._calls(kind, result, py_constant, parameters)
        return Method(
            message.name,
            py_method,
            self._doc(message, kind, result, parameters),
            f"See `{self.names.py_name}.{py_method}`.",
            layout.definition(start, sync_parameters, sync_result, 4),
            layout.definition(async_start, self._declared(parameters, "AsyncIterable"), async_result, 4),
            layout.definition(start, self._declared(parameters, "stub.Incoming"), service_result, 4),
            parameters.defaults,
            sync_call,
            async_call,
            self._constant(result, message, py_constant, parameters.item),
            message.props,
        )

    def _abstract(self, py_name: str, item: Code) -> Code:
        """Return an annotation such as `Iterator[int]`, and note the import."""
        if not py_name.startswith("stub."):
            self.types.imports.abstract.add(py_name)
        return Group(f"{py_name}[", (item,), "]", has_comma=False)

    def _declared(self, parameters: _Parameters, py_stream: str) -> list[str]:
        """Return the parameters as laid out, a stream of items among them as a class of that name."""
        if not parameters.item:
            return parameters.declared
        annotation = self._abstract(py_stream, parameters.item_type)
        return [*parameters.declared, _laid_out(parameters.item, annotation, None)]

    def _calls(
        self, kind: Streaming, result: Code, py_constant: str, parameters: _Parameters
    ) -> tuple[str, str]:
        """Return the statements by which the clients of both colours call."""
        channel = "self.__avrorpc__"
        plain = (py_constant, *parameters.arguments)
        streamed = (*plain, parameters.item) if parameters.item else plain
        if kind.gives_stream:
            iterate = layout.broken(Group(f"{channel}.iterate(", streamed, ")"), 8, "return ")
            if kind is Streaming.BOTH:
                return layout.broken(Group(f"{channel}.converse(", plain, ")"), 8, "return "), iterate
            return iterate, iterate
        call = Group(f"{channel}(", streamed, ")")
        returns = "" if flat(result) == "None" else "return "
        return layout.broken(call, 8, returns), layout.broken(call, 8, f"{returns}await ")

    def _constant(self, result: Code, message: Message, py_constant: str, item: str) -> str:
        """Return the code that defines the constant for a method."""
        py_method = self.names.py_methods[message.name]
        arguments: tuple[Code, ...] = (layout.quote(message.name),)
        if py_method != message.name:
            arguments = (*arguments, f"attribute={layout.quote(py_method)}")
        if item and item != message.request[-1].name:
            arguments = (*arguments, f"item={layout.quote(item)}")
        value = Group(f"{self.names.py_contract}.method(", arguments, ")")
        method = Group("stub.Method[", (result,), "]", has_comma=False)
        final = Group("Final[", (method,), "]", has_comma=False)
        return layout.assignment(py_constant, final, value, 0)

    def _parameters(self, message: Message, kind: Streaming, py_constant: str) -> _Parameters:
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
            if kind.takes_stream and item is message.request[-1]:
                parameters.item, parameters.item_type, parameters.item_doc = py_name, annotation, doc
                break
            default = None if literal is None else literal.code
            if literal is not None and literal.is_mutable:
                doc = f"{doc} Default: `{flat(literal.code)}`."
                parameters.defaults.append(layout.defaulted(py_name, literal.code, 8))
                annotation, default = _optional(annotation), "None"
            parameters.declared.append(_laid_out(py_name, annotation, default))
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

    def _doc(self, message: Message, kind: Streaming, result: Code, parameters: _Parameters) -> str:
        parts = [documentation.block(message.doc or f"The message `{message.name}`.", 8)]
        docs = parameters.docs
        if kind is Streaming.REQUEST:
            docs = [*docs, (parameters.item, f"Iterable of items. {parameters.item_doc}")]
        if docs:
            parts.append(documentation.section("Args", docs, 8))
        if kind is Streaming.RESPONSE:
            parts.append(documentation.section("Yields", [(flat(result), _about(message.response))], 8))
        elif kind is Streaming.BOTH:
            stream = [
                ("A stream both ways.", ""),
                (f"Each `{parameters.item}` that is sent", parameters.item_doc),
                (f"Each `{flat(result)}` that comes", _about(message.response)),
            ]
            parts.append(documentation.section("Returns", stream, 8))
        errors = [error for error in message.errors if isinstance(error, Record)]
        raised = [(self._refer(error.name), _first_sentence(error)) for error in errors]
        if raised:
            parts.append(documentation.section("Raises", raised, 8))
        return "\n\n".join(parts)


def _first_sentence(error: Record) -> str:
    return documentation.split_summary(error.doc or f"The error `{error.name}`.")[0]


def _about(schema: Schema) -> str:
    """Return what is said of the items of a stream: the documentation of their type, if it has any."""
    if isinstance(schema, Named) and schema.doc:
        return documentation.split_summary(schema.doc)[0]
    return f"Of the Avro type `{describe(schema)}`."


def _laid_out(py_name: str, annotation: Code, default: Code | None) -> str:
    return layout.assignment(py_name, annotation, default, 8, after=",")[:-1]


def _admits_null(schema: Schema) -> bool:
    branches = schema.branches if isinstance(schema, Union) else [schema]
    return any(isinstance(branch, Primitive) and branch.name == "null" for branch in branches)


def _optional(annotation: Code) -> Code:
    items = annotation.items if isinstance(annotation, Branches) else (annotation,)
    return Branches((*items, "None"))


def _either(result: Code, awaitable: Code) -> Code:
    """Return what a method may return that is written as `def` or as `async def`."""
    items = result.items if isinstance(result, Branches) else (result,)
    if items[-1] == "None":
        return Branches((*items[:-1], awaitable, "None"))
    return Branches((*items, awaitable))
