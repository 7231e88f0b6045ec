"""Student's t assignments, their target and the divergence: closed forms, loops, gradients."""

from __future__ import annotations

import math

import pytest
import torch

from quantal.objectives import (
    embedded_clustering_loss,
    reconstruction_error,
    sharpened_target,
    student_assignment,
)


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def naive_assignment(codes, centers, degrees):
    """Eq. 1, a row and a centre at a time."""
    q = torch.zeros(len(codes), len(centers), dtype=codes.dtype)
    for i, z in enumerate(codes):
        for j, mu in enumerate(centers):
            q[i, j] = (1 + ((z - mu) ** 2).sum() / degrees) ** (-(degrees + 1) / 2)
        q[i] = q[i].clone() / q[i].sum()
    return q


def naive_target(q):
    """Eq. 3, a row and a centre at a time."""
    p = torch.zeros_like(q)
    for i in range(len(q)):
        for j in range(q.shape[1]):
            p[i, j] = q[i, j] ** 2 / q[:, j].sum()
        p[i] = p[i].clone() / p[i].sum()
    return p


@pytest.mark.parametrize("degrees", [0.5, 1.0, 3.0])
def test_everything_is_what_loops_over_the_equations_give(degrees):
    codes, centers = numbers(7, 3), numbers(4, 3, seed=1)
    q = naive_assignment(codes, centers, degrees)
    log_q = student_assignment(codes, centers, degrees)
    torch.testing.assert_close(log_q.exp(), q)
    log_p = sharpened_target(log_q)
    p = naive_target(q)
    torch.testing.assert_close(log_p.exp(), p)
    loss = embedded_clustering_loss(codes, centers, log_p, degrees)
    assert loss.item() == pytest.approx((p * (p / q).log()).sum().item() / 7, rel=1e-12)


def test_one_of_two_centres_at_distances_known():
    log_q = student_assignment(torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [0.0, 3.0]]))
    assert log_q.exp()[0].tolist() == pytest.approx([10 / 11, 1 / 11])  # 1 and 1 / (1 + 9)


def test_many_degrees_of_freedom_are_a_normal_distribution():
    codes, centers = numbers(6, 3), numbers(4, 3, seed=1)
    squares = torch.cdist(codes, centers).square()
    normal = (-squares / 2).log_softmax(dim=1)
    torch.testing.assert_close(student_assignment(codes, centers, 1e9), normal, rtol=1e-6, atol=0)


def test_undecided_rows_are_their_own_target():
    log_q = torch.full((5, 4), -math.log(4))
    torch.testing.assert_close(sharpened_target(log_q), log_q)


def test_the_target_favours_what_is_likely_and_small():
    q = torch.tensor([[0.6, 0.4], [0.9, 0.1]], dtype=torch.float64)
    p = sharpened_target(q.log()).exp()
    assert p[0, 0] < 0.6  # 0.36 / 1.5 against 0.16 / 0.5: the other cluster is small
    assert p[1, 0] > 0.9
    even = sharpened_target(q.log(), torch.zeros(2, dtype=torch.float64)).exp()
    assert even[0, 0].item() == pytest.approx(0.36 / 0.52)


def test_a_batch_takes_the_sizes_of_all_rows():
    log_q = student_assignment(numbers(9, 3), numbers(4, 3, seed=1))
    part = sharpened_target(log_q[2:5], log_q.logsumexp(dim=0))
    torch.testing.assert_close(part, sharpened_target(log_q)[2:5])


def test_gradients_are_those_of_finite_differences():
    codes, centers = numbers(5, 3).requires_grad_(), numbers(4, 3, seed=1).requires_grad_()
    log_p = sharpened_target(student_assignment(codes, centers))
    assert not log_p.requires_grad
    assert torch.autograd.gradcheck(
        lambda z, mu: embedded_clustering_loss(z, mu, log_p, 2.0), (codes, centers)
    )


def test_gradients_are_those_of_the_paper():
    codes, centers = numbers(5, 3).requires_grad_(), numbers(4, 3, seed=1).requires_grad_()
    log_q = student_assignment(codes, centers)
    log_p = sharpened_target(log_q)
    found = torch.autograd.grad(embedded_clustering_loss(codes, centers, log_p), (codes, centers))
    differences = (codes[:, None] - centers).detach()
    pull = 2 / (1 + differences.square().sum(2)) * (log_p.exp() - log_q.exp()).detach()
    torch.testing.assert_close(found[0], (pull[..., None] * differences).sum(1) / 5)
    torch.testing.assert_close(found[1], -(pull[..., None] * differences).sum(0) / 5)


def test_far_rows_have_finite_values_and_gradients_in_float32():
    codes = torch.tensor([[1e8, 0.0], [0.0, 0.0]], requires_grad=True)
    centers = torch.tensor([[1e8, 0.0], [0.0, 0.0]])
    log_q = student_assignment(codes, centers, 50.0)
    assert log_q.exp().min() == 0
    loss = embedded_clustering_loss(codes, centers, sharpened_target(log_q), 50.0)
    (gradient,) = torch.autograd.grad(loss, codes)
    assert torch.isfinite(log_q).all()
    assert torch.isfinite(gradient).all()


def test_the_reconstruction_error_is_half_of_the_mean_square():
    assert reconstruction_error(torch.full((3, 4), 2.0), torch.zeros(3, 4)).item() == 2.0
