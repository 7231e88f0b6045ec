"""What is asked of a stored network before anything is made of it."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_iris

from quantal.clustering import RIM
from quantal.errors import FileFormatError
from quantal.training import Artifact

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


@pytest.fixture(scope="module")
def artifact():
    model = RIM(3, hidden_layer_sizes=(5,), n_epochs=2, n_init=1, random_state=0)
    return model.fit(load_iris().data).to_artifact()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("network.output", lambda t: t.double()),
        ("network.bias", lambda t: t[None]),
        ("network.norms.0.scale", lambda t: t[:-1]),
        ("preparation.order", lambda t: t.double()),
        ("preparation.center", lambda t: t.float()),
    ],
)
def test_tensors_of_another_type_or_shape_are_refused(artifact, name, change):
    tensors = {**artifact.tensors, name: change(artifact.tensors[name])}
    with pytest.raises(FileFormatError, match=r"do not fit together .*Save the model again"):
        RIM.from_artifact(Artifact(artifact.config, tensors, artifact.manifest))


def test_nothing_large_is_made_for_sizes_that_the_tensors_do_not_have(artifact):
    config = {**artifact.config, "hidden_layer_sizes": [1 << 40]}
    with pytest.raises(FileFormatError, match="for a network of widths"):
        RIM.from_artifact(Artifact(config, artifact.tensors, artifact.manifest))


def test_an_unchanged_artifact_is_taken_back(artifact):
    again = RIM.from_artifact(artifact).to_artifact()
    assert again.config == artifact.config
    assert all(torch.equal(again.tensors[k], v) for k, v in artifact.tensors.items())


def test_the_seconds_of_a_fit_are_kept_where_they_were_told(artifact):
    model = RIM.from_artifact(artifact)
    assert not hasattr(model, "fit_seconds_")
    model.fit_seconds_ = 1.25
    timed = model.to_artifact()
    assert timed.manifest["seconds"] == 1.25
    again = RIM.from_artifact(timed)
    assert again.fit_seconds_ == 1.25
    again.set_params(hidden_layer_sizes=()).fit(load_iris().data)
    assert not hasattr(again, "fit_seconds_")


@pytest.mark.parametrize("seconds", ["1", -1.0, float("inf"), True, None])
def test_seconds_that_are_no_time_are_refused(artifact, seconds):
    manifest = {**artifact.manifest, "seconds": seconds}
    with pytest.raises(FileFormatError, match=r"the fit took .* seconds"):
        RIM.from_artifact(Artifact(artifact.config, artifact.tensors, manifest))
