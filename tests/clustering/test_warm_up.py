"""A fit of IMSAT whose first passes have another augmentation than the rest."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import quantal
from quantal.clustering import IMSAT
from quantal.errors import ParameterError

QUICK = {"n_init": 1, "hidden_layer_sizes": (16,), "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


@pytest.fixture(scope="module")
def images():
    return load_digits().images[:300].astype(np.float32)


def fitted(images, **settings):
    return IMSAT(5, **{**QUICK, **settings}).fit(images)


def test_the_first_passes_have_the_warm_ups_term_and_the_others_their_own(images):
    both = fitted(images, warm_up="affine", warm_up_epochs=2, n_epochs=5).history_
    alone = fitted(images, augmentation="affine", n_epochs=5).history_
    assert both["affine"][:2] == alone["affine"][:2]
    assert both["total"][:2] == alone["total"][:2]
    assert both["vat"][:2] == [0.0, 0.0] and min(both["vat"][2:]) > 0
    assert both["affine"][2:] == [0.0, 0.0, 0.0]
    assert both["penalty"] == [sum(pair) for pair in zip(both["affine"], both["vat"], strict=True)]


def test_two_functions_of_one_name_are_two_terms(images):
    near, far = (lambda rows, generator, most=most: rows.clamp(max=most) for most in (12, 4))
    both = fitted(images, augmentation=near, warm_up=far, warm_up_epochs=2, n_epochs=5).history_
    alone = fitted(images, augmentation=far, n_epochs=5).history_
    assert both["view 0 (<lambda>) of warm_up"][:2] == alone["view 0 (<lambda>)"][:2]
    assert both["view 0 (<lambda>) of warm_up"][2:] == [0.0, 0.0, 0.0]
    assert both["view 0 (<lambda>)"][:2] == [0.0, 0.0] and min(both["view 0 (<lambda>)"][2:]) > 0


def test_to_warm_up_by_the_augmentation_itself_changes_nothing(images):
    plain = fitted(images, n_epochs=4)
    warmed = fitted(images, warm_up="vat", warm_up_epochs=2, n_epochs=4)
    assert warmed.history_ == plain.history_
    np.testing.assert_array_equal(warmed.labels_, plain.labels_)


@pytest.mark.parametrize(("n_epochs", "n_first"), [(2, 1), (9, 3), (40, 5)])
def test_auto_warms_up_for_a_third_of_the_epochs_and_at_most_five(images, n_epochs, n_first):
    history = fitted(images[:60], warm_up="rpt", n_epochs=n_epochs).history_
    assert np.count_nonzero(history["rpt"]) == n_first


@pytest.mark.parametrize("ladder", [None, 0.0])
def test_starts_go_with_restarts_and_the_ladder(images, ladder, monkeypatch):
    monkeypatch.setattr("quantal.clustering.network_clusterer.MAX_RUNGS", 2)
    settings = {"warm_up": "affine", "warm_up_starts": 2, "n_epochs": 3, "n_init": 2}
    model = fitted(images[:60], **settings, prior_tolerance=ladder)
    assert len(model.history_["total"]) == 3


def test_neighbours_are_searched_once_for_both(images, monkeypatch):
    from quantal.estimators import augmented

    calls = []
    search = augmented.neighbor_distances
    monkeypatch.setattr(
        augmented, "neighbor_distances", lambda *given: calls.append(0) or search(*given)
    )
    fitted(images, warm_up="rpt", warm_up_epochs=1, n_epochs=2)
    assert len(calls) == 1


def test_passes_of_partial_fit_do_not_warm_up(images):
    settings = {**QUICK, "warm_up": "affine", "warm_up_epochs": 2}
    first, after = IMSAT(5, **settings), fitted(images, **settings, n_epochs=3)
    for model in (first, after):
        model.partial_fit(images)
        assert model.history_["vat"][-1] > 0
    assert "affine" not in first.history_


@pytest.mark.parametrize("starts", [1, 3])
def test_a_resumed_fit_knows_which_pass_it_is_in(images, tmp_path, starts):
    class Stopped(Exception):
        pass

    calls = []

    def view(rows, generator):
        calls.append(0)
        if len(calls) == 5:
            raise Stopped
        return rows + torch.rand(rows.shape, generator=generator)

    settings = {"warm_up": "rpt", "warm_up_epochs": 2, "warm_up_starts": starts}
    settings |= {"augmentation": view, "n_epochs": 5, "batch_size": 100}
    kept = {"checkpoint": str(tmp_path), "checkpoint_every": 0.0}
    with pytest.raises(Stopped):
        fitted(images, **settings, **kept)
    resumed = fitted(images, **settings, **kept, resume=True)
    whole = fitted(images, **settings)
    assert resumed.history_ == whole.history_ and len(whole.history_["total"]) == 5
    np.testing.assert_array_equal(resumed.labels_, whole.labels_)


@pytest.fixture
def shown(monkeypatch):
    """Which step of how many the bar was told, step by step."""
    from quantal.training import ProgressBar

    steps = []
    monkeypatch.setattr(
        ProgressBar,
        "on_step",
        lambda bar, run: steps.append((bar.steps_before + run.progress.step, bar._n_steps)),
    )
    return steps


@pytest.mark.parametrize("starts", [1, 3])
def test_the_bar_counts_the_warm_ups_of_all_starts(images, shown, starts):
    settings = {"warm_up": "rpt", "warm_up_epochs": 2, "warm_up_starts": starts}
    fitted(images, **settings, n_init=2, n_epochs=5, batch_size=100)
    total = 2 * (5 + 2 * (starts - 1)) * 3  # restarts, passes, steps of a pass
    assert shown == [(step, total) for step in range(1, total + 1)]


# An attempt takes 12 steps for two starts more and 15 of its own; 28 is the first of the second.
@pytest.mark.parametrize(("stopped_at", "first"), [(20, 20), (30, 28)])
def test_the_bar_of_a_resumed_fit_knows_the_warm_ups_behind(
    images, shown, tmp_path, stopped_at, first
):
    class Stopped(Exception):
        pass

    def stop(bar, run):
        if bar.steps_before + run.progress.step == stopped_at:
            raise Stopped

    settings = {"warm_up": "rpt", "warm_up_epochs": 2, "warm_up_starts": 3, "n_init": 2}
    settings |= {"n_epochs": 5, "batch_size": 100, "checkpoint": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        patch.setattr("quantal.training.ProgressBar.on_step", stop)
        fitted(images, **settings, checkpoint_every=0.0)
    fitted(images, **settings, checkpoint_every=0.0, resume=True)
    assert shown == [(step, 54) for step in range(first, 55)]


def test_the_start_of_the_lowest_loss_goes_on(images, monkeypatch):
    losses = []
    measure = IMSAT._warmed_loss

    def noted(self, bar, run):
        losses.append(measure(self, bar, run))
        return losses[-1]

    monkeypatch.setattr(IMSAT, "_warmed_loss", noted)
    settings = {"warm_up": "affine", "warm_up_epochs": 2, "n_epochs": 4}
    one, several = fitted(images, **settings), fitted(images, **settings, warm_up_starts=4)
    assert len(set(losses)) == 4
    assert several.history_["total"][1] == min(losses) < one.history_["total"][1]
    assert len(several.history_["total"]) == 4
    assert one.history_["total"][1] == losses[0]  # the first start is that of a fit with one


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warm_up": "afine"}, "warm_up must be one of .*Did you mean 'affine'"),
        ({"warm_up": 3}, "warm_up must be one of 'vat', .* a callable"),
        ({"warm_up": "rpt", "warm_up_epochs": 0}, "warm_up_epochs must be .*got 0"),
        ({"warm_up": "rpt", "warm_up_starts": 0}, "warm_up_starts must be .*got 0"),
        (
            {"warm_up": "rpt", "warm_up_epochs": 4, "n_epochs": 4},
            r"got 4 of 4. Raise n_epochs \(4\), or lower warm_up_epochs",
        ),
        ({"warm_up_starts": 0}, "warm_up_starts must be .*got 0"),
        ({"warm_up_epochs": None}, "warm_up_epochs must be .*got None"),
        ({"warm_up": "rpt", "patience": 2}, "patience compares the losses of passes"),
    ],
)
def test_a_warm_up_that_cannot_be_is_told(images, settings, message):
    with pytest.raises(ParameterError, match=message):
        fitted(images, **settings)


@pytest.mark.parametrize("parameter", ["augmentation", "warm_up"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("affine", "{}='affine' moves pixels of grey images, and the rows are vectors. Pass"),
        (lambda rows, generator: None, r"A view in {} returned NoneType, not a tensor; it takes"),
        (lambda rows, generator: rows[1:], r"A view in {} returned shape \(59, 64\) for a batch"),
        ([("rpt", -1)], r"a weight in {} must be a number in \[0, inf\), got -1"),
    ],
)
def test_what_cannot_be_used_is_told_by_the_parameter_it_was_given_in(
    images, parameter, value, message
):
    vectors = images[:60].reshape(60, 64)
    with pytest.raises(ParameterError, match=f"^{message.format(parameter)}"):
        fitted(vectors, **{parameter: value}, n_epochs=2)


def test_moving_pixels_of_colour_images_is_refused_with_their_shape(images):
    colour = np.repeat(images[:60, :, :, None], 3, axis=3)
    with pytest.raises(ParameterError, match=r"of shape \(8, 8, 3\)\. Convert them to grey"):
        fitted(colour, warm_up="affine", n_epochs=2)


def blur(rows, generator):
    return rows + torch.rand(rows.shape, generator=generator)


@pytest.mark.parametrize("warm_up", [blur, [(blur, 1), "affine"]])
def test_a_loaded_model_goes_on_without_the_view_it_was_warmed_up_by(images, tmp_path, warm_up):
    model = fitted(images, warm_up=warm_up, n_epochs=2)
    model.save(tmp_path / "model")
    loaded = quantal.load(tmp_path / "model")
    loaded.partial_fit(images)
    assert loaded.n_iter_ == 3 and loaded.history_["vat"][-1] > 0
    with pytest.raises(ParameterError, match=r"^warm_up must be .*callable that was not saved"):
        loaded.fit(images)
