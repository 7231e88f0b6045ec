"""What stores refuse, what they notice, and that nothing is lost on the way."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from stored import GALLERY, LOCAL, QUERIES, named

from quantal.codes import (
    Codes,
    CodeStore,
    open_store,
    write_store,
)
from quantal.errors import DataError, FileFormatError, MissingExtraError, ParameterError

MODULES = {"faiss": "faiss", "usearch": "usearch.index", "lancedb": "lancedb"}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def left_behind():
    return sorted(path.name for path in Path().iterdir())


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


def test_a_foreign_index_in_a_store_is_refused():
    write_store("faiss:g", named(n=50))
    write_store("faiss:h?kind=hnsw", named(n=50))
    for name in ("codes.faiss", "codes.faiss.json"):
        Path("g", name).write_bytes(Path("h", name).read_bytes())
    with pytest.raises(FileFormatError, match="in an index of kind 'hnsw' and says 50 of 12 in 'f"):
        open_store("faiss:g")
