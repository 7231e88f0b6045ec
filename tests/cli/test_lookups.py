"""`methods`, `data`, `--version` and help."""

from __future__ import annotations

import inspect
import json
import re

import numpy as np
import pytest
from tiny_data import blobs

import quantal as library
from quantal.catalog import METHODS
from quantal.cli.methods import explanations


def test_every_method_is_listed_with_its_paper(quantal):
    out = quantal("methods").out
    assert "imsat" in out
    assert "Hu, Miyato, Tokui, Matsumoto, Sugiyama 2017" in out
    assert all(f"\n{name} " in out for name in METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_every_parameter_has_a_default_and_an_explanation(quantal, name):
    out = quantal("methods", name).out
    known = explanations(METHODS[name])
    for parameter in inspect.signature(METHODS[name]).parameters:
        assert f"\n{parameter} = " in out
        assert known[parameter]


def test_parameters_with_an_option_of_their_own_say_so(quantal):
    assert "n_clusters = 8 [use --clusters]" in quantal("methods", "imsat").out


def test_help_of_fit_says_where_all_methods_are_listed(quantal):
    text = re.sub(r"[│\s]+", " ", quantal("fit", "--help").out)
    assert "'quantal methods' lists all" in text


def test_presets_are_listed_as_one_would_type_them(quantal):
    out = quantal("methods", "njw-spectral").out
    assert "preset jule-tables:\n    --set width=0.05 --set zero_diagonal=false" in out
    assert "preset" not in quantal("methods", "imsat").out.split("Parameters")[1]


def test_an_unknown_method_is_refused(quantal):
    result = quantal("methods", "imsatt")
    assert (result.status, "Did you mean 'imsat'?" in result.message) == (2, True)


def test_the_version_is_the_librarys(quantal):
    assert quantal("--version").out == f"quantal {library.__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("data",), ("--help",), ("fit", "-h")])
def test_help_is_no_error(quantal, arguments):
    result = quantal(*arguments)
    assert (result.status, result.err) == (0, "")
    assert "Usage: quantal" in result.out


def test_named_sets_are_listed_with_where_they_are(quantal, folder):
    out = quantal("data", "list", "--data-dir", folder).out
    assert "name:digits" in out
    assert "yes (embedded)" in out
    assert f"folder: {folder}" in out
    rows = json.loads(quantal("data", "list", "--json").out)
    assert {"name", "licence", "source", "available"} <= set(rows[0])


def test_info_describes_a_file_and_a_named_set(quantal):
    np.save("x.npy", np.c_[blobs(), np.ones(60, np.float32)])
    out = quantal("data", "info", "x.npy").out
    assert "rows                      60" in out
    assert "constant columns          1" in out
    assert "licence" in quantal("data", "info", "name:digits").out
    assert json.loads(quantal("data", "info", "x.npy", "--json").out)["d"] == 5


def test_info_takes_reading_options(quantal, folder):
    (folder / "t.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n")
    assert quantal("data", "info", "t.csv").status == 2
    assert "2 x 1" in quantal("data", "info", "t.csv", "--columns", "a").out
    assert "2 x 2" in quantal("data", "info", "t.csv", "--drop", "kind").out


def test_info_describes_the_features_that_a_fit_would_see(quantal, folder):
    np.save("images.npy", np.random.default_rng(0).integers(0, 256, (9, 8, 8), np.uint8))
    out = quantal("data", "info", "images.npy", "--features", "gist").out
    assert "9 x 512" in out
    assert "float32" in out
    (folder / "d.txt").write_text("alpha beta\ngamma beta\n")
    assert "2 x 3" in quantal("data", "info", "d.txt", "--text", "reuters").out
    assert quantal("data", "info", "images.npy", "--features", "gits").status == 2


def test_an_embedded_set_needs_no_fetching_and_a_private_one_says_where_it_is_from(quantal, folder):
    assert "embedded" in quantal("data", "fetch", "name:digits").out
    result = quantal("data", "fetch", "umist", "--data-dir", folder)
    assert result.status == 2
    assert "no public copy" in result.message
