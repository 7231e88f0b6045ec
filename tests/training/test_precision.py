"""Which device and which type of products "auto" means."""

from __future__ import annotations

import pytest
import torch

from quantal.errors import ParameterError
from quantal.training import has_fast_bfloat16, resolve_device, resolve_dtype
from quantal.training.precision import float32_sums

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("fast", "widths", "expected"),
    [
        (True, (1200, 1200), torch.bfloat16),
        (True, (128, 128), torch.float32),
        (True, (), torch.float32),
        (False, (1200, 1200), torch.float32),
    ],
)
def test_auto_is_half_precision_where_it_is_fast_and_the_network_wide(
    monkeypatch, fast, widths, expected
):
    monkeypatch.setattr("quantal.training.precision.has_fast_bfloat16", lambda _: fast)
    assert resolve_dtype("auto", CPU, widths) == expected


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_a_named_precision_is_taken_at_its_word(name):
    assert resolve_dtype(name, CPU, ()) == getattr(torch, name)


def test_an_unknown_precision_is_refused_with_the_known_ones():
    with pytest.raises(ParameterError, match=r"one of 'auto', 'float32', 'bfloat16', got 'half'"):
        resolve_dtype("half", CPU, ())


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 amx_bf16 x", True), ("avx512_bf16", False), ("avx2 avx512f", False)],
)
def test_fast_half_precision_is_read_off_the_processor(monkeypatch, flags, expected):
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: f"flags : {flags}")
    assert has_fast_bfloat16.__wrapped__("cpu") is expected


def test_an_unknown_processor_is_not_trusted_with_half_precision(monkeypatch):
    def absent(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", absent)
    assert has_fast_bfloat16.__wrapped__("cpu") is False


def test_auto_is_a_device_that_exists():
    assert resolve_device("auto").type in {"cpu", "cuda"}
    assert resolve_device("cpu") == CPU


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "abacus", "meta"])
def test_an_absent_device_is_refused_in_one_line(name):
    with pytest.raises(ParameterError, match=rf"device '{name}' cannot be used .*'cpu'") as error:
        resolve_device(name)
    assert "\n" not in str(error.value)


def gpu_settings():
    cudnn = torch.backends.cudnn
    return (
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        cudnn.deterministic,
        cudnn.allow_tf32,
        cudnn.enabled,
    )


def test_a_gpu_adds_in_float32_and_in_one_order_during_a_fit_only():
    before = gpu_settings()
    with pytest.raises(ZeroDivisionError), float32_sums(torch.device("cuda")):
        assert gpu_settings() == (False, True, False, before[3])
        raise ZeroDivisionError
    assert gpu_settings() == before == (True, False, True, True)


def test_a_processor_needs_no_settings():
    before = gpu_settings()
    with float32_sums(torch.device("cpu")):
        assert gpu_settings() == before
