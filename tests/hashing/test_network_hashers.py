"""What the hashers with a network promise beyond the common contract."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits

import quantal
from quantal.errors import CollapseWarning, NonFiniteLossError, ParameterError
from quantal.hashing import DeepHash, IMSATHash, RIMHash
from quantal.training.checkpoint import Checkpoints
from quantal.training.rows import Rows

SMALL = {"n_bits": 8, "n_epochs": 3, "batch_size": 64, "random_state": 0}
HASHERS = [
    IMSATHash(**SMALL, hidden_layer_sizes=(16, 16)),
    RIMHash(**SMALL),
    RIMHash(**SMALL, hidden_layer_sizes=(16,)),
    DeepHash(**SMALL, hidden_layer_sizes=(16,)),
]
each = pytest.mark.parametrize("hasher", HASHERS, ids=["imsat", "rim", "deep rim", "deep hash"])
quietly = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:400]


@quietly
@each
def test_a_bit_is_one_where_its_probability_exceeds_a_half(hasher, X):
    p = clone(hasher).fit(X).bit_probabilities(X)
    assert (p.shape, p.dtype) == ((400, 8), np.float32)
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_array_equal(clone(hasher).fit(X).transform(X), p > 0.5)


@quietly
@each
def test_the_figures_of_the_fit_are_those_of_its_bits(hasher, X):
    model = clone(hasher).fit(X)
    bits, p = model.transform(X), model.bit_probabilities(X).astype(np.float64)
    np.testing.assert_allclose(model.bit_means_, bits.mean(axis=0))
    mean = p.mean(axis=0)
    entropy = -(mean * np.log(mean) + (1 - mean) * np.log(1 - mean)).sum()
    assert model.marginal_entropy_ == pytest.approx(entropy, abs=1e-4)
    assert model.redundancy_ >= 0


@quietly
@each
def test_every_epoch_is_in_the_history(hasher, X):
    model = clone(hasher).fit(X)
    assert {len(values) for values in model.history_.values()} == {3}
    assert model.n_iter_ == 3
    assert "total" in model.history_


@quietly
@each
def test_partial_fit_goes_on_where_it_stopped(hasher, X):
    model = clone(hasher)
    if "trade_off" in model.get_params():
        model.set_params(trade_off=1.0)  # so that the information falls from the first pass on
    for _ in range(15):
        model.partial_fit(X)
    total = model.history_["total"]
    assert len(total) == model.n_iter_ == 15
    assert np.mean(total[-3:]) < np.mean(total[:3])
    assert model.partial_fit(X[:3]).encode(X).shape == (400, 1)


class Stop(Exception):
    pass


@quietly
@each
def test_a_stopped_and_resumed_fit_equals_an_uninterrupted_one(hasher, X, tmp_path, monkeypatch):
    model = clone(hasher).set_params(n_init=2)
    whole = clone(model).fit(X)
    stored = clone(model).set_params(checkpoint=str(tmp_path), checkpoint_every=0)
    write, written = Checkpoints.write, []

    def write_and_stop(self, run):
        write(self, run)
        written.append(1)
        if len(written) == 25:  # in the second restart, in the middle of an epoch
            raise Stop

    monkeypatch.setattr(Checkpoints, "write", write_and_stop)
    with pytest.raises(Stop):
        stored.fit(X)
    monkeypatch.undo()
    resumed = clone(model).set_params(checkpoint=str(tmp_path), resume=True).fit(X)
    assert resumed.history_ == whole.history_
    np.testing.assert_array_equal(resumed.bit_probabilities(X), whole.bit_probabilities(X))
    assert not any(tmp_path.parent.glob(f"{tmp_path.name}/step-*"))


@quietly
@each
@pytest.mark.parametrize("n_bits", [1, 7, 130])
def test_codes_have_any_width(hasher, X, n_bits):
    model = clone(hasher).set_params(n_bits=n_bits, n_epochs=1).fit(X[:100])
    assert model.encode(X[:5]).shape == (5, -(-n_bits // 8))


@quietly
@each
def test_the_loaded_model_trains_on(hasher, X, tmp_path):
    clone(hasher).fit(X).save(tmp_path / "m")
    loaded = quantal.load(tmp_path / "m")
    before = loaded.bit_probabilities(X)
    assert loaded.partial_fit(X).n_iter_ == 4
    assert not np.array_equal(loaded.bit_probabilities(X), before)


@quietly
@pytest.mark.parametrize("cls", [IMSATHash, RIMHash, DeepHash])
@pytest.mark.parametrize("change", ["factor", "shift", "order"])
def test_multiplied_shifted_and_permuted_columns_give_the_same_bits(cls, change, X):
    order = np.random.default_rng(0).permutation(64)
    changed = {"factor": 255 * X, "shift": X - 40, "order": X[:, order]}[change]
    hasher = cls(8, n_epochs=3, hidden_layer_sizes=(16,), random_state=0)
    np.testing.assert_array_equal(
        clone(hasher).fit(changed).transform(changed), clone(hasher).fit(X).transform(X)
    )


@pytest.mark.parametrize(
    ("hasher", "text"),
    [
        (IMSATHash(alpha=0), r"alpha must be a number in \(0, inf\)"),
        (IMSATHash(units="pixels"), "units must be one of 'neighbors', 'absolute'"),
        (IMSATHash(augmentation="vatt"), r"augmentation must be one of .*Did you mean 'vat'\?"),
        (IMSATHash(trade_off=-1), r"trade_off must be a number in \(0, inf\), got -1"),
        (IMSATHash(image_shape=(8, 9), augmentation="affine"), r"image_shape must be \(h, w\)"),
        (RIMHash(trade_off=0), r"trade_off must be a number in \(0, inf\), got 0"),
        (RIMHash(weight_decay=-1), r"weight_decay must be a number in \[0, inf\), got -1"),
        (RIMHash(learning_rate=0), r"learning_rate must be a number in \(0, inf\)"),
        (DeepHash(variance=-1), r"variance must be a number in \[0, inf\), got -1"),
        (DeepHash(init="pca"), "init must be one of 'principal', 'random', got 'pca'"),
        (DeepHash(patience=0), r"patience must be an integer in \[1, inf\), got 0"),
    ],
)
def test_wrong_parameters_are_refused_at_fit(hasher, text, X):
    with pytest.raises(ParameterError, match=text):
        hasher.fit(X)


@quietly
def test_constant_bits_are_found(X):
    hasher = DeepHash(16, n_epochs=1, random_state=0).fit(X)
    with torch.no_grad():
        hasher.network_.biases[-1][[2, 9]] = torch.tensor([30.0, -30.0])
    hasher._conclude(Rows(X, hasher.preparation_, hasher._device))
    assert hasher.bit_means_[[2, 9]].tolist() == [1.0, 0.0]
    assert [finding.kind for finding in hasher.collapse_] == ["constant bits"]
    assert "2 of 16 bits are constant" in hasher.collapse_[0].message
    assert hasher.collapse_[0].message.endswith("raise variance, or train longer (n_epochs).")


def test_undecided_bits_are_a_warning_that_names_its_remedy(X):
    with pytest.warns(CollapseWarning, match=r"bits are not decided.*Train longer"):
        IMSATHash(8, alpha=20, n_epochs=3, random_state=0).fit(X)


def test_a_fit_whose_bits_all_live_warns_of_nothing(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hasher = RIMHash(
            8, hidden_layer_sizes=(64,), n_epochs=60, batch_size=50, random_state=0
        ).fit(X)
    assert hasher.collapse_ == []


@quietly
def test_the_terms_of_a_list_of_augmentations_are_named_in_the_history(X):
    def identity(rows, generator):
        return rows

    model = IMSATHash(
        4, augmentation=[("vat", 1.0), ("rpt", 0.5), (identity, 2.0)], n_epochs=2, random_state=0
    ).fit(X)
    history = model.history_
    assert {"vat", "rpt", "view 2 (identity)", "redundancy", "penalty"} <= set(history)
    expected = np.add(history["vat"], 0.5 * np.array(history["rpt"]))
    np.testing.assert_allclose(history["penalty"], expected, atol=1e-6)


@quietly
def test_images_may_be_moved(X):
    model = IMSATHash(8, augmentation="vat+affine", n_epochs=1, random_state=0)
    assert model.fit(X.reshape(-1, 8, 8)).image_shape_ == (8, 8)
    assert {"vat", "affine"} <= set(model.history_)


@quietly
def test_a_broken_loss_stops_the_run_and_names_the_term(X):
    def infinite(rows, generator):
        return rows * float("inf")

    with pytest.raises(NonFiniteLossError, match=r"term .*view 0 .infinite.*at step 1"):
        IMSATHash(4, augmentation=infinite, scaling="none", n_epochs=1, random_state=0).fit(X)


@quietly
@pytest.mark.parametrize("cls", [IMSATHash, DeepHash])
def test_bfloat16_products_give_nearly_the_bits_of_float32_ones(cls, X):
    fits = [
        cls(8, hidden_layer_sizes=(32,), n_epochs=1, precision=name, random_state=0).fit(X)
        for name in ("float32", "bfloat16")
    ]
    assert fits[1]._dtype == torch.bfloat16
    agreeing = (fits[0].transform(X) == fits[1].transform(X)).mean()
    assert agreeing > 0.9


@quietly
def test_the_restart_with_the_lowest_objective_is_kept(X):
    several = RIMHash(8, n_epochs=5, n_init=3, random_state=0).fit(X)
    assert several.objective_ <= RIMHash(8, n_epochs=5, n_init=1, random_state=0).fit(X).objective_


def test_imsat_finds_bits_that_hold_the_digits_apart():
    X, y = (part[:600] for part in load_digits(return_X_y=True))
    hasher = IMSATHash(16, hidden_layer_sizes=(64, 64), n_epochs=20, batch_size=50, random_state=0)
    bits = hasher.fit(X).transform(X).astype(int)
    distance = (bits[:200, None] != bits[None, :200]).sum(axis=2)
    same = y[:200, None] == y[None, :200]
    assert distance[same].mean() + 3 < distance[~same].mean()
