from __future__ import annotations

import pytest
import torch

from quantal.errors import DataError, ParameterError
from quantal.views import ColumnSwap


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def marked(n: int, width: int) -> torch.Tensor:
    """Rows of which every cell says where it comes from: 1000 row + column."""
    return 1000.0 * torch.arange(n)[:, None] + torch.arange(width)


def test_the_share_of_columns_comes_from_one_other_row_and_the_rest_is_kept():
    x = marked(50, 20)
    swapped = ColumnSwap(0.3)(x, seeded())
    assert torch.equal(swapped % 1000, x % 1000)  # each column keeps its place
    source = (swapped // 1000).long()
    foreign = source != torch.arange(50)[:, None]
    assert (foreign.sum(1) == 6).all()
    assert all(len(row[own].unique()) == 1 for row, own in zip(source, foreign, strict=True))


def test_columns_and_partners_are_drawn_evenly_and_anew_for_each_row():
    x = marked(5, 4).repeat(4000, 1)
    swapped = ColumnSwap(0.5)(x, seeded())
    changed = (swapped != x).double().mean(0)
    # One partner in five is a copy of the row and shows no change.
    assert changed.tolist() == pytest.approx([0.5 * 0.8] * 4, abs=0.02)


def test_every_other_row_is_as_likely_and_a_row_is_never_its_own_partner():
    x, generator = torch.arange(4.0)[:, None], seeded()
    swaps = torch.cat([ColumnSwap(1.0)(x, generator) for _ in range(1500)], dim=1)  # (4, 1500)
    for row, partners in enumerate(swaps):
        counts = torch.bincount(partners.long(), minlength=4)
        assert counts[row] == 0
        assert counts.sum() == 1500 and counts[counts > 0].min() > 430  # 500 expected


def test_no_share_and_a_single_row_change_nothing():
    x = marked(3, 4)
    assert torch.equal(ColumnSwap(0.0)(x, seeded()), x)
    assert torch.equal(ColumnSwap(0.9)(x[:1], seeded()), x[:1])
    assert ColumnSwap()(x[:0], seeded()).shape == (0, 4)


def test_a_small_share_of_few_columns_is_one_column():
    x = marked(10, 2)
    assert ((ColumnSwap(0.1)(x, seeded()) != x).sum(1) == 1).all()


def test_one_seed_gives_one_swap_and_leaves_global_randomness_alone():
    x, before = marked(9, 9), torch.get_rng_state()
    kept = x.clone()
    assert torch.equal(ColumnSwap()(x, seeded(1)), ColumnSwap()(x, seeded(1)))
    assert not torch.equal(ColumnSwap()(x, seeded(1)), ColumnSwap()(x, seeded(2)))
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(x, kept)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_precision_of_the_batch_is_kept(dtype):
    x = torch.rand(9, 9, generator=seeded()).to(torch.bfloat16)
    swapped = ColumnSwap()(x.to(dtype), seeded())
    assert swapped.dtype == dtype
    assert torch.equal(swapped.float(), ColumnSwap()(x.float(), seeded()))


def test_what_is_no_matrix_or_no_share_is_refused():
    with pytest.raises(DataError, match=r"vectors \(B, d\), got \(2, 1, 8, 8\)"):
        ColumnSwap()(torch.zeros(2, 1, 8, 8), seeded())
    with pytest.raises(ParameterError, match=r"share must be a number in \[0, 1\], got 1\.5"):
        ColumnSwap(1.5)
