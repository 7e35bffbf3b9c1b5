"""Views of records, errors, enums and fixed."""

from __future__ import annotations

from typing import Final

from avrorpc.schema import Enum, Field, Fixed, NoDefault, Record

from avrorpc_codegen import documentation, layout
from avrorpc_codegen.contracts import DeclaredType
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.importing import Imports
from avrorpc_codegen.layout import Code, Group, Joined, Lambda, flat
from avrorpc_codegen.placing import Placement, PyType
from avrorpc_codegen.python_types import Literal, Python, Unrepresentable
from avrorpc_codegen.source import Span
from avrorpc_codegen.views import Attribute, Class

_ERROR: Final = "@dataclass(slots=True, eq=False, kw_only=True)"
"""What decorates an error. It is not frozen, since Python itself assigns to exceptions as they pass."""


class TypeViewer:
    """Writes the types of one module."""

    def __init__(self, placement: Placement, imports: Imports, diagnostics: Diagnostics) -> None:
        self.placement = placement
        self.imports = imports
        self.diagnostics = diagnostics
        self.python = Python(placement.types, imports.refer, imports.standard.add)

    def enum(self, declared: DeclaredType, enum: Enum) -> Class:
        """Return the view of an enum."""
        py_type = self.placement.types[enum.name]
        attributes = [
            Attribute(
                symbol,
                py_type.members[symbol],
                layout.statement(f"{py_type.members[symbol]} = ", layout.quote(symbol), 4),
                documentation.attribute(declared.symbol_docs.get(symbol, ""), 4),
            )
            for symbol in enum.symbols
        ]
        doc = enum.doc or f"The enum `{enum.name}`."
        head = layout.class_head(py_type.py_name, ("Enum",))
        return Class(
            "enum", enum.name, py_type.py_name, head, documentation.block(doc, 4), attributes, enum.props
        )

    def alias(self, fixed: Fixed) -> Attribute:
        """Return the view of a fixed."""
        py_name = self.placement.types[fixed.name].py_name
        code = layout.assignment(py_name, "TypeAlias", self.python.fixed_alias(fixed), 0)
        doc = documentation.attribute(fixed.doc or f"The fixed `{fixed.name}`.", 0)
        return Attribute(fixed.name, py_name, code, doc, fixed.props)

    def record(self, declared: DeclaredType, record: Record) -> Class:
        """Return the view of a record."""
        py_type = self.placement.types[record.name]
        bases: list[Code] = ["msgspec.Struct", "frozen=True", "kw_only=True"]
        if record.name in self.placement.tagged:
            bases += ['tag_field="$type"', f'tag="{record.name}"']
        renamed: list[Code] = [
            Joined(f"{layout.quote(py_name)}: ", layout.quote(avro_name))
            for avro_name, py_name in py_type.members.items()
            if avro_name != py_name
        ]
        if renamed:
            bases.append(Joined("rename=", Group("{", tuple(renamed), "}")))
        head = layout.class_head(py_type.py_name, tuple(bases))
        doc = record.doc or f"The record `{record.name}`."
        attributes = [self._field(item, py_type, "msgspec.field", declared) for item in record.fields]
        text = documentation.block(doc, 4)
        return Class("record", record.name, py_type.py_name, head, text, attributes, record.props)

    def error(self, declared: DeclaredType, record: Record) -> Class:
        """Return the view of an error."""
        py_type = self.placement.types[record.name]
        doc = record.doc or f"The error `{record.name}`."
        attributes = [self._field(item, py_type, "dataclasses.field", declared) for item in record.fields]
        head = f"{_ERROR}\n{layout.class_head(py_type.py_name, ('stub.DeclaredError',))}"
        text = documentation.block(doc, 4)
        return Class("error", record.name, py_type.py_name, head, text, attributes, record.props)

    def literal(self, item: Field, owner: str, span: Span | None, file: str) -> Literal | None:
        """Return the default of a field or a parameter as an expression, if it has one."""
        if isinstance(item.default, NoDefault):
            return None
        try:
            return self.python.literal(item.type, item.default)
        except Unrepresentable as error:
            problem = f"the default of `{item.name}` in `{owner}` has no Python value: {error}"
            self.diagnostics.error(Rule.BAD_DEFAULT, problem, span, file=file)
            return None

    def _field(self, item: Field, py_type: PyType, function: str, declared: DeclaredType) -> Attribute:
        py_name = py_type.members[item.name]
        annotation = self.python.annotation(item.type)
        span = declared.field_spans.get(item.name)
        literal = self.literal(item, declared.named.name, span, declared.unit.name)
        value = None if literal is None else self._default(literal, function)
        code = (
            f"{py_name}: {flat(annotation)}"
            if value is None
            else f"{py_name}: {flat(annotation)} = {flat(value)}"
        )
        if not layout.fits(code, 4):
            if isinstance(value, str):
                value = Group(f"{function}(", (Joined("default=", value),), ")")
            code = layout.assignment(py_name, annotation, value, 4)
        doc = documentation.attribute(item.doc or "", 4)
        return Attribute(item.name, py_name, code, doc, item.props)

    def _default(self, literal: Literal, function: str) -> Code:
        text = flat(literal.code)
        if not literal.is_mutable and not self.imports.is_late(text):
            return literal.code
        factory: Code = {"[]": "list", "{}": "dict"}.get(text) or Lambda(literal.code)
        return Group(f"{function}(", (Joined("default_factory=", factory),), ")")
