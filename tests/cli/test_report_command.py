"""`quantal report`: what it writes, and what it says when it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_data import QUICK, blobs


def test_a_report_is_one_file_that_names_model_and_data(quantal, model, folder):
    result = quantal("report", "model", "x.npy", "--out", "pages/r.html")
    assert result.status == 0, result.err
    assert result.out == "report on 60 rows: pages/r.html\n"
    text = (folder / "pages" / "r.html").read_text("utf-8")
    assert "IMSAT: 2 clusters" in text
    assert "those of the fit" in text
    assert "Fit took" in text
    assert "not recorded" not in text
    assert [path.name for path in (folder / "pages").iterdir()] == ["r.html"]


def test_without_data_the_page_says_what_data_would_add(quantal, model, folder):
    assert quantal("report", "model", "-o", "r.html").out == "report: r.html\n"
    assert "This page was made without data" in (folder / "r.html").read_text("utf-8")


def test_truth_is_matched_by_id(quantal, folder):
    rows = blobs()
    lines = ["id,a,b"] + [f"r{i},{row[0]},{row[1]}" for i, row in enumerate(rows)]
    (folder / "t.csv").write_text("\n".join(lines))
    order = np.random.default_rng(0).permutation(len(rows))
    truth = ["id,group"] + [f"r{i},{'even' if i % 2 == 0 else 'odd'}" for i in order]
    (folder / "truth.csv").write_text("\n".join(truth))
    quantal("fit", "t.csv", "-k", 2, "--method", "graph-degree-linkage", "--out", "g", "-q")
    result = quantal("report", "g", "t.csv", "--truth", "truth.csv", "--out", "r.html", "-q")
    assert result.status == 0, result.err
    text = (folder / "r.html").read_text("utf-8")
    assert '<th scope="row">accuracy (Hungarian)</th><td>1.0000</td>' in text
    assert "<bdi>even</bdi>" in text
    assert "r17" in text or "r16" in text


def test_codes_have_a_page_too(quantal, hasher, folder):
    np.save(folder / "y.npy", np.arange(300) % 10)
    result = quantal("report", "h", "v.npy", "--truth", "y.npy", "--out", "r.html")
    assert result.status == 0, result.err
    text = (folder / "r.html").read_text("utf-8")
    assert "Neighbours by Hamming distance" in text
    assert "precision within radius 2" in text


def test_images_behind_features_are_shown(quantal, folder):
    from sklearn.datasets import load_digits

    np.save(
        folder / "images.npy", load_digits().images[:30].astype(np.uint8).repeat(4, 1).repeat(4, 2)
    )
    fitted = quantal(
        *("fit", "images.npy", "--features", "lbp", "--bits", 6, "--out", "m", "-q"),
        *("--method", "random-hyperplane"),
    )
    assert fitted.status == 0, fitted.err
    result = quantal("report", "m", "images.npy", "--out", "r.html", "-q")
    assert result.status == 0, result.err
    assert (folder / "r.html").read_text("utf-8").count('<img src="data:image/png') == 6 * 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("model",), "--out is missing. Name a file for the page, e.g. --out report.html."),
        (
            ("model", "-o", "r.pdf"),
            "ends in '.pdf', which says no format. End it in .html or .htm.",
        ),
        (("model", "x.npy", "-o", "r.html", "--seed", -1), "--seed must be an integer in [0, inf)"),
        (
            ("model", "-o", "r.html", "--truth", "y.npy"),
            "--truth concerns DATA, and none was given",
        ),
        (("model", "-o", "r.html", "--key", "a"), "--key concerns DATA, and none was given"),
        (("model", "y.npy", "-o", "r.html"), "y.npy does not exist."),
        (("nowhere", "x.npy", "-o", "r.html"), "nowhere is not a model folder."),
        (("model", "wide.npy", "-o", "r.html"), "wide.npy has 5 columns, but the model was fitted"),
        (("model", "x.npy", "-o", "r.html", "--truth", "short.npy"), "60 labels and short.npy 3."),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_page(quantal, model, folder, arguments, message):
    np.save(folder / "wide.npy", blobs(d=5))
    np.save(folder / "short.npy", np.array([0, 1, 0]))
    result = quantal("report", *arguments)
    assert result.status == 2
    assert message in result.message
    assert not list(folder.glob("r.*"))


def test_other_rows_are_refused_by_a_method_without_predict(quantal, folder):
    np.save(folder / "x.npy", blobs())
    np.save(folder / "new.npy", blobs(40))
    quantal("fit", "x.npy", "-k", 2, "--method", "graph-degree-linkage", "--out", "g", "-q")
    result = quantal("report", "g", "new.npy", "--out", "r.html")
    assert result.status == 2
    assert "GraphDegreeLinkage labels only the rows that it was fitted on" in result.message
    assert not (folder / "r.html").exists()


def test_the_manifest_says_how_long_the_fit_took(quantal, folder):
    import json

    np.save(folder / "x.npy", blobs())
    quantal("fit", "x.npy", "-k", 2, "--out", "model", "-q", *QUICK)
    manifest = json.loads((folder / "model" / "manifest.json").read_text())
    assert 0 < manifest["seconds"] < 60
