"""Pictures of rows that are features, in every layout that images come in."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.clustering import RIM
from quantal.errors import DataError, ParameterError
from quantal.features import open_features
from quantal.hashing import ITQ
from quantal.report import write_report
from quantal.report.row_views import shortened

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")


@pytest.fixture(scope="module")
def images():
    return load_digits().images[:40].astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2) * 15


@pytest.fixture(scope="module")
def model(images):
    return ITQ(8, random_state=0).fit(open_features(images, features="hog"))


def test_every_layout_of_grey_images_gives_the_same_page(model, images, tmp_path):
    described = open_features(images, features="hog")
    pages = {
        write_report(model, tmp_path / f"{name}.html", described, pictures=pictures).read_bytes()
        for name, pictures in (
            ("plain", images), ("last", images[..., None]), ("first", images[:, None])
        )
    }  # fmt: skip
    assert len(pages) == 1
    last = write_report(model, tmp_path / "raw.html", images[..., None]).read_bytes()
    assert b"data:image/png" in last


def test_rows_of_numbers_are_no_pictures(model, images, tmp_path):
    described = open_features(images, features="hog")
    with pytest.raises(DataError, match=r"pictures must have shape .*, got \(40, 256\)\."):
        write_report(model, tmp_path / "r.html", described, pictures=images.reshape(40, -1))
    assert not list(tmp_path.iterdir())


def test_a_model_that_was_not_fitted_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"model is a RIM that was not fitted\. Call fit\."):
        write_report(RIM(3), tmp_path / "r.html")


def test_text_that_was_cut_says_so():
    assert shortened("a  b\n c", 10) == "a b c"
    assert shortened("word " * 10, 12) == "word word w…"
    assert shortened("x" + " " * 200, 20) == "x…"  # what follows the blanks was never looked at
