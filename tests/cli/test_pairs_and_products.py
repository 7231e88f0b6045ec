"""`quantal fit --pairs` and `quantal search --metric inner_product`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_data import vectors

import quantal as library
from quantal.cli.pair_files import read_pair_file
from quantal.codes import LinearDecoder, asymmetric_search
from quantal.errors import DataError

SGH = ("--method", "sgh", "--bits", 8, "--set", "n_steps=6", "--out", "h")
PAIRS = [(0, 10, 1), (1, 2, 0), (3, 13, 1), (4, 5, 0)]


def write_pairs(name, pairs=PAIRS, header=("first", "second", "similar")):
    suffix = Path(name).suffix
    if suffix == ".npy":
        np.save(name, np.array(pairs))
    elif suffix == ".parquet":
        columns = zip(*pairs, strict=True)
        pq.write_table(pa.table(dict(zip(header, map(list, columns), strict=True))), name)
    else:
        with Path(name).open("w", newline="") as file:
            lines = [header, *pairs] if header else pairs
            csv.writer(file, delimiter="\t" if suffix == ".tsv" else ",").writerows(lines)


@pytest.mark.parametrize("name", ["p.npy", "p.csv", "p.tsv", "p.parquet"])
def test_pairs_of_a_file_reach_the_fit(quantal, folder, name):
    np.save("v.npy", vectors())
    write_pairs(name)
    result = quantal("fit", "v.npy", *SGH, "--pairs", name)
    assert result.status == 0, result.err
    direct = library.hashing.SGH(8, n_steps=6, random_state=0).fit(vectors(), pairs=PAIRS)
    model = library.load("h")
    assert model.n_pairs_ == 4
    np.testing.assert_array_equal(model.directions_, direct.directions_)


def test_a_file_without_header_and_names_of_rows_are_understood(quantal, folder):
    names = [f"r{i}" for i in range(300)]
    table = {"id": names} | {f"c{k}": column for k, column in enumerate(vectors().T)}
    pq.write_table(pa.table(table), "v.parquet")
    write_pairs("p.csv", [(f"r{i}", f"r{j}", s) for i, j, s in PAIRS], header=None)
    result = quantal("fit", "v.parquet", *SGH, "--pairs", "p.csv")
    assert result.status == 0, result.err
    assert library.load("h").n_pairs_ == 4
    write_pairs("q.csv", [("r0", "x1", 1), ("r0", "r1", 0)])
    result = quantal("fit", "v.parquet", *SGH, "--pairs", "q.csv")
    assert "q.csv: no row of DATA is called 'x1' (1 such)" in result.message


@pytest.mark.parametrize(
    ("text", "similar"),
    [
        ("0.00e+00,1.00e+00,1.00e+00\n2.00e+00,3.00e+00,0.00e+00\n", [1, 0]),
        ("0,1,true\n2,3,false\n", [1, 0]),
        ("0,1,2\n0,1,1\n2,3,0\n", [1, 0]),  # numbered columns, as pandas writes them
        ("i,j,similar\n0,1,1\n2,3,0\n", [1, 0]),
    ],
)
def test_the_first_pair_is_not_taken_for_a_header(tmp_path, text, similar):
    (tmp_path / "p.csv").write_text(text)
    columns = read_pair_file(tmp_path / "p.csv")
    assert [column.tolist() for column in columns] == [[0, 2], [1, 3], similar]


def test_a_header_alone_is_refused_before_anything_is_trained(tmp_path):
    (tmp_path / "p.csv").write_text("i,j,similar\n")
    with pytest.raises(DataError, match=r"p\.csv holds no pairs\. Write one a line: two rows"):
        read_pair_file(tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("name", "pairs", "words"),
    [
        ("p.json", None, "--pairs p.json ends in '.json'; pairs are read from .npy, .csv"),
        ("p.npy", None, "--pairs p.npy does not exist. Name a file of two rows and 1"),
        ("p.npy", [(0, 1)], "p.npy has 2 columns, but pairs have three"),
        ("p.csv", [("a", "b", 1), ("b", "a", 0)], "but the rows of DATA have no names"),
        ("p.npy", [(0, 300, 1), (1, 2, 0)], "row numbers of X from 0 to 299, got 300"),
        ("p.npy", [(0, 1, 1)], "all 1 pairs are similar"),
    ],
)
def test_files_that_hold_no_pairs_are_refused(quantal, folder, name, pairs, words):
    np.save("v.npy", vectors())
    if pairs:
        write_pairs(name, pairs)
    result = quantal("fit", "v.npy", *SGH, "--pairs", name)
    assert result.status == 2
    assert words in result.message
    assert not Path("h").exists()


def test_a_damaged_file_and_a_method_without_pairs_are_named(quantal, folder):
    np.save("v.npy", vectors())
    Path("p.npy").write_bytes(b"junk")
    assert (
        "p.npy is not a readable .npy" in quantal("fit", "v.npy", *SGH, "--pairs", "p.npy").message
    )
    itq = ("--method", "itq", "--bits", 8, "--out", "h")
    result = quantal("fit", "v.npy", *itq, "--pairs", "p.npy")
    assert result.message.endswith(
        "itq takes no --pairs. Leave it out, or use a method that takes it: sgh."
    )


@pytest.mark.parametrize("more", [(), ("--candidates", 50)], ids=["all", "candidates"])
def test_inner_products_rank_codes_and_name_their_column(quantal, codes, folder, more):
    queries = vectors(320)[300:]
    np.save("q.npy", queries)
    options = ("--asymmetric", "--metric", "inner_product", "-k", 5, *more)
    result = quantal("search", "h", "codes.npy", "q.npy", *options, "--out", "hits.parquet")
    assert result.status == 0, result.err
    hits = pq.read_table("hits.parquet").to_pydict()
    assert list(hits) == ["query", "rank", "id", "inner_product"]
    assert (np.diff(np.reshape(hits["inner_product"], (20, 5)), axis=1) <= 0).all()
    if not more:
        model = library.load("h")
        decoder = LinearDecoder(model.offset_, model.codewords_)
        _, rows = asymmetric_search(np.load("codes.npy"), queries, decoder, 5, "inner_product")
        assert hits["id"] == rows.ravel().tolist()
    for name in ("hits.csv", "hits.npy"):
        assert quantal("search", "h", "codes.npy", "q.npy", *options, "--out", name).status == 0
    assert "inner_product" in quantal("search", "h", "codes.npy", "q.npy", *options).out


def test_inner_products_need_the_query_itself(quantal, codes, folder):
    np.save("q.npy", vectors(20))
    result = quantal("search", "h", "codes.npy", "q.npy", "--metric", "inner_product")
    assert "--metric inner_product needs the query itself" in result.message
    result = quantal("search", "h", "codes.npy", "q.npy", "--asymmetric", "--metric", "cosine")
    assert "--metric must be one of 'l2', 'inner_product', got 'cosine'" in result.message
