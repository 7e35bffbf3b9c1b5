"""Views to text, through templates that look like what they give."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from avrorpc_codegen.documentation import docstring
from avrorpc_codegen.views import ModuleView, PackageView


class Renderer:
    """The templates of one run."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("avrorpc_codegen"),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - Python is written here, not HTML
        )
        self._environment.filters["docstring"] = docstring

    def module(self, module: ModuleView) -> str:
        """Return the text of a module."""
        return self._checked(
            self._environment.get_template("module.py.j2").render(module=module), str(module.path)
        )

    def package(self, package: PackageView, name: str) -> str:
        """Return the text of a package that only holds others."""
        return self._checked(self._environment.get_template("package.py.j2").render(package=package), name)

    def _checked(self, text: str, name: str) -> str:
        compile(text, name, "exec", dont_inherit=True)
        return text
