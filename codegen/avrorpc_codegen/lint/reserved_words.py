"""Names that programming languages keep for themselves, and what their generated code calls them instead."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from avrorpc_codegen import naming
from avrorpc_codegen.config import RUNTIME_NAMESPACE


class Kind(Enum):
    """What a name is the name of."""

    TYPE = "type"
    """A type or a protocol."""
    FIELD = "field"
    """A field of a record."""
    ERROR_FIELD = "field of an error"
    """A field of an error, which is an exception in Python."""
    PARAMETER = "parameter"
    """A parameter."""
    MESSAGE = "message"
    """A message, which is a method."""
    SYMBOL = "symbol"
    """A symbol of an enum."""
    NAMESPACE = "namespace"
    """A part of a namespace."""


_JAVA: Final = frozenset(
    {
        *("abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class"),
        *("const", "continue", "default", "do", "double", "else", "enum", "extends", "false"),
        *("final", "finally", "float", "for", "goto", "if", "implements", "import", "instanceof"),
        *("int", "interface", "long", "native", "new", "null", "package", "private", "protected"),
        *("public", "return", "short", "static", "strictfp", "super", "switch", "synchronized", "this"),
        *("throw", "throws", "transient", "true", "try", "void", "volatile", "while"),
    }
)
_TYPESCRIPT: Final = frozenset(
    {
        *("await", "break", "case", "catch", "class", "const", "continue", "debugger", "default"),
        *("delete", "do", "else", "enum", "export", "extends", "false", "finally", "for"),
        *("function", "if", "implements", "import", "in", "instanceof", "interface", "let", "new"),
        *("null", "package", "private", "protected", "public", "return", "static", "super", "switch"),
        *("this", "throw", "true", "try", "typeof", "var", "void", "while", "with"),
        *("yield"),
    }
)
_PROPERTIES: Final = frozenset({Kind.FIELD, Kind.ERROR_FIELD, Kind.MESSAGE, Kind.SYMBOL})


def _in_python(name: str, kind: Kind) -> str | None:
    match kind:
        case Kind.TYPE:
            other = naming.type_name(name, ())
        case Kind.FIELD:
            other = naming.member_name(name, ())
        case Kind.MESSAGE:
            other = naming.method_name(name, ())
        case Kind.ERROR_FIELD:
            other = naming.error_field_name(name, ())
        case Kind.PARAMETER:
            other = naming.parameter_name(name, ())
        case Kind.SYMBOL:
            other = naming.symbol_name(name, ())
        case Kind.NAMESPACE:
            # The runtime's own namespace goes into a package of another name.
            other = name if name == RUNTIME_NAMESPACE else naming.module_part(name)
    return None if other == name else f"generated Python calls it `{other}`"


def _in_java(name: str, _: Kind) -> str | None:
    return f"generated Java calls it `{name}$`" if name in _JAVA else None


def _in_typescript(name: str, kind: Kind) -> str | None:
    if name not in _TYPESCRIPT or kind in _PROPERTIES:  # After a dot, any word may stand.
        return None
    return f"`{name}` is a word of TypeScript's own"


LANGUAGES: Final[dict[str, Callable[[str, Kind], str | None]]] = {
    "python": _in_python,
    "java": _in_java,
    "typescript": _in_typescript,
}
"""For each language, what says why a name is awkward in it, or None where it is not."""
