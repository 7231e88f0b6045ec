"""Methods that label the rows of their fit and no others, on the command line."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

METHODS = ("graph-degree-linkage", "path-integral-linkage", "zeta-linkage", "normalized-cuts")


@pytest.fixture(params=METHODS)
def fitted(quantal, request, folder):
    x = np.concatenate([np.random.default_rng(0).normal(size=(30, 3)) + 9 * c for c in range(2)])
    np.save("rows.npy", x)
    done = quantal("fit", "rows.npy", "-k", 2, "--method", request.param, "--out", "m",
                   "--labels", "l.parquet")  # fmt: skip
    assert done.status == 0, done.err
    return done


def test_a_fit_writes_labels_and_does_not_offer_to_label_new_rows(fitted):
    table = pq.read_table("l.parquet")
    labels = table["label"].to_numpy()
    assert len(set(labels[:30])) == len(set(labels[30:])) == 1 and labels[0] != labels[-1]
    assert np.isnan(table["probability"].to_numpy()).all()
    assert "2 clusters" in fitted.out and "quantal predict" not in fitted.out
    assert "objective" not in fitted.out


def test_the_rows_of_the_fit_get_their_labels_again(fitted, quantal):
    done = quantal("predict", "m", "rows.npy", "--out", "again.parquet")
    assert done.status == 0, done.err
    assert pq.read_table("again.parquet")["label"].equals(pq.read_table("l.parquet")["label"])


def test_other_rows_are_refused_with_the_way_out(fitted, quantal):
    np.save("new.npy", np.load("rows.npy") + 1)
    done = quantal("predict", "m", "new.npy", "--out", "new.parquet")
    assert done.status == 2
    assert "labels only the rows that it was fitted on" in done.err and "--labels" in done.err
