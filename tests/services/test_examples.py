"""The case files of the shipped services hold in every placement, and are told apart by variant."""

from __future__ import annotations

import avrorpc_services
import pytest
from avrorpc import Binding
from avrorpc.rehearsal import Verdict, rehearse
from avrorpc.testing.examples import cases_of, placed, variants
from avrorpc_contracts.llm import MODEL, TOKENIZER
from avrorpc_services.llm.checkpoint import SHIPPED
from avrorpc_services.llm.model.causal import CausalModel
from avrorpc_services.llm.model.service import LanguageModel

SERVICES = ("byte_tokenizer", "tokenizer", "model")
PLACEMENTS = ("direct", "local", "verify", "tcp", "http")


@pytest.fixture(scope="module")
def services(shipped_model: CausalModel) -> dict[str, object]:
    tokenizer = avrorpc_services.tokenizer()
    model = Binding(LanguageModel(shipped_model, tokenizer, checkpoints=SHIPPED.parent))
    return {"byte_tokenizer": avrorpc_services.byte_tokenizer(), "tokenizer": tokenizer, "model": model}


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("name", SERVICES)
async def test_every_case_holds_in_every_placement(
    name: str, placement: str, services: dict[str, object]
) -> None:
    service = services[name]
    found = cases_of(service)
    async with placed(service, found[0][0], placement) as invoke:
        results = [
            await rehearse(method, case, invoke, include_changing=True, variants=variants(service))
            for _, method, case in found
        ]
    failed = [
        (one.case.message, one.case.title, one.text) for one in results if one.verdict is Verdict.FAILED
    ]
    assert failed == []
    skipped = {one.case.variant for one in results if one.verdict is Verdict.SKIPPED}
    assert skipped == {"byte_tokenizer": {"bpe"}, "tokenizer": {"byte"}, "model": set()}[name]


def test_every_message_has_cases_and_every_declared_error_one() -> None:
    for contract in (TOKENIZER, MODEL):
        assert set(contract.examples) == set(contract.methods)
        for method in contract.methods.values():
            expected = {
                case.expected_error.name
                for case in contract.examples[method.name]
                if case.expected_error is not None and case.expected_error.name
            }
            declared = {cls.__name__ for cls in method.errors}
            assert expected <= declared
            assert expected or not declared


def test_the_rule_of_the_founding_document_holds_literally_for_bytes() -> None:
    case = TOKENIZER.examples["tokenize"][0]
    assert case.variant == "byte"
    assert case.input == {"text": "Hello world"}
    assert case.validation_rules == {
        "input_ids_length": "len(text) + 2",
        "attention_mask_sum": "len(text) + 2",
    }
