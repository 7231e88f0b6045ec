"""Stores that quantal searches: the same results as exact search, ties and ids included."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from quantal.codes import (
    Codes,
    CodeStore,
    hamming_search,
    open_store,
    pack_bits,
    read_codes,
    write_codes,
    write_store,
)
from quantal.codes.stores import STORES, source
from quantal.errors import DataError, FileFormatError, MissingExtraError, ParameterError

warnings.filterwarnings("ignore", category=DeprecationWarning, module="lance.*")

RNG = np.random.default_rng(0)
LOCAL = pytest.mark.parametrize("store", ["faiss", "usearch", "lancedb"])
MODULES = {"faiss": "faiss", "usearch": "usearch.index", "lancedb": "lancedb"}


def random_codes(n, n_bits):
    """Few bits set, so that distances tie."""
    return pack_bits(RNG.random((n, n_bits)) < 0.3)


GALLERY = {n_bits: random_codes(2000, n_bits) for n_bits in (12, 64)}
QUERIES = {n_bits: random_codes(40, n_bits) for n_bits in (12, 64)}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def named(n_bits=12, n=2000, prefix="é"):
    ids = [f"{prefix}{row}" for row in range(n)]
    return Codes(GALLERY[n_bits][:n], n_bits, ids=ids, method="itq 0123456789abcdef")


def left_behind():
    return sorted(path.name for path in Path().iterdir())


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


REFUSED = [
    ("lancedb:g?kind=ivf_pq", 12, "no index of kind 'ivf_pq' for packed codes: it is for real"),
    ("lancedb:g?kind=tree", 12, "kind of a LanceDB index must be one of 'flat', 'ivf_flat'"),
    ("lancedb:g?metric=cosine", 12, "LanceDB was asked for metric 'cosine'. Leave metric out"),
    ("faiss:g?kind=pq", 12, "Use one of: flat, ivf, hnsw, multihash."),
    ("faiss:g?kind=multihash&n_hashes=4", 12, "4 hashes of 8 bits take 32 of 12 bits"),
    ("faiss:g?nlists=4", 12, "'nlists' is no option of a faiss index of kind 'flat', which has"),
    ("faiss:g?kind=ivf&n_lists=0", 12, "n_lists must be an integer from 1 to 16,777,216, got 0."),
    ("usearch:g?exact=3", 12, "exact must be one of True, False, got 3"),
    ("usearch:g", 65544, "usearch takes codes of up to 65,536 bits"),
    ("milvus:localhost:19530/g?kind=hnsw", 12, "Use one of: bin_flat, bin_ivf_flat."),
    ("milvus:localhost:19530/g", 262152, "Milvus takes codes of up to 262,144 bits"),
    ("milvus:localhost:19530/g?metric=jaccard", 12, "Milvus was asked for metric 'jaccard'"),
    ("pgvector:g?kind=hnsw", 64008, "in an index of kind 'hnsw'; these have 64,008. Use one of: f"),
    ("elasticsearch:g", 4104, "up to 4,096 bits in an index of kind 'flat'; these have 4,104"),
    ("elasticsearch:g?kind=bbq_hnsw", 12, "'bbq_hnsw' for packed codes: it is for real-valued"),
    ("qdrant:g", 12, "'qdrant:g' names no store. Begin with one of lancedb:, faiss:"),
    ("lancedb:", 12, "'lancedb:' names no place. Write one: lancedb:gallery"),
    ("lancedb:g?kind", 12, "Options of an address are name=value, divided by '&'"),
    ("lancedb:g?kind=flat&kind=flat", 12, "gives kind twice. Keep one of them."),
]


@pytest.mark.parametrize(("address", "n_bits", "message"), REFUSED)
def test_what_a_store_cannot_do_is_refused_before_anything_is_sent(
    address, n_bits, message, monkeypatch
):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    codes = Codes(np.zeros((3, (n_bits + 7) // 8), np.uint8), n_bits)
    with pytest.raises(ParameterError) as caught:
        write_store(address, codes)
    assert message in str(caught.value)
    assert left_behind() == []


@pytest.mark.parametrize("address", ["lancedb:g?kind=ivf_flat&n_lists=9", "faiss:g?kind=ivf"])
def test_fewer_codes_than_lists_are_refused(address):
    with pytest.raises(DataError, match=r"3 codes cannot be"):
        write_store(address, Codes(GALLERY[12][:3], 12))
    assert left_behind() == []


@LOCAL
def test_a_missing_extra_names_the_command_that_installs_it(store, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULES[store], None)
    for call in (lambda: write_store(f"{store}:g", named()), lambda: open_store(f"{store}:g")):
        with pytest.raises(MissingExtraError, match=r"pip install 'quantal\[(stores|search)\]'"):
            call()


FOLDERS = {
    "faiss": "faiss_store",
    "usearch": "usearch_store",
    "lancedb": "lancedb_store",
    "pgvector": "pgvector_files",
    "elasticsearch": "elasticsearch_files",
}


@pytest.mark.parametrize("store", FOLDERS)
@pytest.mark.parametrize("was_there", [False, True])
def test_an_interrupted_write_leaves_what_was_there(store, was_there, monkeypatch):
    if was_there:
        write_store(f"{store}:gallery", named(n=50))
    before = {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()}

    def interrupted(folder, _):
        assert any(folder.iterdir())  # all but the description is written
        raise KeyboardInterrupt

    monkeypatch.setattr(f"quantal.codes.stores.{FOLDERS[store]}.write_description", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_store(f"{store}:gallery", named(n=200))
    assert {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()} == before
    assert left_behind() == (["gallery"] if was_there else [])


@LOCAL
def test_a_store_of_ours_is_replaced_and_nothing_else_is(store):
    write_store(f"{store}:gallery", named(n=50))
    write_store(f"{store}:gallery", named(n=60))
    assert len(open_store(f"{store}:gallery")) == 60
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("")
    Path("file").write_text("")
    for place, reason in (("mine", "a folder that quantal did not write"), ("file", "is a file")):
        with pytest.raises(ParameterError, match=reason):
            write_store(f"{store}:{place}", named(n=50))
    assert left_behind() == ["file", "gallery", "mine"]


@LOCAL
def test_what_is_no_store_is_refused(store):
    Path("mine").mkdir()
    with pytest.raises(FileFormatError, match=f"{store}:mine holds no codes of quantal. Write"):
        open_store(f"{store}:mine")
    with pytest.raises(FileFormatError, match=f"{store}:gone is not a folder. Check the path"):
        open_store(f"{store}:gone")


@LOCAL
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"version": 2}, "is version 2 of the format; this version of quantal reads 1"),
        ({"store": "chroma"}, "was written for the store 'chroma', not"),
        ({"kind": 3}, "says kind is 3, which cannot be"),
        ({"kind": "tree"}, "index of kind 'tree' with"),
        ({"options": {"n_lists": 7}}, "with {'n_lists': 7} for codes of 12 bits, which"),
        ({"options": {"a": "b"}}, "says options is {'a': 'b'}, which cannot be"),
        ({"longest_id": -1}, "says longest_id is -1, which cannot be"),
        ({"sha256": [1]}, "says sha256 is [1], which cannot be"),
        ({"codes": None}, "does not describe codes"),
        ({"codes": {"bit_order": "big"}}, "says bit_order is 'big', which cannot be"),
        ({"codes": {"n_rows": None}}, "says codes is"),
        ({"codes": {"n_rows": 49}}, "rite the"),
        ({"codes": {"n_bits": 40}}, "rite the"),
    ],
)
def test_a_description_that_lies_is_refused(store, values, message):
    write_store(f"{store}:gallery", named(n=50))
    path = Path("gallery/store.json")
    true = json.loads(path.read_text())
    if isinstance(values.get("codes"), dict):
        values = {"codes": {**true["codes"], **values["codes"]}}
    path.write_text(json.dumps({**true, **values}))
    with pytest.raises(FileFormatError) as caught:
        open_store(f"{store}:gallery")
    assert message in str(caught.value)


@LOCAL
def test_damage_is_noticed(store):
    write_store(f"{store}:gallery", named(n=50))
    [largest] = (
        sorted(Path("gallery").rglob("codes.[fu]*"))[:1]
        or sorted(Path("gallery").rglob("*.lance"))[-1:]
    )
    largest.write_bytes(largest.read_bytes()[:-20])
    with pytest.raises(FileFormatError, match=r"(differs from what|cannot be read by LanceDB)"):
        open_store(f"{store}:gallery").search(QUERIES[12], 3)


@pytest.mark.parametrize("store", ["faiss", "usearch"])
def test_missing_and_foreign_ids_are_noticed(store):
    write_store(f"{store}:gallery", named(n=50))
    path = Path("gallery/ids.json")
    path.write_text("[1, 2]")
    with pytest.raises(FileFormatError, match=r"ids\.json must hold a list of 50 strings"):
        open_store(f"{store}:gallery")
    path.unlink()
    with pytest.raises(FileFormatError, match=r"ids\.json, the ids, is missing. Restore it"):
        open_store(f"{store}:gallery")


def test_options_that_were_fixed_cannot_be_changed_by_opening():
    write_store("faiss:g?kind=ivf&n_lists=8", named())
    assert open_store("faiss:g?n_lists=8&n_probes=3&kind=ivf").options["n_probes"] == 3
    for options, message in (
        ("n_lists=9", "n_lists was fixed as 8 when faiss:g was written. Leave it out"),
        ("kind=flat", "holds an index of kind 'ivf', not 'flat'. Leave kind out"),
        ("n_prob=3", "Did you mean 'n_probes'?"),
        ("metric=l2", "faiss was asked for metric 'l2'"),
    ):
        with pytest.raises(ParameterError) as caught:
            open_store(f"faiss:g?{options}")
        assert message in str(caught.value)


def test_a_search_checks_what_it_is_asked():
    write_store("faiss:g", named(n=50))
    store = open_store("faiss:g")
    assert isinstance(store, CodeStore)
    with pytest.raises(ParameterError, match="k must be at most 50, the number of codes, got 51"):
        store.search(QUERIES[12], 51)
    with pytest.raises(DataError, match="queries have 8 bytes a row, but 12 bits take 2"):
        store.search(QUERIES[64], 1)
    with pytest.raises(DataError, match="queries are not 12 bits wide: row 0 has a bit set"):
        store.search(np.full((1, 2), 255, np.uint8), 1)
    assert [part.shape for part in store.search(QUERIES[12][:0], 3)] == [(0, 3), (0, 3)]


def test_codes_with_bits_beyond_their_width_are_not_stored():
    with pytest.raises(DataError, match="codes are not 12 bits wide: row 0 has a bit set"):
        write_store("faiss:g", Codes(np.full((3, 2), 255, np.uint8), 12))
    assert left_behind() == []


def test_a_tilde_is_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write_store("faiss:~/g", named(n=50))
    assert (tmp_path / "home" / "g" / "store.json").is_file()


def test_a_foreign_index_in_a_store_is_refused():
    write_store("faiss:g", named(n=50))
    write_store("faiss:h?kind=hnsw", named(n=50))
    for name in ("codes.faiss", "codes.faiss.json"):
        Path("g", name).write_bytes(Path("h", name).read_bytes())
    with pytest.raises(FileFormatError, match="in an index of kind 'hnsw' and says 50 of 12 in 'f"):
        open_store("faiss:g")


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
