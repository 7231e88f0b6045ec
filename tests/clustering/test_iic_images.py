"""IIC on images, and what it refuses."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from iic_parts import DIGITS, QUICK, X
from sklearn.base import clone

import quantal
from quantal.clustering import IIC
from quantal.errors import CollapseWarning, DataError, ParameterError
from quantal.metrics import clustering_accuracy

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


IMAGES = DIGITS.images[:120]
SMALL = {"n_epochs": 1, "n_init": 1, "random_state": 0, "batch_size": 60}


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
