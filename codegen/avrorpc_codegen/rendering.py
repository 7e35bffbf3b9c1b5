"""Views to text, through templates that look like what they give.

A project may have templates of its own: a file of the same name stands for one of ours. What goes wrong in
those is a finding with a place; what goes wrong in ours is a mistake of ours, and is raised.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader

from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.documentation import docstring
from avrorpc_codegen.layout import class_head
from avrorpc_codegen.template_faults import Missing, TemplateFaults
from avrorpc_codegen.templating import template_environment
from avrorpc_codegen.views import ModuleView, PackageView

DEFAULTS: Final = "default"
"""The prefix under which templates of a project find ours: `default/class.py.j2`."""


def default_templates() -> dict[str, str]:
    """Return the texts of our own templates by their names."""
    folder = files("avrorpc_codegen") / "templates"
    found = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir()}
    return {name: found[name] for name in sorted(found)}


def with_base(head: str, base: str) -> str:
    """Return the first line of a class with one more base before the others, broken where it is too long."""
    decorators, _, line = head.rpartition("class ")
    source = f"class {line}\n    ..."
    (made,) = ast.parse(source).body
    if not isinstance(made, ast.ClassDef):
        raise ValueError(f"{head!r} is not the first line of a class")
    if "\n" in line:
        return head.replace("(\n", f"(\n    {base},\n", 1)
    bases = [ast.unparse(node) for node in made.bases]
    keywords = [ast.get_source_segment(source, keyword) or "" for keyword in made.keywords]
    return decorators + class_head(made.name, (base, *bases, *keywords))


class Renderer:
    """The templates of one target, in one run.

    Args:
        folders: Where the project has templates of its own; the first folder wins.
        diagnostics: Is told what is wrong with those.
    """

    def __init__(self, folders: Sequence[Path] = (), diagnostics: Diagnostics | None = None) -> None:
        ours = PackageLoader("avrorpc_codegen")
        own: list[BaseLoader] = [FileSystemLoader(folder) for folder in folders]
        self._environment = template_environment(
            ChoiceLoader([*own, ours, PrefixLoader({DEFAULTS: ours})]), undefined=Missing
        )
        self._environment.filters |= {"docstring": docstring, "with_base": with_base}
        self._faults: TemplateFaults | None = None
        if folders:
            self._faults = TemplateFaults(folders, self._environment, diagnostics or Diagnostics())
            self._faults.check(default_templates())

    def module(self, module: ModuleView) -> str:
        """Return the text of a module; empty where a template of the project's own has failed."""
        return self._rendered("module.py.j2", module.path, {"module": module})

    def package(self, package: PackageView) -> str:
        """Return the text of a package that only holds others; empty as above."""
        return self._rendered("package.py.j2", package.path, {"package": package})

    def _rendered(self, name: str, path: Path, views: dict[str, ModuleView | PackageView]) -> str:
        if self._faults is not None:
            return self._faults.guarded(name, path, views)
        # Our own templates give Python: the tests see to it, with random models, too.
        return self._environment.get_template(name).render(views)
