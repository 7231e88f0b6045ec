"""Stores on this machine: what they find is what exact search finds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from stored import GALLERY, LOCAL, QUERIES, named, random_codes

from quantal.codes import (
    Codes,
    hamming_search,
    open_store,
    read_codes,
    write_codes,
    write_store,
)
from quantal.codes.stores import STORES, source
from quantal.errors import DataError, ParameterError


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@LOCAL
@pytest.mark.parametrize("n_bits", [12, 64])
def test_a_store_finds_what_exact_search_finds_ties_and_ids_included(store, n_bits):
    plan = write_store(f"{store}:gallery", named(n_bits))
    assert (plan.n_rows, plan.n_bits, plan.exact) == (2000, n_bits, True)
    with open_store(f"{store}:gallery") as opened:
        assert (len(opened), opened.n_bits, opened.method) == (2000, n_bits, named().method)
        for k in (1, 10, 300):
            found = opened.search(QUERIES[n_bits], k)
            for one, other in zip(
                found, hamming_search(GALLERY[n_bits], QUERIES[n_bits], k), strict=True
            ):
                np.testing.assert_array_equal(one, other)
                assert one.dtype == other.dtype
            names = named(n_bits).name_rows(found[1])
            np.testing.assert_array_equal(opened.name_rows(found[1]), names)


@LOCAL
def test_an_opened_store_is_found_from_another_working_folder(store, tmp_path, monkeypatch):
    write_store(f"{store}:gallery", named())
    with open_store(f"{store}:gallery") as opened:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        distances, rows = opened.search(QUERIES[12], 5)
        assert len(opened.name_rows(rows)) == len(rows)
    np.testing.assert_array_equal(distances, hamming_search(GALLERY[12], QUERIES[12], 5)[0])


@LOCAL
def test_a_thousand_equal_codes_come_by_row(store):
    codes = np.repeat(random_codes(2, 16), 500, axis=0)
    write_store(f"{store}:gallery", Codes(codes, 16))
    distances, rows = open_store(f"{store}:gallery").search(codes[[700, 3]], 20)
    np.testing.assert_array_equal(rows, [np.arange(500, 520), np.arange(20)])
    assert (distances == 0).all()


@LOCAL
@pytest.mark.parametrize("ids", [None, np.arange(300) ** 3 - 7])
def test_rows_are_named_by_integers_or_by_their_number(store, ids):
    codes = Codes(GALLERY[12][:300], 12, ids=ids)
    write_store(f"{store}:gallery", codes)
    opened = open_store(f"{store}:gallery")
    rows = np.array([[5, -1, 5], [299, 0, 7]])
    np.testing.assert_array_equal(opened.name_rows(rows), codes.name_rows(rows))
    assert opened.id_kind == codes.id_kind
    with pytest.raises(DataError, match="rows must be from 0 to 299, or -1, got 0 to 300"):
        opened.name_rows([0, 300])


@LOCAL
@pytest.mark.parametrize("name", ["codes.npy", "codes.parquet"])
def test_files_are_written_a_batch_at_a_time(store, name, monkeypatch):
    monkeypatch.setattr(source, "MOST_ROWS", 70)
    ids = [f'a"\\\n{row}' for row in range(300)]
    write_codes(name, GALLERY[12][:300], 12, ids=ids, method="sgh 77")
    sizes = [len(batch.packed) for batch in source.source_of(name).read()]
    assert max(sizes) <= 70 and sum(sizes) == 300
    write_store(f"{store}:gallery", name)
    opened = open_store(f"{store}:gallery")
    assert opened.name_rows(np.arange(300)).tolist() == ids
    assert opened.method == "sgh 77"
    found = opened.search(QUERIES[12], 9)[1]
    np.testing.assert_array_equal(found, hamming_search(GALLERY[12][:300], QUERIES[12], 9)[1])


def test_a_parquet_file_is_never_whole_in_memory(monkeypatch):
    write_codes("codes.parquet", GALLERY[64], 64)
    monkeypatch.setattr(source, "read_codes", lambda path: pytest.fail("read whole"))
    write_store("faiss:gallery", "codes.parquet")
    assert len(open_store("faiss:gallery")) == 2000


APPROXIMATE = [
    ("faiss", "kind=ivf&n_lists=8&n_probes=8", ""),
    ("faiss", "kind=multihash&n_hashes=2&hash_bits=6", "n_flips=6"),
    ("faiss", "kind=hnsw", "ef_search=200"),
    ("usearch", "connectivity=8", "exact=false&expansion_search=500"),
    ("lancedb", "kind=ivf_flat&n_lists=4", "n_probes=4"),
    ("lancedb", "kind=ivf_hnsw_flat", "ef_search=300"),
]


@pytest.mark.parametrize(("store", "written", "searched"), APPROXIMATE)
def test_approximate_indexes_find_nearly_all_when_told_to_look_far(store, written, searched):
    write_store(f"{store}:gallery?{written}", Codes(GALLERY[12], 12))
    opened = open_store(f"{store}:gallery" + (f"?{searched}" if searched else ""))
    assert opened.exact is False
    distances = opened.search(QUERIES[12], 10)[0]
    assert (distances == hamming_search(GALLERY[12], QUERIES[12], 10)[0]).mean() >= 0.9


def test_a_tilde_is_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write_store("faiss:~/g", named(n=50))
    assert (tmp_path / "home" / "g" / "store.json").is_file()


def test_a_sample_is_spread_over_all_codes():
    codes = Codes(np.arange(200, dtype=np.uint8)[:, None], 8)
    np.testing.assert_array_equal(
        source.source_of(codes).sample(50)[:, 0], np.arange(0, 200, 4, dtype=np.uint8)
    )


def test_every_store_is_written_and_opened_by_its_name():
    assert all(store.name == name for name, store in STORES.items())
    for name in ("pgvector", "elasticsearch"):
        with pytest.raises(ParameterError, match=r"does not search it\. Load them with load"):
            open_store(f"{name}:g")


def test_lance_stays_readable_by_itself():
    import lancedb

    write_store("lancedb:g", named(n=50))
    table = lancedb.connect("g").open_table("codes")
    assert table.schema.names == ["row", "id", "code"]
    assert json.loads(table.schema.metadata[b"quantal"])["codes"]["n_bits"] == 12


def test_files_of_codes_are_unchanged():
    write_codes("codes.parquet", GALLERY[12], 12, ids=np.arange(2000))
    again = read_codes("codes.parquet")
    np.testing.assert_array_equal(again.ids, np.arange(2000))
