"""The site in a real browser, opened from the disk as a reader does who double-clicks it.

Runs where the package playwright is installed and there is a Chromium on the path.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.chromium import MARKS, chromium
from support.golden import GOLDEN
from support.reference import golden_site, site

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name, text in golden_site("ordinary").files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that must not complain, nor ask for anything but files."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, color_scheme="light")
    page = context.new_page()
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def results(page: Any) -> list[str]:
    page.wait_for_selector("#search-results:not([hidden])")
    names: list[str] = page.locator(".result-name").all_text_contents()
    return names


def test_a_search_finds_and_leads_to_a_message(page: Any, root: Path) -> None:
    page.goto((root / "index.html").as_uri())
    page.keyboard.press("/")
    page.keyboard.type("buy")
    assert results(page)[0] == "buy"
    assert page.locator("[role=option][aria-selected=true]").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/golden.shop/protocol.Shop.html#buy")
    assert page.locator("#buy h3").is_visible()
    assert page.locator("#search-results").is_hidden()


def test_a_search_works_with_the_keyboard_alone(page: Any, root: Path) -> None:
    page.goto((root / "golden.shop" / "index.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("order")
    first = results(page)[:2]
    assert first[0] == "Order"
    page.keyboard.press("ArrowDown")
    selected = page.locator("[aria-selected=true] .result-name")
    assert selected.text_content() == first[1]
    active = page.locator("#search-input").get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.locator("[role=option]").last.get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    assert page.locator("#search-results").is_hidden()
    page.keyboard.press("Escape")
    assert page.locator("#search-input").input_value() == ""


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("golden.shop.Item", "Item"),
        ("item name", "name"),
        ("NOTFOUND", "NotFound"),
        ("found", "NotFound"),
        ("somebody looked", "looked"),
        ("ntfnd", "NotFound"),
        ("smallest unit", "units"),
    ],
)
def test_what_is_meant_comes_first(page: Any, root: Path, query: str, first: str) -> None:
    page.goto((root / "index.html").as_uri())
    page.fill("#search-input", query)
    assert results(page)[0] == first


def test_a_search_for_nothing_says_so(page: Any, root: Path) -> None:
    page.goto((root / "index.html").as_uri())
    page.fill("#search-input", "zzz")
    assert results(page) == []
    assert page.locator("#search-status").text_content() == "0 results"
    assert "Nothing has such a name." in page.locator("#search-results").text_content()


def test_the_colours_follow_the_system_until_a_reader_chooses(page: Any, root: Path) -> None:
    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.goto((root / "index.html").as_uri())
    light = background()
    page.emulate_media(color_scheme="dark")
    dark = background()
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    page.locator(".theme").click()
    assert background() == light
    page.goto((root / "golden.shop" / "index.html").as_uri())
    assert background() == light
    page.locator(".theme").click()
    assert background() == dark


def test_one_click_shows_python_everywhere(page: Any, root: Path) -> None:
    page.goto((root / "golden.shop" / "protocol.Shop.html").as_uri())
    assert page.locator("pre[data-language=python]:visible").count() == 0
    page.locator("#find [data-set=python]").click()
    assert page.locator("pre[data-language=idl]:visible").count() == 0
    assert "def find(" in page.locator("#find pre:visible").text_content()
    page.reload()
    assert page.locator("#buy [data-set=python]").get_attribute("aria-pressed") == "true"
    assert page.locator("#buy pre[data-language=python]").is_visible()


def test_code_is_copied(page: Any, root: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto((root / "golden.shop" / "protocol.Shop.html").as_uri())
    page.locator("#state .copy").click()
    page.wait_for_function("document.querySelector('#state .copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == "State? state(long id);"


@pytest.mark.parametrize("width", [320, 390, 800, 1400])
def test_no_page_is_wider_than_its_window(page: Any, root: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    for path in sorted(root.rglob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name


def test_the_contents_open_on_a_phone(page: Any, root: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto((root / "golden.shop" / "protocol.Shop.html").as_uri())
    assert page.locator("#page-nav").is_hidden()
    page.locator(".contents").click()
    page.locator("#page-nav a", has_text="looked").click()
    assert page.url.endswith("#looked")
    assert page.locator("#page-nav").is_hidden()


def test_everything_is_readable_without_the_script(browser: Any, root: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((root / "golden.shop" / "protocol.Shop.html").as_uri())
    assert page.locator("#buy pre:visible").count() == 2
    assert page.locator("#page-nav").is_visible()
    assert page.locator("#search-input").is_hidden()
    context.close()


def test_an_anchor_that_moved_leads_to_the_line_that_leads_on(page: Any, tmp_path: Path) -> None:
    source = tmp_path / "schemas"
    source.mkdir()
    types = "".join(f"record R{number} {{ int a; }}" for number in range(60))
    (source / "a.avdl").write_text(f"namespace n; {types}")
    for name, text in site(source).files.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    page.set_viewport_size({"width": 800, "height": 300})
    page.goto((tmp_path / "site" / "n" / "index.html").as_uri() + "#R50.a")
    assert page.evaluate("document.getElementById('R50').getBoundingClientRect().top") < 300


def test_names_of_any_script_are_found(page: Any, tmp_path: Path) -> None:
    assert (GOLDEN / "unicode").is_dir()
    for name, text in golden_site("unicode").files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    page.goto((tmp_path / "index.html").as_uri())
    page.fill("#search-input", "ubersetze")
    assert results(page)[0] in ("übersetze", "Übersetzer")
    page.fill("#search-input", "名前")
    assert results(page)[0] == "名前"
    page.keyboard.press("Enter")
    page.wait_for_url("**#*")
    assert page.evaluate("document.querySelector(':target') !== null")
