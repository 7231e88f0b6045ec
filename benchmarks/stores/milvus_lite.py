"""Milvus Lite 2.5.1, the last embedded Milvus with binary vectors: written, searched, refused.

``bash scripts/try_stores milvus`` runs this in an environment of its own, since newer programs need
newer releases. It stops with an error where a result is not that of exact search.
"""

from __future__ import annotations

import contextlib
import tempfile
from importlib.metadata import version
from unittest import mock

import numpy as np

from benchmarks.stores.exact import N_CODES, WIDTHS, agreement, gallery, nearest, queries
from quantal.codes import open_store, write_store
from quantal.codes.stores import milvus_writing
from quantal.errors import FileFormatError, ParameterError


def main() -> None:
    """Try everything; print a line each."""
    print(f"milvus-lite {version('milvus-lite')}, pymilvus {version('pymilvus')}")
    with tempfile.TemporaryDirectory() as folder:
        server = f"milvus:{folder}/lite.db"
        for n_bits in WIDTHS:
            same_as_exact(f"{server}/codes_{n_bits}", n_bits)
        ties_beyond_what_it_returns(f"{server}/codes_16")
        replaced(f"{server}/codes_64")
        refused(server)
        interrupted(server)


def same_as_exact(address: str, n_bits: int) -> None:
    """Distances, rows and names are those of exact search."""
    codes = gallery(n_bits)
    write_store(address, codes)
    with open_store(address) as store:
        for k in (1, 10, 500):
            print(agreement(n_bits, store.search, k))
            expected = nearest(codes, queries(n_bits), k)
            for one, other in zip(store.search(queries(n_bits), k), expected, strict=True):
                np.testing.assert_array_equal(one, other)
            names = codes.name_rows(expected[1])
            np.testing.assert_array_equal(store.name_rows(expected[1]), names)
        assert (store.method, len(store)) == (codes.method, N_CODES)


def ties_beyond_what_it_returns(address: str) -> None:
    """Rows are right where more codes tie than one search returns."""
    with open_store(address) as store:
        store.most_hits = 40
        expected = nearest(gallery(16), queries(16), 30)[1]
        np.testing.assert_array_equal(store.search(queries(16), 30)[1], expected)
    print("ties beyond the most that a search returns (set to 40): rows equal")


def replaced(address: str) -> None:
    """A collection of ours is replaced."""
    write_store(address, gallery(64))
    with open_store(address) as store:
        assert len(store) == N_CODES
    print("written again: replaced")


def refused(server: str) -> None:
    """What cannot be is refused, and a collection of others left alone."""
    for address in (f"{server}/g?kind=bin_ivf_flat", f"{server}/g?kind=hnsw"):
        try:
            write_store(address, gallery(16))
        except ParameterError as error:
            print(f"refused: {str(error).replace(server, 'milvus:FILE.db')}")
        else:
            raise AssertionError(address)
    from pymilvus import MilvusClient

    client = MilvusClient(server.removeprefix("milvus:"))
    assert not client.has_collection("g")
    client.create_collection("others", dimension=4)
    for call in (lambda: write_store(f"{server}/others", gallery(16)), lambda: open_others(server)):
        try:
            call()
        except (ParameterError, FileFormatError) as error:
            print(f"refused: {str(error).replace(server, 'milvus:FILE.db')}")
        else:
            raise AssertionError("others")
    assert client.has_collection("others")


def open_others(server: str) -> None:
    """Open what is no store of ours."""
    open_store(f"{server}/others")


def interrupted(server: str) -> None:
    """A write that fails leaves no collection; one that holds too little is refused."""
    from pymilvus import MilvusClient

    client = MilvusClient(server.removeprefix("milvus:"))
    with (
        mock.patch.object(milvus_writing, "_entities", side_effect=KeyboardInterrupt),
        contextlib.suppress(KeyboardInterrupt),
    ):
        write_store(f"{server}/stopped", gallery(16))
    assert not client.has_collection("stopped")
    print("a write that is interrupted leaves no collection")
    write_store(f"{server}/killed", gallery(16))
    client.delete("killed", ids=list(range(100)))
    try:
        open_store(f"{server}/killed")
    except FileFormatError as error:
        print(f"refused: {str(error).replace(server, 'milvus:FILE.db')}")
    else:
        raise AssertionError("killed")


if __name__ == "__main__":
    main()
