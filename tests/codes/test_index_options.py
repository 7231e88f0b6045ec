"""Options of indexes: what would crash or hang a library is refused first, with the range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import quantal
from quantal.codes import CodeIndex, Codes, open_store, write_store
from quantal.codes.faiss_kinds import KINDS, MOST_LOOKUPS
from quantal.errors import FileFormatError, ParameterError

CODES = Codes(np.arange(50, dtype=np.uint8)[:, None].repeat(8, 1), 64)
OUTSIDE = [
    ("faiss:g?kind=hnsw&n_links=1", "n_links must be an integer from 2 to 1,024, got 1."),
    ("faiss:g?kind=hnsw&ef_search=99999999999", "ef_search must be an integer from 1 to 1,000,000"),
    ("faiss:g?kind=multihash&n_flips=9", "n_flips must be at most hash_bits=8, the bits there are"),
    ("faiss:g?kind=multihash&n_flips=-1", "n_flips must be an integer from 0 to 32, got '-1'."),
    (
        "faiss:g?kind=multihash&n_hashes=2&hash_bits=32&n_flips=9",
        "n_flips=9 of hash_bits=32 are 43,081,973 look-ups a hash for one query, of at most",
    ),
    ("faiss:g?kind=multihash&hash_bits=33", "hash_bits must be an integer from 1 to 32, got 33."),
    ("faiss:g?kind=ivf&n_probes=2147483648", "n_probes must be an integer from 1 to 2,147,483,647"),
    ("usearch:g?connectivity=1", "connectivity must be an integer from 2 to 1,024, got 1."),
    (
        "usearch:g?expansion_search=9999999999999",
        "expansion_search must be an integer from 1 to 1,",
    ),
    ("usearch:g?expansion_add=" + "9" * 5000, "expansion_add must be an integer from 1 to 1,000,"),
    ("lancedb:g?kind=ivf_flat&n_lists=2147483648", "n_lists must be an integer from 1 to 2,147,4"),
    ("milvus:localhost/g?kind=bin_ivf_flat&n_lists=65537", "from 1 to 65,536, got 65537."),
    ("pgvector:g?kind=hnsw&m=1", "m must be an integer from 2 to 100, got 1."),
    (
        "pgvector:g?kind=hnsw&m=40",
        "ef_construction to be at least 2 * m = 80, got 64. Raise it,",
    ),
    (
        "pgvector:g?kind=hnsw&ef_construction=1001",
        "ef_construction must be an integer from 4 to 1,",
    ),
    ("pgvector:g?kind=hnsw&ef_search=1001", "ef_search must be an integer from 1 to 1,000, got"),
    ("pgvector:g?kind=ivfflat&n_lists=32769", "n_lists must be an integer from 1 to 32,768, got"),
    ("elasticsearch:g?kind=hnsw&m=513", "m must be an integer from 2 to 512, got 513."),
    (
        "elasticsearch:g?kind=hnsw&num_candidates=10001",
        "num_candidates must be an integer from 1 to",
    ),
]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("address", "message"), OUTSIDE)
def test_a_value_that_a_library_cannot_take_is_refused_with_the_range(address, message):
    with pytest.raises(ParameterError) as caught:
        write_store(address, CODES)
    assert message in str(caught.value)
    assert list(Path().iterdir()) == []


def test_an_index_of_its_own_is_checked_alike():
    with pytest.raises(ParameterError, match="n_flips must be at most hash_bits=8, the bits there"):
        CodeIndex(64, kind="multihash", n_flips=9)
    with pytest.raises(ParameterError, match="n_links must be an integer from 2 to 1,024, got 1"):
        CodeIndex(64, kind="hnsw", n_links=1)
    with pytest.raises(ParameterError, match="n_flips must be at most hash_bits=8"):
        CodeIndex(64, kind="multihash").tune(n_flips=20)


def test_what_an_index_was_made_with_cannot_be_tuned():
    index = CodeIndex(64, kind="ivf", n_lists=4).add(CODES.packed)
    with pytest.raises(ParameterError, match="n_lists is 4 since this index was made, got 8"):
        index.tune(n_lists=8, n_probes=2)
    assert index.options == {"n_lists": 4, "n_probes": 16}  # the default: nothing was changed
    assert index.tune(n_lists=4, n_probes=2).options["n_probes"] == 2


def test_a_store_that_says_other_options_than_its_index_has_is_refused():
    write_store("faiss:g?kind=ivf&n_lists=4", CODES)
    described = Path("g", "store.json")
    described.write_text(described.read_text().replace('"n_lists": 4', '"n_lists": 5'))
    with pytest.raises(FileFormatError, match="says n_lists=5, and its index was made with 4"):
        open_store("faiss:g")


def test_options_are_checked_together_at_each_opening():
    write_store("faiss:g?kind=multihash&n_hashes=2&hash_bits=6", CODES)
    with pytest.raises(ParameterError, match="n_flips must be at most hash_bits=6, the bits"):
        open_store("faiss:g?n_flips=7")


@pytest.mark.parametrize(
    "address",
    [
        "faiss:g?kind=hnsw&n_links=2",
        "faiss:g?kind=hnsw&ef_search=1000000",
        "usearch:g?connectivity=2&expansion_search=1000000&exact=false",
    ],
)
def test_the_ends_of_the_ranges_work(address):
    write_store(address, CODES)
    assert open_store("".join(address.partition(":g")[:2])).search(CODES.packed[:1], 1)[1] == [[0]]


def test_the_plan_says_whether_a_search_with_these_options_is_exact():
    assert write_store("usearch:g", CODES).exact is True
    assert write_store("usearch:g?exact=false", CODES).exact is False
    assert open_store("usearch:g").exact is False


@pytest.mark.parametrize("name", ["007", "true"])
def test_a_name_stays_as_it_was_typed(name):
    write_store(f"pgvector:g?table={name}", CODES)
    assert f'CREATE TABLE "{name}"' in Path("g/load.sql").read_text()


def test_ids_longer_than_a_keyword_are_refused():
    codes = Codes(CODES.packed[:2], 64, ids=["a", "é" * 16_384])
    with pytest.raises(ParameterError) as caught:
        write_store("elasticsearch:g", codes)
    assert str(caught.value) == (
        "Elasticsearch stores ids of up to 32,766 bytes; one has 32,768. Name the rows by shorter "
        "ids."
    )


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("lancedb:s3://bucket/g", "s3://bucket/g is an address of a network, and lancedb is"),
        ("faiss:~nosuchuser/x", "begins with the folder of a user who is not known here. Write"),
    ],
)
def test_a_place_that_is_no_folder_here_is_refused(address, message):
    for call in (lambda: write_store(address, CODES), lambda: open_store(address)):
        with pytest.raises(ParameterError) as caught:
            call()
        assert message in str(caught.value)
    assert list(Path().iterdir()) == []


def test_the_documentation_lists_all_options_with_their_ranges():
    page = Path(quantal.__file__).parent.parent / "docs" / "search.md"
    lines = [s for s in page.read_text(encoding="utf-8").splitlines() if s.startswith('| `"')]
    listed = [line.split(" | ")[:4] for line in lines if line.count(" | ") > 3]
    assert listed == [
        [f'| `"{kind}"`', f"`{name}`", str(o.default), f"{o.low:,} to {o.high:,}"]
        for kind, index in KINDS.items()
        for name, o in index.known.items()
    ]
    assert f"at most {MOST_LOOKUPS:,} look-ups" in page.read_text(encoding="utf-8")
