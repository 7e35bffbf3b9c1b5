"""The snippets of the founding documents, run as they are written, for the services that exist.

S0 is the specification of the unified architecture, S1 the summary of its REST services. Where they
contradict themselves, or what the contracts say, a comment says how a snippet was adapted.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import torch
from avrorpc import Binding, Server
from avrorpc.dual import (
    DevelopmentEnvironment,
    DualClient,
    RESTfulResponse,
    ServiceRegistry,
    UnifiedService,
)
from avrorpc.testing import ServiceTester
from avrorpc_contracts.llm import TOKENIZER, TokenizedBatch
from avrorpc_services.llm.checkpoint import SHIPPED
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.service import LanguageModel
from avrorpc_services.llm.tokenizer.service import BpeTokenizer, ByteTokenizer

Curl = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def services() -> Iterator[list[Any]]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a second one costs more than it gives where models are this small
    model = LanguageModel(CausalModel.load(SHIPPED, device="cpu"), BpeTokenizer(), checkpoints=SHIPPED.parent)
    yield [ByteTokenizer(), Binding(model)]
    torch.set_num_threads(threads)


@pytest.fixture(params=["here", "there"])
async def client(request: pytest.FixtureRequest, services: list[Any]) -> AsyncIterator[DualClient]:
    """A client of services in this process, and one of services behind HTTP."""
    if request.param == "here":
        async with DualClient.of(*services) as here:
            yield here
        return
    async with Server(services) as server:
        url = await server.listen("http://127.0.0.1:0")
        async with await DualClient.connect(url) as there:
            yield there


@pytest.fixture
async def curl(services: list[Any]) -> AsyncIterator[Curl]:
    """The command, run against a server in research mode, which stands for the one of the documents."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("needs curl")
    async with Server(services, mode="research") as server:
        url = await server.listen("http://127.0.0.1:0")

        async def run(*words: str) -> Any:
            given = [word.replace("http://localhost:8000", url) for word in words]
            process = await asyncio.create_subprocess_exec(
                program, "-sS", *given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            output, problem = await process.communicate()
            assert process.returncode == 0, problem
            return json.loads(output)

        yield run


# --- S0, "Zero-Cost RESTful Abstraction", "Unified Interface Design", "Simplified Service Interfaces"


async def test_s0_a_direct_call_and_the_same_over_rest() -> None:
    tokenizer = UnifiedService(ByteTokenizer())
    # Zero-cost mode (production)
    result = tokenizer.tokenize("Hello world")  # Direct call
    # `tokenize` gives a TokenizedBatch here, and List[int] elsewhere in S0; the contract has the batch.
    assert isinstance(result, TokenizedBatch)
    direct = result
    # RESTful mode (research/debugging)
    result = await tokenizer.post_tokenize({"text": "Hello world"})  # RESTful API
    assert isinstance(result, RESTfulResponse)
    assert result.data == {"input_ids": direct.input_ids, "attention_mask": direct.attention_mask}


async def test_s0_nothing_stands_between_the_caller_and_the_method() -> None:
    implementation = ByteTokenizer()
    assert UnifiedService(implementation).tokenize == implementation.tokenize


async def test_s0_the_simplified_tokenizer_has_all_four_methods() -> None:
    tokenizer = UnifiedService(ByteTokenizer())
    # Rows of ids, and a list of texts: S1's batches, where S0's signatures have one text.
    assert tokenizer.detokenize(tokenizer.tokenize("Hello world").input_ids) == ["Hello world"]
    batch = (await tokenizer.post_tokenize({"text": "Hello world"})).data
    answer = await tokenizer.get_detokenize({"input_ids": batch["input_ids"]})
    assert (answer.data, answer.metadata["message"]) == (["Hello world"], "detokenize")
    stored = (await tokenizer.post_store({"input_ids": batch["input_ids"]})).data
    # A GET with data: of two messages the one that takes it.
    answer = await tokenizer.get_detokenize({"id": stored["id"]})
    assert (answer.data, answer.metadata["message"]) == (["Hello world"], "detokenize_stored")


async def test_s0_the_simplified_model_has_all_four_methods(services: list[Any]) -> None:
    model = UnifiedService(services[1].implementation)
    # input_ids are rows, as S1 has them; S0's signature has one. A completion has more than its text.
    output = model.forward([[101, 1023, 1003]])
    completion = model.generate("The cat", max_tokens=4)
    forward = (await model.post_forward({"input_ids": [[101, 1023, 1003]]})).data
    assert forward["logits"]["shape"] == list(output.logits.shape) == [1, 3, 2048]
    generated = (await model.post_generate({"prompt": "The cat", "max_tokens": 4})).data
    assert generated["text"] == completion.text


# --- S0, "Unified Service Registry", "RESTful API as Development Interface", "System Integration"


async def test_s0_a_registry_gives_services_in_zero_cost_or_restful_mode() -> None:
    tokenizer = ByteTokenizer()
    registry = ServiceRegistry(tokenizer)
    assert registry.get_service("tokenizer") is tokenizer
    assert registry.get_service("tokenizer", mode="zero_cost") is tokenizer
    restful = registry.get_service("tokenizer", mode="restful")
    assert isinstance(await restful.post_tokenize({"text": "Hello world"}), RESTfulResponse)


async def test_s0_python_objects_are_passed_through(services: list[Any]) -> None:
    registry = ServiceRegistry(*services)
    model = registry.get_service("model")
    # Use:
    tensor = model.forward([[101, 1023, 1003]]).logits  # Direct pass-through
    assert tensor.shape == [1, 3, 2048]


async def test_s0_an_environment_is_switched() -> None:
    # Development environment
    env = DevelopmentEnvironment()
    # The document does not say which services it is of.
    env.register_service(ByteTokenizer())
    async with env:
        env.enable_restful_mode(True)  # Full RESTful API
        answer = await env.client.post("tokenizer", "tokenize", {"text": "Hello world"})
        assert isinstance(answer, RESTfulResponse)
        assert isinstance(env.get_service("tokenizer"), UnifiedService)
        # Production deployment
        env.enable_restful_mode(False)  # Zero-cost direct calls
        assert await env.client.post("tokenizer", "tokenize", {"text": "Hello world"}) == answer.data
        assert isinstance(env.get_service("tokenizer"), ByteTokenizer)


async def test_s0_system_integration(services: list[Any]) -> None:
    model_service = UnifiedService(services[1].implementation)
    input_ids = [[101, 1023, 1003]]
    # Zero-cost usage in production
    result = model_service.forward(input_ids)
    # RESTful usage for debugging
    debug_result = await model_service.post_forward({"input_ids": input_ids})
    assert debug_result.data["logits"]["shape"] == list(result.logits.shape)
    assert debug_result.metadata["service"] == "llm.Model"


async def test_s0_curl_posts_json_without_a_content_type_of_its_own(curl: Curl) -> None:
    # S0 asks an artifact so; of the services that exist, the tokenizer.
    answer = await curl(
        "-X", "POST", "http://localhost:8000/tokenizer/tokenize", "-d", '{"text": "Hello world"}'
    )
    assert answer["data"]["input_ids"][0][:3] == [256, 72, 101]
    assert set(answer) == {"data", "metadata", "examples"}


# --- S1, "Developer Experience"


async def test_s1_restful_api_usage(client: DualClient) -> None:
    # Enable RESTful mode for debugging
    client.enable_restful_mode(True)

    # POST /tokenizer/tokenize
    token_result = await client.post(
        "tokenizer", "tokenize", {"text": "Hello world", "add_special_tokens": True}
    )
    # Returns: {"data": {...}, "metadata": {...}, "examples": {...}}
    assert set(token_result) == {"data", "metadata", "examples"}
    assert token_result["data"]["input_ids"] == [[256, *b"Hello world", 257]]
    assert token_result["metadata"]["message"] == "tokenize"
    assert token_result["examples"][0]["description"] == "Basic tokenization test"

    # GET /tokenizer/examples
    examples = await client.get("tokenizer", "examples")
    # Returns: Example test cases with input/output data
    case = examples["data"][0]
    assert case["input"] == {"text": "Hello world"}
    assert case["expected_output"]

    # POST /model/forward
    # 2023 and 2003 are ids of another vocabulary, which the shipped one of 2048 happens to have, too.
    model_result = await client.post(
        "model", "forward", {"input_ids": [[101, 2023, 2003]], "attention_mask": [[1, 1, 1]]}
    )
    assert model_result["data"]["logits"]["shape"] == [1, 3, 2048]


async def test_s1_zero_cost_mode(client: DualClient) -> None:
    # Switch to zero-cost mode
    client.enable_restful_mode(False)

    # Direct service calls (zero overhead)
    tokens = await client.post("tokenizer", "tokenize", {"text": "Hello world"})
    # Returns: Direct result dictionary
    assert tokens == {"input_ids": [[256, *b"Hello world", 257]], "attention_mask": [[1] * 13]}


async def test_s1_unit_testing_with_examples(services: list[Any]) -> None:
    tester = ServiceTester(*services)
    # Run unit tests using example data
    test_results = await tester.run_service_tests("tokenizer")
    # Automatically validates against example input/output pairs
    assert test_results.passed > 10
    assert test_results.failed == 0
    model_results = await tester.run_service_tests("model")
    assert model_results.passed > 5
    assert model_results.failed == 0


def test_s1_the_test_structure_is_a_case_of_the_tokenizer() -> None:
    document = {
        "description": "Basic tokenization test",
        "input": {"text": "Hello world"},
        # The document's `...` is no JSON; read from a case file, it stands as the text "...".
        "expected_output": {"input_ids": [["..."]], "attention_mask": [["..."]]},
        "validation_rules": {
            "input_ids_length": "len(text) + 2",
            "attention_mask_sum": "len(text) + 2",
        },
    }
    case = TOKENIZER.examples["tokenize"][0]
    shown = {key: getattr(case, key) for key in document}
    # Holds literally for bytes alone: for other vocabularies it contradicts itself.
    assert (shown, case.variant) == (document, "byte")


async def test_s1_the_rule_of_the_test_structure_can_fail() -> None:
    class WithoutEnd(ByteTokenizer):
        def tokenize(self, text: str | list[str], *, add_special_tokens: bool = True) -> TokenizedBatch:
            batch = super().tokenize(text, add_special_tokens=add_special_tokens)
            return TokenizedBatch(
                input_ids=[row[:-1] for row in batch.input_ids], attention_mask=batch.attention_mask
            )

    report = await ServiceTester(WithoutEnd()).run_service_tests("tokenizer", "tokenize")
    assert report.failed
    assert "len(text) + 2" in str(report)


# --- S1, the table of endpoints, "Example Data Resources"


async def test_s1_every_endpoint_of_the_tokenizer(curl: Curl) -> None:
    base = "http://localhost:8000/tokenizer"
    tokens = (await curl("-X", "POST", f"{base}/tokenize", "-d", '{"text": "Hello world"}'))["data"]
    # The document does not say what {id} is: here, of tokens that were stored.
    body = json.dumps({"input_ids": tokens["input_ids"]})
    stored = (await curl("-X", "POST", f"{base}/store", "-d", body))["data"]
    assert (await curl(f"{base}/detokenize/{stored['id']}"))["data"] == ["Hello world"]
    missing = await curl(f"{base}/detokenize/unknown")
    assert (missing["status"], missing["type"]) == (404, "urn:avrorpc:declared:llm.NoSuchTokens")
    assert missing["error"]["id"] == "unknown"
    assert (await curl(f"{base}/examples"))[0]["message"] == "tokenize"
    changed = await curl("-X", "POST", f"{base}/config", "-d", '{"stored_seconds": 60}')
    assert (changed["stored_seconds"], changed["mode"]) == (60.0, "research")
    wrong = await curl("-X", "POST", f"{base}/config", "-d", '{"stored_seconds": 0}')
    assert (wrong["status"], "MAX_STORED_SECONDS" in wrong["detail"]) == (422, True)


async def test_s1_every_endpoint_of_the_model(curl: Curl) -> None:
    base = "http://localhost:8000/model"
    forward = await curl("-X", "POST", f"{base}/forward", "-d", '{"input_ids": [[101, 2023, 2003]]}')
    assert forward["data"]["logits"]["shape"] == [1, 3, 2048]
    generated = await curl("-X", "POST", f"{base}/generate", "-d", '{"prompt": "The cat", "max_tokens": 4}')
    assert generated["data"]["text"] == "cher is a"
    info = await curl(f"{base}/info")
    assert info["data"]["name"] == "tiny"
    loaded = await curl("-X", "PUT", f"{base}/weights", "-d", '{"checkpoint": "tiny"}')
    assert loaded["data"] == info["data"]
    refused = await curl("-X", "PUT", f"{base}/weights", "-d", '{"checkpoint": "../../elsewhere"}')
    assert (refused["status"], refused["code"]) == (403, "PERMISSION_DENIED")
    absent = await curl("-X", "PUT", f"{base}/weights", "-d", '{"checkpoint": "nowhere"}')
    assert (absent["status"], absent["error"]["checkpoint"]) == (422, "nowhere")


@pytest.mark.parametrize("service", ["tokenizer", "model"])
async def test_s1_every_service_has_examples_info_and_test(curl: Curl, service: str) -> None:
    base = f"http://localhost:8000/{service}"
    examples = await curl(f"{base}/examples")
    assert {"message", "description", "input"} <= examples[0].keys()
    info = await curl(f"{base}/info")
    # The model's contract has an `info` of its own, which is a call like any other.
    names = {"tokenizer": info.get("name"), "model": info.get("data", {}).get("name")}
    assert names[service] == {"tokenizer": "llm.Tokenizer", "model": "tiny"}[service]
    report = await curl("-X", "POST", f"{base}/test", "-d", "{}")
    assert report["passed"] > 0
    assert report["failed"] == 0


# --- S1, "Performance Characteristics"


async def test_s1_the_toggle_works_while_calls_run(client: DualClient) -> None:
    lengths: list[int] = []
    kinds: set[bool] = set()

    async def work(number: int) -> None:
        for turn in range(20):
            client.enable_restful_mode((number + turn) % 3 == 0)
            text = f"{number}/{turn}"
            answer = await client.post("tokenizer", "tokenize", {"text": text})
            kinds.add(isinstance(answer, RESTfulResponse))
            data: Any = answer.data if isinstance(answer, RESTfulResponse) else answer
            assert bytes(data["input_ids"][0][1:-1]).decode() == text
            lengths.append(len(text))

    await asyncio.gather(*(work(number) for number in range(6)))
    assert len(lengths) == 120
    assert kinds == {True, False}
