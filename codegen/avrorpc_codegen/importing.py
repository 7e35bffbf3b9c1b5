"""How a module names what other modules have, and the imports that this takes."""

from __future__ import annotations

import re

from avrorpc_codegen.naming import natural_key
from avrorpc_codegen.placing import Module, PyType
from avrorpc_codegen.views import ModuleView


class Imports:
    """Collects what a module imports while its pieces are written."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.plain: set[str] = set()
        """Modules of other types, imported at the top."""
        self.late: set[str] = set()
        """Modules that import this one in turn: imported after the types, by an alias."""
        self.standard: set[str] = set()
        """Modules of the standard library that types and defaults name."""
        self.abstract: set[str] = set()
        """What signatures name of `collections.abc`."""

    def refer(self, py_type: PyType) -> str:
        """Return how the module names a type, and note the import."""
        if py_type.module == self.module.py_module:
            return py_type.py_name
        alias = self.module.late.get(py_type.module)
        if alias is not None:
            self.late.add(py_type.module)
            return f"{alias}.{py_type.py_name}"
        self.plain.add(py_type.module)
        return f"{py_type.module}.{py_type.py_name}"

    def is_late(self, code: str) -> bool:
        """Return whether code begins with a name that is not there while classes are made."""
        return any(code.startswith(f"{alias}.") for alias in self.module.late.values())

    def late_lines(self) -> list[str]:
        """Return the imports that follow the types, and the blank lines before them.

        `import a.b as c` finds a module whose import is still under way, where `a.b` would not.
        """
        lines = [f"import {name} as {self.module.late[name]}" for name in sorted(self.late, key=_key)]
        return ["", "", *lines] if lines else []

    def groups(self, view: ModuleView) -> list[list[str]]:
        """Return the imports at the top, in the groups and the order of isort."""
        own_root = self.module.py_module.partition(".")[0]
        plain = {*self.plain, "msgspec"} if view.records else self.plain
        lines = [*(f"import {name}" for name in sorted(plain, key=_key)), "from avrorpc import stub"]
        own = [line for line in lines if re.split(r"[ .]", line)[1] == own_root]
        others = [line for line in lines if line not in own]
        return [group for group in (self._standard(view), others, own) if group]

    def _standard(self, view: ModuleView) -> list[str]:
        plain = {f"import {name}" for name in self.standard}
        froms: list[str] = []
        typing: list[str] = []
        attributes = [
            attribute.code for item in (*view.records, *view.errors) for attribute in item.attributes
        ]
        methods = [method for protocol in view.protocols for method in protocol.methods]
        if methods:
            plain.add("import abc")
            froms.append(f"from collections.abc import {', '.join(sorted(self.abstract))}")
        if any("dataclasses.field(" in code for code in attributes):
            plain.add("import dataclasses")
        if view.errors:
            froms.append("from dataclasses import dataclass")
        if view.enums:
            froms.append("from enum import Enum")
        if view.protocols:
            typing += ["Final", "Protocol"]
        if view.aliases:
            typing.append("TypeAlias")
        heads = (head for m in methods for head in (m.sync_head, m.async_head, m.service_head))
        if any("Union[\n" in code for code in (*attributes, *heads)):
            typing.append("Union")
        if typing:
            froms.append(f"from typing import {', '.join(typing)}")
        return sorted(plain) + froms


def _key(py_module: str) -> tuple[object, ...]:
    """Return what sorts modules as isort does: numbers by value, capitals beside their small letters."""
    return natural_key(py_module.lower()), natural_key(py_module)
