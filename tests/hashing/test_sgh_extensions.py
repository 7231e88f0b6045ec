"""Scales, pairs and codes of -1 and 1 in stochastic generative hashing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import quantal
from quantal.codes import LinearDecoder, asymmetric_search, pack_bits
from quantal.errors import DataError, ParameterError
from quantal.hashing import SGH
from quantal.objectives import scaled_code_loss
from quantal.training.checkpoint import Checkpoints

ESTIMATORS = ("straight_through_sampled", "straight_through_hard", "finite_difference", "analytic")
CODES = np.array(list(product((0, 1), repeat=5)), np.uint8)


@pytest.fixture(scope="module")
def digit_pairs():
    """3,000 pairs of digits, half of them of one class."""
    y, rng = load_digits().target, np.random.default_rng(0)
    i, j = rng.integers(0, len(y), (2, 60_000))
    keep, alike = i != j, y[i] == y[j]
    chosen = np.r_[np.flatnonzero(keep & alike)[:1500], np.flatnonzero(keep & ~alike)[:1500]]
    return np.c_[i, j, alike][chosen]


def rows_of_many_lengths(n_bits=5):
    """Rows that the scaled model describes: signs of codewords, each at a scale of its own."""
    rng = np.random.default_rng(0)
    scales = np.exp(0.6 * rng.normal(size=(800, n_bits)))
    signs = rng.choice([-1, 1], (800, n_bits))
    return (scales * signs) @ rng.normal(size=(n_bits, 20)) + 0.05 * rng.normal(size=(800, 20))


@pytest.fixture(scope="module", params=["01", "pm1"])
def scaled(request):
    x = rows_of_many_lengths()
    hasher = SGH(5, coding=request.param, scale_invariant=True, learn_prior=True, n_steps=60)
    return hasher.set_params(random_state=0).fit(x), x[:100]


def description_lengths(hasher, x):
    """Loss of every row under every code, (n, 2^l)."""
    network = hasher.network_
    rows = torch.from_numpy(hasher.preparation_(x))
    with torch.no_grad():
        model, scales, z = network.model(), network.scales(rows), network(rows)
        losses = [
            scaled_code_loss(
                rows,
                model.values(torch.from_numpy(code).float().expand_as(z)),
                torch.zeros_like(z),
                scales,
                model,
            )
            for code in CODES
        ]
    return torch.stack(losses, dim=1).numpy(), z


def test_the_objective_with_scales_is_the_mean_over_all_codes(scaled):
    hasher, _ = scaled
    x = rows_of_many_lengths()
    lengths, z = description_lengths(hasher, x)
    log_q = torch.stack(
        [
            -torch.nn.functional.softplus(torch.where(torch.from_numpy(code) > 0, -z, z)).sum(dim=1)
            for code in CODES
        ],
        dim=1,
    ).numpy()
    without = lengths + 5 * np.log(2)  # at logits of 0 each code costs log q = -5 log 2
    mean = (np.exp(log_q) * (without + log_q)).sum(axis=1).mean()
    assert hasher.objective_ == pytest.approx(mean, rel=1e-4)


def test_refined_codes_with_scales_are_near_the_best_of_all(scaled):
    hasher, x = scaled
    lengths, _ = description_lengths(hasher, x)
    number = 1 << np.arange(4, -1, -1)
    reached = [
        lengths[np.arange(100), hasher.transform(x, refine=n) @ number] for n in (0, 1, 2, 50)
    ]
    assert (np.diff(reached, axis=0) <= 1e-3).all()
    assert (reached[-1] >= lengths.min(axis=1) - 1e-3).all()
    assert np.isclose(reached[-1], lengths.min(axis=1), atol=1e-3).mean() > 0.8


def test_rows_of_many_lengths_are_described_shorter_with_scales():
    x = rows_of_many_lengths()
    settings = {"coding": "pm1", "estimator": "analytic", "learning_rate": 0.1, "n_steps": 60}
    settings |= {"batch_size": 200, "random_state": 0}
    plain, scaled = (SGH(5, scale_invariant=s, **settings).fit(x).objective_ for s in (False, True))
    assert scaled < plain - 5


def test_scales_of_no_width_are_the_plain_model(digits):
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(9, 64))).float()
    hasher = SGH(4, scale_invariant=True, scale_deviation=0.3, n_steps=5, random_state=0)
    network = hasher.fit(digits).network_
    with torch.no_grad():
        network.spread_bias.fill_(30.0)
        for parameter in (network.scale_weight, network.scale_bias, network.spread_weight):
            parameter.zero_()
        network.scale_floor.zero_()
        mean, square = network.scales(x).moments()
    torch.testing.assert_close(mean, torch.ones(9, 4))
    torch.testing.assert_close(square, torch.ones(9, 4))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_learns_with_scales_and_pairs(digits, digit_pairs, estimator):
    hasher = SGH(12, estimator=estimator, coding="pm1", scale_invariant=True, n_steps=60)
    hasher.set_params(random_state=0).fit(digits, pairs=digit_pairs)
    history = hasher.history_
    assert set(history) == {"description", "pairs", "total"}
    assert history["pairs"][-1] < history["pairs"][0] - 0.05
    assert hasher.n_pairs_ == 3000
    assert not hasher.collapse_


def agreement(hasher, digits, pairs):
    """Mean Hamming distance of pairs that are not alike, less that of pairs that are."""
    bits = hasher.transform(digits)
    distance = (bits[pairs[:, 0]] != bits[pairs[:, 1]]).sum(axis=1)
    return distance[pairs[:, 2] == 0].mean() - distance[pairs[:, 2] == 1].mean()


@pytest.mark.parametrize("coding", ["01", "pm1"])
def test_pairs_bring_codes_together_and_apart(digits, digit_pairs, coding):
    settings = {"coding": coding, "n_steps": 60, "batch_size": 300, "random_state": 0}
    plain = SGH(12, **settings).fit(digits)
    taught = SGH(12, pair_weight=10, **settings).fit(digits, pairs=digit_pairs)
    assert agreement(taught, digits, digit_pairs) > 1.1 * agreement(plain, digits, digit_pairs)


def test_without_weight_pairs_change_only_how_agreement_is_read(digits, digit_pairs):
    settings = {"estimator": "analytic", "n_steps": 30, "random_state": 0}
    plain = SGH(8, **settings).fit(digits)
    taught = SGH(8, **settings, pair_weight=0).fit(digits, pairs=digit_pairs)
    np.testing.assert_array_equal(taught.transform(digits), plain.transform(digits))
    assert taught.objective_ == pytest.approx(plain.objective_)


def test_the_papers_slope_and_offset_stay_as_given(digits, digit_pairs):
    hasher = SGH(8, coding="pm1", pair_slope=1, pair_offset=0, n_steps=20, random_state=0)
    setting = hasher.fit(digits, pairs=digit_pairs).network_.pair_setting()
    assert (float(setting["slope"]), float(setting["offset"])) == (1.0, 0.0)
    learned = SGH(8, n_steps=20, random_state=0).fit(digits, pairs=digit_pairs)
    assert float(learned.network_.pair_setting()["slope"]) != pytest.approx(0.8165, abs=1e-3)


@pytest.mark.parametrize(("coding", "offset"), [("01", 8.0), ("pm1", 0.0)])
def test_with_a_fixed_slope_random_codes_start_at_even_odds(digits, coding, offset):
    hasher = SGH(32, coding=coding, pair_slope=1, n_steps=1, random_state=0).fit(digits)
    assert hasher.network_.pair_offset.item() == pytest.approx(offset, rel=1e-5)


def test_pairs_are_not_kept_and_two_forms_give_one_model(digits, digit_pairs):
    hasher = SGH(8, n_steps=20, random_state=0)
    first = hasher.fit(digits, pairs=digit_pairs).transform(digits)
    assert not {"_pairs", "_pairs_given"} & set(vars(hasher))
    again = hasher.fit(digits, pairs=tuple(digit_pairs.T)).transform(digits)
    np.testing.assert_array_equal(first, again)
    assert hasher.fit(digits).n_pairs_ == 0


def test_partial_fit_takes_pairs_of_its_own_rows(digits, digit_pairs):
    hasher = SGH(8, random_state=0).partial_fit(digits, pairs=digit_pairs)
    hasher.partial_fit(digits[:50], pairs=[[0, 10, 1], [1, 2, 0]])
    assert hasher.n_pairs_ == 2
    with pytest.raises(DataError, match="row numbers of X from 0 to 49, got 50"):
        hasher.partial_fit(digits[:50], pairs=[[0, 50, 1], [1, 2, 0]])


def test_a_model_with_scales_and_pairs_loads_as_it_was(digits, digit_pairs, tmp_path):
    hasher = SGH(8, coding="pm1", scale_invariant=True, n_steps=20, random_state=0)
    hasher.fit(digits, pairs=digit_pairs).save(tmp_path / "m")
    loaded = quantal.load(tmp_path / "m")
    assert loaded.n_pairs_ == 3000
    np.testing.assert_array_equal(
        loaded.transform(digits, refine=2), hasher.transform(digits, refine=2)
    )
    for name, value in hasher.network_.pair_setting().items():
        assert loaded.network_.pair_setting()[name] == value


def test_a_killed_fit_with_pairs_resumes_to_the_bit_and_with_these_pairs_only(
    digits, digit_pairs, tmp_path, monkeypatch
):
    settings = {"n_bits": 8, "n_steps": 24, "random_state": 0}
    expected = SGH(**settings).fit(digits, pairs=digit_pairs).transform(digits)
    calls = []

    def interrupted(self, run):
        self.write(run)
        calls.append(run)
        if len(calls) == 13:
            raise KeyboardInterrupt

    folder = str(tmp_path / "c")
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "on_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            SGH(**settings, checkpoint=folder).fit(digits, pairs=digit_pairs)
    for others in (None, digit_pairs[1:]):
        with pytest.raises(ParameterError, match="checkpoint"):
            SGH(**settings, checkpoint=folder, resume=True).fit(digits, pairs=others)
    resumed = SGH(**settings, checkpoint=folder, resume=True).fit(digits, pairs=digit_pairs)
    np.testing.assert_array_equal(resumed.transform(digits), expected)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"scale_invariant": "yes"}, "scale_invariant must be one of True, False, got 'yes'"),
        ({"scale_deviation": 0}, r"scale_deviation must be a number in \(0, 2\], got 0"),
        ({"pair_weight": -1}, r"pair_weight must be a number in \[0, inf\), got -1"),
        ({"pair_weight": np.inf}, r"pair_weight must be a number in \[0, inf\), got inf"),
        ({"pair_offset": np.inf}, r"pair_offset must be a number in \(-inf, inf\), got inf"),
        ({"pair_slope": 0}, r"pair_slope must be a number in \(0, inf\), got 0"),
        ({"pair_offset": "auto"}, "pair_offset must be a number in .* got 'auto'"),
        ({"pair_offset": 0}, "pair_offset must be 'learn' or above 0 with coding='01', got 0"),
    ],
)
def test_parameters_out_of_range_are_refused(digits, digit_pairs, parameters, text):
    with pytest.raises(ParameterError, match=text):
        SGH(**parameters).fit(digits, pairs=digit_pairs)


def test_unusable_pairs_are_refused_before_training(digits):
    with pytest.raises(DataError, match="row numbers of X from 0 to 1796, got 1797"):
        SGH(n_steps=10**9).fit(digits, pairs=[[0, 1797, 1], [1, 2, 0]])


def as_signs(hasher):
    """Turn a fitted model of 0 and 1 into the one of -1 and 1 that says the same."""
    network = hasher.network_
    hasher.coding = network.coding = "pm1"
    with torch.no_grad():
        network.offset += network.codewords.sum(dim=0) / 2
        network.codewords /= 2
        network.prior /= 2
    return hasher


def test_both_codings_are_one_model_to_the_deployed_bits(digits):
    hasher = SGH(6, learn_prior=True, n_steps=60, random_state=0).fit(digits)
    before = [hasher.transform(digits, refine=n) for n in (0, 3)]
    decoder, objective = hasher._trained_decoder(), hasher.objective_
    rows = type("Rows", (), {"__len__": lambda _: len(digits)})()
    prepared = torch.from_numpy(hasher.preparation_(digits))
    rows.span, rows.x = (lambda start, stop: prepared[start:stop]), digits
    other = as_signs(hasher)
    other._pairs = None
    assert other._information_value(other.network_, rows) == pytest.approx(objective, rel=1e-5)
    other._fold()
    for refine, bits in zip((0, 3), before, strict=True):
        np.testing.assert_array_equal(other.transform(digits, refine=refine), bits)
    bits = before[0]
    np.testing.assert_allclose(
        other._trained_decoder().decode(bits), decoder.decode(bits), atol=1e-3
    )


def test_inner_products_of_all_codes_rank_as_their_decoded_rows(digits):
    hasher = SGH(5, n_steps=60, random_state=0).fit(digits)
    decoder, queries = LinearDecoder(hasher.offset_, hasher.codewords_), digits[:40]
    rebuilt = hasher.inverse_transform(CODES).astype(float)
    products, order = asymmetric_search(pack_bits(CODES), queries, decoder, 32, "inner_product")
    exact = queries @ rebuilt.T
    np.testing.assert_allclose(products, np.take_along_axis(exact, order, axis=1), rtol=1e-5)
    assert (np.sort(order, axis=1) == np.arange(32)).all()
    assert (np.diff(products, axis=1) <= 0).all()
    # Proposition 7 of the paper: what a code loses of a row bounds what it loses of the product.
    own = rebuilt[hasher.transform(digits) @ (1 << np.arange(4, -1, -1))]
    lost = np.abs(queries @ (digits - own).T)
    lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(digits - own, axis=1)
    assert (lost <= lengths + 1e-6).all()
