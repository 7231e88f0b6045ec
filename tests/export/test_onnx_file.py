"""The graph of every method, run by onnxruntime, against the library."""

from __future__ import annotations

import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from scipy import sparse
from sklearn.datasets import load_digits

from quantal.clustering import DEC, IIC, IMSAT, JULE, RIM, AutoencoderKMeans
from quantal.errors import DataError, MissingExtraError, ParameterError, QuantalError
from quantal.export import Parity, export_onnx, exportable_methods
from quantal.hashing import (
    ITQ,
    SGH,
    BinaryAutoencoder,
    DeepHash,
    IMSATHash,
    RandomHyperplaneHashing,
    RIMHash,
    SpectralHashing,
    SphericalHashing,
)

X = load_digits().data.astype(np.float32)
IMAGES = load_digits().images.astype(np.float32)
QUICK = {"n_epochs": 1, "n_init": 1, "batch_size": 100, "random_state": 0, "precision": "float32"}
NARROW = {**QUICK, "hidden_layer_sizes": (16,)}
SHORT = {
    "pretrain_iterations": 5,
    "finetune_iterations": 5,
    "n_init": 1,
    "hidden_layer_sizes": (16,),
    "random_state": 0,
}
WITH_PROBABILITIES = {
    "IMSAT": lambda: IMSAT(10, scaling="columns", neighbor_sample=100, **NARROW),
    "IMSAT as it is": lambda: IMSAT(10, scaling="none", neighbor_sample=100, **NARROW),
    "RIM": lambda: RIM(10, **QUICK),
    "DEC": lambda: DEC(10, max_iterations=5, **{**SHORT, "pretrain_iterations": 60}),
    "IIC of vectors": lambda: IIC(10, **NARROW),
}
HASHERS = {
    "IMSATHash": lambda: IMSATHash(12, neighbor_sample=100, **NARROW),
    "RIMHash": lambda: RIMHash(7, **NARROW),
    "DeepHash": lambda: DeepHash(8, **QUICK),
    "SGH": lambda: SGH(20, n_steps=20, random_state=0),
    "ITQ": lambda: ITQ(9, n_iter=5, random_state=0),
    "RandomHyperplane": lambda: RandomHyperplaneHashing(70, random_state=0),
    "BinaryAutoencoder": lambda: BinaryAutoencoder(5, mu=[0.1], random_state=0),
    "SpectralHashing": lambda: SpectralHashing(16),
}


def run(path, rows):
    graph = onnxruntime.InferenceSession(path)
    names = [output.name for output in graph.get_outputs()]
    return dict(zip(names, graph.run(names, {"rows": rows}), strict=True))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.mark.parametrize("name", WITH_PROBABILITIES)
def test_clusters_of_vectors_are_the_librarys(name, path):
    model = WITH_PROBABILITIES[name]().fit(X[:400])
    parity = export_onnx(model, path, check=X)
    assert (parity.output, parity.n_rows, parity.n_ties) == ("probabilities", 1797, 0)
    assert parity.max_difference <= 1e-5
    for n in (1, 1000):
        found = run(path, X[:n])
        np.testing.assert_allclose(found["probabilities"], model.predict_proba(X[:n]), atol=1e-5)
        np.testing.assert_array_equal(found["labels"], model.predict(X[:n]))
        assert found["labels"].dtype == np.int64


@pytest.mark.parametrize("name", HASHERS)
def test_bits_and_codes_are_the_librarys(name, path):
    model = HASHERS[name]().fit(X[:400])
    assert export_onnx(model, path, check=X) == Parity(1797, "bits", 0.0, 0)
    for n in (1, 1000):
        found = run(path, X[:n])
        np.testing.assert_array_equal(found["bits"], model.transform(X[:n]))
        np.testing.assert_array_equal(found["codes"], model.encode(X[:n]))
        assert found["bits"].dtype == found["codes"].dtype == np.uint8


def frame(x):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(x, columns=[f"c{i}" for i in range(x.shape[1])])


KINDS = {
    "list": lambda x: x.tolist(),
    "frame": frame,
    "csr": sparse.csr_array,
    "coo": sparse.coo_matrix,
    "file": lambda x: np.save("x.npy", x) or "x.npy",
}


@pytest.mark.filterwarnings("error:.*feature names")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["RIM", "ITQ"])
def test_the_check_takes_what_predict_takes(name, kind, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    given = KINDS[kind](X[:300])
    model = {**WITH_PROBABILITIES, **HASHERS}[name]().fit(given)
    parity = export_onnx(model, path, check=given)
    assert (parity.n_rows, parity.n_ties) == (300, 0)


@pytest.mark.parametrize(
    ("network", "sobel"),
    [("small", False), ("small", True), ("small-residual", True)],  # 6c, 5g: benchmarks
)
def test_clusters_of_images_are_the_librarys(network, sobel, path):
    few = {**QUICK, "batch_size": 10}
    model = IIC(10, network=network, sobel=sobel, n_overclusters=20, n_subheads=2, **few)
    model.set_params(subheads="mean" if sobel else "best").fit(IMAGES[:10])
    parity = export_onnx(model, path, check=IMAGES[:50])
    assert parity.n_ties == 0
    assert parity.max_difference <= 1e-5
    found = run(path, IMAGES[:1])
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(IMAGES[:1]), atol=1e-5)


def test_colour_images_in_both_layouts_pass_the_view_that_turns_them_grey(path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 12, 10, 3), dtype=np.uint8)
    for x in (images, images.transpose(0, 3, 1, 2)):
        few = {**QUICK, "batch_size": 30}
        model = IIC(3, network="small", geometry="objects", **few).fit(x)
        assert export_onnx(model, path, check=x).max_difference <= 1e-5
        assert run(path, x[:4].astype(np.float32))["probabilities"].shape == (4, 3)


@pytest.mark.parametrize("rows", [X[:60], IMAGES[:60]], ids=["vectors", "images"])
def test_the_nearest_fitted_row_of_jule_is_the_librarys(rows, path):
    options = {"n_channels": 4, "n_outputs": 8, "hidden_layer_sizes": (8,)}
    model = JULE(5, n_epochs=1, random_state=0, **options).fit(rows)
    parity = export_onnx(model, path, check=rows)
    assert (parity.output, parity.n_ties) == ("embeddings", 0)
    assert parity.max_difference <= 1e-5
    assert run(path, rows[:1])["embeddings"].shape == (1, 8)


def test_the_nearest_centre_is_the_librarys(path):
    model = AutoencoderKMeans(10, **SHORT).fit(X[:400])
    parity = export_onnx(model, path)
    assert (parity.output, parity.n_rows, parity.n_ties) == ("embeddings", 1000, 0)
    np.testing.assert_array_equal(run(path, X)["labels"], model.predict(X))


def test_a_file_says_what_it_is(path, tmp_path):
    model = ITQ(9, n_iter=5, random_state=0).fit(X)
    export_onnx(model, path)
    found = {p.key: p.value for p in onnx.load(path).metadata_props}
    fingerprint = found.pop("quantal.model")
    assert found.pop("quantal")
    assert found == {
        "quantal.method": "itq",
        "quantal.features": "64",
        "quantal.bits": "9",
        "quantal.bit_order": "little",
    }
    from quantal.scale.job import load_model  # what files of codes say of their maker

    model.save(tmp_path / "saved")
    assert load_model(tmp_path / "saved", "encode").maker == fingerprint


def test_a_saved_model_exports_the_same_graph_as_the_fitted_one(path, tmp_path):
    model = ITQ(9, n_iter=5, random_state=0).fit(X)
    model.save(tmp_path / "saved")
    import quantal

    export_onnx(model, path)
    export_onnx(quantal.load(tmp_path / "saved"), tmp_path / "again.onnx")
    assert path.read_bytes() == (tmp_path / "again.onnx").read_bytes()


def test_methods_without_a_graph_are_refused_with_a_list_of_the_others(path):
    with pytest.raises(ParameterError, match="SphericalHashing cannot be exported as one graph"):
        export_onnx(SphericalHashing(4), path)
    with pytest.raises(ParameterError, match="autoencoder-kmeans, binary-autoencoder, dec, deep-"):
        export_onnx(object(), path)
    assert "imsat" in exportable_methods()


def test_a_network_of_the_users_own_is_refused(path):
    import torch

    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5))
    model = IIC(3, network=own, **QUICK).fit(X[:50])
    with pytest.raises(ParameterError, match="A model with a network of your own cannot be exp"):
        export_onnx(model, path)


def test_mistakes_are_named(path):
    model = ITQ(9, n_iter=5, random_state=0).fit(X)
    with pytest.raises(ParameterError, match=r"model\.bin does not end in \.onnx"):
        export_onnx(model, path.with_suffix(".bin"))
    with pytest.raises(DataError, match="X has 5 features, but ITQ is expecting 64 features"):
        export_onnx(model, path, check=X[:, :5])
    with pytest.raises(DataError, match="minimum of 1 is required by ITQ"):
        export_onnx(model, path, check=X[:0])
    assert not list(path.parent.iterdir())


def test_a_graph_that_disagrees_leaves_no_file(path, monkeypatch):
    model = ITQ(9, n_iter=5, random_state=0).fit(X)
    other = ITQ(9, n_iter=5, random_state=1).fit(X)
    monkeypatch.setattr(model, "transform", other.transform)
    with pytest.raises(QuantalError, match=r"does not agree with the library: \d+ of \d+ bits dif"):
        export_onnx(model, path)
    clusterer = RIM(10, **QUICK).fit(X[:100])
    monkeypatch.setattr(clusterer, "predict_proba", lambda x: np.full((len(x), 10), 0.1))
    with pytest.raises(QuantalError, match=r"probabilities differ by 0\.\d+, more than 0\.0001"):
        export_onnx(clusterer, path)
    assert not list(path.parent.iterdir())


def test_without_onnx_one_line_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"Run: pip install 'quantal\[onnx\]'"):
        export_onnx(ITQ(9, n_iter=5, random_state=0).fit(X), path)
