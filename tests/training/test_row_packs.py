"""Orders that keep rows of one group together."""

from __future__ import annotations

import pytest
import torch

from quantal.training.batches import Groups, epoch_order


def order_of(labels, together, *, size, epoch=0, seed=0):
    groups = Groups(torch.as_tensor(labels), together)
    return epoch_order(len(labels), size, seed, epoch, groups=groups)


@pytest.mark.parametrize("together", [2, 3, 4, 50])
def test_a_pass_still_sees_every_row_once(together):
    labels = torch.arange(60) % 7
    assert sorted(order_of(labels, together, size=10).flatten().tolist()) == list(range(60))


def test_whole_groups_share_a_batch():
    labels = torch.arange(40) % 10  # ten groups of four rows
    for batch in order_of(labels, 4, size=8):
        _, counts = labels[batch].unique(return_counts=True)
        assert counts.tolist() == [4, 4]


def test_larger_groups_are_cut_into_packs_and_their_rest():
    labels = torch.arange(250) % 50  # fifty groups of five rows: packs of two, two and one
    group = labels[order_of(labels, 2, size=250)[0]]
    side_by_side = group[1:] == group[:-1]
    assert side_by_side.sum() >= 100  # two pairs a group; a permutation has about four in all
    runs = torch.diff(torch.nonzero(~side_by_side).flatten())
    assert runs.max() < 10  # packs of one group are not next to each other on purpose


def test_packs_and_the_rows_in_them_are_drawn_anew_in_every_pass():
    labels = torch.arange(400) % 100
    first, again, other = (order_of(labels, 4, size=40, epoch=e) for e in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    mates = {frozenset(pack) for pack in torch.arange(400).view(4, 100).T.tolist()}
    assert {frozenset(pack) for pack in first.view(-1, 4).tolist()} == mates
