"""Model folders whose hashes are right and whose contents are not: loading only refuses."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import quantal
from quantal.clustering import DEC, IMSAT
from quantal.errors import FileFormatError, ParameterError, QuantalError
from quantal.training.tensor_file import read_tensors, write_tensors

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")

X = np.random.default_rng(0).normal(size=(40, 6))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "model"
    IMSAT(3, hidden_layer_sizes=(5,), n_epochs=2, n_init=1, random_state=0).fit(X).save(folder)
    return folder


@pytest.fixture
def forge(model, tmp_path):
    """Copy the model with a changed config or tensors, and with hashes that agree."""

    def make(config=None, tensors=None):
        for source in model.iterdir():
            (tmp_path / source.name).write_bytes(source.read_bytes())
        table = json.loads((tmp_path / "config.json").read_text())
        if config is not None:
            table = config(table) or table
            (tmp_path / "config.json").write_text(json.dumps(table))
        if tensors is not None:
            stored = read_tensors(tmp_path / "weights.safetensors")
            tensors(stored)
            write_tensors(tmp_path / "weights.safetensors", stored)
        manifest = json.loads((tmp_path / "manifest.json").read_text())
        for name in manifest["sha256"]:
            digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
            manifest["sha256"][name] = digest
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        return tmp_path

    return make


def test_an_honest_copy_loads(forge, model):
    np.testing.assert_array_equal(quantal.load(forge()).predict(X), quantal.load(model).predict(X))


@pytest.mark.parametrize("name", ["os.system", "quantal.errors", "IMSATCode", "", None, ["RIM"]])
def test_a_method_outside_the_registry_is_refused(forge, name):
    with pytest.raises(FileFormatError, match=r"holds the method .*knows .*IMSAT, .*RIM"):
        quantal.load(forge(lambda c: c.update(method=name)))


@pytest.mark.parametrize(
    "change",
    [
        {"n_features": 1 << 60},
        {"n_features": 7},
        {"n_features": "six"},
        {"n_features": float("inf")},
        {"hidden_layer_sizes": [1 << 60]},
        {"hidden_layer_sizes": [5] * 1000},
        {"hidden_layer_sizes": None},
        {"scaling": "sideways"},
        {"image_shape": 3},
        {"parameters": {"n_clusters": 1 << 40}},
        {"parameters": {"n_clusters": 3, "__class__": "os"}},
        {"parameters": []},
    ],
    ids=str,
)
def test_a_config_that_does_not_fit_its_tensors_is_refused(forge, change):
    with pytest.raises(FileFormatError) as error:
        quantal.load(forge(lambda c: c.update(change)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("network.output"),
        lambda t: t.update({"network.output": torch.zeros(5, 4)}),
        lambda t: t.update({"network.extra": torch.zeros(5, 4)}),
        lambda t: t.update({"preparation.unit": torch.zeros(6, dtype=torch.float64)}),
        lambda t: t.update({"preparation.order": torch.zeros(6, dtype=torch.int64)}),
        lambda t: t.update({"preparation.center": torch.zeros(7, dtype=torch.float64)}),
        lambda t: t.clear(),
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(forge, change):
    with pytest.raises(FileFormatError, match=r"do not fit together .*Save the model again"):
        quantal.load(forge(tensors=change))


def test_a_model_with_a_view_of_ones_own_predicts_but_asks_for_it_to_fit(tmp_path):
    def jitter(rows, generator):
        return rows + 0.01 * torch.randn(rows.shape, generator=generator)

    fitted = IMSAT(3, augmentation=jitter, n_epochs=2, n_init=1, random_state=0).fit(X)
    fitted.save(tmp_path / "m")
    loaded = quantal.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(X), fitted.labels_)
    with pytest.raises(ParameterError, match="callable that was not saved"):
        loaded.fit(X)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_junk_in_a_config_never_escapes_as_another_error(forge, data):
    def spoil(config):
        place = data.draw(st.sampled_from([config, config["parameters"], config["fitted"]]))
        place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JUNK)

    folder = forge(spoil)
    try:
        quantal.load(folder).predict(X)
    except QuantalError as error:
        assert str(error)  # a loaded model may also refuse to predict rows of another width
    except ValueError as error:
        assert "features, but" in str(error)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"n_clusters": 1 << 31}, r"n_clusters is 2\.14748e\+09, and \d+ numbers are stored"),
        ({"image_shape": [2, 4]}, r"images of shape \(2, 4\) in 6 columns"),
        ({"image_shape": [6]}, r"images of shape \(6,\) in 6 columns"),
        ({"reader": {"like": "vectors", "data_dir": "/"}}, "the reader names a folder"),
        ({"reader": {"like": "vectors", "opener": 1}}, "Unknown option 'opener'"),
        ({"fitted": {"objective_": "low"}}, "objective_ is 'low'"),
    ],
)
def test_what_a_config_claims_is_checked_before_it_is_used(forge, change, text):
    def spoil(config):
        inner = config["parameters"] if "n_clusters" in change else config
        inner.update(change)

    with pytest.raises(FileFormatError, match=text):
        quantal.load(forge(spoil))


def test_a_refused_model_is_named(forge):
    folder = forge(lambda c: c.update(n_features=7))
    with pytest.raises(FileFormatError) as error:
        quantal.load(folder)
    assert str(error.value).startswith(f"{folder}: The model's parts do not fit together")


def test_sizes_of_other_clusters_are_refused(forge):
    with pytest.raises(FileFormatError, match=r"sizes of int64 and shape \(2,\)"):
        quantal.load(forge(tensors=lambda t: t.update(cluster_sizes=torch.ones(2).long())))


@pytest.mark.parametrize(("key", "value"), [("history", []), ("data", 3), ("history", {"a": "b"})])
def test_a_manifest_of_other_kinds_is_refused(model, tmp_path, key, value):
    shutil.copytree(model, tmp_path / "m")
    path = tmp_path / "m" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(FileFormatError, match=r"m: .* (no objects|something else than numbers)"):
        quantal.load(tmp_path / "m")


def test_a_parameter_that_predicting_needs_is_checked_when_loading(tmp_path):
    small = {"hidden_layer_sizes": (4,), "n_components": 2, "pretrain_iterations": 1, "n_init": 1}
    DEC(3, **small, max_iterations=1, random_state=0).fit(X).save(tmp_path / "m")
    config = (tmp_path / "m" / "config.json").read_text()
    changed = config.replace('"degrees": 1.0', '"degrees": ""')
    assert changed != config
    (tmp_path / "m" / "config.json").write_text(changed)
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
    manifest["sha256"]["config.json"] = hashlib.sha256(changed.encode()).hexdigest()
    (tmp_path / "m" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match="degrees must be a number"):
        quantal.load(tmp_path / "m")
