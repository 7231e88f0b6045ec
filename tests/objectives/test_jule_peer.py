"""The plain transcription that JULE's step is timed against computes the same loss."""

from __future__ import annotations

import pytest
import torch

from benchmarks.peers.jule_reference import ReferenceEmbedding, training_step, triplets
from quantal.networks import plan_for
from quantal.objectives import TripletLoss


def test_its_triplets_are_all_ordered_pairs_with_different_negatives():
    labels = torch.tensor([0, 0, 1, 1, 1, 2])
    anchors, positives, negatives = triplets(labels, 2)
    assert len(anchors) == 2 * (2 + 6)
    assert (labels[anchors] == labels[positives]).all() and (anchors != positives).all()
    assert (labels[anchors] != labels[negatives]).all()
    assert (negatives.view(-1, 2)[:, 0] != negatives.view(-1, 2)[:, 1]).all()


def test_with_every_row_as_a_negative_both_losses_agree():
    torch.manual_seed(0)
    labels = torch.tensor([0, 0, 0, 1, 2, 3])  # each pair has 3 negatives, and there are 3
    network = ReferenceEmbedding((1, 16, 16), plan_for(16, 16).pools, 4, 5)
    x = torch.rand(6, 1, 16, 16)
    ours = TripletLoss(0.2, 1.0, 3, "ordered_pairs")(network(x), labels, torch.Generator())
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0)
    peer = training_step(network, optimizer, x, labels, n_negatives=3)
    assert peer.item() == pytest.approx(ours.item(), rel=1e-5)
