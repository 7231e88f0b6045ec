"""The triplet loss against loops over triplets, and its gradients."""

from __future__ import annotations

import itertools

import pytest
import torch

from quantal.errors import ParameterError
from quantal.objectives import TripletLoss


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def unit_rows(n, d, seed=0):
    rows = torch.randn(n, d, generator=generator(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(rows, dim=1)


def mean_over_all_triplets(rows, labels, margin, gamma, ordered):
    """Every pair with every negative, by loops."""
    pairs = itertools.permutations if ordered else itertools.combinations
    values = []
    for a, p in pairs(range(len(rows)), 2):
        if labels[a] != labels[p]:
            continue
        for n in range(len(rows)):
            if labels[n] != labels[a]:
                near = (rows[a] - rows[p]).square().sum()
                far = (rows[a] - rows[n]).square().sum()
                values.append(torch.relu(margin + gamma * near - far))
    return torch.stack(values).mean()


@pytest.mark.parametrize("positives", ["pairs", "ordered_pairs"])
def test_with_one_row_in_every_other_cluster_all_triplets_are_used(positives):
    # Three clusters have one row each, so "three negatives, each another one" is all of them.
    labels = torch.tensor([0, 1, 0, 2, 0, 3])
    rows = unit_rows(6, 4)
    loss = TripletLoss(0.3, 1.5, 20, positives)(rows, labels, generator())
    naive = mean_over_all_triplets(rows, labels, 0.3, 1.5, positives == "ordered_pairs")
    assert loss.item() == pytest.approx(naive.item(), rel=1e-12)


def test_the_gradient_is_that_of_the_loops():
    labels = torch.tensor([0, 1, 0, 2, 0, 3])
    rows = unit_rows(6, 4).requires_grad_()
    (ours,) = torch.autograd.grad(TripletLoss()(rows, labels, generator()), rows)
    naive = mean_over_all_triplets(rows, labels, 0.2, 2.0, ordered=False)
    (theirs,) = torch.autograd.grad(naive, rows)

    def tangent(g):  # the form 2 - 2ab differs from |a - b|^2 along the rows only
        return g - (g * rows).sum(1, keepdim=True) * rows

    torch.testing.assert_close(tangent(ours), tangent(theirs))


def test_negatives_are_different_rows_of_other_clusters_and_uniform():
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    rows = unit_rows(8, 3)
    one = TripletLoss(margin=9.0, gamma=1.0, n_negatives=1)  # the hinge never closes
    draws = generator(5)
    mean = torch.stack([one(rows, labels, draws) for _ in range(3000)]).mean()
    naive = mean_over_all_triplets(rows, labels, 9.0, 1.0, ordered=False)
    assert mean.item() == pytest.approx(naive.item(), rel=0.01)


def test_one_positive_for_every_row_that_has_one():
    labels = torch.tensor([0, 0, 0, 1, 2])
    rows = unit_rows(5, 3)
    draws = generator(2)
    loss = TripletLoss(9.0, 1.0, 2, "one")
    mean = torch.stack([loss(rows, labels, draws) for _ in range(3000)]).mean()
    naive = mean_over_all_triplets(rows, labels, 9.0, 1.0, ordered=True)
    assert mean.item() == pytest.approx(naive.item(), rel=0.01)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [4, 4, 4]])
@pytest.mark.parametrize("positives", ["pairs", "ordered_pairs", "one"])
def test_a_batch_without_triplets_has_no_loss_and_a_zero_gradient(labels, positives):
    rows = unit_rows(3, 2).requires_grad_()
    loss = TripletLoss(positives=positives)(rows, torch.tensor(labels), generator())
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(rows.grad, torch.zeros_like(rows))


def test_far_clusters_cost_nothing():
    rows = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert TripletLoss()(rows, torch.tensor([0, 0, 1]), generator()).item() == 0


def test_the_authors_defect_leaves_anchors_alone_at_gamma_one_and_is_none_at_two():
    labels = torch.tensor([0, 0, 1])  # row 0 is the anchor, row 1 the positive, row 2 the negative

    def gradient(gamma, scaled):
        rows = unit_rows(3, 4).requires_grad_()
        loss = TripletLoss(5.0, gamma, 1, scaled_gradient=scaled)(rows, labels, generator())
        return torch.autograd.grad(loss, rows)[0]

    defect, right = gradient(1.0, scaled=True), gradient(1.0, scaled=False)
    torch.testing.assert_close(defect[0], right[0])
    assert torch.equal(defect[1:], torch.zeros(2, 4, dtype=torch.float64))
    assert (right[1:].norm(dim=1) > 0.1).all()
    torch.testing.assert_close(gradient(2.0, scaled=True), gradient(2.0, scaled=False))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"margin": -1.0}, "margin must be"),
        ({"gamma": 0.0}, "gamma must be"),
        ({"n_negatives": 0}, "n_negatives must be"),
        ({"positives": "all"}, "positives must be one of"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        TripletLoss(**values)
