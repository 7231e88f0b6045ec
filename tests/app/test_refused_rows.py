"""Rows that cannot be used are refused with what came, what is allowed, and what to do."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from served import ARROW, NPY, arrow, client, npy, post, refusal, rows

from quantal.app.arrow_rows import is_compressed

JSON = "application/json"
X = rows()[:3]


def refused(hashing, body, status, kind=JSON):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusal(post(hashing, "encode", body, kind), status)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, 'The body\'s object holds nothing. Send {"rows": [[0.5, 1.5, ...], ...]} with 6'),
        ([[1.0]], "The body is a list."),
        (3, "The body is 3."),
        (None, "The body is null."),
        ({"rows": None}, "rows must be a list, got null."),
        ({"rows": [[1] * 6], "k": 3}, "The body's object holds 'rows, k'."),
        ({"texts": ["a"]}, "The body's object holds 'texts'."),
        ({"rows": [[1] * 6, [2] * 5]}, "rows[1] holds 5 values and rows[0] holds 6;"),
        ({"rows": [[1] * 6, 2]}, "rows[0] is a list, and must be a number"),
        ({"rows": [[1] * 6, [1, 1, 1, 1, 1, None]]}, "rows[1][5] is null, and must be a number"),
        ({"rows": [[1, 1, 1, 1, 1, True]]}, "rows[0][5] is True, and must be a number"),
        ({"rows": [["1"] * 6]}, "rows[0][0] is '1', and must be a number"),
        ({"rows": [[{}] * 6]}, "rows[0][0] is an object, and must be a number"),
        ({"rows": [[[[[1]]]]]}, "rows is nested more than 4 deep."),
        ({"rows": [[10**400] * 6]}, "rows holds an integer that no float64 can hold."),
    ],
)
def test_json_that_is_no_rows_of_numbers_is_refused(hashing, body, text):
    assert refused(hashing, body, 422).startswith(text)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"rows": [[1,', b"\xff\xfe", b"[" * 100_000, b'{"rows": 1e}']
)
def test_what_is_not_json_is_refused(hashing, body):
    assert refused(hashing, body, 400).startswith("The body is not JSON: ")


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.empty((0, 6)), "Found array with 0 sample(s) (shape=(0, 6))"),
        (np.ones((2, 5)), "X has 5 features, but ITQ is expecting 6 features as input. Pass rows"),
        (np.ones((2, 0)), "0 feature(s)"),
        (np.ones((2, 2, 2)), "holds images of shape (2, 2), but the model was fitted on rows of"),
        (np.full((2, 6), np.nan), "Input X of ITQ contains NaN (12 of them), the first in row 0"),
        (np.full((2, 6), np.inf), "Input X of ITQ contains infinity (12 of them)"),
    ],
)
def test_the_librarys_own_refusals_come_through_in_every_form(hashing, array, text):
    assert text in refused(hashing, npy(array), 422, NPY)
    if array.ndim == 2 and array.size:
        assert text in refused(hashing, arrow(array), 422, ARROW)
        assert text in refused(hashing, {"rows": array.tolist()}, 422)


@pytest.mark.parametrize(
    ("array", "named"),
    [
        (np.array([["a"]]), "<U1 of shape (1, 1)"),
        (np.ones((2, 6), complex), "complex128 of shape (2, 6)"),
        (np.zeros((2, 6), "M8[s]"), "datetime64[s] of shape (2, 6)"),
        (np.float64(3), "float64 of shape ()"),
        (np.zeros(2, [("a", "f4")]), "[('a', '<f4')] of shape (2,)"),
        (np.zeros((2, 6), np.longdouble), "float128 of shape (2, 6)"),
    ],
)
def test_npy_of_anything_but_numbers_is_refused(hashing, array, named):
    text = refused(hashing, npy(array), 422, NPY)
    assert text.startswith(f"The body holds {named}, but rows must be numbers of at most 64 bits")


def test_npy_of_python_objects_is_never_unpickled(hashing):
    file = io.BytesIO()
    np.save(file, np.array([[{}]]), allow_pickle=True)
    assert "which only pickle could read" in refused(hashing, file.getvalue(), 400, NPY)


def lying(shape, data=b""):
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + data


@pytest.mark.parametrize("shape", [(10**12, 6), (2, 10**18), (10**30, 10**30), (3, 6)])
def test_an_npy_header_that_lies_reserves_no_memory(hashing, shape):
    text = refused(hashing, lying(shape, bytes(96)), 400, NPY)
    assert f"The body's header says shape {shape} of float64" in text
    assert "but 96 follow" in text


@pytest.mark.parametrize("shape", [(0, 10**30), (-1, 6)])
def test_impossible_shapes_are_refused(hashing, shape):
    assert f"it has shape {shape}" in refused(hashing, lying(shape), 400, NPY)


@pytest.mark.parametrize("body", [b"", b"\x93NUMPY", npy(X)[:40], b"PK\x03\x04", npy(X)[:-1]])
def test_damaged_npy_is_refused(hashing, body):
    refused(hashing, body, 400, NPY)


@pytest.mark.parametrize("body", [b"", b"ARROW1", arrow(X)[:100], arrow(X)[:-60], b"\xff" * 64])
def test_a_damaged_arrow_stream_is_refused(hashing, body):
    text = refused(hashing, body, 400, ARROW)
    assert text.startswith("The body is truncated, damaged or not an Arrow stream (")


def test_an_arrow_stream_never_unpacks(hashing):
    for codec in ("lz4", "zstd"):
        body = arrow(np.zeros((1000, 6)), options=pa.ipc.IpcWriteOptions(compression=codec))
        assert refused(hashing, body, 400, ARROW).startswith("The body is compressed, which could")


def test_a_batch_tells_whether_it_is_compressed():
    for codec, expected in ((None, False), ("lz4", True), ("zstd", True)):
        options = pa.ipc.IpcWriteOptions(compression=codec)
        messages = pa.ipc.MessageReader.open_stream(arrow(X, options=options))
        messages.read_next_message()
        assert is_compressed(messages.read_next_message().metadata.to_pybytes()) is expected


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array(["a", "b"]), "columns that are not numbers: 'x' (string)"),
        (pa.array([1.0, None]), "the column 'x' has 1 empty cell (NaN), the first in row 1"),
        (pa.array([[1.0], [2.0, 3.0]]), "mixes widths"),
        (pa.nulls(2), "columns that are not numbers: 'x' (empty)"),
    ],
)
def test_arrow_columns_that_are_no_numbers_are_refused(hashing, column, text):
    file = io.BytesIO()
    batch = pa.record_batch([column], names=["x"])
    with pa.ipc.new_stream(file, batch.schema) as stream:
        stream.write_batch(batch)
    assert text in refused(hashing, file.getvalue(), 422, ARROW)


def test_arrow_dictionaries_are_refused(hashing):
    file = io.BytesIO()
    batch = pa.record_batch([pa.array(["a"]).dictionary_encode()], names=["x"])
    with pa.ipc.new_stream(file, batch.schema) as stream:
        stream.write_batch(batch)
    text = refused(hashing, file.getvalue(), 400, ARROW)
    assert text == "The body holds a dictionary, where only record batches may be. Decode it."


@pytest.mark.parametrize("damage", range(12))
def test_flipped_bytes_of_an_arrow_stream_are_an_answer_or_a_refusal(hashing, damage):
    rng = np.random.default_rng(damage)
    body = bytearray(arrow(X))
    for place in rng.integers(0, len(body), 4):
        body[place] = rng.integers(256)
    assert post(hashing, "encode", bytes(body), ARROW).status_code in {200, 400, 422}


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_values_that_overflow_are_refused_instead_of_answered_with_nan(clusterer):
    huge = np.full((2, 6), 1e300)
    huge[0] = 0
    with client(clusterer) as found:
        for name in ("predict?top=1", "search"):
            text = refusal(found.post(f"/v1/{name}", json={"rows": huge.tolist()}), 422)
            assert "of row 1 (counting from 0) are not finite" in text
