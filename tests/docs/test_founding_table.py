"""The table of what the founding documents name is whole, and what it names is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from avrorpc.schema.routes import routes_of
from avrorpc_contracts.llm import MODEL, TOKENIZER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "founding-documents.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| S[01]", line)
]
NAMED = {name for _, names, _ in ROWS for name in re.findall(r"`([^`]+)`", names)}
ANSWERS = [answer for _, _, answer in ROWS]


def words(text: str, between: str | None = None) -> list[str]:
    """Return the names in a text, white space or something else between them."""
    return [name.strip() for name in text.split(between)]


CLASSES = words("""
UnifiedService RESTfulResponse ServiceRegistry DevelopmentEnvironment SimplifiedTokenizer SimplifiedModel
SimplifiedMemory TokenizedBatch ModelOutput MemoryHandle
""")
FUNCTIONS = words(
    """
tokenize detokenize post_tokenize get_detokenize forward generate post_forward post_generate allocate free
post_allocate delete_free get_service enable_restful_mode register_artifact enable_zero_cost_mode
sparse_attention my_attention_implementation masked_attention tensor_parallel tensor_parallel_split
split_tensors serialize
deserialize send_over_network service.process model_service client.get client.post tester.run_service_tests
designer.create_execution_plan designer.patch_code researcher.run_experiment
"""
)
FILES = words(
    """
core/unified_service.py core/service_registry.py core/zero_cost_transport.py services/tokenizer_service.py
services/model_service.py services/memory_service.py artifacts/attention/sparse_attention.py
artifacts/attention/sliding_window.py artifacts/parallel/tensor_parallel.py
artifacts/parallel/pipeline_parallel.py restful_service_interfaces.py restful_client.py restful_demo.py
simplify_demands.md more_RESTful.md
"""
)
ENDPOINTS = (
    """
POST /tokenizer/tokenize, GET /tokenizer/detokenize/{id}, GET /tokenizer/examples, POST /tokenizer/config,
POST /model/forward, POST /model/generate, GET /model/info, PUT /model/weights,
POST /memory/allocate, GET /memory/stats, DELETE /memory/free/{id}, PUT /memory/config,
POST /scheduler/schedule, GET /scheduler/queue, PUT /scheduler/policy,
POST /computation/execute, GET /computation/kernels, POST /computation/benchmark, GET /computation/plans,
POST /computation/plans, GET /computation/plans/{id}, PUT /computation/plans/{id},
DELETE /computation/plans/{id},
PUT /code/resources/{id}, GET /code/resources/{id}, DELETE /code/resources/{id}, POST /code/test/{id},
GET /{service}/examples, GET /{service}/info, POST /{service}/test,
POST /artifacts/attention/sparsity, POST /artifacts/parallel/tensor_split,
POST /artifacts/sparse_attention/execute, POST /artifacts/tensor_parallel/split, POST /artifacts/my_attention
""".replace("\n", " ")
    .strip()
    .split(", ")
)


@pytest.mark.parametrize("names", [CLASSES, FUNCTIONS, FILES, ENDPOINTS])
def test_every_name_of_the_documents_has_a_row(names: list[str]) -> None:
    assert [name for name in names if name not in NAMED] == []


def test_every_row_has_an_answer() -> None:
    assert len(ROWS) > 50
    assert all(ANSWERS)


def found(name: str) -> object:
    """Return what a dotted name stands for: a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            value = getattr(value, part)
        return value
    raise AssertionError(f"there is no {name}")


def test_what_answers_is_there() -> None:
    names = {name for answer in ANSWERS for name in re.findall(r"`([^`]+)`", answer)}
    dotted = {name for name in names if re.fullmatch(r"avrorpc\w*(\.\w+)+", name)}
    assert len(dotted) > 25
    for name in dotted:
        assert found(name) is not None
    messages = {name.removeprefix("llm.") for name in names if re.fullmatch(r"llm\.\w+\.\w+", name)}
    assert messages
    for name in messages:
        protocol, _, message = name.partition(".")
        assert message in {"Tokenizer": TOKENIZER, "Model": MODEL}[protocol].methods
    assert (ROOT / "examples" / "restful_demo.py").is_file()


def test_the_routes_of_the_table_are_those_of_the_contracts() -> None:
    routes = {
        str(route): f"{contract.name}.{route.message.name}"
        for contract, segment in ((TOKENIZER, "tokenizer"), (MODEL, "model"))
        for route in routes_of(contract.protocol, segment)
    }
    for _, names, answer in ROWS:
        told = re.findall(r"`(llm\.\w+\.\w+)`", answer)
        for endpoint in re.findall(r"`([A-Z]+ /[^`]+)`", names):
            if told:
                assert routes[endpoint] == told[0]
