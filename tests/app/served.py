"""Small models, and clients of a server of each."""

from __future__ import annotations

import io
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from fastapi.testclient import TestClient

from quantal.app import ServerSettings, create_app
from quantal.clustering import IMSAT
from quantal.data import open_source
from quantal.hashing import ITQ

HOME = "http://127.0.0.1:8000"
NPY = "application/x-npy"
ARROW = "application/vnd.apache.arrow.stream"
D = 6


def rows(n=300, d=D):
    """Rows around ten centres, all of them far apart."""
    rng = np.random.default_rng(0)
    centers = 3 * rng.normal(size=(10, d))
    return (centers[np.arange(n) % 10] + rng.normal(size=(n, d))).astype(np.float32)


def small_hasher():
    return ITQ(n_bits=D).fit(rows())


def small_clusterer():
    return IMSAT(n_clusters=3, n_epochs=2, n_init=1, hidden_layer_sizes=(8,)).fit(rows())


@contextmanager
def client(model, *, data=True, headers=None, **settings):
    """Give a client of a server of ``model`` and, with ``data``, of `rows`."""
    app = create_app(
        model, data=open_source(rows()) if data else None, settings=ServerSettings(**settings)
    )
    with TestClient(app, base_url=HOME, headers=headers) as found:
        yield found


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def arrow(array, names=None, **options):
    columns = names or [f"c{i}" for i in range(array.shape[1])]
    batch = pa.record_batch([pa.array(c) for c in np.ascontiguousarray(array.T)], names=columns)
    file = io.BytesIO()
    with pa.ipc.new_stream(file, batch.schema, **options) as stream:
        stream.write_batch(batch)
    return file.getvalue()


def post(client, name, body, kind, accept="application/json", query=""):
    headers = {"Content-Type": kind, "Accept": accept}
    return client.post(f"/v1/{name}{query}", content=body, headers=headers)


def refusal(answer, status):
    """Return the text of a refusal, after checking that it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem["detail"]
