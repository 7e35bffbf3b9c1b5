"""`avrogen openapi`, as people use it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped,unused-ignore]
from avrorpc import Server
from avrorpc_codegen.command import main
from avrorpc_services import byte_tokenizer
from click.testing import CliRunner, Result
from openapi_spec_validator import OpenAPIV31SpecValidator  # type: ignore[import-untyped,unused-ignore]
from rest.conftest import Desk
from support.contracts import write
from support.shelf import MemoryShelf

CONTRACT = '@namespace("shop") protocol Shop { string find(string isbn, int page = 1); }'
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(
        tmp_path,
        {"schemas/shop/shop.avdl": CONTRACT, "pyproject.toml": '[tool.avrogen]\nschemas = "schemas"\n'},
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["openapi", *arguments])


def test_the_document_goes_to_standard_output_or_to_a_file(project: Path) -> None:
    printed = run("--title", "Books", "--server", "https://a.example", "--api-version", "3")
    assert printed.exit_code == 0
    made = json.loads(printed.stdout)
    assert (made["info"]["title"], made["info"]["version"]) == ("Books", "3")
    assert made["servers"] == [{"url": "https://a.example"}]
    assert run("-o", "openapi.json").exit_code == 0
    assert json.loads((project / "openapi.json").read_text())["info"]["title"] == "shop"


def test_yaml_is_the_same_document(project: Path) -> None:
    assert run("-o", "openapi.yaml").exit_code == 0
    made = yaml.safe_load((project / "openapi.yaml").read_text())
    assert made == json.loads(run().stdout)
    assert yaml.safe_load(run("--yaml").stdout) == made
    assert list(OpenAPIV31SpecValidator(made).iter_errors()) == []


def test_check_tells_a_stale_file(project: Path) -> None:
    missing = run("-o", "openapi.json", "--check")
    assert (missing.exit_code, "openapi.json is stale" in missing.stderr) == (1, True)
    run("-o", "openapi.json")
    assert run("-o", "openapi.json", "--check").exit_code == 0
    write(project, {"schemas/shop/shop.avdl": CONTRACT.replace("find", "look_up")})
    stale = run("-o", "openapi.json", "--check")
    assert stale.exit_code == 1
    assert '+    "/shop/look_up": {' in stale.stdout
    assert "look_up" not in (project / "openapi.json").read_text()


@pytest.mark.parametrize("older", ["openapi.json", "openapi.yaml", "openapi.yml", "old"])
def test_against_tells_what_breaks_and_changes_no_file(project: Path, older: str) -> None:
    write(project, {"old/shop/shop.avdl": CONTRACT})
    before = {}
    for name in ("openapi.json", "openapi.yaml", "openapi.yml"):
        run("-o", name)
        before[name] = (project / name).read_text()
    same = run("--against", older)
    assert (same.exit_code, same.stdout) == (0, f"no client of {older} breaks\n")
    write(project, {"schemas/shop/shop.avdl": CONTRACT.replace("= 1", "")})
    broken = run("--against", older)
    assert broken.exit_code == 1
    assert "error[AVR563]: POST /shop/find: the body, page: it is required now" in broken.stdout
    shown = json.loads(run("--against", older, "--json").stdout)
    assert [one["id"] for one in shown["changes"]] == ["AVR563"]
    assert {name: (project / name).read_text() for name in before} == before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--check",), "--check needs the file to look at"),
        (("--against", "nowhere"), "there is no file or folder nowhere"),
        (("--against", "pyproject.json"), "is no OpenAPI document"),
        (("--against", "broken.json"), "is no JSON"),
        (("--against", "some.yaml"), "is no OpenAPI document"),
        (("--against", "broken.yml"), "broken.yml is no YAML of JSON values: while parsing a flow node"),
        (("--against", "date.yaml"), "date.yaml is no YAML of JSON values: Object of type date"),
        (("nowhere",), "does not exist"),
    ],
)
def test_wrong_usage_is_told(project: Path, arguments: tuple[str, ...], problem: str) -> None:
    write(project, {"pyproject.json": "{}", "broken.json": "{", "some.yaml": "openapi: 3"})
    write(project, {"broken.yml": "{", "date.yaml": "openapi: 2026-01-31"})
    result = run(*arguments)
    assert (result.exit_code, problem in result.stderr) == (2, True), result.stderr


def test_yaml_needs_a_package_that_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("-o", "openapi.yaml")
    monkeypatch.setitem(sys.modules, "yaml", None)
    result = run("--against", "openapi.yaml")
    assert result.exit_code == 2
    assert "needs the package pyyaml: pip install pyyaml" in " ".join(result.stderr.split())


async def test_what_is_written_is_what_a_server_shows() -> None:
    async with Server([byte_tokenizer(), MemoryShelf()], mode="production") as server:
        served = json.loads((await Desk(server)("GET", "/openapi.json")).body)
    folder = Path("schemas")
    shutil.copytree(REPOSITORY / "schemas" / "llm", folder / "llm")
    (folder / "llm" / "model.avdl").unlink()
    shutil.copy(REPOSITORY / "tests" / "schemas" / "shelf.avdl", folder)
    (folder / "shop" / "shop.avdl").unlink()
    written = json.loads(run("--title", served["info"]["title"]).stdout)
    of_written, of_served = taken_examples(written), taken_examples(served)
    assert written == served
    assert of_written.keys() == of_served.keys()
    for place, examples in of_served.items():
        others = [example["value"] for example in of_written[place].values()]
        assert all(example["value"] in others for example in examples.values()), place
    assert any("tokenize" in place for place in of_served)


def taken_examples(value: Any, place: str = "") -> dict[str, dict[str, Any]]:
    """Take all examples out of a document: a server shows those alone that hold for its implementation."""
    found: dict[str, dict[str, Any]] = {}
    if isinstance(value, dict):
        if "examples" in value and "schema" in value:
            found[place] = value.pop("examples")
        for name, item in value.items():
            found |= taken_examples(item, f"{place}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found |= taken_examples(item, f"{place}/{index}")
    return found


def test_cases_within_a_contract_are_written(project: Path) -> None:
    cases = '@examples([{"description": "a", "input": {"isbn": "1"}, "expected_output": "b"}])'
    write(project, {"schemas/shop/shop.avdl": CONTRACT.replace("string find", f"{cases} string find")})
    found = json.loads(run().stdout)["paths"]["/shop/find"]["post"]
    assert found["requestBody"]["content"]["application/json"]["examples"] == {
        "case-1": {"summary": "a", "value": {"isbn": "1"}}
    }


def test_a_case_that_does_not_fit_is_told(project: Path) -> None:
    cases = '@examples([{"description": "a", "input": {"isbn": 1}, "expected_output": "b"}])'
    write(project, {"schemas/shop/shop.avdl": CONTRACT.replace("string find", f"{cases} string find")})
    result = run("-o", "openapi.json")
    assert (result.exit_code, "/isbn" in result.stderr) == (1, True), result.stderr
    assert not (project / "openapi.json").exists()


def test_two_protocols_of_one_route_are_told_apart_by_their_names(project: Path) -> None:
    route = '@http("GET /a") @readonly(true) int a();'
    write(project, {"schemas/shop/other.avdl": f'@namespace("shop") protocol Other {{ {route} }}'})
    write(project, {"schemas/shop/shop.avdl": f'@namespace("shop") protocol Shop {{ {route} }}'})
    result = run()
    assert result.exit_code == 1
    assert "`GET /a` would be shop.Other.a and shop.Shop.a alike" in result.stderr


def test_the_contracts_of_this_repository_keep_their_routes() -> None:
    made = json.loads(run(str(REPOSITORY / "schemas" / "llm"), "--no-generated").stdout)
    listed = {f"{verb.upper()} {path}" for path, item in made["paths"].items() for verb in item}
    assert listed == {
        "POST /tokenizer/tokenize",
        "POST /tokenizer/detokenize",
        "GET /tokenizer/detokenize",
        "GET /tokenizer/detokenize/{id}",
        "POST /tokenizer/store",
        "GET /tokenizer/vocab",
        "POST /model/forward",
        "POST /model/generate",
        "GET /model/info",
        "PUT /model/weights",
    }
