from __future__ import annotations

import pytest
import torch

from quantal.errors import ParameterError
from quantal.views import GaussianNoise


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_noise_has_the_standard_deviation_asked_for():
    noise = GaussianNoise(0.3)(torch.zeros(200, 500), seeded())
    assert noise.std().item() == pytest.approx(0.3, rel=0.01)
    assert abs(noise.mean().item()) < 0.003


def test_no_noise_returns_the_batch():
    x = torch.rand(3, 4, generator=seeded())
    assert torch.equal(GaussianNoise(0.0)(x, seeded()), x)


def test_one_seed_gives_one_noise_and_leaves_global_randomness_alone():
    x, before = torch.zeros(3, 4), torch.get_rng_state()
    assert torch.equal(GaussianNoise(1.0)(x, seeded(2)), GaussianNoise(1.0)(x, seeded(2)))
    assert not torch.equal(GaussianNoise(1.0)(x, seeded(2)), GaussianNoise(1.0)(x, seeded(3)))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_one_seed_gives_one_noise_whatever_the_precision(dtype):
    noise = GaussianNoise(1.0)(torch.zeros(3, 4, dtype=dtype), seeded())
    assert noise.dtype == dtype
    expected = GaussianNoise(1.0)(torch.zeros(3, 4), seeded())
    torch.testing.assert_close(noise.float(), expected, atol=0.02, rtol=0)


def test_gradients_pass_through():
    x = torch.zeros(2, 2, requires_grad=True)
    GaussianNoise(1.0)(x, seeded()).sum().backward()
    assert torch.equal(x.grad, torch.ones(2, 2))


def test_a_negative_standard_deviation_is_refused():
    with pytest.raises(ParameterError, match=r"std must be a number in \[0, inf\), got -1"):
        GaussianNoise(-1.0)
