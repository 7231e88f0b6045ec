from __future__ import annotations

import pytest
import torch

from quantal.errors import DataError, ParameterError
from quantal.views import Mixup


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_partner_is_the_row_at_the_mirrored_place():
    x = torch.tensor([[1.0, 0.0], [2.0, 4.0], [3.0, 8.0]])
    mixed = Mixup().mix(x, torch.tensor([0.25, 0.5, 1.0]))
    torch.testing.assert_close(mixed, torch.tensor([[2.5, 6.0], [2.0, 4.0], [3.0, 8.0]]))


def test_a_share_of_one_keeps_the_row_and_of_zero_gives_its_partner():
    x = torch.rand(6, 1, 4, 4, generator=seeded())
    assert torch.equal(Mixup().mix(x, torch.ones(6)), x)
    assert torch.equal(Mixup().mix(x, torch.zeros(6)), x.flip(0))


@pytest.mark.parametrize("concentration", [0.05, 0.4, 1.0, 3.0])
def test_shares_follow_the_beta_distribution(concentration):
    shares = Mixup(concentration).draw(50_000, seeded())
    assert shares.min() >= 0 and shares.max() <= 1
    assert shares.mean().item() == pytest.approx(0.5, abs=0.01)
    variance = 1 / (4 * (2 * concentration + 1))
    assert shares.var().item() == pytest.approx(variance, rel=0.03)


def test_a_call_mixes_with_the_shares_that_its_generator_draws():
    view, x = Mixup(0.4), torch.rand(7, 5, generator=seeded())
    assert torch.equal(view(x, seeded(3)), view.mix(x, view.draw(7, seeded(3))))


def test_probabilities_stay_probabilities():
    p = torch.randn(9, 10, generator=seeded()).softmax(1)
    mixed = Mixup()(p, seeded())
    assert mixed.min() >= 0
    torch.testing.assert_close(mixed.sum(1), torch.ones(9))


@pytest.mark.parametrize("concentration", [0.4, 1.0])
def test_one_seed_gives_one_mixture_and_leaves_global_randomness_alone(concentration):
    view, x, before = Mixup(concentration), torch.rand(8, 3), torch.get_rng_state()
    assert torch.equal(view(x, seeded(1)), view(x, seeded(1)))
    assert not torch.equal(view(x, seeded(1)), view(x, seeded(2)))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_precision_of_the_batch_is_kept_and_changes_little(dtype):
    x = torch.rand(8, 3, generator=seeded()).to(torch.bfloat16)
    mixed = Mixup()(x.to(dtype), seeded())
    assert mixed.dtype == dtype
    torch.testing.assert_close(mixed.float(), Mixup()(x.float(), seeded()), atol=0.004, rtol=0)


def test_what_cannot_be_mixed_is_refused():
    with pytest.raises(
        DataError, match=r"shares \(B,\), got torch.float32 of shape \(3, 2\).*\(2,"
    ):
        Mixup().mix(torch.zeros(3, 2), torch.zeros(2))
    with pytest.raises(DataError, match=r"floating-point values \(B, \.\.\.\).*got torch\.int64"):
        Mixup()(torch.zeros(3, 2, dtype=torch.int64), seeded())


def test_a_concentration_out_of_range_is_refused():
    with pytest.raises(ParameterError, match=r"concentration must be a number in \[0\.05, inf\)"):
        Mixup(0.01)
