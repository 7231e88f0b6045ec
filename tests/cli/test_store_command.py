from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tiny_data import vectors

import quantal as library
from quantal.codes import read_codes, write_codes


@pytest.fixture
def queries(folder):
    np.save("q.npy", vectors(350)[300:])


def ids_of(name):
    with Path(name).open(newline="") as file:
        return [tuple(line.values()) for line in csv.DictReader(file)]


@pytest.mark.parametrize("store", ["lancedb", "faiss", "usearch"])
def test_a_store_answers_like_the_file_that_it_was_made_of(quantal, codes, queries, store):
    stored = quantal("store", "codes.npy", "--to", f"{store}:gallery")
    assert stored.status == 0, stored.err
    assert "300 codes of 12 bits, index " in stored.out
    assert f"search them with: quantal search MODEL {store}:gallery QUERIES -k 10" in stored.out
    assert stored.err == ""
    for place, out in (("codes.npy", "one.csv"), (f"{store}:gallery", "other.csv")):
        found = quantal("search", "h", place, "q.npy", "-k", 7, "--out", out)
        assert found.status == 0, found.err
        assert "350 hits of 50 queries among 300 codes, " in found.out
    assert ids_of("one.csv") == ids_of("other.csv")


@pytest.mark.parametrize("out", ["hits.npy", "hits.parquet"])
def test_names_of_a_store_are_written(quantal, hasher, queries, out):
    ids = [f"g{i}" for i in range(300)]
    write_codes("c.parquet", library.load("h").encode(vectors()), 12, ids=ids)
    assert quantal("store", "c.parquet", "--to", "faiss:gallery", "-q").out == ""
    quantal("search", "h", "faiss:gallery", "q.npy", "-k", 1, "--out", out)
    quantal("search", "h", "c.parquet", "q.npy", "-k", 1, "--out", f"file-{out}")
    assert Path(out).read_bytes() == Path(f"file-{out}").read_bytes()


@pytest.mark.parametrize("store", ["pgvector", "elasticsearch"])
def test_files_to_load_say_how(quantal, codes, store):
    result = quantal("store", "codes.npy", "--to", f"{store}:files")
    assert result.status == 0, result.err
    assert "Load them with load." in result.out
    again = quantal("search", "h", f"{store}:files", "v.npy")
    assert again.status == 2
    assert "does not search it. Load them with load." in again.message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--radius", 2), "--radius works on a file of codes; faiss:gallery is a store"),
        (("--asymmetric",), "--asymmetric works on a file of codes"),
        (("--index", "flat"), "Leave --index out, or name the file of codes."),
        (("-k", 301), "k must be at most 300, the number of codes, got 301"),
    ],
)
def test_what_a_store_cannot_search_is_one_line(quantal, codes, queries, arguments, words):
    quantal("store", "codes.npy", "--to", "faiss:gallery")
    result = quantal("search", "h", "faiss:gallery", "q.npy", *arguments)
    assert result.status == 2
    assert words in result.message
    assert result.out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("codes.npy", "--to", "gallery"), "'gallery' names no store. Begin with one of lancedb:"),
        (("codes.npy", "--to", "lancdb:g"), "Did you mean 'lancedb'?"),
        (("codes.npy", "--to", "lancedb:g?kind=ivf_pq"), "Use one of: flat, ivf_flat, ivf_hnsw"),
        (("gone.npy", "--to", "lancedb:g"), "gone.npy is not a file. Check the path."),
        (("v.npy", "--to", "lancedb:g"), "v.npy.json is missing beside v.npy"),
        (("codes.npy", "--to", "lancedb:h"), "h is a folder that quantal did not write"),
        (("codes.npy", "--to", "milvus:h"), "milvus:h names no collection. Write milvus:http"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(quantal, codes, folder, arguments, words):
    before = sorted(folder.rglob("*"))
    result = quantal("store", *arguments)
    assert result.status == 2
    assert words in result.message
    assert sorted(folder.rglob("*")) == before


def test_codes_of_another_model_are_refused(quantal, codes, queries):
    quantal("store", "codes.npy", "--to", "faiss:gallery")
    quantal("fit", "v.npy", "--out", "other", "-q", "--method", "itq", "--bits", 12, "--seed", 1)
    result = quantal("search", "other", "faiss:gallery", "q.npy")
    assert result.status == 2
    assert "faiss:gallery was made by another model of itq than other" in result.message
    assert result.message.endswith("--out codes.npy, and store those again as faiss:gallery")
    assert read_codes("codes.npy").method is not None
