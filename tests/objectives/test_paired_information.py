"""I(Y;Y~): golden numbers, limits, gradients and a plain transcription."""

import math

import pytest
import torch

from quantal.objectives import (
    conditional_entropy,
    joint_assignment,
    joint_information,
    marginal_entropy,
    paired_information,
)

P = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], dtype=torch.float64)
Q = torch.tensor([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]], dtype=torch.float64)


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return (3 * logits).log_softmax(dim=-1)


def naive_loss(p, q, weight=1.0):
    """Double sum over clusters, as the equation is written."""
    n, k = p.shape
    joint = [[sum(p[r, i] * q[r, j] for r in range(n)) / n for j in range(k)] for i in range(k)]
    joint = [[(joint[i][j] + joint[j][i]) / 2 for j in range(k)] for i in range(k)]
    row = [sum(joint[i]) for i in range(k)]
    return -sum(
        joint[i][j] * (math.log(joint[i][j]) - weight * (math.log(row[i]) + math.log(row[j])))
        for i in range(k)
        for j in range(k)
    )


def test_golden_joint_and_losses():
    joint = joint_assignment(P.log(), Q.log())
    torch.testing.assert_close(joint, torch.tensor([[0.36, 0.19], [0.19, 0.26]]).double())
    assert -paired_information(P.log(), Q.log()).item() == pytest.approx(-0.0271662, abs=1e-7)
    assert -paired_information(P.log(), Q.log(), 1.5).item() == pytest.approx(-0.7153050, abs=1e-7)


@pytest.mark.parametrize("k", [2, 10, 50, 70])
def test_balanced_certain_pairs_reach_the_logarithm_of_the_number_of_clusters(k):
    certain = torch.eye(k, dtype=torch.float64).repeat(3, 1).clamp(min=1e-300).log()
    assert paired_information(certain, certain).item() == pytest.approx(math.log(k), abs=1e-6)


def test_copies_that_know_nothing_of_their_rows_have_no_information():
    p = torch.cat([drawn(10, 4).roll(shift, dims=1) for shift in range(4)])  # balanced
    q = torch.full((40, 4), 0.25).double().log()
    assert paired_information(p, q).item() == pytest.approx(0, abs=1e-12)


def test_it_lies_between_nothing_and_the_smaller_entropy():
    for seed in range(20):
        p, q = drawn(30, 5, seed=seed), drawn(30, 5, seed=seed + 100)
        value = paired_information(p, q).item()
        assert -1e-12 <= value <= math.log(5)


def test_with_certain_rows_and_themselves_it_is_the_information_of_inputs_and_labels():
    labels = torch.tensor([0, 1, 1, 2, 0, 1])
    certain = torch.eye(3, dtype=torch.float64)[labels].clamp(min=1e-300).log()
    expected = marginal_entropy(certain) - conditional_entropy(certain)
    torch.testing.assert_close(paired_information(certain, certain), expected)


@pytest.mark.parametrize("weight", [1.0, 1.5, 0.7])
def test_it_equals_the_double_sum(weight):
    p, q = drawn(13, 4), drawn(13, 4, seed=1)
    expected = float(naive_loss(p.exp(), q.exp(), weight))
    assert -paired_information(p, q, weight).item() == pytest.approx(expected, abs=1e-12)


def test_the_weight_adds_the_entropies_of_both_labels():
    joint = joint_assignment(drawn(13, 4), drawn(13, 4, seed=1))
    row = joint.sum(dim=1)
    entropy = -(row * row.log()).sum()
    more = joint_information(joint, 1.25) - joint_information(joint)
    torch.testing.assert_close(more, 0.25 * 2 * entropy)


def test_swapping_rows_and_copies_or_naming_clusters_anew_changes_nothing():
    p, q = drawn(21, 6), drawn(21, 6, seed=1)
    order = torch.tensor([3, 1, 0, 5, 4, 2])
    torch.testing.assert_close(paired_information(p, q), paired_information(q, p))
    torch.testing.assert_close(
        paired_information(p, q), paired_information(p[:, order], q[:, order])
    )


def test_sub_heads_are_judged_one_by_one():
    p, q = drawn(3, 20, 4), drawn(3, 20, 4, seed=1)
    each = torch.stack([paired_information(a, b) for a, b in zip(p, q, strict=True)])
    torch.testing.assert_close(paired_information(p, q), each)


def test_gradients():
    logits = torch.randn(2, 7, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda z: paired_information(z[0].log_softmax(1), z[1].log_softmax(1), 1.2), (logits,)
    )


def test_probabilities_that_underflow_leave_gradients_finite():
    logits = torch.tensor([[200.0, 0.0, -200.0]] * 4, requires_grad=True)
    log_p = logits.log_softmax(dim=1)
    paired_information(log_p, log_p).backward()
    assert torch.isfinite(logits.grad).all()
