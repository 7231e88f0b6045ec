from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from PIL import Image

from quantal.errors import DataError
from quantal.hashing import ITQ
from quantal.report.pixels import image_uri, to_bytes
from quantal.report.row_views import RowViewer
from quantal.report.shown_rows import shown_rows
from quantal.report.templating import plain


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(30, 12)).astype(np.float32)


def test_rows_are_taken_in_the_order_asked_dense_or_sparse(X):
    model = ITQ(4, random_state=0).fit(X)
    asked = np.array([7, 2, 7, 29])
    np.testing.assert_allclose(shown_rows(model, X).take(asked), X[asked])
    sparse = shown_rows(model, sp.csr_array(X))
    np.testing.assert_allclose(sparse.take(asked).toarray(), X[asked])


def test_the_layout_of_images_is_found(X):
    for shape in ((3, 4), (2, 2, 3), (3, 2, 2), (12, 1)):
        model = ITQ(4, random_state=0).fit(X.reshape(30, *shape))
        pictures = shown_rows(model, X).pictures
        expected = {(3, 2, 2): (2, 2, 3)}.get(shape, shape)
        assert pictures.shape[1:] == expected
    model = ITQ(4, random_state=0).fit(X)
    assert shown_rows(model, X).kind == "vectors"


def test_a_model_of_an_array_of_images_reads_a_folder_at_their_size(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 6, 4), dtype=np.uint8)
    for i, image in enumerate(pixels):
        Image.fromarray(image).resize((8, 12)).save(tmp_path / f"{i:02}.png")
    shown = shown_rows(ITQ(4, random_state=0).fit(pixels), str(tmp_path))
    assert shown.pictures.shape == (20, 6, 4)
    assert shown.name(3) == "03.png"


def test_another_width_is_refused(X):
    model = ITQ(4, random_state=0).fit(X)
    with pytest.raises(DataError, match="has 11 columns, but the model was fitted on 12"):
        shown_rows(model, X[:, :11])


def test_all_pictures_of_a_page_have_one_black_and_one_white(X):
    model = ITQ(4, random_state=0).fit(X.reshape(30, 3, 4))
    shown = shown_rows(model, X.reshape(30, 3, 4))
    views = RowViewer(shown, np.arange(30)).view(np.array([3, 1]), ["a", "b"])
    assert [view.name for view in views] == ["row 3", "row 1"]
    pixels = to_bytes(shown.pictures[3], X.min(), X.max())
    assert views[0].image == image_uri(pixels)


def test_pixels_become_bytes_and_large_images_are_reduced():
    assert to_bytes(np.array([[-1.0, 0.0, 1.0, np.nan]]), -1, 1).tolist() == [[0, 128, 255, 0]]
    assert to_bytes(np.array([[3.0]]), 3, 3).tolist() == [[0]]
    import base64
    import io

    photo = np.zeros((500, 250, 3), np.uint8)
    kind, _, payload = image_uri(photo).partition(";base64,")
    assert kind == "data:image/jpeg"
    assert Image.open(io.BytesIO(base64.b64decode(payload))).size == (80, 160)


def test_text_is_cleaned_of_what_disturbs_a_page():
    assert plain("a\x00b\u202ec\ud800d\n") == "a\ufffdb\ufffdc\ufffdd\n"
