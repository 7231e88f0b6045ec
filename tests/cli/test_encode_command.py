from __future__ import annotations

import numpy as np
import pytest
from tiny_data import vectors

import quantal as library
from quantal.codes import read_codes
from quantal.hashing import ITQ


@pytest.mark.parametrize("name", ["c.npy", "c.parquet", "C.NPY"])
def test_codes_are_the_librarys_in_every_format(quantal, hasher, name):
    result = quantal("encode", "h", "v.npy", "--out", name)
    assert result.status == 0, result.err
    codes = read_codes(name)
    np.testing.assert_array_equal(codes.packed, library.load("h").encode(vectors()))
    assert (codes.n_bits, codes.ids) == (12, None)
    assert codes.method.startswith("itq ")
    assert f"300 codes of 12 bits, 600 bytes: {name}" in result.out
    assert f"quantal search h {name} QUERIES -k 10" in result.out


@pytest.mark.parametrize("name", ["c.npy", "c.parquet"])
def test_ids_of_rows_travel_with_their_codes(quantal, folder, name):
    lines = [f"r{i},{','.join(map(str, row))}" for i, row in enumerate(vectors(40, 3).tolist())]
    (folder / "t.csv").write_text("\n".join(["id,a,b,c", *lines]))
    fit = quantal("fit", "t.csv", "--method", "itq", "--bits", 2, "--out", "h", "-q")
    assert fit.status == 0, fit.err
    assert quantal("encode", "h", "t.csv", "--out", name, "-q").status == 0
    assert read_codes(name).ids == tuple(f"r{i}" for i in range(40))


def test_blocks_do_not_change_the_codes(quantal, hasher, monkeypatch):
    np.save("many.npy", vectors(700))
    quantal("encode", "h", "many.npy", "--out", "whole.npy")
    monkeypatch.setattr("quantal.cli.row_blocks.BLOCK_BYTES", 1)  # a block of 256 rows
    sizes, encode = [], ITQ.encode
    monkeypatch.setattr(ITQ, "encode", lambda m, x: sizes.append(len(x)) or encode(m, x))
    quantal("encode", "h", "many.npy", "--out", "blocks.npy")
    assert sizes == [256, 256, 188]
    np.testing.assert_array_equal(np.load("whole.npy"), np.load("blocks.npy"))


def test_an_interrupted_call_leaves_the_codes_that_were_there(quantal, codes, monkeypatch):
    before = {p.name: p.read_bytes() for p in codes.parent.glob("*codes*")}
    monkeypatch.setattr("quantal.cli.row_blocks.BLOCK_BYTES", 1)
    calls, encode = [], ITQ.encode

    def stopped(model, x):
        calls.append(x)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return encode(model, x)

    monkeypatch.setattr(ITQ, "encode", stopped)
    assert quantal("encode", "h", "v.npy", "--out", "codes.npy").status == 130
    assert {p.name: p.read_bytes() for p in codes.parent.glob("*codes*")} == before
    assert quantal("encode", "h", "v.npy", "--out", "new.npy").status == 0
    calls.clear()
    assert quantal("encode", "h", "v.npy", "--out", "new.parquet").status == 130
    assert not list(codes.parent.glob("*.parquet*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("h", "v.npy", "--out", "c.csv"), "End it in .npy or .parquet"),
        (("h", "v.npy", "--out", "v.npy"), "--out v.npy is what is read"),
        (("h", "v.npy"), "Missing option '--out'"),
        (("h", "w.npy", "--out", "c.npy"), "w.npy does not exist"),
        (("h", "narrow.npy", "--out", "c.npy"), "narrow.npy has 3 columns, but the model was"),
        (("gone", "v.npy", "--out", "c.npy"), "gone is not a model folder"),
        (("v.npy", "v.npy", "--out", "c.npy"), "v.npy is not a model folder"),
    ],
)
def test_wrong_calls_are_refused_and_leave_no_file(quantal, hasher, folder, arguments, words):
    np.save("narrow.npy", vectors(d=3))
    before = sorted(folder.rglob("*"))
    result = quantal("encode", *arguments)
    assert result.status == 2
    assert words in result.message
    assert sorted(folder.rglob("*")) == before
