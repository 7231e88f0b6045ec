"""Milvus, by a client that answers as Milvus does; the real one is tried by a script."""

from __future__ import annotations

import sys
import types
from typing import ClassVar

import numpy as np
import pytest

from quantal.codes import Codes, hamming_search, open_store, pack_bits, write_store
from quantal.codes.stores import milvus_server, milvus_store, milvus_writing
from quantal.errors import FileFormatError, MissingExtraError, ParameterError

RNG = np.random.default_rng(0)
CODES = Codes(
    pack_bits(RNG.random((600, 12)) < 0.3),
    12,
    ids=[f"é{row}" for row in range(600)],
    method="itq 7",
)
QUERIES = pack_bits(RNG.random((7, 12)) < 0.3)
SERVER = "milvus:localhost:19530"


class Schema:
    def __init__(self, description):
        self.description, self.fields = description, {}

    def add_field(self, name, kind, **settings):
        self.fields[name] = (kind, settings)


class Index(list):
    def add_index(self, **settings):
        self.append(settings)


class Client:
    """Collections in memory; of equal distances the higher row comes first."""

    collections: ClassVar[dict] = {}
    calls: ClassVar[list] = []
    uris: ClassVar[list] = []

    def __init__(self, uri, token="", timeout=None):
        self.uris.append((uri, token))

    @staticmethod
    def create_schema(*, auto_id, enable_dynamic_field, description):
        return Schema(description)

    @staticmethod
    def prepare_index_params():
        return Index()

    def has_collection(self, name):
        return name in self.collections

    def describe_collection(self, name):
        return {"description": self.collections[name]["schema"].description}

    def create_collection(self, name, *, schema, index_params, consistency_level):
        self.calls.append(("create", name))
        self.collections[name] = {"schema": schema, "index": index_params, "rows": {}}

    def insert(self, name, entities):
        self.calls.append(("insert", name, len(entities)))
        self.collections[name]["rows"].update({entity["row"]: entity for entity in entities})

    def flush(self, name):
        pass

    def load_collection(self, name):
        pass

    def drop_collection(self, name):
        self.calls.append(("drop", name))
        self.collections.pop(name, None)

    def rename_collection(self, old, new):
        assert new not in self.collections
        self.calls.append(("rename", old, new))
        self.collections[new] = self.collections.pop(old)

    def query(self, name, *, filter, output_fields, consistency_level):
        return [{"count(*)": len(self.collections[name]["rows"])}]

    def get(self, name, *, ids, output_fields):
        return [self.collections[name]["rows"][row] for row in ids]

    def search(self, name, *, data, limit, filter, **settings):
        assert limit <= 16384
        low, high = 0, 1 << 62
        if filter:
            words = filter.split()
            low, high = int(words[2]), int(words[6])
        found = []
        for query in data:
            hits = [
                {
                    "distance": float(
                        sum((a ^ b).bit_count() for a, b in zip(query, e["code"], strict=True))
                    ),
                    "entity": {"row": row},
                }
                for row, e in self.collections[name]["rows"].items()
                if low <= row < high
            ]
            hits.sort(key=lambda hit: (hit["distance"], -hit["entity"]["row"]))
            found.append(hits[:limit])
        self.calls.append(("search", settings["search_params"]))
        return found


@pytest.fixture(autouse=True)
def client(monkeypatch, tmp_path):
    module = types.ModuleType("pymilvus")
    module.MilvusClient = Client
    module.DataType = types.SimpleNamespace(INT64=1, VARCHAR=2, BINARY_VECTOR=3)
    monkeypatch.setitem(sys.modules, "pymilvus", module)
    monkeypatch.chdir(tmp_path)
    Client.collections, Client.calls, Client.uris = {}, [], []
    return Client


def test_milvus_finds_what_exact_search_finds_ties_and_ids_included():
    assert write_store(f"{SERVER}/g", CODES).exact
    with open_store(f"{SERVER}/g") as store:
        for k in (1, 10, 600):
            found = store.search(QUERIES, k)
            for one, other in zip(found, hamming_search(CODES.packed, QUERIES, k), strict=True):
                np.testing.assert_array_equal(one, other)
                assert one.dtype == other.dtype
            np.testing.assert_array_equal(store.name_rows(found[1]), CODES.name_rows(found[1]))
        assert store.method == "itq 7"


@pytest.mark.parametrize("most", [20, 35, 64])
def test_ties_are_by_row_where_more_tie_than_milvus_returns(most, monkeypatch):
    codes = Codes(np.repeat(CODES.packed[:6], 100, axis=0), 12)
    write_store(f"{SERVER}/g", codes)
    store = open_store(f"{SERVER}/g")
    monkeypatch.setattr(milvus_store.MilvusStore, "most_hits", most)
    for k in (1, 20):
        found = store.search(QUERIES, k)
        for one, other in zip(found, hamming_search(codes.packed, QUERIES, k), strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(ParameterError, match=f"milvus returns at most {most} codes a query, got k"):
        store.search(QUERIES, most + 1)


def test_the_collection_gets_its_name_when_it_is_complete(client):
    write_store(f"{SERVER}/g", CODES)
    [create, *inserts, rename] = client.calls
    assert create[1].startswith("g_partial_") and rename == ("rename", create[1], "g")
    assert sum(insert[2] for insert in inserts) == 600
    fields = client.collections["g"]["schema"].fields
    assert fields["id"] == (2, {"max_length": 5})
    assert fields["code"] == (3, {"dim": 16})
    assert client.collections["g"]["index"] == [
        {"field_name": "code", "index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}}
    ]


def test_lists_are_made_and_probed_as_told(client):
    write_store(f"{SERVER}/g?kind=bin_ivf_flat&n_lists=8", CODES)
    assert client.collections["g"]["index"][0]["index_type"] == "BIN_IVF_FLAT"
    assert client.collections["g"]["index"][0]["params"] == {"nlist": 8}
    open_store(f"{SERVER}/g?n_probes=3").search(QUERIES, 2)
    assert client.calls[-1] == ("search", {"metric_type": "HAMMING", "params": {"nprobe": 3}})


def test_integer_ids_and_none_are_kept():
    for ids in (None, np.arange(600) * 7 - 3):
        codes = Codes(CODES.packed, 12, ids=ids)
        write_store(f"{SERVER}/g", codes)
        rows = np.array([[3, 599], [-1, 0]])
        named = open_store(f"{SERVER}/g").name_rows(rows)
        np.testing.assert_array_equal(named, codes.name_rows(rows))


def test_a_collection_comes_back_where_the_new_one_cannot_take_its_name(client, monkeypatch):
    write_store(f"{SERVER}/g", CODES)
    rename = client.rename_collection

    def once(self, old, new):
        if "_partial_" in old:
            raise RuntimeError("busy")
        rename(self, old, new)

    monkeypatch.setattr(client, "rename_collection", once)
    with pytest.raises(ParameterError, match="Milvus says: busy"):
        write_store(f"{SERVER}/g", Codes(CODES.packed[:9], 12))
    assert list(client.collections) == ["g"]
    assert len(open_store(f"{SERVER}/g")) == 600


def test_a_collection_is_replaced_before_it_is_dropped(client):
    for _ in range(2):
        write_store(f"{SERVER}/g", CODES)
    kept, named, dropped = client.calls[-3:]
    assert kept[:2] == ("rename", "g") and kept[2] == dropped[1] and dropped[0] == "drop"
    assert named == ("rename", client.calls[-4][1], "g")
    assert list(client.collections) == ["g"]


def test_an_interrupted_write_leaves_what_was_there(client, monkeypatch):
    write_store(f"{SERVER}/g", CODES)
    before = dict(client.collections)

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(milvus_writing, "_entities", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_store(f"{SERVER}/g", Codes(CODES.packed[:50], 12))
    assert client.collections == before


def test_a_collection_that_holds_too_little_is_refused(client):
    write_store(f"{SERVER}/g", CODES)
    del client.collections["g"]["rows"][17]
    with pytest.raises(FileFormatError, match=r"holds 599 of 600 codes: its writing was interrup"):
        open_store(f"{SERVER}/g")


def test_collections_of_others_are_left_alone(client):
    client.collections["g"] = {"schema": Schema("mine"), "rows": {}}
    with pytest.raises(ParameterError, match="is a collection that quantal did not write"):
        write_store(f"{SERVER}/g", CODES)
    with pytest.raises(FileFormatError, match="holds no codes of quantal"):
        open_store(f"{SERVER}/g")
    with pytest.raises(FileFormatError, match="There is no collection 'h' at milvus:localhost"):
        open_store(f"{SERVER}/h")
    assert client.calls == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("localhost:19530", "names no collection. Write milvus:http://localhost:19530/COLLECTION"),
        ("http://localhost", "names no collection"),
        (
            "localhost:19530/",
            "A collection of Milvus is named by up to 200 letters, digits and '_'",
        ),
        ("localhost:19530/a b", "got 'a b'"),
        ("localhost:19530/1a", "got '1a'"),
        ("localhost:19530/a;drop", "got 'a;drop'"),
        ("localhost:19530/" + "a" * 201, "not beginning with a digit; got"),
        ("root:secret@localhost:19530/a", "into the environment variable MILVUS_TOKEN"),
    ],
)
def test_an_address_that_milvus_cannot_have_is_refused_before_it_is_called(place, message, client):
    for call in (
        lambda: write_store(f"milvus:{place}", CODES),
        lambda: open_store(f"milvus:{place}"),
    ):
        with pytest.raises(ParameterError) as caught:
            call()
        assert message in str(caught.value)
        assert "secret" not in str(caught.value)
    assert client.uris == []


def test_milvus_lite_is_refused_what_it_cannot_do(client, monkeypatch):
    monkeypatch.setattr(milvus_server, "version", lambda _: "3.2.2")
    with pytest.raises(
        ParameterError, match=r"2\.5\.1 is the last release with binary vectors; in"
    ):
        write_store("milvus:here.db/g", CODES)
    with pytest.raises(ParameterError, match="has only the kind 'bin_flat' for packed codes, not"):
        write_store("milvus:here.db/g?kind=bin_ivf_flat", CODES)
    assert client.uris == []
    monkeypatch.setattr(milvus_server, "version", lambda _: "2.5.1")
    write_store("milvus:here.db/g", CODES)
    assert ("rename" in {call[0] for call in client.calls}) is False
    assert len(open_store("milvus:here.db/g")) == 600


def test_ids_that_are_too_long_are_refused(client):
    with pytest.raises(ParameterError, match="stores ids of up to 65,535 bytes; one has 65,536"):
        write_store(f"{SERVER}/g", Codes(CODES.packed[:1], 12, ids=["é" * 32768]))
    assert client.uris == []


def test_the_token_comes_from_the_environment(client, monkeypatch):
    monkeypatch.setenv("MILVUS_TOKEN", "root:secret")
    write_store("milvus:https://db.example/g", CODES)
    assert client.uris == [("https://db.example", "root:secret")]


def test_what_milvus_says_is_one_line(client, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("connection\nrefused.")

    monkeypatch.setattr(client, "has_collection", fail)
    with pytest.raises(ParameterError, match=r"Milvus says: connection refused\. Check that"):
        open_store(f"{SERVER}/g")


def test_without_pymilvus_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'quantal\[milvus\]'"):
        open_store(f"{SERVER}/g")
