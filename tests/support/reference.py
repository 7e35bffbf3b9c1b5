"""References of contracts, and what their pages say when other people's parsers read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from avrorpc_codegen.config import RUNTIME_EXTERNAL, Config, Target
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.reading import read_contracts, search_path
from avrorpc_codegen.reference.addresses import Addresses
from avrorpc_codegen.reference.building import Builder
from avrorpc_codegen.reference.pages import Reference
from avrorpc_codegen.reference.python_side import PythonSide
from avrorpc_codegen.reference.site import Format, Site, build

from support.contracts import write
from support.golden import GOLDEN, REPOSITORY, package

VOID = {"br", "col", "hr", "input", "link", "meta", "wbr"}
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


def read(folder: Path) -> Contracts:
    """Read all contracts below a folder, which must be without fault."""
    diagnostics = Diagnostics()
    contracts = read_contracts([folder], search_path(folder, [REPOSITORY / "schemas"]), diagnostics).contracts
    assert not diagnostics.has_errors, diagnostics.render()
    return contracts


def config(folder: Path, name: str = "out") -> Config:
    """Return settings with one package."""
    return Config(folder, (Target(name, folder / "to"),), dict(RUNTIME_EXTERNAL))


def site(folder: Path, format_: Format = Format.HTML, name: str = "out") -> Site:
    """Return the reference of all contracts below a folder."""
    diagnostics = Diagnostics()
    roots = [folder, REPOSITORY / "schemas"]
    result = build(read(folder), config(folder, name), roots, format_, "The title", diagnostics)
    assert not diagnostics.items, diagnostics.render()
    return result


@cache
def golden_site(case: str, format_: Format = Format.HTML) -> Site:
    """Return the reference of a golden case."""
    return site(GOLDEN / case / "input", format_, package(case))


def reference(folder: Path, files: dict[str, str], diagnostics: Diagnostics | None = None) -> Reference:
    """Return what the pages of some contracts show."""
    write(folder, files)
    contracts = read(folder)
    python = PythonSide(contracts, config(folder))
    found = Diagnostics() if diagnostics is None else diagnostics
    result = Builder(contracts, Addresses(contracts), python, [folder], found).reference("T")
    assert diagnostics is not None or not found.items, found.render()
    return result


def protocol(body: str) -> dict[str, str]:
    """Return the files of a project with one protocol, `n.P`."""
    return {"p.avdl": f'@namespace("n") protocol P {{ {body} }}'}


@dataclass
class Document(HTMLParser):
    """A page as a parser sees it; every element has to be closed in its turn."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    text: str = ""
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert len(values) == len(attrs), f"an attribute of <{tag}> is given twice"
        assert not any(name.startswith("on") or name == "style" for name in values)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a":
            self.links.append(str(values["href"]))
        if tag in LOADS and values.get(LOADS[tag]):
            self.loads.append(str(values[LOADS[tag]]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def finish(self) -> None:
        """Check what can only be said at the end."""
        assert self._open == []
        assert len(set(self.ids)) == len(self.ids), sorted(i for i in self.ids if self.ids.count(i) > 1)


def document(text: str) -> Document:
    """Parse a page."""
    page = Document()
    page.feed(text)
    page.close()
    page.finish()
    return page


def documents(files: dict[str, str]) -> dict[str, Document]:
    """Parse all pages of a site."""
    return {name: document(text) for name, text in files.items() if name.endswith(".html")}


def resolved(page: str, link: str) -> tuple[str, str]:
    """Return the file and the anchor that a link on a page leads to."""
    parts = urlsplit(link)
    assert not parts.scheme, link
    assert not parts.netloc, link
    path = PurePosixPath(page)
    if parts.path:
        steps: list[str] = []
        for step in (path.parent / unquote(parts.path)).parts:
            if step == "..":
                steps.pop()
            else:
                steps.append(step)
        path = PurePosixPath(*steps)
    return str(path), unquote(parts.fragment)


def dead_links(pages: dict[str, Document]) -> Iterator[str]:
    """Yield the links that lead nowhere; those to other sites are left out."""
    for name, page in pages.items():
        for link in page.links:
            if not link.startswith(("https://", "http://", "mailto:")):
                file, anchor = resolved(name, link)
                if file not in pages or (anchor and anchor not in pages[file].ids):
                    yield f"{name}: {link}"
