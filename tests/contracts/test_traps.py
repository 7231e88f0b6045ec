"""The mistakes that broke earlier implementations of IMSAT, each caught in a real training step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.clustering import IMSAT
from quantal.data.preparation import learn_preparation
from quantal.estimators.radius import neighbor_distances
from quantal.estimators.self_augmentation import AdversarialTerm, Batch
from quantal.networks import MLP
from quantal.objectives import vat_penalty
from quantal.training.rows import Rows

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:120]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make_rows(X, scaling="global"):
    return Rows(X, learn_preparation(X, scaling), CPU)


def fitted_parts(X, **parameters):
    """An estimator ready to step, its rows and a network."""
    model = IMSAT(3, hidden_layer_sizes=(16,), precision="float32", **parameters)
    model._require_parameters()
    x = model._read(X, reset=True)
    model._set_up(x, {})
    rows = Rows(x, model.preparation_, CPU)
    return model, rows, MLP(X.shape[1], (16,), 3, generator())


def take_step(X, network=None, **parameters):
    model, rows, fresh = fitted_parts(X, **parameters)
    network = network or fresh
    step = model._step_maker(rows, 0)(network, model._information(model.balance, None), generator())
    return step(torch.arange(100)), network


# Trap 1 is in tests/objectives/test_virtual_adversarial.py; here with the real first weights.
def test_the_first_step_already_has_an_adversarial_penalty(X):
    terms, _ = take_step(X)
    random_terms, _ = take_step(X, augmentation="rpt")
    assert terms["vat"] > 2 * random_terms["rpt"] > 0


# Trap 2: running averages polluted by adversarial inputs.
@pytest.mark.parametrize("augmentation", ["vat", "rpt", [("vat", 1.0), ("rpt", 1.0)]])
def test_a_step_moves_the_averages_exactly_as_its_clean_pass_does(X, augmentation):
    _, network = take_step(X, augmentation=augmentation)
    _, rows, clean = fitted_parts(X)
    clean(rows.prepared(torch.arange(100)), "train")
    for (name, found), (_, wanted) in zip(
        network.named_buffers(), clean.named_buffers(), strict=True
    ):
        assert torch.equal(found, wanted), name


# Trap 3: perturbed passes normalised by running averages are a weaker regulariser.
def test_perturbed_passes_use_the_statistics_of_their_batch(X):
    _, rows, network = fitted_parts(X)
    numbers = torch.arange(100)
    x = rows.prepared(numbers)
    bound = network.bind()
    batch = Batch(numbers, x, bound(x, "batch").log_softmax(1).detach(), bound, rows, generator())
    assert torch.equal(batch.perturbed(x), bound(x, "batch"))
    assert not torch.allclose(batch.perturbed(x), bound(x, "eval"))

    def penalty(mode):
        clean = bound(x, mode).log_softmax(1).detach()
        options = {"xi": 1.0, "generator": generator()}
        frozen = bound.frozen()
        return vat_penalty(
            lambda r: bound(r, mode),
            lambda r: frozen(r, mode),
            x,
            clean,
            torch.ones(100),
            **options,
        ).item()

    found = AdversarialTerm(torch.ones(120), 1.0, 1)(batch).item()
    assert found == pytest.approx(penalty("batch"), rel=1e-5)
    assert found != pytest.approx(penalty("eval"), rel=0.05)


# Trap 4: radii of another order of the rows.
def test_radii_follow_the_order_of_the_rows(X):
    order = np.random.default_rng(0).permutation(len(X))
    original, _ = neighbor_distances(make_rows(X), 10, 0)
    permuted, _ = neighbor_distances(make_rows(X[order]), 10, 0)
    np.testing.assert_allclose(permuted, original[order], rtol=1e-3)
    assert len(np.unique(original)) > 100


def test_a_step_takes_the_radii_of_its_own_rows(X):
    model, rows, _ = fitted_parts(X)
    [(_, _, term)] = model._phases(rows, 0)[0]
    seen = []
    numbers = torch.tensor([7, 3, 90, 41])
    x = rows.prepared(numbers)

    class Network:
        def __call__(self, r, _):
            seen.append(r.detach())
            return r[:, :3]

        def frozen(self):
            return lambda r, _: r[:, :3]

    clean = x[:, :3].log_softmax(1)
    term(Batch(numbers, x, clean, Network(), rows, generator()))
    torch.testing.assert_close((seen[0] - x).norm(dim=1), term.radius[numbers])


# Trap 5: the balance coefficient stands inside the factor lambda.
def test_the_balance_is_inside_the_trade_off(X):
    for trade_off, balance in ((0.1, 4.0), (0.3, 1.0), (1.6, 0.0)):
        terms, _ = take_step(X, trade_off=trade_off, balance=balance)
        divergence = np.log(3) - terms["marginal_entropy"].item()
        information = terms["conditional_entropy"].item() + balance * divergence
        expected = terms["penalty"].item() + trade_off * information
        assert terms["total"].item() == pytest.approx(expected, abs=1e-6)


# Trap 6 is in tests/objectives/test_virtual_adversarial.py.
def test_without_information_all_gradient_comes_from_the_perturbed_branch(X):
    terms, network = take_step(X, trade_off=1e-30)
    terms["total"].backward()
    assert network.output.grad.abs().max() > 0
    assert network.bias.grad.abs().max() > 0


# Trap 7: radii and probing steps that do not follow the scale of the data.
@pytest.mark.parametrize("factor", [1e-3, 1 / 16, 255.0])
def test_radius_and_probing_step_follow_the_scale_of_unprepared_rows(X, factor):
    terms = []
    for data in (X, X * factor):
        model, rows, _ = fitted_parts(data, scaling="none")
        terms.append(model._phases(rows, 0)[0][0][2])
    torch.testing.assert_close(terms[1].radius, terms[0].radius * factor, rtol=1e-3, atol=0)
    torch.testing.assert_close(terms[1].xi, terms[0].xi * factor, rtol=1e-3, atol=0)


def test_prepared_rows_have_the_same_radius_at_every_scale(X):
    for data in (X * 1e-3, X * 255 + 4):
        model, rows, _ = fitted_parts(data)
        found = model._phases(rows, 0)[0][0][2]
        original, original_rows, _ = fitted_parts(X)
        assert torch.equal(found.radius, original._phases(original_rows, 0)[0][0][2].radius)


# Trap 8: xi = 10 leaves the region of data with another unit; it is a parameter with a unit.
def test_xi_is_in_neighbour_distances_or_absolute_as_asked(X):
    model, rows, _ = fitted_parts(X, xi=2.0)
    [(_, _, near)] = model._phases(rows, 0)[0]
    torch.testing.assert_close(near.xi, near.radius / model.alpha * 2.0)
    model, rows, _ = fitted_parts(X, xi=10.0, units="absolute")
    [(_, _, fixed)] = model._phases(rows, 0)[0]
    assert fixed.xi == 10.0
    torch.testing.assert_close(fixed.radius, near.radius)


def test_a_fixed_radius_replaces_the_neighbours(X):
    model, rows, _ = fitted_parts(X, radius=2.5, units="absolute")
    [(_, _, term)] = model._phases(rows, 0)[0]
    assert torch.equal(term.radius, torch.full((120,), 2.5))
    assert model.n_compared_ == 0


# Trap 9: with augmented copies among the rows, the 10th neighbour is a copy of the same drawing.
def test_the_radius_is_the_distance_within_copies_where_there_are_copies(X):
    noise = np.random.default_rng(0).normal(0, 0.05, size=(20, 1, X.shape[1]))
    copies = (X[:30] + noise).reshape(-1, X.shape[1])  # 20 copies of 30 drawings
    rows = make_rows(copies, "none")
    tenth, _ = neighbor_distances(rows, 10, 0)
    within = []
    for drawing in range(30):
        own = rows.span(0, 600)[drawing::30].numpy()
        between = np.linalg.norm(own[:, None] - own[None], axis=2)
        within.append(np.sort(between, axis=1)[:, 10])  # place 0 is the row itself
    np.testing.assert_allclose(tenth.reshape(20, 30), np.array(within).T, rtol=1e-4)
    originals, _ = neighbor_distances(make_rows(X[:30], "none"), 10, 0)
    assert tenth.max() < 0.1 * originals.min()


# Trap 10: with batches of one size the marginal is biased; the constraint is judged on all rows.
def test_the_prior_constraint_is_judged_on_all_rows(X):
    model = IMSAT(3, prior_tolerance=0.05, batch_size=20, n_epochs=60, n_init=1, random_state=0)
    model.fit(X)
    shares = model.predict_proba(X).mean(axis=0)
    divergence = float(np.sum(shares * np.log(3 * shares)))
    assert divergence <= 0.05 * np.log(3)
    assert model.balance_ in {1.0, 2.0, 4.0, 6.0, 8.0, 10.0}


def test_exact_duplicates_still_get_a_radius(X):
    model, rows, _ = fitted_parts(np.repeat(X[:10], 12, axis=0))
    [(_, _, term)] = model._phases(rows, 0)[0]
    assert (term.radius > 0).all()
