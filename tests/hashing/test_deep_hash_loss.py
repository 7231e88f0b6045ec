"""The loss of Deep Hash, its starting point and its widths."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from quantal.data.preparation import learn_preparation
from quantal.hashing import DeepHash
from quantal.hashing.deep_hash_loss import (
    DeepHashLoss,
    leading_directions,
    skewness,
    start_at_principal_directions,
)
from quantal.networks import TanhMLP
from quantal.training.rows import Rows


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def naive(weights, h, variance, orthogonality):
    """The formula with the sign matrix written out."""
    b = np.where(h > 0, 1.0, -1.0)
    value = 0.5 * np.square(np.linalg.norm(b - h)) / len(h)
    centred = h - h.mean(0)
    value -= variance / 2 * np.trace(centred @ centred.T) / len(h)
    for weight in weights:
        value += orthogonality / 2 * np.square(weight.T @ weight - np.eye(weight.shape[1])).sum()
    return value


def test_the_loss_equals_a_naive_transcription():
    network = TanhMLP(6, (5,), 4, generator())
    with torch.no_grad():
        for weight in network.weights:
            weight.mul_(1.5)
    z = network(torch.randn(30, 6, generator=generator(1)))
    weights = [weight.detach().double().numpy() for weight in network.weights]
    expected = naive(weights, np.tanh(z.detach().double().numpy()), 0.7, 0.3)
    assert DeepHashLoss(0.7, 0.3)(network, z)["total"].item() == pytest.approx(expected, rel=1e-5)


def test_balanced_decided_bits_under_orthonormal_weights_are_the_optimum():
    network = TanhMLP(6, (5,), 3, generator())
    z = 50 * torch.tensor([[1.0, -1, 1], [-1, 1, -1]])
    terms = DeepHashLoss(1.0, 1.0)(network, z)
    assert terms["quantization"].item() == pytest.approx(0, abs=1e-12)
    assert terms["variance"].item() == pytest.approx(3)
    assert terms["orthogonality"].item() == pytest.approx(0, abs=1e-10)


def test_a_bit_that_never_changes_has_no_variance():
    z = 50 * torch.tensor([[1.0], [1.0]])
    assert DeepHashLoss(1.0, 1.0)(TanhMLP(2, (), 1, generator()), z)["variance"].item() == 0


@pytest.mark.parametrize("sizes", [(8, 3), (3, 8)])
def test_weights_that_widen_can_be_orthonormal_too(sizes):
    assert skewness(TanhMLP(sizes[0], (), sizes[1], generator())).item() == pytest.approx(
        0, abs=1e-10
    )


@pytest.mark.parametrize("n", [30, 200])
def test_directions_are_principal_components_whichever_side_is_longer(n):
    X = np.random.default_rng(0).normal(size=(n, 60)) @ np.diag(np.linspace(3, 0.1, 60))
    directions, deviation = leading_directions(X, 5)
    pca = PCA(5).fit(X)
    np.testing.assert_allclose(np.abs(pca.components_ @ directions), np.eye(5), atol=1e-6)
    assert deviation == pytest.approx(np.sqrt(pca.explained_variance_[0] * (n - 1) / n))


def test_the_first_layer_starts_with_outputs_of_about_one():
    X = load_digits().data
    rows = Rows(X, learn_preparation(X, "global"), torch.device("cpu"))
    network = TanhMLP(64, (20,), 8, generator())
    start_at_principal_directions(network, rows, 0)
    first = rows.span(0, len(X)) * network.scale @ network.weights[0]
    spread = first.std(dim=0, correction=0)
    assert spread[0].item() == pytest.approx(1, abs=1e-3)
    assert (spread.diff() <= 1e-6).all()
    assert skewness(network).item() == pytest.approx(0, abs=1e-6)


def test_more_units_than_directions_keep_their_random_weights():
    X = load_digits().data[:5]
    rows = Rows(X, learn_preparation(X, "global"), torch.device("cpu"))
    network = TanhMLP(64, (20,), 8, generator())
    before = network.weights[0].detach().clone()
    start_at_principal_directions(network, rows, 0)
    assert not torch.equal(network.weights[0][:, 3], before[:, 3])
    assert torch.equal(network.weights[0][:, 4:], before[:, 4:])


@pytest.mark.parametrize(
    ("n_bits", "widths"), [(8, (60, 30)), (16, (60, 30)), (32, (80, 50)), (64, (112, 82))]
)
def test_auto_means_the_published_widths(n_bits, widths):
    assert DeepHash(n_bits)._widths(1000) == widths


@pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")
def test_the_objective_is_the_loss_on_all_rows():
    X = load_digits().data[:300]
    model = DeepHash(8, n_epochs=2, weight_decay=0.01, random_state=0).fit(X)
    z = torch.atanh(torch.from_numpy(2 * model.bit_probabilities(X) - 1))
    loss = DeepHashLoss(model.variance, model.orthogonality)
    decay = sum(float(p.detach().square().sum()) for p in model.network_.parameters())
    expected = loss(model.network_, z)["total"].item() + 0.005 * decay
    assert model.objective_ == pytest.approx(expected, rel=1e-4)
