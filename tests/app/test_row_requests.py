"""Rows in every form give the library's own answers in every form."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from served import ARROW, NPY, arrow, client, npy, post, refusal, rows

from quantal.codes import hamming_search
from quantal.graph import nearest_neighbors
from quantal.hashing import ITQ

JSON = "application/json"
X = rows()[:7]
BODIES = {
    JSON: json.dumps({"rows": X.tolist()}).encode(),
    NPY: npy(X),
    ARROW: arrow(X),
}


def read(answer):
    """Return the columns of an answer, whatever its form."""
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"]
    if kind == JSON:
        return {name: np.array(values) for name, values in answer.json().items()}
    if kind == NPY:
        array = np.load(io.BytesIO(answer.content), allow_pickle=False)
        return {name: array[name] for name in array.dtype.names or ()} or {"": array}
    table = pa.ipc.open_stream(answer.content).read_all()
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


@pytest.mark.parametrize("accept", BODIES)
@pytest.mark.parametrize("kind", BODIES)
def test_likely_clusters_are_the_librarys(clustering, clusterer, kind, accept):
    got = read(post(clustering, "predict", BODIES[kind], kind, accept, "?top=3"))
    p = clusterer.predict_proba(X)
    np.testing.assert_array_equal(got["labels"], clusterer.predict(X))
    np.testing.assert_array_equal(got["clusters"], np.argsort(-p, axis=1, kind="stable"))
    np.testing.assert_array_equal(got["probabilities"].astype(np.float32), -np.sort(-p, axis=1))


@pytest.mark.parametrize("kind", BODIES)
def test_labels_alone_are_one_array(clustering, clusterer, kind):
    got = read(post(clustering, "predict", BODIES[kind], kind, NPY))
    assert got[""].dtype == np.int64
    np.testing.assert_array_equal(got[""], clusterer.predict(X))


@pytest.mark.parametrize("accept", BODIES)
@pytest.mark.parametrize("kind", BODIES)
def test_codes_are_the_librarys(hashing, hasher, kind, accept):
    answer = post(hashing, "encode", BODIES[kind], kind, accept)
    codes = hasher.encode(X)
    if accept == JSON:
        assert answer.json() == {
            "n_bits": 6,
            "bit_order": "little",
            "codes": [row.tobytes().hex() for row in codes],
        }
        return
    assert json.loads(answer.headers["x-quantal"]) == {"n_bits": 6, "bit_order": "little"}
    if accept == NPY:
        np.testing.assert_array_equal(read(answer)[""], codes)
    else:
        table = pa.ipc.open_stream(answer.content).read_all()
        assert table.schema.field("codes").type == pa.binary(1)
        assert table["codes"].to_pylist() == [row.tobytes() for row in codes]
        assert json.loads(table.schema.metadata[b"quantal"])["n_bits"] == 6


def test_codes_of_several_bytes_are_cut_row_by_row(hasher):
    wide = ITQ(n_bits=19).fit(rows(d=20))
    with client(wide, data=False) as found:
        answer = found.post("/v1/encode", json={"rows": rows(5, 20).tolist()})
    assert answer.json()["codes"] == [code.tobytes().hex() for code in wide.encode(rows(5, 20))]


@pytest.mark.parametrize("accept", BODIES)
@pytest.mark.parametrize("kind", BODIES)
def test_nearest_codes_are_the_librarys(hashing, hasher, kind, accept):
    got = read(post(hashing, "search", BODIES[kind], kind, accept, "?k=5"))
    distances, neighbors = hamming_search(hasher.encode(rows()), hasher.encode(X), 5)
    np.testing.assert_array_equal(got["neighbors"], neighbors)
    np.testing.assert_array_equal(got["distances"], distances)


def test_a_clusterer_finds_neighbours_by_its_embedding(clustering, clusterer):
    answer = clustering.post("/v1/search?k=4", json={"rows": X.tolist()}).json()
    places = clusterer.transform(rows())
    distances, neighbors = nearest_neighbors(clusterer.transform(X), 4, reference=places)
    assert answer["by"] == "embedding"
    assert answer["neighbors"] == neighbors.tolist()
    assert answer["distances"] == distances.tolist()
    assert [found[0] for found in answer["neighbors"]] == list(range(7))


def test_an_embedding_that_is_too_wide_gives_way_to_probabilities(clusterer, monkeypatch):
    monkeypatch.setattr("quantal.app.row_index.EMBEDDING_BYTES", 4)
    with client(clusterer) as found:
        answer = found.post("/v1/search?k=3", json={"rows": X.tolist()}).json()
    p = clusterer.predict_proba(rows())
    _, neighbors = nearest_neighbors(p[:7], 3, reference=p)
    assert answer["by"] == "probability"
    assert answer["neighbors"] == neighbors.tolist()


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<i2", ">i8", "u1", "?", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_real_dtype_and_order_of_npy_is_read(hashing, hasher, dtype, order):
    array = np.array((X > 1) * 3, dtype, order=order)
    got = read(post(hashing, "encode", npy(array), NPY, NPY))
    np.testing.assert_array_equal(got[""], hasher.encode(array.astype(np.float64)))


def test_arrow_lists_are_rows(hashing, hasher):
    lists = pa.record_batch([pa.array(X.tolist(), pa.list_(pa.float32(), 6))], names=["x"])
    file = io.BytesIO()
    with pa.ipc.new_stream(file, lists.schema) as stream:
        for start in range(7):
            stream.write_batch(lists.slice(start, 1))
    got = read(post(hashing, "encode", file.getvalue(), ARROW, NPY))
    np.testing.assert_array_equal(got[""], hasher.encode(X))


def test_arrow_columns_are_found_by_name(tmp_path):
    import pyarrow.parquet as pq

    names = list("abcdef")
    table = pa.table({name: rows()[:, i] for i, name in enumerate(names)})
    pq.write_table(table, tmp_path / "t.parquet")
    model = ITQ(n_bits=6).fit(tmp_path / "t.parquet")
    turned = arrow(np.ascontiguousarray(X[:, ::-1]), names[::-1])
    with client(model, data=False) as found:
        got = read(post(found, "encode", turned, ARROW, NPY))
        text = refusal(post(found, "encode", arrow(X), ARROW), 422)
    np.testing.assert_array_equal(got[""], model.encode(X))
    assert text.startswith("The body has no column 'a'; it has c0, c1, c2, c3, c4, c5.")


def test_rows_with_names_are_found_by_them(hasher):
    from dataclasses import replace

    from fastapi.testclient import TestClient
    from served import HOME

    from quantal.app import create_app
    from quantal.data import open_source

    named = replace(open_source(rows()), ids=[f"r{i}" for i in range(300)])
    body = {"rows": X[:2].tolist()}
    with TestClient(create_app(hasher, data=named), base_url=HOME) as found:
        answer = found.post("/v1/search?k=2", json=body).json()
        arrow_answer = found.post("/v1/search?k=2", json=body, headers={"Accept": ARROW})
    assert answer["ids"] == [[f"r{i}" for i in row] for row in answer["neighbors"]]
    table = pa.ipc.open_stream(arrow_answer.content).read_all()
    assert table["ids"].to_pylist() == answer["ids"]


def test_integers_and_whole_floats_are_the_same_rows(hashing):
    whole = np.round(X).astype(int)
    as_int = hashing.post("/v1/encode", json={"rows": whole.tolist()})
    as_float = hashing.post("/v1/encode", json={"rows": whole.astype(float).tolist()})
    assert as_int.json() == as_float.json()
