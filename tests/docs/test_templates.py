"""The reference of templates says what the code says of views, templates, blocks and filters."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import jinja2
from avrorpc_codegen import views
from avrorpc_codegen.rendering import Renderer, default_templates

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "templates.md").read_text(encoding="utf-8")


def documented_views() -> dict[str, str]:
    """Return a table for each view: its fields, their types, and their docstrings in the code."""
    tree = ast.parse(Path(views.__file__).read_text(encoding="utf-8"))
    tables: dict[str, str] = {}
    for view in tree.body:
        if not isinstance(view, ast.ClassDef):
            continue
        rows = ["| field | type | |", "|---|---|---|"]
        for field, doc in zip(view.body, view.body[1:], strict=False):
            if not isinstance(field, ast.AnnAssign):
                continue
            assert isinstance(doc, ast.Expr), f"{view.name}.{ast.unparse(field.target)} has no docstring"
            assert isinstance(doc.value, ast.Constant)
            text = " ".join(str(doc.value.value).split()).removesuffix(".")
            rows.append(f"| `{ast.unparse(field.target)}` | `{ast.unparse(field.annotation)}` | {text} |")
        summary = (ast.get_docstring(view) or "").removesuffix(".")
        tables[view.name] = f"### {view.name}\n\n{summary}.\n\n" + "\n".join(rows) + "\n"
    return tables


def test_every_view_is_documented_as_it_is() -> None:
    found = documented_views()
    assert set(found) == {"Attribute", "Class", "Method", "ModuleView", "PackageView", "ProtocolView"}
    for name, table in found.items():
        assert table in PAGE, f"the section of {name} should be:\n\n{table}"
    sections = re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)
    assert sorted(sections) == sorted(found)


def test_every_template_and_block_is_named() -> None:
    for name, text in default_templates().items():
        about = text.partition("#}")[0].removeprefix("{#").strip()
        blocks = ", ".join(f"`{block}`" for block in re.findall(r"{% block (\w+) %}", text))
        assert f"| `{name}` | {about} | {blocks or 'none'} |" in PAGE


def test_every_filter_is_named() -> None:
    own = set(Renderer()._environment.filters) - set(jinja2.Environment(autoescape=True).filters)
    assert own == {"docstring", "with_base"}
    assert all(f"{name}(" in PAGE for name in own)
