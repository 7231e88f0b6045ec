"""`quantal fit` with a hasher, and which options belong to which kind of method."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_data import blobs, vectors

import quantal as library
from quantal.catalog import HASHERS
from quantal.cli.fit_summary import bit_report

CODES = ("--method", "itq", "--bits", 12, "--out", "h")


def test_a_fit_of_codes_leaves_a_model_and_says_how_its_bits_are_used(quantal, folder):
    np.save("v.npy", vectors())
    result = quantal("fit", "v.npy", *CODES)
    assert result.status == 0, result.err
    assert sorted(p.name for p in folder.iterdir()) == ["h", "v.npy"]
    assert "v: 300 rows of 24 columns in codes of 12 bits (2 bytes), " in result.out
    assert "none is constant" in result.out
    assert "quantal encode h DATA --out codes.npy" in result.out
    assert "fitting ITQ with 12 bits, seed 0" in result.err
    assert library.load("h").reader_ == {"like": "vectors"}


def test_the_model_is_the_librarys_and_settings_reach_it(quantal, folder):
    np.save("v.npy", vectors())
    assert quantal("fit", "v.npy", *CODES, "--set", "n_iter=3", "--seed", 4).out
    direct = library.hashing.ITQ(n_bits=12, n_iter=3, random_state=4).fit(vectors())
    np.testing.assert_array_equal(library.load("h").directions_, direct.directions_)


def test_bits_without_a_method_mean_itq(quantal, folder):
    np.save("v.npy", vectors())
    assert quantal("fit", "v.npy", "--bits", 12, "--out", "h").status == 0
    assert type(library.load("h")) is library.hashing.ITQ


@pytest.mark.parametrize("method", ["random-hyperplane", "rim-hash"])
def test_hashers_with_and_without_a_network_are_fitted(quantal, folder, method):
    np.save("v.npy", vectors())
    quick = ("--set", "n_epochs=1", "--device", "cpu", "--precision", "float32")
    extra = quick if method == "rim-hash" else ()
    result = quantal("fit", "v.npy", "--method", method, "-b", 8, "--out", "h", *extra)
    assert result.status == 0, result.err
    assert "in codes of 8 bits (1 byte)" in result.out
    assert sorted(p.name for p in folder.iterdir()) == ["h", "v.npy"]
    assert library.load("h").n_bits == 8


def test_quiet_prints_nothing(quantal, folder):
    np.save("v.npy", vectors())
    result = quantal("fit", "v.npy", *CODES, "--quiet")
    assert (result.status, result.out, result.err) == (0, "", "")


def test_constant_bits_are_counted_and_named():
    assert bit_report(np.array([0.2, 0.5])) == (
        "bits are 1 for 20 to 50 % of the rows; none is constant"
    )
    text = bit_report(np.array([0.5, 0.01, 0.02, 0.99, 0.98]))
    assert "2 of 5 bits are constant, equal for more than 98 % of the rows" in text
    assert text.endswith("bits 1, 3")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--method", "itq"), "--bits is missing. Say how long the codes of itq are"),
        (("--method", "itq", "-k", 3), "Write --bits B instead of --clusters"),
        (
            ("--method", "imsat", "--bits", 8),
            "imsat makes clusters, not hash codes. Write --clusters K instead",
        ),
        (("--bits", 8, "-k", 3, "--method", "rim"), ", ".join(HASHERS)),
        ((*CODES[:4], "--device", "cpu"), "itq takes no --device. Leave it out, or use a method"),
        ((*CODES[:4], "--precision", "auto"), "itq takes no --precision"),
        ((*CODES[:4], "--checkpoint", "c"), "itq takes no --checkpoint."),
        ((*CODES[:4], "--checkpoint-every", 2), "itq takes no --checkpoint-every"),
        ((*CODES[:4], "--resume"), "itq takes no --resume"),
        ((*CODES[:4], "--labels", "l.csv"), "no --labels to write. Leave it out; afterwards"),
        ((*CODES[:4], "--set", "n_bits=8"), "--set n_bits has an option of its own: use --bits"),
        ((*CODES[:4], "--set", "n_clusters=8"), "itq has no parameter 'n_clusters'"),
        (("--method", "itq", "--bits", 0), "n_bits must be an integer in [1, 4096], got 0"),
        (("--method", "itq", "--bits", 25), "n_bits=25, but X has n_features=24"),
        (("--method", "idq", "--bits", 8), "Did you mean 'itq'?"),
    ],
)
def test_options_of_the_other_kind_are_refused(quantal, folder, arguments, words):
    np.save("v.npy", vectors())
    result = quantal("fit", "v.npy", "--out", "h", *arguments)
    assert result.status == 2
    assert words in result.message
    assert result.out == ""
    assert [p.name for p in folder.iterdir()] == ["v.npy"]


def test_an_interrupted_fit_without_checkpoints_says_so(quantal, folder, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    np.save("v.npy", vectors())
    monkeypatch.setattr(library.hashing.ITQ, "_fit", stopped)
    result = quantal("fit", "v.npy", *CODES)
    assert result.status == 130
    assert "nothing was written. This method keeps no checkpoints" in result.message
    assert [p.name for p in folder.iterdir()] == ["v.npy"]


def test_predict_and_encode_name_each_other(quantal, model, hasher):
    np.save("x.npy", blobs())
    wrong = quantal("predict", "h", "v.npy", "--out", "l.csv")
    assert wrong.status == 2
    assert "h holds ITQ, which makes hash codes, not labels. Write: quantal encode h v.npy" in (
        wrong.message
    )
    wrong = quantal("encode", "model", "x.npy", "--out", "c.npy")
    assert wrong.status == 2
    assert "makes cluster labels, not hash codes. Write: quantal predict model x.npy" in (
        wrong.message
    )


def test_methods_stand_under_what_they_make(quantal):
    text = quantal("methods").out
    clusters, codes = text.index("quantal fit --clusters"), text.index("quantal fit --bits")
    assert clusters < text.index("\nimsat ") < codes < text.index("\nitq ")
    assert "n_bits = 32 [use --bits]" in quantal("methods", "itq").out
