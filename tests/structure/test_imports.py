"""What an import loads, and what the package offers."""

from __future__ import annotations

import subprocess
import sys

import avrorpc
import pytest

HEAVY = (
    "aiohttp",
    "jinja2",
    "click",
    "rich",
    "torch",
    "transformers",
    "numpy",
    "fastavro",
    "avro",
    "opentelemetry",
)


def loaded_by(code: str) -> set[str]:
    probe = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import avrorpc",
        "import avrorpc.middleware as m; m.Retry, m.CallLogging, m.Statistics, m.ResponseCache",
        "from avrorpc import connect, Server, Tensor",
        "from avrorpc_contracts.llm import TokenizerClient",
        "import avrorpc_services",
        "from avrorpc_services import byte_tokenizer; byte_tokenizer()",
        "import avrorpc; from avrorpc_contracts.llm import TokenizerClient as T; avrorpc.connect(T, 'tcp://h:1')",
    ],
)
def test_an_import_loads_nothing_heavy(code: str) -> None:
    assert loaded_by(code).isdisjoint(HEAVY)


def test_aiohttp_is_loaded_where_http_is_used_asynchronously() -> None:
    code = "import avrorpc; from avrorpc_contracts.llm import AsyncTokenizerClient as T\n"
    assert "aiohttp" in loaded_by(code + "avrorpc.connect(T, 'http://h:1')")
    assert "aiohttp" not in loaded_by(code + "avrorpc.connect(T, 'tcp://h:1')")


def test_a_server_loads_what_reads_http_only_where_it_serves_it_and_never_aiohttp() -> None:
    assert loaded_by("from avrorpc import Server").isdisjoint({"aiohttp", "httptools", "wsproto"})
    assert "aiohttp" not in loaded_by("import avrorpc.server.http")


def test_the_help_of_avrogen_loads_no_runtime_and_no_templates() -> None:
    code = "from avrorpc_codegen.command import main\nmain(['--help'], standalone_mode=False)"
    assert loaded_by(code).isdisjoint({*HEAVY, "asyncio"} - {"click"})


def test_every_name_that_is_offered_is_there() -> None:
    assert avrorpc.__all__ == sorted(avrorpc.__all__)
    for name in avrorpc.__all__:
        value = getattr(avrorpc, name)
        assert value.__doc__ or name in ("Middleware", "Service"), name  # aliases have none
    assert dir(avrorpc) == avrorpc.__all__


def test_a_name_that_is_not_offered_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = avrorpc.nothing


def test_the_type_checkers_see_what_is_loaded_when_it_is_used() -> None:
    from_homes = {name for names in avrorpc._HOMES.values() for name in names}
    assert from_homes == set(avrorpc.__all__)
