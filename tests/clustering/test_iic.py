"""IIC and the family around it: special cases, plain transcriptions, heads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from iic_parts import QUICK, X, network

from quantal.clustering import IIC, IMSAT
from quantal.clustering.head_judgement import column_order, judged_rows, matching
from quantal.clustering.head_layout import Head, HeadLayout
from quantal.clustering.paired_changes import Mixing, PairBatch
from quantal.errors import ParameterError
from quantal.training.rows import Rows
from quantal.views import Mixup

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


def prepared(model, x):
    """Set ``model`` up for ``x`` as a fit does, and return its rows."""
    model._require_parameters()
    read = model._read(x, reset=True)
    model._seed = 0
    model._set_up(read, {})
    return Rows(read, model.preparation_, model._device)


def first_terms(model, x, network, seed=0):
    """Return the named terms of the first step on all rows."""
    rows = prepared(model, x)
    generator = torch.Generator().manual_seed(seed)
    step = model._step_maker(rows, 0)(network, model._stage(None), generator)
    numbers = torch.arange(len(rows))
    return step.of_pass(numbers, 0) if hasattr(step, "of_pass") else step(numbers)


class TestSpecialCases:
    def test_inputs_with_adversaries_are_imsat_to_the_bit(self):
        ours = IIC(4, information="inputs", regularization="vat", hidden_layer_sizes=(16,))
        theirs = IMSAT(4, hidden_layer_sizes=(16,))
        got, expected = (first_terms(model, X, network()) for model in (ours, theirs))
        for name in ("vat", "penalty", "total", "conditional_entropy", "marginal_entropy"):
            assert got[name].item() == expected[name].item()

    def test_a_whole_fit_of_that_composition_is_imsats(self):
        shared = {"n_epochs": 10, "n_init": 1, "hidden_layer_sizes": (16,), "random_state": 0}
        ours = IIC(4, information="inputs", regularization="vat", **shared).fit(X)
        theirs = IMSAT(4, **shared).fit(X)
        np.testing.assert_array_equal(ours.predict_log_proba(X), theirs.predict_log_proba(X))

    def test_inputs_alone_are_rim(self):
        got = first_terms(IIC(4, information="inputs", trade_off=1, balance=1), X, network())
        information = got["marginal_entropy"] - got["conditional_entropy"]
        assert got["total"].item() == pytest.approx(np.log(4) - information.item(), abs=1e-5)

    def test_pairs_of_equal_views_are_the_double_sum_over_clusters(self):
        model = IIC(4, transformation=lambda x, generator: x, hidden_layer_sizes=(16,), n_views=1)
        made = network()
        got = first_terms(model, X, made)
        rows = prepared(model, X)
        p = made(rows.prepared(torch.arange(len(rows))), "batch").softmax(1).double().detach()
        joint = sum(torch.outer(row, row) for row in p) / len(p)
        joint = (joint + joint.T) / 2
        marginal = joint.sum(0)
        expected = -(joint * (joint / torch.outer(marginal, marginal)).log()).sum()
        assert got["total"].item() == pytest.approx(expected.item(), abs=1e-6)
        assert got["pairs"].item() == got["total"].item()

    def test_copies_of_an_unchanging_view_change_nothing(self):
        def same(x, generator):
            return x

        one, five = (
            first_terms(IIC(4, transformation=same, n_views=n), X, network())["total"].item()
            for n in (1, 5)
        )
        assert one == pytest.approx(five, abs=1e-6)

    def test_information_and_regularisers_add_up_with_their_weights(self):
        def same(x, generator):
            return x

        def noisy(x, generator):
            return x + 0.3 * torch.randn(x.shape, generator=generator)

        def terms(**chosen):
            return first_terms(IIC(4, transformation=same, **chosen), X, network())

        both = terms(information=[("inputs", 0.5), ("pairs", 2)], regularization=[(noisy, 0.25)])
        inputs = terms(information="inputs")["total"]
        expected = 0.5 * inputs + 2 * both["pairs"] + 0.25 * both["noisy"]
        assert both["total"].item() == pytest.approx(expected.item(), abs=1e-6)
        assert both["penalty"].item() == pytest.approx(0.25 * both["noisy"].item(), abs=1e-7)
        assert both["noisy"].item() > 0

    def test_the_weight_of_entropies_reaches_the_objective(self):
        plain, heavy = (
            first_terms(
                IIC(4, transformation=lambda x, generator: x, entropy_weight=weight), X, network()
            )["total"].item()
            for weight in (1.0, 1.5)
        )
        assert heavy < plain - 0.1  # the entropies are subtracted once more, by a half each

    @pytest.mark.parametrize("kind", ["gaussian", "mixup", "vat", "ivat", "swap"])
    def test_every_change_of_vectors_regularises_and_informs(self, kind):
        terms = first_terms(IIC(4, transformation=kind, regularization=kind), X, network())
        assert terms[kind].item() > 0
        assert terms["pairs"].item() < 0

    def test_an_adversary_of_the_information_costs_more_of_it_than_noise_or_vat(self):
        values = {
            kind: first_terms(
                IIC(4, transformation=kind, n_views=1, alpha=0.05, noise=0.01), X, network()
            )["pairs"].item()
            for kind in ("gaussian", "vat", "ivat")
        }
        assert values["ivat"] > values["vat"] > values["gaussian"]  # minus the information

    def test_a_mixture_of_a_row_with_itself_is_no_change(self):
        log_p = torch.randn(2, 1, 3, dtype=torch.float64).log_softmax(2).expand(2, 6, 3)
        generator = torch.Generator().manual_seed(0)
        x = torch.arange(4.0).expand(6, 4)
        batch = PairBatch(torch.arange(6), x, x, log_p, None, generator)
        changed = Mixing(Mixup())(batch, 3)
        torch.testing.assert_close(changed.x, x.repeat(3, 1))
        torch.testing.assert_close(changed.target, log_p.repeat(1, 3, 1))


class TestHeads:
    def test_columns_follow_each_other(self):
        layout = HeadLayout(10, 5, 50)
        assert layout.clusters.columns == slice(0, 50)
        assert layout.overclusters.columns == slice(50, 300)
        assert layout.n_outputs == 300
        assert HeadLayout(10).overclusters is None

    def test_one_pass_of_three_trains_the_second_head(self):
        layout = HeadLayout(4, 1, 8, overcluster_every=3)
        sizes = [layout.in_pass(number).n_clusters for number in range(6)]
        assert sizes == [4, 4, 8, 4, 4, 8]
        assert [HeadLayout(4).in_pass(n).n_clusters for n in range(4)] == [4, 4, 4, 4]

    def test_losses_of_sub_heads_are_averaged(self):
        model = IIC(4, n_subheads=2, transformation=lambda x, generator: x)
        one = network(4)
        twice = network(8)
        with torch.no_grad():
            twice.output.copy_(torch.cat([one.output, one.output], dim=1))
        single = first_terms(IIC(4, transformation=lambda x, generator: x), X, one)
        double = first_terms(model, X, twice)
        assert double["total"].item() == pytest.approx(single["total"].item(), abs=1e-6)

    def test_clusters_of_another_sub_head_are_matched(self):
        reference = np.array([0, 0, 1, 1, 2, 2, 2])
        renamed = np.array([2, 2, 0, 0, 1, 1, 1])
        order = matching(reference, renamed, 3)
        assert order.tolist() == [2, 0, 1]
        columns = column_order(Head(0, 3, 2), 1, np.stack([renamed, reference]), np.arange(3))
        assert columns.tolist() == [3, 4, 5, 2, 0, 1]

    def test_the_best_sub_head_comes_first_and_gives_the_labels(self):
        model = IIC(4, n_subheads=3, **QUICK).fit(X)
        rows = model._rows_to_read(X)
        model._terms_of_fit = model._pair_terms(rows, 0)
        losses = model._judged(model.network_, rows, model._layout.clusters).losses(
            model._terms_of_fit
        )
        assert losses.argmin() == 0
        assert np.diff(model.cluster_sizes_).max() <= 0

    def test_the_mean_of_sub_heads_is_the_mean_of_matched_probabilities(self):
        model = IIC(4, n_subheads=3, subheads="mean", **QUICK).fit(X)
        rows = model._rows_to_read(X)
        each = np.exp(model._log_probabilities(rows, model._layout.clusters))
        np.testing.assert_allclose(model.predict_proba(X), each.mean(axis=0), atol=1e-6)
        np.testing.assert_array_equal(model.predict(X), model.labels_)

    def test_overclusters_are_as_many_as_asked_for(self):
        model = IIC(4, n_overclusters=12, **QUICK | {"n_epochs": 6}).fit(X)
        assert model.overclusters_.shape == (200,)
        assert model.overclusters_.max() < 12
        np.testing.assert_array_equal(model.predict_overclusters(X), model.overclusters_)
        assert model.labels_.max() < 4
        groups = model.merge_overclusters(5)
        assert sorted(set(groups)) == list(range(5))
        assert groups.shape == (12,)

    def test_without_a_second_head_there_are_no_overclusters(self):
        model = IIC(4, **QUICK).fit(X)
        with pytest.raises(ParameterError, match=r"no over-clustering head\. Fit it with n_over"):
            model.predict_overclusters(X)
        with pytest.raises(ParameterError, match=r"no over-clustering head"):
            model.merge_overclusters(2)

    def test_rows_to_judge_by_are_spread_over_large_data(self):
        assert judged_rows(7).tolist() == list(range(7))
        many = judged_rows(1_000_000)
        assert len(many) == 20_000
        assert (many[0], many[-1]) == (0, 999_999)
