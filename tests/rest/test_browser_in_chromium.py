"""The API browser in a real browser, against real servers: what people do with it, and what texts may not do.

Runs where the package playwright is installed and there is a Chromium on the path.
"""

from __future__ import annotations

import datetime
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from avrorpc.middleware import Authentication
from avrorpc.middleware.tokens import TokenFile, new_token
from support.chromium import MARKS, chromium
from support.exemplary import Exemplary
from support.hostile_page import ATTACK, Hostile
from support.implementations import AsyncConformance, AsyncStreams
from support.serving import ServerThread
from support.shelf import MemoryShelf

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture
def url(shelf: MemoryShelf) -> Iterator[str]:
    services = (shelf, AsyncConformance(), AsyncStreams(), Exemplary(), Hostile())
    with ServerThread(*services) as server:
        yield server.http


@contextmanager
def opened(browser: Any, url: str, **options: Any) -> Iterator[Any]:
    """Open a page that asks nobody but its server, and complains of nothing but statuses."""
    context = browser.new_context(
        **{"viewport": {"width": 1300, "height": 900}, "color_scheme": "light"} | options
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert [text for text in problems if "the server responded with a status of" not in text] == []
    assert [one for one in asked if not one.startswith((url, "blob:" + url))] == []


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    with opened(browser, url) as page:
        yield page


def show(page: Any, url: str, message: str, values: object = None) -> None:
    given = "" if values is None else f"?values={quote(json.dumps(values))}"
    page.goto(f"{url}/#/{message}{given}")
    page.wait_for_selector(f"h1:text-is('{message.split('/')[1]}')")


def sent(page: Any) -> str:
    """Send, and return the status that is shown."""
    before = page.locator("#history li").count()
    page.click("#send")
    page.locator("#history li").nth(before).wait_for()
    return str(page.locator(".status .pill").text_content())


def result(page: Any) -> Any:
    return json.loads(page.locator(".result pre").first.text_content())


def field(page: Any, name: str) -> Any:
    return page.locator(".form").get_by_label(name, exact=True)


def code(page: Any, tab: str) -> str:
    page.get_by_role("tab", name=tab, exact=True).click()
    return str(page.locator(".code pre:visible").text_content())


def hash_of(page: Any) -> str:
    return str(page.evaluate("location.hash"))


def test_all_services_are_shown_without_a_complaint(page: Any, url: str) -> None:
    failed: list[str] = []
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.goto(url)
    page.wait_for_selector("#health.healthy")
    assert page.locator(".service h2").all_text_contents() == [
        "shelf",
        "conformance",
        "streams",
        "exemplary",
        "hostile",
    ]
    page.click(".service >> text=Books on shelves")
    assert page.locator("main .row-link code").first.text_content() == "list_books"
    assert failed == []


def test_a_form_is_filled_in_and_sent(page: Any, url: str, shelf: MemoryShelf) -> None:
    show(page, url, "shelf/add_book")
    field(page, "title").fill("Emma")
    field(page, "price").fill("12.50")
    page.get_by_label("Send tags").check()
    page.get_by_label("Add an item").click()
    page.keyboard.type("classic")
    assert sent(page) == "200"
    assert result(page) == {
        "id": "b5",
        "title": "Emma",
        "price": "12.50",
        "condition": "NEW",
        "added": None,
        "tags": ["classic"],
    }
    assert shelf.books["b5"].tags == ["classic"]
    assert shelf.librarians == [None]
    assert sent(page) == "200"
    assert "b6" in shelf.books, "each call has an idempotency key of its own"


def test_a_value_of_every_type_comes_back_as_it_was_given(page: Any, url: str) -> None:
    value = {
        "flag": True,
        "small": -5,
        "large": 9223372036854775807,
        "single": 0.5,
        "twofold": "NaN",
        "blob": "AAEC",
        "text": "a\nb",
        "colour": "GREEN",
        "word": "AAECAw==",
        "numbers": [1, 9007199254740993],
        "named": {"a": 1.5, "b/c~d": 2.5},
        "shape": {"$type": "conformance.Circle", "centre": {"x": 1.5, "y": 2.5}, "radius": 3.5},
        "note": "told",
        "day": "2026-01-31",
        "moment": "2026-01-31T12:00:00.250000+00:00",
        "price": "12.50",
        "tree": {"label": "root", "children": [{"label": "leaf", "children": []}]},
        "class": 8,
    }
    show(page, url, "conformance/echo", {"value": value})
    assert page.locator(".card > .error:visible").count() == 0, "the form can show all of it"
    assert sent(page) == "200"
    text = page.locator(".result pre").first.text_content()
    assert "9007199254740993" in text
    assert "9223372036854775807" in text
    assert json.loads(text) == value


def test_a_union_has_a_form_for_each_of_its_branches(page: Any, url: str) -> None:
    show(page, url, "conformance/echo")
    shape = page.get_by_role("group", name="shape").or_(page.locator(".field", has_text="shape")).last
    page.locator(".union").first.locator("select").first.select_option(label="Circle")
    assert shape.count()
    labels = page.locator(".union").first.locator("label").all_text_contents()
    assert labels == ["centre", "x", "y", "radius"]
    page.locator(".union").first.locator("select").first.select_option(label="Point")
    assert page.locator(".union").first.locator("label").all_text_contents() == ["x", "y"]


def test_what_is_wrong_is_told_at_its_field(page: Any, url: str) -> None:
    book = {"id": "b1", "title": "T", "price": "1.234", "tags": ["a", "b"]}
    show(page, url, "shelf/replace_book", {"id": "b1", "book": book})
    assert sent(page) == "422"
    assert page.locator(".problem h2").text_content() == "The request is wrong"
    assert page.locator(".problem tbody code").all_text_contents() == ["/book/price"]
    price = page.locator("[aria-invalid=true]")
    assert price.input_value() == "1.234"
    described = page.locator(f"#{price.get_attribute('aria-describedby')}")
    assert described.text_content() == "1.234 has more than 2 decimal places"
    assert price.evaluate("node => node === document.activeElement")
    price.fill("1.23")
    assert sent(page) == "200"
    assert page.locator("[aria-invalid]").count() == 0


def test_what_cannot_be_sent_is_told_before_it_is(page: Any, url: str) -> None:
    show(page, url, "conformance/add")
    field(page, "a").fill("many")
    page.click("#send")
    assert page.locator(".form .error:visible").text_content() == "many is no number"
    show(page, url, "shelf/get_book")
    page.click("#send")
    assert "needed" in page.locator(".form .error:visible").text_content()
    assert page.locator("#history li").count() == 0


def test_json_is_sent_as_it_stands(page: Any, url: str) -> None:
    show(page, url, "conformance/add", {"a": 1.5})
    page.get_by_role("tab", name="JSON").click()
    editor = page.locator(".editor")
    assert json.loads(editor.input_value()) == {"a": 1.5}
    editor.fill('{"a": 2, "c": 3}')
    assert sent(page) == "422"
    assert "/c" in page.locator("[role=alert]").text_content()
    editor.fill('{"a": 2,')
    page.click("#send")
    assert "line 1, column 9" in page.locator("[role=alert]").text_content()
    page.get_by_role("tab", name="Form", exact=True).click()
    assert editor.is_visible(), "what is no JSON is no form"
    editor.fill('{"a": 2, "b": 4}')
    page.get_by_role("tab", name="Form", exact=True).click()
    assert field(page, "b").input_value() == "4"
    assert sent(page) == "200"
    assert result(page) == 6


def test_a_declared_error_is_shown_with_its_fields(page: Any, url: str) -> None:
    show(page, url, "shelf/get_book", {"id": "b99"})
    assert sent(page) == "404"
    assert page.locator(".problem h2").text_content() == "There is no such book."
    assert json.loads(page.locator(".problem pre").text_content()) == {
        "message": "there is no book b99",
        "id": "b99",
    }


def test_a_live_stream_is_shown_as_it_comes_and_stopped(page: Any, url: str) -> None:
    show(page, url, "streams/endless")
    page.click("#send")
    page.wait_for_selector(".stream li:nth-child(5)")
    assert page.locator("#send").text_content() == "Stop"
    page.keyboard.press("Escape")
    page.wait_for_selector(".status >> text=/Stopped after \\d+ items/")
    assert page.locator("#send").text_content() == "Send"
    assert page.locator("text=Resume").count() == 0, "the contract does not allow it"
    show(page, url, "streams/open_streams")
    for _ in range(100):
        sent(page)
        if result(page) == [0, 1]:
            break
    assert result(page) == [0, 1], "the server was told"


def test_a_stream_ends_and_fails_visibly(page: Any, url: str) -> None:
    show(page, url, "shelf/changes", {"count": 3})
    assert sent(page) == "200"
    assert page.locator(".stream li").count() == 3
    assert "3 items, to the end" in page.locator(".status").text_content()
    show(page, url, "shelf/changes", {"count": 3, "fail_after": 2})
    assert sent(page) == "200"
    assert page.locator(".stream li").count() == 2
    assert "then it failed" in page.locator(".status").text_content()
    assert "the page is torn" in page.locator(".problem").text_content()


def test_a_stream_is_taken_up_where_it_was_stopped(page: Any, url: str) -> None:
    show(page, url, "shelf/changes", {"count": 20_000_000})
    page.click("#send")
    page.wait_for_selector(".stream li:nth-child(20)")
    page.click("#send")
    last = int(re.search(r"\d+", page.locator(".status").text_content())[0])  # type: ignore[index]
    with page.expect_request(lambda request: "last-event-id" in request.headers) as asked:
        page.click("text=Resume")
    assert int(asked.value.headers["last-event-id"]) == last - 1
    page.wait_for_selector(f".status >> text=/^(?!{last} )\\d+ items/")
    page.keyboard.press("Escape")
    page.wait_for_selector(".status >> text=Stopped after")
    newest = page.locator(".stream li").last
    number = int(newest.locator(".nr").text_content())
    assert number > last
    assert json.loads(newest.locator("code").text_content())["id"] == f"c{number - 1}", (
        "none is missing or doubled"
    )


def test_a_stream_is_sent_line_by_line(page: Any, url: str, shelf: MemoryShelf) -> None:
    books = [{"id": f"n{number}", "title": "New", "price": "1.00"} for number in range(3)]
    show(page, url, "shelf/import_books", {"skip_known": True, "book": books})
    with page.expect_request("**/books/import**") as asked:
        assert sent(page) == "200"
    assert asked.value.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["id"] for line in asked.value.post_data.splitlines()] == ["n0", "n1", "n2"]
    assert "skip_known=true" in asked.value.url
    assert result(page) == 3
    assert "n2" in shelf.books


def test_bytes_come_from_a_file_and_are_saved_as_they_are(page: Any, url: str, shelf: MemoryShelf) -> None:
    picture = bytes(range(256))
    show(page, url, "shelf/put_cover", {"id": "b1"})
    page.get_by_label("How the bytes are given").select_option("file")
    page.get_by_label("A file").set_input_files([{"name": "c.bin", "mimeType": "", "buffer": picture}])
    page.wait_for_selector("text=256 bytes")
    assert sent(page) == "200"
    assert shelf.covers["b1"] == picture
    show(page, url, "shelf/get_cover", {"id": "b1"})
    sent(page)
    with page.expect_download() as download:
        page.click("text=Save")
    assert Path(download.value.path()).read_bytes() == picture


def test_examples_are_filled_in_by_a_click_and_run_as_a_table(page: Any, url: str) -> None:
    show(page, url, "exemplary/times")
    page.click(".cases >> text=two and three")
    assert [field(page, name).input_value() for name in "ab"] == ["2", "3"]
    assert sent(page) == "200"
    assert result(page) == 6
    page.goto(f"{url}/#/exemplary")
    page.click("text=Run examples")
    page.wait_for_selector(".outcomes table")
    outcomes = page.locator(".outcomes tbody .pill").all_text_contents()
    assert "passed" in outcomes
    assert "failed" in outcomes
    assert f"{outcomes.count('passed')} passed" in page.locator(".outcomes").text_content()


def test_timing_and_modes(page: Any, url: str) -> None:
    show(page, url, "shelf/list_books", {"page_size": 2})
    sent(page)
    assert page.locator(".legend dt").all_text_contents() == ["decode", "call", "encode", "on the way"]
    page.get_by_role("tab", name="Body").click()
    assert set(json.loads(page.locator("pre[aria-label='The body as it came']").text_content())) == {
        "data",
        "metadata",
        "examples",
    }
    page.locator(".modes").get_by_text("production").click()
    sent(page)
    page.get_by_role("tab", name="Body").click()
    assert "items" in json.loads(page.locator("pre[aria-label='The body as it came']").text_content())
    page.get_by_role("tab", name="Headers").click()
    assert 'rel="next"' in page.locator(".headers").text_content()
    page.get_by_role("tab", name="Result", exact=True).click()
    page.click("text=Next page")
    page.wait_for_selector(".result >> text=Book 3")
    assert field(page, "cursor").input_value() == "2"


def test_the_lines_that_are_shown_do_the_same(page: Any, url: str, tmp_path: Path) -> None:
    book = {
        "id": "b1",
        "title": "It's \"\\ new",
        "price": "2.50",
        "condition": "USED",
        "added": "2026-01-31T12:00:00Z",
    }
    show(page, url, "shelf/replace_book", {"id": "b1", "book": book})
    sent(page)
    wanted = result(page)
    if shutil.which("curl"):
        done = subprocess.run(
            ["sh", "-c", code(page, "curl") + " -s"], capture_output=True, check=True, timeout=20
        )
        assert json.loads(done.stdout)["data"] == wanted
    python = code(page, "Python").replace("from contracts.", "from testcontracts.")
    dual = code(page, "DualClient")
    printed: list[Any] = []

    def run() -> None:
        for lines in (python, dual):
            exec(lines, {"print": printed.append})

    # A thread without a loop: the one of this thread is Playwright's.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(run).result(20)
    assert (printed[0].title, str(printed[0].price)) == (book["title"], "2.50")
    assert printed[1].data == wanted


def test_code_is_copied(page: Any, url: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, url, "conformance/add", {"a": 1})
    shown = code(page, "curl")
    page.locator(".code").get_by_role("button", name="Copy").click()
    page.wait_for_selector(".code >> text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == shown


def test_calls_are_remembered_in_this_tab(page: Any, url: str) -> None:
    show(page, url, "conformance/add", {"a": 1})
    sent(page)
    show(page, url, "conformance/add", {"a": 5, "b": 6})
    sent(page)
    page.locator("#history a").nth(1).click()
    assert field(page, "a").input_value() == "1"
    assert result(page) == 2
    page.reload()
    assert page.locator("#history li").count() == 2
    page.locator("#history a").first.click()
    assert [field(page, name).input_value() for name in "ab"] == ["5", "6"]
    page.click("#forget")
    assert page.locator("#history").is_hidden()


def test_a_link_leads_to_a_message_with_its_values_and_sends_nothing(
    page: Any, url: str, shelf: MemoryShelf
) -> None:
    show(page, url, "shelf/add_book", {"title": "Linked", "price": "1.00"})
    assert field(page, "title").input_value() == "Linked"
    assert (page.locator(".status").text_content(), shelf.ran) == ("Nothing was sent yet.", 0)
    field(page, "title").fill("Other")
    page.wait_for_url("**Other**")
    page.reload()
    page.wait_for_selector("h1")
    assert field(page, "title").input_value() == "Other"
    page.goto(f"{url}/#/shelf/count_books?via=GET+%2Fshelf%2Fcount_books")
    assert page.get_by_label("Route").input_value() == "GET /shelf/count_books"
    for wrong in ("shelf/none", "none", "shelf/add_book?values=%7B", "shelf/add_book?values=3", "%E0%A4"):
        page.goto(f"{url}/#/{wrong}")
        page.wait_for_selector("h1")


def test_the_keyboard_is_enough(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(".service")
    page.keyboard.press("?")
    assert page.locator("#help-dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("two numbers")
    assert page.locator("#tree li .name").all_text_contents() == ["add"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:text-is('add')")
    field(page, "a").focus()
    page.keyboard.type("2")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".pill.good")
    assert result(page) == 3
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.locator("#tree li").count() > 20
    page.get_by_role("tab", name="Result", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Body").get_attribute("aria-selected") == "true"


def test_the_colours_follow_the_system_until_a_reader_chooses(page: Any, url: str) -> None:
    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.goto(url)
    light = background()
    page.emulate_media(color_scheme="dark")
    dark = background()
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    page.click("#theme")
    assert background() == light
    page.reload()
    assert background() == light
    page.click("#theme")
    assert background() == dark


CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((c) => linear(c / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const isText = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!isText || !node.checkVisibility() || node.closest(".hidden")) continue;
    const isClear = (one) => (parse(getComputedStyle(one).backgroundColor)[3] ?? 1) === 0;
    let behind = node;
    while (behind && isClear(behind)) behind = behind.parentElement;
    const back = light(parse(getComputedStyle(behind ?? document.body).backgroundColor));
    const front = light(parse(getComputedStyle(node).color));
    const ratio = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
    const opacity = Number(getComputedStyle(node).opacity);
    const isGood = ratio >= 4.5 && opacity === 1;
    if (!isGood) found.push(`${node.tagName}.${node.className} ${ratio} ${opacity} ${node.textContent}`);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast_and_every_control_a_name(browser: Any, url: str, scheme: str) -> None:
    with opened(browser, url, color_scheme=scheme) as page:
        for message, values in (
            ("shelf/list_books", {}),
            ("shelf/get_book", {"id": "b99"}),
            ("shelf/changes", {}),
            ("conformance/echo", {}),
        ):
            show(page, url, message, values)
            if message != "conformance/echo":
                sent(page)
            for summary in page.locator("summary").all():
                summary.click()
            assert page.evaluate(CONTRAST) == []
            nameless = page.evaluate(
                """() => [...document.querySelectorAll("input, select, textarea, button")]
                .filter((node) => node.checkVisibility() && !node.labels?.length)
                .filter((node) => !node.ariaLabel && !node.textContent.trim())
                .map((node) => node.outerHTML)"""
            )
            assert nameless == []


@pytest.mark.parametrize("width", [320, 390, 800, 1400])
def test_nothing_is_wider_than_its_window(page: Any, url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    for place in ("", "shelf", "shelf/list_books", "conformance/echo", "hostile/speak"):
        page.goto(f"{url}/#/{place}")
        page.wait_for_selector("h1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place


def test_the_messages_open_on_a_phone(page: Any, url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(url)
    page.wait_for_selector(".service")
    assert page.locator("#nav").is_hidden()
    page.click("#menu")
    page.locator("#tree").get_by_text("get_book").click()
    page.wait_for_selector("h1:text-is('get_book')")
    assert page.locator("#nav").is_hidden()


def test_hostile_texts_are_read_and_never_run(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(".service")
    page.goto(f"{url}/#/hostile")
    page.click("text=Run examples")
    page.wait_for_selector(".outcomes table")
    assert "<svg onload" in page.locator(".outcomes").text_content()
    show(page, url, "hostile/speak", {"text": ATTACK})
    page.wait_for_selector(".cases .chip")
    page.click(".cases .chip")
    sent(page)
    assert result(page) == ATTACK
    for tab in ("Body", "Headers", "Python", "DualClient", "curl", "JSON"):
        page.get_by_role("tab", name=tab, exact=True).click()
    show(page, url, "hostile/speak", {"text": "fail"})
    assert sent(page) == "400"
    assert "<img src=x onerror" in page.locator(".problem").text_content()
    page.goto(f"{url}/#/{quote(ATTACK, safe='')}")
    page.wait_for_selector("main > .error")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script, main svg, nav img").count() == 0


def test_the_browser_itself_refuses_markup_of_texts(browser: Any, url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".service")
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x'; } catch (error) { return error.name; } }"
    )
    assert refused == "TypeError"
    blocked = page.evaluate("fetch('http://127.0.0.1:9/').then(() => '', (error) => error.name)")
    assert blocked == "TypeError"
    context.close()


def test_a_token_is_asked_for_sent_and_forgotten(browser: Any, tmp_path: Path) -> None:
    secret, token = new_token("ada")
    (tmp_path / "tokens").write_text(str(token))
    file = TokenFile(tmp_path / "tokens")
    guard = Authentication(file.authenticate, authorize=file.authorize)
    with ServerThread(MemoryShelf(), middleware=(guard,)) as server, opened(browser, server.http) as page:
        page.goto(server.http)
        page.wait_for_selector("#token-dialog[open]")
        page.fill("#token-value", f"Bearer {secret}")
        page.keyboard.press("Enter")
        page.wait_for_selector(".service")
        show(page, server.http, "shelf/get_book", {"id": "b1"})
        with page.expect_request("**/books/b1") as asked:
            assert sent(page) == "200"
        assert asked.value.headers["authorization"] == f"Bearer {secret}"
        for tab in ("curl", "Python", "DualClient"):
            assert secret not in code(page, tab)
        assert secret not in page.evaluate("JSON.stringify(localStorage)") + hash_of(page)
        page.click("#token")
        page.click("#token-dialog >> text=Forget")
        page.wait_for_selector("#token:not(.on)")
        assert secret not in page.evaluate("JSON.stringify(sessionStorage)")
        assert sent(page) == "401"
        assert page.locator("#token-dialog").is_visible()


def test_a_token_that_ends_is_asked_for_again_and_nothing_typed_is_lost(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avrorpc.middleware.tokens._LOOK_AGAIN", 0.0)  # changes are seen at once
    secret, token = new_token("ada")
    file = tmp_path / "tokens"
    file.write_text(str(token))
    tokens = TokenFile(file)
    guard = Authentication(tokens.authenticate, authorize=tokens.authorize)
    with ServerThread(MemoryShelf(), middleware=(guard,)) as server, opened(browser, server.http) as page:
        page.goto(server.http)
        page.fill("#token-value", secret)
        page.keyboard.press("Enter")
        page.wait_for_selector(".service")
        show(page, server.http, "shelf/get_book", {"id": "b1"})
        assert sent(page) == "200"
        file.write_text(str(replace(token, expires=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))))
        field(page, "id").fill("b2")
        assert sent(page) == "401"
        assert "the token has expired" in page.locator(".result").text_content()
        page.wait_for_selector("#token-dialog[open]")
        next_secret, next_token = new_token("ada")
        file.write_text(str(next_token))
        page.fill("#token-value", next_secret)
        page.keyboard.press("Enter")
        page.wait_for_selector("#token-dialog:not([open])", state="attached")
        assert field(page, "id").input_value() == "b2"
        assert sent(page) == "200"
        assert result(page)["id"] == "b2"


def test_a_server_that_is_gone_is_told(browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    with ServerThread(MemoryShelf()) as server:
        show(page, server.http, "shelf/get_book", {"id": "b1"})
    assert sent(page) == "failed"
    assert "cannot be reached" in page.locator(".status").text_content()
    context.close()
