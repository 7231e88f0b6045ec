"""IIC pass by pass: heads in turn, sub-heads in order, and images in the fit's form and unit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from benchmarks.speed import iic_step
from quantal.clustering import IIC, JULE
from quantal.clustering.head_judgement import matching
from quantal.errors import DataError, ParameterError
from quantal.training import PassStep, Plan, Run

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")

X = load_digits().data[:200]
IMAGES = load_digits().images[:120]
QUICK = {"hidden_layer_sizes": (16,), "n_epochs": 2, "n_init": 1, "random_state": 0}
SMALL = {"n_epochs": 1, "n_init": 1, "random_state": 0, "batch_size": 60}


def test_one_pass_of_three_trains_the_second_head_in_partial_fit_too():
    model = IIC(4, n_overclusters=9, hidden_layer_sizes=(16,), random_state=0)
    moved = []
    for _ in range(3):
        before = model.network_.output[:, 4:].clone() if moved else None
        model.partial_fit(X)
        moved.append(before is not None and not torch.equal(before, model.network_.output[:, 4:]))
    assert moved == [False, False, True]


def test_passes_after_a_fit_go_on_in_its_rhythm():
    model = IIC(4, n_overclusters=9, **{**QUICK, "n_epochs": 2}).fit(X)
    before = model.network_.output.detach().clone()
    model.partial_fit(X)  # the third pass
    assert torch.equal(before[:, :4], model.network_.output[:, :4])
    assert not torch.equal(before[:, 4:], model.network_.output[:, 4:])


def test_sub_heads_are_in_order_after_partial_fit():
    model = IIC(4, n_subheads=3, hidden_layer_sizes=(16,), random_state=0)
    for _ in range(15):
        model.partial_fit(X)
    heads = model._log_probabilities(model._rows_to_read(X), model._layout.clusters).argmax(axis=2)
    for other in heads[1:]:
        best = (matching(heads[0], other, 4)[heads[0]] == other).sum()
        assert (heads[0] == other).sum() == best > 70
    np.testing.assert_array_equal(model.labels_, model.predict(X))


def test_the_optimiser_s_averages_move_with_the_columns():
    model = IIC(4, n_subheads=3, hidden_layer_sizes=(16,), random_state=0).partial_fit(X)
    place = [p is model.network_.output for p in model.network_.parameters()].index(True)
    output = model.network_.output
    average = model._optimizer_state["state"][place]["exp_avg"]
    marks = torch.arange(12.0)
    output.data[0], average[0] = marks, marks
    model._terms_of_fit = model._pair_terms(model._rows_to_read(X), 0)
    with torch.no_grad():
        model._sort_columns(
            model._rows_to_read(X),
            model._layout.clusters,
            lambda labels, best, k: np.arange(k)[::-1],
        )
    assert not torch.equal(output[0], marks)
    assert torch.equal(output[0].detach(), average[0])


def test_patience_compares_passes_of_one_head():
    totals = iter([-0.1, -0.5, -0.05, -0.7, -0.8, -0.06, -0.9, -0.95])
    weight = torch.nn.Parameter(torch.zeros(1))
    network = torch.nn.ParameterList([weight])

    def step(rows, number):
        value = weight.sum() * 0 + next(totals)
        return {"total": value}

    plan = Plan(n_rows=4, n_epochs=8, batch_size=4, learning_rate=0.1, patience=1)
    run = Run(network, PassStep(step, lambda n: n % 3 != 2), plan, torch.Generator())
    assert len(run.train().history["total"]) == 8
    totals = iter([-0.1, -0.5, -0.05])
    run = Run(network, PassStep(step), plan, torch.Generator())
    assert len(run.train().history["total"]) == 3


def test_photographs_get_the_deeper_network_though_their_views_are_grey():
    x = np.random.default_rng(0).random((60, 16, 16, 3))
    model = IIC(3, **SMALL).fit(x)
    assert model._views.image_shape[0] == 1
    assert type(model.network_.trunk).__name__ == "ResidualTrunk"
    grey = IIC(3, **SMALL).fit(IMAGES)
    assert type(grey.network_.trunk).__name__ == "VGGTrunk"


def test_pixels_of_another_unit_are_refused():
    bytes_ = IIC(4, **SMALL).fit(IMAGES * 15)
    with pytest.raises(
        DataError, match=r"pixels up to 1, where those of the fit go up to 240\. Pas"
    ):
        bytes_.predict(IMAGES / 16)
    fractions = IIC(4, **SMALL).fit(IMAGES / 16)
    with pytest.raises(DataError, match=r"pixels up to 16, where those of the fit go up to 1\."):
        fractions.predict(IMAGES)
    assert len(bytes_.predict(np.zeros((2, 8, 8)))) == 2
    assert len(bytes_.predict(IMAGES[:3] * 15)) == 3


@pytest.mark.parametrize("method", [IIC, JULE])
def test_a_declared_shape_that_is_not_the_images_is_refused(method):
    x = np.random.default_rng(0).random((30, 8, 8, 3))
    with pytest.raises(
        ParameterError, match=r"image_shape is \(3, 8, 8\), but X holds images of sha"
    ):
        method(3, image_shape=(3, 8, 8)).fit(x)
    assert IIC(3, image_shape=(8, 8, 1), **SMALL).fit(IMAGES).n_features_in_ == 64


def test_regularisers_of_one_name_each_have_a_history():
    def faint(x, generator):
        return x + 0.01

    model = IIC(4, regularization=[(lambda x, _: x * 1.1, 0.1), (lambda x, _: x, 0.1), faint])
    model.set_params(**QUICK).fit(X)
    assert {"<lambda>", "<lambda> 2", "faint"} <= set(model.history_)


def test_the_benchmark_of_a_step_runs():
    x = np.random.default_rng(0).integers(0, 256, (4000, 28, 28), dtype=np.uint8)
    run, _, _ = iic_step.our_run(x, "small", 20, 2, False, "float32")
    iic_step.steps_of(run, 20)()
    assert run.progress.step == 1
