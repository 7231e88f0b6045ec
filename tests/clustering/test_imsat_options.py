"""What each option of the estimators does, on data where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import adjusted_rand_score

from quantal import load
from quantal.clustering import IMSAT, RIM
from quantal.errors import (
    CollapseWarning,
    DataError,
    FileFormatError,
    NonFiniteLossError,
    ParameterError,
    ScaleWarning,
)
from quantal.estimators import radius

QUICK = {"n_init": 1, "n_epochs": 2, "hidden_layer_sizes": (16,), "random_state": 0}
quietly = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


def blobs(sizes, seed=0, spread=0.5):
    return make_blobs(list(sizes), n_features=8, cluster_std=spread, random_state=seed)


def test_a_prior_vector_recovers_unequal_clusters():
    X, y = blobs((300, 60, 40), seed=4)
    model = IMSAT(3, prior=[0.75, 0.15, 0.1], random_state=0).fit(X)
    assert adjusted_rand_score(y, model.labels_) > 0.95
    assert list(model.cluster_sizes_) == sorted(model.cluster_sizes_, reverse=True)


def test_no_prior_is_plain_mutual_information():
    X, _ = blobs((60, 60))
    with_none = RIM(2, prior=None, balance=7.0, random_state=0, n_init=1).fit(X)
    plain = RIM(2, prior="uniform", balance=1.0, random_state=0, n_init=1).fit(X)
    assert with_none.history_["total"] == plain.history_["total"]


def test_the_ladder_stops_at_the_first_balance_that_meets_the_tolerance():
    X, _ = blobs((100, 100, 100))
    model = IMSAT(3, prior_tolerance=0.05, random_state=0, n_init=1).fit(X)
    assert model.balance_ == 1.0
    shares = model.cluster_sizes_ / len(X)
    assert np.sum(shares * np.log(shares * 3)) <= 0.05 * np.log(3)


@quietly
def test_the_ladder_climbs_and_says_when_it_fails(monkeypatch):
    monkeypatch.setattr("quantal.clustering.network_clusterer.MAX_RUNGS", 3)
    X, _ = blobs((100, 100, 100))
    model = IMSAT(3, prior_tolerance=0.0, **QUICK)
    with pytest.warns(CollapseWarning, match="up to balance 4. Raise prior_tolerance"):
        model.fit(X)
    assert model.balance_ == 4.0  # 1, 2, 4


@quietly
def test_terms_and_weights_of_a_list_add_up():
    X = load_digits().data[:200]

    def mirrored(rows, generator):
        return rows.flip(1)

    model = IMSAT(4, augmentation=[("vat", 0.7), (mirrored, 0.3)], **QUICK).fit(X)
    h = model.history_
    view = next(name for name in h if "mirrored" in name)
    for vat, flip, total in zip(h["vat"], h[view], h["penalty"], strict=True):
        assert 0.7 * vat + 0.3 * flip == pytest.approx(total, rel=1e-5)


@quietly
def test_a_callable_gets_rows_in_the_units_of_the_data():
    X = load_digits().data[:200] + 100
    seen = []

    def note(rows, generator):
        seen.append((float(rows.min()), float(rows.max())))
        return rows

    IMSAT(4, augmentation=note, **QUICK).fit(X)
    assert min(low for low, _ in seen) == 100
    assert max(high for _, high in seen) == 116


@quietly
def test_affine_takes_images_or_an_image_shape():
    images = load_digits().images[:200]
    first = IMSAT(4, augmentation="affine", **QUICK).fit(images)
    second = IMSAT(4, augmentation="affine", image_shape=(8, 8), **QUICK).fit(
        images.reshape(200, 64)
    )
    assert first.history_ == second.history_


def test_an_augmentation_that_returns_nothing_is_told_what_to_return():
    X, _ = blobs((30, 30))
    with pytest.raises(ParameterError, match=r"returned NoneType, not a tensor; .* must return"):
        IMSAT(2, augmentation=lambda rows, generator: None, **QUICK).fit(X)


@pytest.mark.parametrize("shape", ["x", 8, (-8, -8), (4, 4)])
def test_an_image_shape_of_another_form_is_refused(shape):
    X = load_digits().data[:30]
    with pytest.raises(ParameterError, match=r"image_shape must be \(h, w\) with h \* w = 64"):
        IMSAT(2, augmentation="affine", image_shape=shape, **QUICK).fit(X)


def test_affine_on_vectors_says_what_to_pass():
    with pytest.raises(ParameterError, match=r"rows are vectors.*image_shape=\(h, w\)"):
        IMSAT(4, augmentation="affine", **QUICK).fit(load_digits().data[:200])


def test_an_unknown_augmentation_is_refused_with_a_suggestion():
    with pytest.raises(ParameterError, match="Did you mean 'affine'"):
        IMSAT(2, augmentation="afine").fit(load_digits().data[:50])


@quietly
def test_radii_come_from_a_seeded_sample_of_large_data(monkeypatch):
    monkeypatch.setattr(radius, "EXACT_ROWS", 500)
    monkeypatch.setattr(radius, "SAMPLE_ROWS", 400)
    X = load_digits().data[:1200]
    first = IMSAT(4, **QUICK).fit(X)
    assert first.n_compared_ == 400
    assert first.history_ == IMSAT(4, **QUICK).fit(X).history_


def test_a_sampled_row_is_not_its_own_neighbour(monkeypatch):
    monkeypatch.setattr(radius, "EXACT_ROWS", 10)
    monkeypatch.setattr(radius, "SAMPLE_ROWS", 50)
    from quantal.data.preparation import learn_preparation
    from quantal.training.rows import Rows

    X = np.random.default_rng(0).normal(size=(100, 3))
    distances, compared = radius.neighbor_distances(
        Rows(X, learn_preparation(X, "none"), torch.device("cpu")), 1, seed=0
    )
    assert compared == 50
    assert distances.min() > 0


@quietly
def test_duplicates_do_not_switch_the_perturbation_off():
    X = np.repeat(np.eye(4), 50, axis=0)
    model = IMSAT(4, random_state=0).fit(X)
    assert len(set(map(tuple, np.column_stack([X, model.labels_])))) == 4


def test_a_breakdown_names_step_and_term():
    def broken(rows, generator):
        return rows * float("nan")

    with pytest.raises(NonFiniteLossError, match=r"term 'view 0 \(broken\)' became nan at step 1"):
        IMSAT(2, augmentation=broken, **QUICK).fit(load_digits().data[:50])


def test_partial_fit_improves_the_objective_and_keeps_the_scaling():
    X = load_digits().data
    model = IMSAT(10, batch_size=60, alpha=0.25, random_state=0)
    for _ in range(30):
        model.partial_fit(X)
    center = model.preparation_.center.copy()
    model.partial_fit(X[:100] + 1)
    np.testing.assert_array_equal(center, model.preparation_.center)
    assert model.history_["total"][29] < 0.8 * model.history_["total"][0]
    assert model.n_iter_ == 31


@quietly
def test_the_figures_after_partial_fit_are_of_its_rows():
    X, _ = blobs((30, 30))
    model = IMSAT(2, **QUICK).fit(X).partial_fit(X[:40])
    np.testing.assert_array_equal(model.cluster_sizes_, np.bincount(model.labels_, minlength=2))
    assert model.cluster_sizes_.sum() == 40


@quietly
def test_partial_fit_goes_on_with_the_balance_that_the_ladder_found(monkeypatch):
    monkeypatch.setattr("quantal.clustering.network_clusterer.MAX_RUNGS", 3)
    X, _ = blobs((30, 30))
    model = IMSAT(2, prior_tolerance=0.0, balance=9.0, **QUICK).fit(X).partial_fit(X)
    assert model.balance_ == 4.0


@quietly
def test_one_row_has_no_neighbour_to_measure_a_radius_to():
    X, _ = blobs((30, 30))
    with pytest.raises(DataError, match=r"only 1 row, .* Pass at least 2 rows"):
        IMSAT(2, **QUICK).fit(X).partial_fit(X[:1])


@quietly
def test_patience_stops_early():
    X = load_digits().data[:300]
    model = RIM(3, n_epochs=400, patience=2, learning_rate=0.05, n_init=1, random_state=0).fit(X)
    assert model.n_iter_ < 400


@quietly
def test_a_loaded_model_predicts_the_same_and_continues(tmp_path):
    X = load_digits().data[:300]
    model = IMSAT(4, augmentation=lambda rows, generator: rows, **QUICK).fit(X)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert again.partial_fit  # trains on; but the callable was not saved
    with pytest.raises(ParameterError, match="a callable that was not saved"):
        again.partial_fit(X)


def test_a_model_whose_parts_disagree_is_refused(tmp_path):
    import hashlib
    import json

    X, _ = blobs((40, 40))
    RIM(2, n_init=1, random_state=0).fit(X).save(tmp_path / "m")
    config = json.loads((tmp_path / "m/config.json").read_text())
    config["n_features"] = 9
    (tmp_path / "m/config.json").write_text(json.dumps(config))
    manifest = json.loads((tmp_path / "m/manifest.json").read_text())
    payload = (tmp_path / "m/config.json").read_bytes()
    manifest["sha256"]["config.json"] = hashlib.sha256(payload).hexdigest()
    (tmp_path / "m/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match="parts do not fit together"):
        load(tmp_path / "m")


def test_new_images_must_have_the_size_of_the_old_ones():
    with pytest.raises(DataError, match=r"images of shape \(4, 16\).*fitted on \(8, 8\)"):
        model = RIM(2, n_epochs=1, n_init=1, random_state=0)
        images = load_digits().images[:50]
        with pytest.warns(CollapseWarning):
            model.fit(images)
        model.predict(images.reshape(50, 4, 16))


def test_saving_over_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("precious")
    X, _ = blobs((40, 40))
    model = RIM(2, n_init=1, random_state=0).fit(X)
    with pytest.raises(ParameterError, match="is not a quantal model"):
        model.save(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "precious"


def test_distances_of_rows_that_are_not_held_are_the_same(monkeypatch):
    from quantal.data.preparation import learn_preparation
    from quantal.training import rows as rows_module

    X = load_digits().data[:300]
    preparation = learn_preparation(X, "global")
    device = torch.device("cpu")
    held, _ = radius.neighbor_distances(rows_module.Rows(X, preparation, device), 10, seed=0)
    monkeypatch.setattr(rows_module, "HELD_BYTES", 0)
    streamed, compared = radius.neighbor_distances(
        rows_module.Rows(X, preparation, device), 10, seed=0
    )
    assert compared == 300
    np.testing.assert_allclose(held, streamed, rtol=1e-4)


@quietly
def test_a_column_that_decides_alone_is_pointed_out():
    X = np.column_stack([np.arange(100) * 1e5, np.tile([0.0, 1.0], 50)])
    with pytest.warns(ScaleWarning, match=r"Column 0 holds 100.0 %.*scaling='columns'"):
        IMSAT(2, **QUICK).fit(X)


@quietly
def test_a_path_is_opened_and_new_data_are_read_alike(tmp_path):
    posts = ["apple pear plum", "pear plum apple", "wheel brake gear", "gear wheel brake"] * 10
    (tmp_path / "posts.txt").write_text("\n".join(posts))
    (tmp_path / "new.txt").write_text("plum pear unknown\nbrake")
    model = RIM(2, random_state=0).fit(str(tmp_path / "posts.txt"))
    fruit, car = model.predict(tmp_path / "new.txt")
    assert fruit == model.labels_[0]
    assert car == model.labels_[2]


@pytest.mark.parametrize("estimator", [RIM(2, trade_off="auto"), IMSAT(2, trade_off=0)])
def test_a_trade_off_that_is_no_weight_is_refused(estimator):
    with pytest.raises(ParameterError, match=r"trade_off must be a number in \(0, inf\), got"):
        estimator.fit(load_digits().data[:50])


def test_a_tolerance_without_a_prior_is_refused():
    with pytest.raises(ParameterError, match=r"prior is None. Pass prior='uniform' or shares"):
        RIM(2, prior=None, prior_tolerance=0.1).fit(load_digits().data[:50])
