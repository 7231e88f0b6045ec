"""Matrices of SciPy in `.npz` files: every format is read, and no number leads outside."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.data import open_source
from quantal.errors import DataError, FileFormatError

ROWS = np.array([[1, 0, 2, 0], [0, 0, 3, 0], [0, 4, 0, 0], [5, 0, 0, 6]], dtype=np.float32)
CSR = {"data": ROWS[ROWS > 0], "indices": [0, 2, 2, 1, 0, 3], "indptr": [0, 2, 3, 4, 6]}


@pytest.fixture
def write(tmp_path):
    """Write an archive as save_npz does, with any of its arrays changed or, by None, left out."""

    def make(layout="csr", shape=(4, 4), **arrays):
        members = {"format": np.array(layout.encode()), "shape": np.array(shape), **arrays}
        np.savez(tmp_path / "x.npz", **{k: v for k, v in members.items() if v is not None})
        return tmp_path / "x.npz"

    return make


@pytest.mark.parametrize("layout", ["csr", "csc", "bsr", "coo", "dia"])
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_every_format_of_scipy_becomes_rows(tmp_path, layout, kind):
    made = getattr(sp, f"{layout}_{kind}")
    sp.save_npz(tmp_path / "x.npz", made(sp.csr_array(ROWS)))
    x = open_source(tmp_path / "x.npz").x
    assert (x.format, x.dtype) == ("csr", np.float32)
    np.testing.assert_array_equal(x.toarray(), ROWS)


@pytest.mark.parametrize("dtype", [">f4", "<f2", ">i8", "?"])
def test_every_type_of_number_is_brought_to_one_that_scipy_takes(write, dtype):
    x = open_source(write(**{**CSR, "data": CSR["data"].astype(dtype)})).x
    np.testing.assert_array_equal(x.toarray(), ROWS.astype(dtype).astype(x.dtype))
    assert x.dtype.isnative


def test_pointers_that_leave_the_arrays_of_an_empty_matrix_are_refused(write):
    """SciPy checks only the last pointer of these and then reads 33 million numbers from six."""
    for pointers in ([0, 2, 33_554_439, 33_554_439, 0], [0, -7, 3, 4, 6], [1, 2, 3, 4, 6]):
        with pytest.raises(FileFormatError, match=r"x\.npz holds no sound sparse .*do not rise"):
            open_source(write(**{**CSR, "indptr": pointers}))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"indices": [0, 2, 2, 1, 0, 4]}, "places from 0 to 4, where 4 are"),
        ({"indices": [0, 2, 2, 1, 0, -1]}, "places from -1 to 2"),
        ({"indices": [0, 2, 2, 1, 0]}, "5 places for 6 numbers"),
        ({"indices": [0.0, 2, 2, 1, 0, 3]}, "places are float64"),
        ({"indptr": [0, 6]}, "2 pointers for 4 rows"),
        ({"data": np.zeros((6, 1))}, "of 2 axes"),
        ({"shape": (4, -4)}, "its shape is not two numbers"),
        ({"shape": (4, 4, 4)}, "its shape is not two numbers"),
        ({"layout": "../x"}, "in the format '../x'; read are csr, csc"),
        ({"indices": None}, "without its array 'indices'"),
        ({"layout": "coo", "row": [0, 1], "col": [0, 9], "data": [1.0, 2.0]}, "from 0 to 9"),
        ({"layout": "coo", "row": [0], "col": [0, 1], "data": [1.0, 2.0]}, "1 places for 2"),
        ({"layout": "dia", "offsets": [9], "data": [[1.0] * 4]}, "outside of the matrix"),
        ({"layout": "dia", "offsets": [1, 1], "data": [[1.0] * 4] * 2}, "one of them twice"),
        ({"layout": "bsr", "data": np.ones((6, 3, 1))}, "blocks of 3 x 1 in 4 x 4"),
    ],
)
def test_arrays_that_form_no_matrix_are_refused(write, changed, text):
    with pytest.raises(FileFormatError, match=text) as error:
        open_source(write(**{**CSR, **changed}))
    assert "x.npz" in str(error.value)


def test_a_width_that_no_memory_holds_is_refused_before_anything_is_made(write):
    with pytest.raises(DataError, match=r"x\.npz needs .* GiB, more than"):
        open_source(write(shape=(4, 1 << 60), **CSR))
