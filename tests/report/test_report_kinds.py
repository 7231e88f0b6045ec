"""Every method of the catalogue has a page, with its rows and without."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from report_pages import Page
from sklearn.datasets import load_digits

from quantal.catalog import HASHERS, METHODS
from quantal.errors import DataError, QuantalWarning
from quantal.report import write_report

QUICK = {
    "n_clusters": 4,
    "n_bits": 12,
    "random_state": 0,
    "n_epochs": 1,
    "n_init": 1,
    "n_iterations": 3,
    "max_iter": 3,
    "max_iterations": 3,
    "pretrain_iterations": 4,
    "hidden_layer_sizes": (16,),
    "n_components": 3,
}
FITTED_ONLY = [name for name, method in METHODS.items() if not hasattr(method, "predict")]
FITTED_ONLY = [name for name in FITTED_ONLY if name not in HASHERS]


def fitted(name, X):
    method = METHODS[name]
    settings = {k: v for k, v in QUICK.items() if k in method._get_param_names()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return method(**settings).fit(X)


@pytest.fixture(scope="module")
def X():
    """Handwritten digits: 120 images of 8 x 8 pixels."""
    return load_digits().images[:120].astype(np.float32)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_page_with_its_rows_and_without(name, X, tmp_path):
    X = X.reshape(len(X), -1) if name == "jule" else X  # its network for images takes seconds
    model = fitted(name, X)
    model.save(tmp_path / "model")
    page = Page(
        write_report(tmp_path / "model", tmp_path / "rows.html", X, truth=np.arange(120) % 3)
    )
    alone = Page(write_report(model, tmp_path / "alone.html"))
    assert page.loaded() == alone.loaded() == []
    assert page.open_tags == alone.open_tags == []
    assert type(model).__name__ in page.words
    assert "120 x 64 numbers of type float32" in page.words
    assert "rows, those of the fit" in page.words
    assert "not those of the fit" not in page.words
    assert "This page was made without data" in alone.words
    assert {"Warnings", "What was run", "Against the truth"} <= headings(page)
    expected = {"Use of the bits", "Neighbours by Hamming distance"}
    expected = expected if name in HASHERS else {"Cluster sizes", "Members of the clusters"}
    assert expected <= headings(page)
    assert ("Training" in headings(page)) == bool(getattr(model, "history_", {}))


@pytest.mark.parametrize("name", FITTED_ONLY)
def test_other_rows_than_those_of_the_fit_are_refused_where_there_is_no_predict(name, X, tmp_path):
    model = fitted(name, X)
    with pytest.raises(DataError, match=r"labels only the rows .* leave DATA out .* imsat, rim"):
        write_report(model, tmp_path / "rows.html", X[:100])
    assert not list(tmp_path.iterdir())


def headings(page):
    """Texts of the headings of sections, by their links' targets."""
    titles = page.source.split("<h2>")[1:]
    return {title.partition("</h2>")[0] for title in titles}
