"""SGH: its bits, its gradients, its objective."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from quantal.data.preparation import learn_preparation
from quantal.errors import CollapseWarning, ParameterError
from quantal.hashing import ITQ, SGH, RandomHyperplaneHashing
from quantal.hashing.sgh_network import SGHNetwork
from quantal.hashing.sgh_start import prominence, start
from quantal.objectives import generative_loss
from quantal.training.rows import Rows

ESTIMATORS = ("straight_through_sampled", "straight_through_hard", "finite_difference", "analytic")


@pytest.fixture(scope="module")
def fitted(digits):
    return SGH(16, n_steps=400, random_state=0).fit(digits)


def error(x, rebuilt):
    return float(np.square(x - rebuilt).sum(axis=1).mean())


def test_a_bit_is_the_sign_of_its_logit(fitted, digits):
    prepared = torch.from_numpy(fitted.preparation_(digits))
    logits = fitted.network_(prepared).detach().numpy()
    clear = np.abs(logits) > 1e-2  # preparation rounds to 16 bits
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(fitted.transform(digits)[clear], (logits > 0)[clear])


def test_encoding_is_one_product_and_a_threshold(fitted, digits):
    scores = digits.astype(np.float32) @ fitted.directions_
    clear = np.abs(scores - fitted.thresholds_) > 1e-3
    expected = (scores > fitted.thresholds_)[clear]
    np.testing.assert_array_equal(fitted.transform(digits)[clear], expected)


def test_reconstructions_are_the_least_squares_fit_of_the_deployed_bits(fitted, digits):
    bits = fitted.transform(digits)
    design = np.c_[bits, np.ones(len(bits))]
    expected = design @ np.linalg.lstsq(design, digits, rcond=None)[0]
    np.testing.assert_allclose(fitted.inverse_transform(bits), expected, atol=1e-3)
    assert fitted.reconstruction_error(digits) == pytest.approx(error(digits, expected), rel=1e-5)


def test_the_trained_decoder_is_in_the_unit_and_order_of_the_rows(fitted, digits):
    bits = fitted.transform(digits)
    trained = error(digits, fitted._trained_decoder().decode(bits))
    best = fitted.reconstruction_error(digits)
    assert best <= trained < 1.1 * best


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_learns_better_bits_than_random_ones(digits, estimator):
    hasher = SGH(16, estimator=estimator, n_steps=150, random_state=0).fit(digits)
    random = RandomHyperplaneHashing(16, random_state=0).fit(digits)
    from quantal.codes import fit_decoder

    bits = random.transform(digits)
    baseline = error(digits, fit_decoder(digits, bits).decode(bits))
    assert hasher.reconstruction_error(digits) < 0.9 * baseline
    assert not hasher.collapse_


@pytest.fixture(scope="module")
def even_rows():
    """Rows among whose directions none stands out: the noise is nearly as large as a codeword."""
    return np.random.default_rng(0).normal(size=(2000, 12)).astype(np.float32)


def test_bits_that_the_biased_gradient_leaves_undecided_are_told_with_the_remedy(even_rows):
    with pytest.warns(CollapseWarning, match="not decided.*estimator='straight_through_hard'"):
        biased = SGH(24, estimator="straight_through_sampled", n_steps=1000, random_state=0).fit(
            even_rows
        )
    assert [finding.kind for finding in biased.collapse_] == ["undecided bits"]
    hard = SGH(24, estimator="straight_through_hard", n_steps=1000, random_state=0).fit(even_rows)
    assert hard.reconstruction_error(even_rows) < 0.9 * biased.reconstruction_error(even_rows)


def test_auto_takes_the_hard_gradient_only_where_no_direction_stands_out(even_rows, fitted):
    assert (fitted.estimator, fitted.estimator_) == ("auto", "straight_through_sampled")
    hasher = SGH(24, n_steps=30, random_state=0).fit(even_rows)
    named = SGH(24, n_steps=30, random_state=0, estimator=hasher.estimator_).fit(even_rows)
    assert hasher.estimator_ == "straight_through_hard"
    np.testing.assert_array_equal(hasher.directions_, named.directions_)
    assert not hasher.collapse_


def test_auto_keeps_the_papers_gradient_where_directions_start_at_random(even_rows):
    hasher = SGH(24, init="random", n_steps=5, random_state=0).fit(even_rows)
    assert hasher.estimator_ == "straight_through_sampled"


def test_the_prominence_of_full_rank_gaussian_rows_is_that_of_one_bit_quantizers():
    # A bit of each column: (8 / pi) of its variance between the points, 1 - 2 / pi left as noise.
    rows = np.random.default_rng(1).normal(size=(8000, 6)).astype(np.float32)
    read = Rows(rows, learn_preparation(rows, "none"), torch.device("cpu"))
    for coding in ("01", "pm1"):
        network = SGHNetwork(6, 6, coding, learn_prior=False, learn_deviation=True,
                             generator=torch.Generator().manual_seed(0))  # fmt: skip
        start(network, read, 0, "pca", "least_squares")
        expected = (8 / np.pi) / (1 - 2 / np.pi)
        assert prominence(network) == pytest.approx(expected, rel=0.05)


def test_a_short_fit_comes_near_itq_in_reconstruction_and_recall(fitted, digits, digits_task):
    itq = ITQ(16, random_state=0).fit(digits)
    theirs = error(digits, itq.inverse_transform(itq.transform(digits)))
    assert fitted.reconstruction_error(digits) < 1.12 * theirs  # 900 steps: 1.05
    assert digits_task.recall(fitted) > digits_task.recall(itq) - 0.05


@pytest.mark.parametrize(
    ("init", "decoder_init", "coding"),
    [("random", "least_squares", "pm1"), ("pca", "small", "01"), ("random", "small", "01")],
)
def test_every_start_and_coding_learns_bits_of_about_one_quality(
    fitted, digits, init, decoder_init, coding
):
    start = {"init": init, "decoder_init": decoder_init, "coding": coding}
    hasher = SGH(16, **start, n_steps=200, random_state=0).fit(digits)
    assert hasher.reconstruction_error(digits) < 1.15 * fitted.reconstruction_error(digits)


def test_prior_and_noise_are_learned_or_left(digits):
    learned = SGH(8, learn_prior=True, n_steps=100, random_state=0).fit(digits)
    assert learned.network_.prior.abs().max() > 0.01
    fixed = SGH(8, deviation=0.5, n_steps=30, random_state=0).fit(digits)
    assert fixed.deviation_ == pytest.approx(0.5, rel=1e-2)
    assert (fixed.network_.prior == 0).all()
    assert 0.3 < learned.deviation_ < 1.0


def description_lengths(hasher, x, codes):
    """-log p(x, h) of rows and codes by the deployed decoder, but for a constant, (n, 2^l)."""
    unit = hasher.preparation_.unit[0]
    rebuilt = hasher.inverse_transform(codes).astype(float)
    far = np.square((x[:, None] - rebuilt) / unit).sum(axis=2)
    odds = hasher.network_.prior.detach().numpy()
    return far / (2 * hasher.deviation_**2) - codes @ odds


@pytest.mark.parametrize("learn_prior", [False, True])
def test_refined_codes_describe_their_rows_better_and_near_the_best_of_all(digits, learn_prior):
    hasher = SGH(6, learn_prior=learn_prior, n_steps=150, random_state=0).fit(digits)
    x = digits[:200]
    codes = np.array(list(product((0, 1), repeat=6)), np.uint8)
    lengths = description_lengths(hasher, x, codes)
    number = 1 << np.arange(5, -1, -1)
    reached = [
        lengths[np.arange(200), hasher.transform(x, refine=n) @ number] for n in (0, 1, 2, 50)
    ]
    assert (np.diff(reached, axis=0) <= 1e-3).all()
    assert (reached[-1] >= lengths.min(axis=1) - 1e-3).all()
    assert np.isclose(reached[-1], lengths.min(axis=1), atol=1e-3).mean() > 0.8


def test_refining_lowers_the_error_and_packs_alike(fitted, digits):
    refined = fitted.reconstruction_error(digits, refine=5)
    assert refined < 0.97 * fitted.reconstruction_error(digits)
    bits = fitted.transform(digits, refine=5)
    assert error(digits, fitted.inverse_transform(bits)) == pytest.approx(refined, rel=1e-5)
    packed = np.packbits(bits, axis=1, bitorder="little")
    np.testing.assert_array_equal(fitted.encode(digits, refine=5), packed)
    with pytest.raises(ParameterError, match=r"refine must be an integer in \[0, 1000\], got -1"):
        fitted.encode(digits, refine=-1)


def test_the_objective_is_the_mean_description_length(fitted, digits):
    model = fitted.network_.model()
    x = torch.from_numpy(fitted.preparation_(digits))
    logits = fitted.network_(x)
    bits = torch.bernoulli(logits.sigmoid(), generator=torch.Generator().manual_seed(0))
    drawn = generative_loss(x, bits, logits, model).mean().item()
    assert fitted.objective_ == pytest.approx(drawn, abs=0.5)


def test_rows_far_from_the_origin_and_of_another_scale_give_the_same_bits(digits):
    near = SGH(16, n_steps=60, random_state=0).fit(digits)
    far = SGH(16, n_steps=60, random_state=0).fit(1e3 * digits + 1e8)
    same = far.transform(1e3 * digits + 1e8) == near.transform(digits)
    assert same.mean() > 0.99


def test_more_bits_than_columns_are_fine(digits):
    hasher = SGH(24, init="itq", n_steps=30, random_state=0).fit(digits[:, :20])
    assert hasher.transform(digits[:5, :20]).shape == (5, 24)


def test_a_budget_smaller_than_the_data_trains_on_a_sample(digits):
    hasher = SGH(8, n_steps=4, batch_size=50, random_state=0).fit(digits)
    assert hasher.n_iter_ == 1  # one pass over 200 rows
    rows = type("Rows", (), {"__len__": lambda _: 1797})()
    chosen = hasher._chosen(rows, 0)
    assert len(np.unique(chosen)) == 200
    assert hasher._plan(rows, 0).n_steps == 4
    assert SGH(8, n_steps=36, batch_size=500)._plan(rows, 0).n_steps == 36


def test_sixty_four_bits_find_neighbours_among_mnist_test_images(mnist_task):
    hasher = SGH(64, random_state=0).fit(mnist_task.gallery)
    assert mnist_task.recall(hasher) >= 0.92
    assert hasher.reconstruction_error(mnist_task.gallery) / 2 / 255**2 <= 8.8
