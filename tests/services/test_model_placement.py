from __future__ import annotations

import pytest
import torch
from avrorpc_services.llm.model.placement import PlacementError, choose_device, choose_dtype

CPU = torch.device("cpu")
CUDA = torch.device("cuda", 0)


def test_auto_takes_cuda_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device() == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device() == CUDA
    assert choose_device("cpu") == CPU
    assert choose_device("cuda") == CUDA


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(PlacementError, match="device cuda was asked for, and this machine has 0 CUDA"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(PlacementError, match="device cuda:1 was asked for, and this machine has 1 CUDA"):
        choose_device("cuda:1")


def test_a_name_of_no_device_is_refused() -> None:
    with pytest.raises(PlacementError, match="'gpu' names no device; use auto, cpu, cuda or cuda:0"):
        choose_device("gpu")


@pytest.mark.parametrize("saved", [torch.bfloat16, torch.float16])
def test_half_precision_becomes_float32_on_a_cpu_only(saved: torch.dtype) -> None:
    assert choose_dtype("auto", saved, CPU) == torch.float32
    assert choose_dtype("auto", saved, CUDA) == saved


def test_other_saved_types_stay() -> None:
    assert choose_dtype("auto", torch.float32, CUDA) == torch.float32
    assert choose_dtype("auto", torch.float64, CPU) == torch.float64


def test_a_type_that_is_asked_for_is_taken() -> None:
    assert choose_dtype("bfloat16", torch.bfloat16, CPU) == torch.bfloat16
    assert choose_dtype("float32", torch.bfloat16, CUDA) == torch.float32
    assert choose_dtype("float16", torch.float32, CUDA) == torch.float16


def test_a_type_without_a_name_here_is_refused() -> None:
    with pytest.raises(PlacementError, match="'int4' names no dtype; use auto, float32, bfloat16, float16"):
        choose_dtype("int4", torch.float32, CPU)
