"""Hypothesis strategies for whole models: protocols and schemas with everything that Avro IDL can say.

Types refer to each other forwards, backwards and to themselves; names are keywords, come from many scripts
and from several namespaces; documentation, aliases, properties, orders and defaults are everywhere.
"""

from __future__ import annotations

from avrorpc.schema import (
    NO_DEFAULT,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Message,
    Named,
    NoDefault,
    Primitive,
    Protocol,
    Record,
    Schema,
    Streaming,
    Union,
    namespace_of,
)
from avrorpc_codegen.annotations import (
    ENUM_WORDS,
    FIELD_WORDS,
    MESSAGE_WORDS,
    ORDERS,
    PROTOCOL_WORDS,
    TYPE_WORDS,
)
from avrorpc_codegen.comment import doc_text
from avrorpc_codegen.formatting import doc_comment
from avrorpc_codegen.parser import PRIMITIVE_KEYWORDS
from hypothesis import strategies as st

KEYWORDS = ["array", "decimal", "enum", "error", "false", "fixed", "idl", "import", "map", "namespace"]
KEYWORDS += ["oneway", "protocol", "record", "schema", "throws", "true", "union", "void", "NaN", "Infinity"]
KEYWORDS += ["int", "date", "class", "None", "self"]
OURS = {"timeout", "readonly", "idempotent", "logicalType", "precision", "scale"}
"""Properties whose values are checked."""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Mn", "Pc"])
IDENTIFIERS = st.one_of(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True),
    st.sampled_from(KEYWORDS),
    st.text(LETTERS, min_size=1, max_size=6).filter(str.isidentifier),
)
NAMESPACES = st.lists(IDENTIFIERS, min_size=1, max_size=3).map(".".join)
TYPE_NAMES = IDENTIFIERS.filter(lambda name: name not in PRIMITIVE_KEYWORDS)
PROPERTY_NAMES = st.one_of(
    IDENTIFIERS, st.tuples(IDENTIFIERS, st.sampled_from(".-"), IDENTIFIERS).map("".join)
).filter(lambda name: name not in OURS)
DOCS = st.one_of(
    TEXT, st.lists(st.sampled_from(["*", "/", " ", "\n", "\t", "a", "**", "`x`", "é", "word"])).map("".join)
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
LONGS = st.integers(-(2**63), 2**63 - 1)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), LONGS, FLOATS, TEXT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
LOGICAL: tuple[tuple[str, dict[str, Json]], ...] = (
    ("int", {"logicalType": "date"}),
    ("int", {"logicalType": "time-millis"}),
    ("long", {"logicalType": "time-micros"}),
    ("long", {"logicalType": "timestamp-millis"}),
    ("long", {"logicalType": "local-timestamp-millis"}),
    ("string", {"logicalType": "uuid"}),
    ("string", {"logicalType": "unheard-of"}),
    ("bytes", {"logicalType": "decimal", "precision": 9, "scale": 2}),
    ("bytes", {"logicalType": "decimal", "precision": 4, "scale": 0}),
    ("bytes", {"scale": 1, "precision": 4, "logicalType": "decimal"}),
)
PRIMITIVE_DEFAULTS: dict[str, st.SearchStrategy[Json]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": LONGS,
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.one_of(FLOATS, st.integers(-100, 100), st.sampled_from(["NaN", "Infinity", "-Infinity"])),
    "bytes": st.text(st.characters(max_codepoint=255), max_size=10),
    "string": TEXT,
}


def docs() -> st.SearchStrategy[str | None]:
    """Return documentation as a comment can say it."""
    texts = DOCS.filter(lambda text: "*/" not in text)
    return st.none() | texts.map(lambda text: doc_text(doc_comment(text)))


def properties(*reserved: str) -> st.SearchStrategy[dict[str, Json]]:
    names = PROPERTY_NAMES.filter(lambda name: name not in reserved)
    return st.just({}) | st.dictionaries(names, VALUES, max_size=2)


class _Builder:
    """Draws the parts of one model."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        has_namespaces = draw(st.integers(0, 4)) > 0
        self.namespaces = draw(st.lists(NAMESPACES, min_size=1, max_size=3)) if has_namespaces else [""]
        self.types: dict[str, Named] = {}

    def name(self) -> str:
        return ".".join(filter(None, [self.draw(st.sampled_from(self.namespaces)), self.draw(TYPE_NAMES)]))

    def declare(self) -> None:
        """Draw the named types: first their names, then their fields, then their defaults."""
        for _ in range(self.draw(st.integers(0, 4))):
            name = self.name()
            if name not in self.types:
                self.types[name] = self.named(name)
        self.part_aliases()
        records = [named for named in self.types.values() if isinstance(named, Record)]
        for record in records:
            record.fields = self.fields()
        for record in records:
            self.add_defaults(record.fields)

    def part_aliases(self) -> None:
        """Leave each alias to one type, and none that is a type's name."""
        taken = set(self.types)
        for named in self.types.values():
            kept: list[str] = []
            for alias in named.aliases:
                namespace = namespace_of(named.name)
                full = alias if "." in alias or not namespace else f"{namespace}.{alias}"
                if full not in taken:
                    kept.append(alias)
                taken.add(full)
            named.aliases = kept

    def named(self, name: str) -> Named:
        draw = self.draw
        doc = draw(docs())
        aliases = draw(st.lists(st.one_of(IDENTIFIERS, NAMESPACES), max_size=2))
        match draw(st.sampled_from(["record", "error", "enum", "fixed"])):
            case "enum":
                symbols = draw(st.lists(IDENTIFIERS, max_size=6, unique=True))
                default = draw(st.none() | st.sampled_from(symbols)) if symbols else None
                return Enum(name, symbols, doc, default, aliases, draw(properties(*ENUM_WORDS)))
            case "fixed":
                size = draw(st.integers(0, 20))
                return Fixed(name, size, doc, aliases, draw(properties(*TYPE_WORDS)))
            case kind:
                return Record(name, [], doc, kind == "error", aliases, draw(properties(*TYPE_WORDS)))

    def fields(self) -> list[Field]:
        draw = self.draw
        names = draw(st.lists(IDENTIFIERS, max_size=4, unique=True))
        aliases = draw(st.lists(TEXT.filter(lambda text: text not in names), max_size=4, unique=True))
        return [
            Field(
                name,
                self.schema(),
                draw(docs()),
                order=draw(st.none() | st.sampled_from(ORDERS)),
                aliases=aliases[index : index + 1],
                props=draw(properties(*FIELD_WORDS)),
            )
            for index, name in enumerate(names)
        ]

    def add_defaults(self, fields: list[Field]) -> None:
        for field in fields:
            if self.draw(st.booleans()):
                field.default = self.default(field.type, 3)

    def schema(self, depth: int = 3, *, in_union: bool = False) -> Schema:
        kinds = ["primitive", "logical"]
        if depth:
            kinds += ["array", "map"] + ["union", "optional"] * (not in_union)
        if self.types:
            kinds += ["named"] * 2
        match self.draw(st.sampled_from(kinds)):
            case "primitive":
                name = self.draw(st.sampled_from(list(PRIMITIVE_DEFAULTS)))
                return Primitive(name, self.draw(properties(*TYPE_WORDS)))
            case "logical":
                name, props = self.draw(st.sampled_from(LOGICAL))
                return Primitive(name, {**props, **self.draw(properties(*TYPE_WORDS))})
            case "array":
                return Array(self.schema(depth - 1), self.draw(properties(*TYPE_WORDS)))
            case "map":
                return Map(self.schema(depth - 1), self.draw(properties(*TYPE_WORDS)))
            case "named":
                return self.draw(st.sampled_from(list(self.types.values())))
            case "optional":
                other = self.schema(depth - 1, in_union=True)
                branches: list[Schema] = [Primitive("null"), other]
                if isinstance(other, Primitive) and other.name == "null":
                    return Union([other])
                return Union(branches[:: self.draw(st.sampled_from([1, -1]))])
            case _:
                found = [self.schema(depth - 1, in_union=True) for _ in range(self.draw(st.integers(1, 4)))]
                return Union(list({branch_kind(branch): branch for branch in found}.values()))

    def default(self, schema: Schema, depth: int) -> Json | NoDefault:
        """Draw a default that fits; none where it would go on without end."""
        draw = self.draw
        match schema:
            case Primitive():
                return draw(PRIMITIVE_DEFAULTS[schema.name])
            case Fixed():
                size = schema.size
                return draw(st.text(st.characters(max_codepoint=255), min_size=size, max_size=size))
            case Enum():
                return draw(st.sampled_from(schema.symbols)) if schema.symbols else NO_DEFAULT
            case Union():
                return self.default(draw(st.sampled_from(schema.branches)), depth)
            case Array():
                return self.some(schema.items, depth)
            case Map():
                keys = draw(st.lists(TEXT, min_size=2, max_size=2))
                return dict(zip(keys, self.some(schema.values, depth), strict=False))
            case Record():
                return self.whole(schema, depth - 1) if depth else NO_DEFAULT

    def some(self, schema: Schema, depth: int) -> list[Json]:
        """Draw up to two defaults."""
        count = self.draw(st.integers(0, 2)) if depth else 0
        values = [self.default(schema, depth - 1) for _ in range(count)]
        return [value for value in values if not isinstance(value, NoDefault)]

    def whole(self, record: Record, depth: int) -> Json | NoDefault:
        """Draw a default that states all fields, so that it is made of no others."""
        found: dict[str, Json] = {}
        for field in record.fields:
            value = self.default(field.type, depth)
            if isinstance(value, NoDefault):
                return NO_DEFAULT
            found[field.name] = value
        return found

    def message(self, name: str) -> Message:
        draw = self.draw
        request = self.fields()
        self.add_defaults(request)
        doc, props = draw(docs()), draw(properties(*MESSAGE_WORDS))
        if draw(st.integers(0, 3)) == 0:
            return Message(name, request, Primitive("null"), one_way=True, doc=doc, props=props)
        response = self.schema()
        if not isinstance(response, Named | Union):
            response.props = {}
        elif isinstance(response, Union):
            for branch in response.branches:
                if not isinstance(branch, Named):
                    branch.props = {}
        errors = [named for named in self.types.values() if isinstance(named, Record) and named.is_error]
        thrown: list[Schema] = [*draw(st.lists(st.sampled_from(errors), unique_by=id))] if errors else []
        kind = draw(st.sampled_from(Streaming))
        if kind.takes_stream and not request:
            kind = Streaming.RESPONSE
        if kind is not Streaming.NONE:
            props["stream"] = kind.value
        if kind.takes_stream:
            request[-1].default = NO_DEFAULT
        return Message(name, request, response, thrown, doc=doc, props=props)


@st.composite
def protocols(draw: st.DrawFn) -> Protocol:
    """Draw a protocol."""
    builder = _Builder(draw)
    builder.declare()
    messages = {name: builder.message(name) for name in draw(st.lists(IDENTIFIERS, max_size=3, unique=True))}
    props = draw(properties(*PROTOCOL_WORDS))
    return Protocol(builder.name(), list(builder.types.values()), messages, draw(docs()), props)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Draw a schema: any type, or a list of all named types."""
    builder = _Builder(draw)
    builder.declare()
    is_list: bool = draw(st.booleans())
    if builder.types and is_list:
        return Union(list(builder.types.values()))
    return builder.schema()


def branch_kind(branch: Schema) -> str:
    """Return what may occur once in a union."""
    return branch.name if isinstance(branch, Primitive | Named) else type(branch).__name__
