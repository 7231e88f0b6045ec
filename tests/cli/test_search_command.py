from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tiny_data import vectors

import quantal as library
from quantal.cli import hit_files
from quantal.codes import (
    LinearDecoder,
    asymmetric_search,
    hamming_radius,
    hamming_search,
    read_codes,
    write_codes,
)

COLUMNS = ["query", "rank", "id", "distance"]


@pytest.fixture
def queries(folder):
    x = vectors(420)[300:]
    np.save("q.npy", x)
    return x


def read(name):
    """Columns of a file of hits, as lists."""
    if name.endswith("npy"):
        records = np.load(name)
        return {column: records[column].tolist() for column in records.dtype.names}
    if name.endswith("parquet"):
        return pq.read_table(name).to_pydict()
    with Path(name).open(newline="") as file:
        rows = list(csv.reader(file))
    return {head: [int(cell) for cell in cells] for head, *cells in zip(*rows, strict=True)}


@pytest.mark.parametrize("name", ["hits.parquet", "hits.csv", "hits.npy"])
def test_hits_are_those_of_the_library_in_every_format(quantal, codes, queries, name):
    result = quantal("search", "h", "codes.npy", "q.npy", "-k", 7, "--out", name)
    assert result.status == 0, result.err
    hits = read(name)
    packed = library.load("h").encode(queries)
    distances, rows = hamming_search(np.load("codes.npy"), packed, 7)
    assert list(hits) == COLUMNS
    assert hits["query"] == np.repeat(range(120), 7).tolist()
    assert hits["rank"] == [1, 2, 3, 4, 5, 6, 7] * 120
    assert hits["id"] == rows.ravel().tolist()
    assert hits["distance"] == distances.ravel().tolist()
    assert "840 hits of 120 queries among 300 codes, " in result.out


def test_types_of_the_columns_are_fixed(quantal, codes, queries):
    quantal("search", "h", "codes.npy", "q.npy", "--out", "hits.parquet")
    types = [str(field.type) for field in pq.read_schema("hits.parquet")]
    assert types == ["int64", "int32", "int64", "int32"]
    quantal("search", "h", "codes.npy", "q.npy", "--out", "hits.npy", "--asymmetric")
    assert np.load("hits.npy").dtype.descr == [
        ("query", "<i8"),
        ("rank", "<i4"),
        ("id", "<i8"),
        ("distance", "<f4"),
    ]


@pytest.mark.parametrize("name", ["hits.parquet", "hits.npy"])
def test_names_of_codes_and_of_queries_are_written(quantal, hasher, folder, queries, name):
    write_codes("named.parquet", library.load("h").encode(vectors()), 12, ids=names("g", 300))
    lines = [f"q{i},{','.join(map(str, row))}" for i, row in enumerate(queries.tolist())]
    head = ",".join(["id", *(f"c{i}" for i in range(24))])
    (folder / "q.csv").write_text("\n".join([head, *lines]))
    result = quantal("search", "h", "named.parquet", "q.csv", "-k", 1, "--out", name)
    assert result.status == 0, result.err
    hits = read(name)
    assert hits["query"] == names("q", 120)
    nearest = hamming_search(read_codes("named.parquet").packed, encoded(queries), 1)[1]
    assert hits["id"] == [f"g{row}" for row in nearest[:, 0]]


def names(prefix, n):
    return [f"{prefix}{i}" for i in range(n)]


def encoded(x):
    return library.load("h").encode(x)


def test_a_radius_finds_all_within_it_and_counts_who_found_nothing(quantal, codes, queries):
    queries[:5] *= -1  # far from every centre
    np.save("q.npy", queries)
    result = quantal("search", "h", "codes.npy", "q.npy", "--radius", 0, "--out", "hits.parquet")
    offsets, rows, distances = hamming_radius(np.load("codes.npy"), encoded(queries), 0)
    hits = read("hits.parquet")
    assert hits["id"] == rows.tolist()
    assert hits["distance"] == distances.tolist() == [0] * len(rows)
    counts = np.diff(offsets)
    assert hits["query"] == np.repeat(range(120), counts).tolist()
    assert hits["rank"] == [rank + 1 for count in counts for rank in range(count)]
    assert (counts[:5] == 0).all()
    assert f"{(counts == 0).sum()} of the queries found nothing" in result.out


def test_asymmetric_search_ranks_by_the_models_decoder(quantal, codes, queries):
    model = library.load("h")
    decoder = LinearDecoder(model.offset_, model.codewords_)
    wanted = asymmetric_search(np.load("codes.npy"), queries, decoder, 5)[1].ravel().tolist()
    search = ("search", "h", "codes.npy", "q.npy", "-k", 5, "--asymmetric", "--out", "hits.npy")
    assert quantal(*search).status == 0
    assert read("hits.npy")["id"] == wanted
    assert quantal(*search, "--candidates", 300).status == 0
    assert read("hits.npy")["id"] == wanted
    assert quantal(*search, "--candidates", 5).status == 0
    candidates = hamming_search(np.load("codes.npy"), encoded(queries), 5)[1]
    assert sorted(read("hits.npy")["id"]) == sorted(candidates.ravel().tolist())


@pytest.mark.parametrize("how", [("-k", 3), ("--radius", 2), ("-k", 4, "--asymmetric")])
def test_blocks_do_not_change_the_hits(quantal, codes, monkeypatch, how):
    np.save("q.npy", vectors(700))
    search = ("search", "h", "codes.npy", "q.npy", *how, "--out")
    assert quantal(*search, "whole.parquet").status == 0
    monkeypatch.setattr("quantal.cli.row_blocks.BLOCK_BYTES", 1)
    assert quantal(*search, "blocks.parquet").status == 0
    assert pq.read_table("whole.parquet").equals(pq.read_table("blocks.parquet"))
    assert pq.read_metadata("blocks.parquet").num_row_groups == 3


def test_without_a_file_the_first_queries_are_shown(quantal, codes, queries):
    lines = quantal("search", "h", "codes.npy", "q.npy", "-k", 2).out.splitlines()
    assert lines[0].split() == COLUMNS
    assert len(lines) == 1 + 5 * 2 + 2
    assert lines[-1] == "the first 5 of 120 queries; --out hits.parquet writes all"
    many = quantal("search", "h", "codes.npy", "q.npy", "--radius", 12).out
    assert "... 1,470 more of these queries" in many


@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw", "multihash"])
def test_indexes_find_codes_too(quantal, codes, queries, kind):
    pytest.importorskip("faiss")
    options = {"ivf": ("--set", "n_lists=4", "--set", "n_probes=4")}
    options["multihash"] = ("--set", "n_hashes=3", "--set", "hash_bits=4")
    search = ("search", "h", "codes.npy", "q.npy", "-k", 3, "--out", "hits.npy")
    found = quantal(*search, "--index", kind, *options.get(kind, ()))
    assert found.status == 0, found.err
    some = read("hits.npy")
    quantal(*search)
    exact = read("hits.npy")
    if kind in {"flat", "ivf"}:
        assert some["distance"] == exact["distance"]
    assert set(some["rank"]) == {1, 2, 3}


def test_a_missing_extra_is_one_line_that_says_how_to_install_it(
    quantal, codes, queries, monkeypatch
):
    monkeypatch.setitem(sys.modules, "faiss", None)
    result = quantal("search", "h", "codes.npy", "q.npy", "--index", "flat", "--out", "hits.npy")
    assert result.status == 2
    assert result.message.endswith("Run: pip install 'quantal[search]'")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-k", 3, "--radius", 2), "-k and --radius ask for different things"),
        (("-k", 0), "-k must be an integer in [1, inf), got 0"),
        (("-k", 301), "k must be at most 300, the number of codes, got 301"),
        (("--radius", -1), "--radius must be an integer in [0, inf), got -1"),
        (("--radius", 2, "--asymmetric"), "Use -k."),
        (("--candidates", 20), "Add --asymmetric, or leave --candidates out"),
        (("--asymmetric", "--candidates", 9), "--candidates 9 is less than -k 10"),
        (("--asymmetric", "--index", "flat"), "how many codes to rank: --candidates 200"),
        (("--set", "n_probes=3"), "Name it with --index"),
        (("--index", "iv"), "Did you mean 'ivf'?"),
        (("--index", "ivf", "--set", "n_probe=3"), "Did you mean 'n_probes'?"),
        (("--index", "hnsw", "--radius", 1), "hnsw cannot search by radius. Use one of flat, ivf"),
        (("--out", "hits.txt"), "End it in .parquet, .csv or .npy"),
        (("--out", "codes.npy"), "--out codes.npy is what is read"),
        (("--out", "q.npy"), "--out q.npy is what is read"),
    ],
)
def test_wrong_options_are_refused_and_leave_no_file(
    quantal, codes, queries, folder, arguments, words
):
    before = sorted(folder.rglob("*"))
    result = quantal("search", "h", "codes.npy", "q.npy", *arguments)
    assert result.status == 2
    assert words in result.message
    assert result.out == ""
    assert sorted(folder.rglob("*")) == before


def fit_other(quantal, *options):
    quantal("fit", "v.npy", "--out", "other", "-q", *options)
    return quantal("search", "other", "codes.npy", "q.npy")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--method", "itq", "--bits", 9), "codes of 12 bits, but other makes 9. Encode the rows"),
        (("--method", "random-hyperplane", "--bits", 12), "by the method itq, but other is one of"),
        (("--method", "itq", "--bits", 12, "--seed", 1), "by another model of itq than other"),
        (("--method", "rim", "-k", 2, "--set", "n_epochs=1"), "Codes come from a hasher"),
    ],
)
def test_codes_of_another_model_are_refused(quantal, codes, queries, options, words):
    result = fit_other(quantal, *options)
    assert result.status == 2
    assert words in result.message


def test_codes_that_do_not_name_their_maker_are_searched(quantal, hasher, queries):
    write_codes("plain.npy", encoded(vectors()), 12)
    assert quantal("search", "h", "plain.npy", "q.npy").status == 0
    write_codes("plain.npy", encoded(vectors()), 12, method="itq")
    assert quantal("search", "h", "plain.npy", "q.npy").status == 0


def test_a_method_without_decoder_cannot_rank_by_the_query(quantal, hasher, queries):
    quantal("fit", "v.npy", "--out", "r", "--method", "random-hyperplane", "--bits", 8, "-q")
    quantal("encode", "r", "v.npy", "--out", "r.npy")
    result = quantal("search", "r", "r.npy", "q.npy", "--asymmetric")
    assert result.status == 2
    assert "which RandomHyperplaneHashing does not have. Use a model of itq" in result.message


def test_rows_and_missing_files_are_no_codes(quantal, hasher, queries):
    assert "v.npy.json is missing beside v.npy" in quantal("search", "h", "v.npy", "q.npy").message
    assert "gone.npy is not a file" in quantal("search", "h", "gone.npy", "q.npy").message


def test_a_full_disk_is_one_line_and_leaves_no_file(quantal, codes, queries, monkeypatch):
    def full(path, *_):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(hit_files.WRITERS, ".csv", full)
    result = quantal("search", "h", "codes.npy", "q.npy", "--out", "hits.csv")
    assert result.status == 2
    assert "hits.csv cannot be written (No space left on device)" in result.message
    assert not list(codes.parent.glob("*hits*"))
