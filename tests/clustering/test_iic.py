"""IIC and the family around it: special cases, plain transcriptions, heads, images."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits

import quantal
from quantal.clustering import IIC, IMSAT
from quantal.clustering.head_judgement import column_order, judged_rows, matching
from quantal.clustering.head_layout import Head, HeadLayout
from quantal.clustering.paired_changes import Mixing, PairBatch
from quantal.errors import CollapseWarning, DataError, ParameterError
from quantal.metrics import clustering_accuracy
from quantal.networks import MLP
from quantal.training.rows import Rows
from quantal.views import Mixup

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")

DIGITS = load_digits()
X = DIGITS.data[:200]
IMAGES = DIGITS.images[:120]
QUICK = {"hidden_layer_sizes": (16,), "n_epochs": 2, "n_init": 1, "random_state": 0}
SMALL = {"n_epochs": 1, "n_init": 1, "random_state": 0, "batch_size": 60}


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


def network(n_outputs=4):
    made = MLP(64, (16,), n_outputs, torch.Generator().manual_seed(3))
    with torch.no_grad():
        made.output.mul_(300)  # decided enough for every term to matter
    return made


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


class TestImages:
    def test_flat_pixels_with_their_shape_are_images(self):
        images = IIC(3, **SMALL).fit(IMAGES)
        flat = IIC(3, image_shape=(8, 8), **SMALL).fit(IMAGES.reshape(120, 64))
        np.testing.assert_array_equal(images.labels_, flat.labels_)
        assert type(images.network_).__name__ == "ImageClassifier"

    def test_channels_may_come_first_or_last_and_units_do_not_matter(self):
        generator = np.random.default_rng(0)
        last = generator.integers(0, 256, size=(40, 12, 12, 3), dtype=np.uint8)
        model = IIC(3, **SMALL)
        reference = clone(model).fit(last)
        first = clone(model).set_params(image_shape=(3, 12, 12))
        flat = last.transpose(0, 3, 1, 2).reshape(40, -1)
        np.testing.assert_allclose(
            reference.predict_proba(last), first.fit(flat).predict_proba(flat), atol=1e-6
        )
        scaled = last.astype(np.float64) / 255
        np.testing.assert_allclose(
            reference.predict_proba(last), clone(model).fit(scaled).predict_proba(scaled), atol=1e-3
        )

    def test_predictions_take_the_same_view_every_time_and_one_by_one(self):
        model = IIC(3, **SMALL).fit(IMAGES)
        whole = model.predict_proba(IMAGES)
        np.testing.assert_array_equal(whole, model.predict_proba(IMAGES))
        single = np.concatenate([model.predict_proba(image[None]) for image in IMAGES[:5]])
        np.testing.assert_array_equal(single, whole[:5])
        assert model.transform(IMAGES).shape[0] == 120

    @pytest.mark.parametrize("chosen", [{"network": "small"}, {"network": "small-residual",
                             "sobel": True}, {"n_subheads": 2, "n_overclusters": 6}])  # fmt: skip
    def test_a_saved_model_of_images_predicts_the_same(self, chosen, tmp_path):
        model = IIC(3, **SMALL | chosen).fit(IMAGES)
        model.save(tmp_path / "model")
        loaded = quantal.load(tmp_path / "model")
        assert loaded._remedies() == model._remedies()
        np.testing.assert_array_equal(loaded.predict_proba(IMAGES), model.predict_proba(IMAGES))
        np.testing.assert_array_equal(loaded.transform(IMAGES), model.transform(IMAGES))

    def test_an_interrupted_fit_goes_on_to_the_bit(self, tmp_path, monkeypatch):
        settings = {**SMALL, "n_epochs": 4, "n_overclusters": 6, "overcluster_every": 2,
                    "regularization": "vat"}  # fmt: skip
        whole = IIC(3, **settings).fit(IMAGES)
        from quantal.training.checkpoint import Checkpoints

        stopped = []
        told = Checkpoints.on_epoch

        def stop(self, run):
            told(self, run)
            if len(run.progress.history["total"]) == 2:
                stopped.append(run)
                self.write(run)
                raise KeyboardInterrupt

        monkeypatch.setattr(Checkpoints, "on_epoch", stop)
        model = IIC(3, **settings, checkpoint=str(tmp_path / "c"))
        with pytest.raises(KeyboardInterrupt):
            model.fit(IMAGES)
        monkeypatch.undo()
        resumed = clone(model).set_params(resume=True).fit(IMAGES)
        assert stopped
        np.testing.assert_array_equal(resumed.predict_proba(IMAGES), whole.predict_proba(IMAGES))

    def test_the_users_own_network_is_trained_and_left_as_it_was(self, tmp_path):
        own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(49, 12), torch.nn.ReLU())
        before = own[1].weight.detach().clone()
        model = IIC(3, network=own, **SMALL).fit(IMAGES)
        assert torch.equal(own[1].weight, before)
        assert not torch.equal(model.network_.trunk.module[1].weight, before)
        assert model.transform(IMAGES).shape == (120, 12)
        with pytest.raises(ParameterError, match="network of your own cannot be saved"):
            model.save(tmp_path / "model")

    def test_whole_images_reach_the_network_without_geometry(self):
        model = IIC(3, geometry="none", transformation="cutout", **SMALL).fit(IMAGES)
        assert model._views.image_shape == (1, 8, 8)

    @pytest.mark.slow
    def test_pairs_of_digits_find_the_digits_better_than_chance_clusters(self):
        images = DIGITS.images[:800]
        model = IIC(10, n_epochs=10, n_init=1, batch_size=100, random_state=0).fit(images)
        assert clustering_accuracy(DIGITS.target[:800], model.labels_) > 0.3
        assert model.history_["pairs"][-1] < model.history_["pairs"][0] - 0.2


class TestErrors:
    @pytest.mark.parametrize(
        ("chosen", "text"),
        [
            ({"information": "pair"}, "information must be one of.*Did you mean 'pairs'"),
            ({"information": []}, "information is empty. Name at least one of pairs, inputs"),
            ({"information": ["pairs", "pairs"]}, "information names 'pairs' twice"),
            ({"information": [("pairs", -1)]}, "a weight in information must be a number"),
            ({"information": [("pairs", 0)]}, r"a weight in information .* in \(0, inf\), got 0"),
            ({"information": [("pairs", 1, 2)]}, "takes kinds and .kind, weight. pairs"),
            ({"transformation": "crop"}, "transformation must be one of"),
            ({"regularization": "cut"}, "regularization must be one of.*Did you mean 'cutout'"),
            ({"n_views": 0}, "n_views must be an integer"),
            ({"n_subheads": 0}, "n_subheads must be an integer"),
            ({"n_overclusters": 3}, r"n_overclusters must be an integer in \[4, inf\), got 3"),
            ({"overcluster_every": 1}, "overcluster_every must be an integer"),
            ({"subheads": "all"}, "subheads must be one of 'best', 'mean'"),
            ({"network": "7c"}, "network must be one of 'auto', '6c'"),
            ({"network": "6c"}, "network='6c' reads images, and X holds vectors"),
            ({"transformation": "geometric"}, "'geometric' moves pixels, and X holds vectors"),
            ({"regularization": "cutout"}, "'cutout' moves pixels, and X holds vectors"),
            ({"image_shape": (7, 7)}, "image_shape must be .* whose product is 64"),
            ({"image_shape": (8, 8), "geometry": "round"}, "geometry must be one of 'auto'"),
            ({"image_shape": (8, 8), "geometry": "none"}, "need a geometry, and geometry is"),
            ({"noise": -1}, "noise must be a number"),
            ({"swap": 2}, r"swap must be a number in \[0, 1\]"),
            ({"transformation": lambda x, g: x[:1]}, "must return a tensor of their shape"),
            ({"transformation": lambda x, g: None}, "returned NoneType for views of"),
        ],
    )
    def test_wrong_parameters_are_refused_with_what_is_allowed(self, chosen, text):
        with pytest.raises(ParameterError, match=text):
            IIC(4, **QUICK | chosen).fit(X)

    def test_images_that_do_not_differ_or_have_five_channels_are_refused(self):
        with pytest.raises(DataError):
            IIC(3, **SMALL).fit(np.ones((30, 8, 8)))
        with pytest.raises(DataError, match="images have 1 channel or 3"):
            IIC(3, **SMALL).fit(np.random.default_rng(0).random((30, 8, 8, 5)))

    def test_a_collapsed_fit_says_so(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error", CollapseWarning)
            with pytest.raises(CollapseWarning, match="collapsed"):
                IIC(4, information="inputs", regularization="vat", balance=0.0, n_epochs=100,
                    n_init=1, random_state=0).fit(DIGITS.data[:300])  # fmt: skip

    def test_the_remedy_of_collapsed_pairs_names_their_parameters(self):
        with pytest.warns(CollapseWarning, match=r"raise entropy_weight to 1\.5") as caught:
            IIC(8, transformation="vat", alpha=5.0, n_epochs=3, n_init=1, random_state=0).fit(X)
        assert not any("balance" in str(warning.message) for warning in caught)
