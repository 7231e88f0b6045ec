"""faiss's binary indexes with our conventions."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from quantal.codes import CodeIndex, hamming_radius, hamming_search, pack_bits
from quantal.errors import DataError, FileFormatError, MissingExtraError, ParameterError

pytest.importorskip("faiss", reason="needs the extra search")

RNG = np.random.default_rng(0)
SMALL = {
    "flat": {},
    "ivf": {"n_lists": 8},
    "hnsw": {},
    "multihash": {"n_hashes": 2, "hash_bits": 6},
}
KINDS = pytest.mark.parametrize("kind", SMALL)


def random_codes(n, n_bits):
    """Few bits set, so that distances tie."""
    return pack_bits(RNG.random((n, n_bits)) < 0.3)


@pytest.mark.parametrize("n_bits", [12, 16, 32, 64, 100, 128, 256])
@pytest.mark.parametrize("k", [1, 30, 500])
def test_flat_is_our_exact_search_ties_included(n_bits, k):
    codes, queries = random_codes(500, n_bits), random_codes(40, n_bits)
    found = CodeIndex(n_bits).add(codes).search(queries, k)
    for one, other in zip(found, hamming_search(codes, queries, k, n_threads=1), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


@pytest.mark.parametrize("radius", [0, 2, 5, 99])
def test_flat_radius_includes_the_radius_as_ours_does(radius):
    codes, queries = random_codes(500, 20), random_codes(20, 20)
    found = CodeIndex(20).add(codes).radius(queries, radius)
    for one, other in zip(found, hamming_radius(codes, queries, radius, n_threads=1), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ivf", {"n_lists": 8, "n_probes": 8}),
        ("multihash", {"n_hashes": 2, "hash_bits": 8, "n_flips": 8}),
    ],
)
def test_indexes_that_look_everywhere_find_the_true_distances(kind, options):
    codes, queries = random_codes(400, 16), random_codes(20, 16)
    index = CodeIndex(16, kind, **options).add(codes)
    expected = hamming_search(codes, queries, 10, n_threads=1)[0]
    np.testing.assert_array_equal(index.search(queries, 10)[0], expected)
    for one, other in zip(index.radius(queries, 3), hamming_radius(codes, queries, 3), strict=True):
        np.testing.assert_array_equal(one, other)


def test_hnsw_finds_most_neighbours():
    codes = random_codes(1000, 64)
    distances, _ = CodeIndex(64, "hnsw").add(codes).search(codes[:50], 10)
    expected = hamming_search(codes, codes[:50], 10, n_threads=1)[0]
    assert (distances == expected).mean() > 0.9


def test_what_is_not_found_is_marked_and_farther_than_any_code():
    codes = random_codes(300, 64)
    index = CodeIndex(64, "multihash", n_hashes=2, hash_bits=16, n_flips=0).add(codes)
    distances, ids = index.search(codes[:5], 300)
    assert (distances[ids < 0] == 65).all() and (ids[:, -1] == -1).all()
    assert (np.diff(distances) >= 0).all()
    np.testing.assert_array_equal(distances[:, 0], 0)


def test_codes_may_come_in_parts():
    codes = random_codes(300, 32)
    parts = CodeIndex(32).add(codes[:100]).add(codes[100:])
    assert len(parts) == 300
    whole = CodeIndex(32).add(codes)
    np.testing.assert_array_equal(parts.search(codes[:9], 7)[1], whole.search(codes[:9], 7)[1])


@KINDS
def test_a_saved_index_finds_the_same(tmp_path, kind):
    codes = random_codes(300, 20)
    index = CodeIndex(20, kind, **SMALL[kind]).add(codes)
    index.save(tmp_path / "index.faiss")
    loaded = CodeIndex.load(tmp_path / "index.faiss")
    assert (loaded.n_bits, loaded.kind, loaded.options) == (20, kind, index.options)
    for one, other in zip(loaded.search(codes[:9], 7), index.search(codes[:9], 7), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "index.faiss"
    CodeIndex(20).add(random_codes(30, 20)).save(path)
    return path


def test_a_changed_byte_is_noticed_before_faiss_reads_it(saved):
    data = bytearray(saved.read_bytes())
    data[-1] ^= 1
    saved.write_bytes(data)
    with pytest.raises(FileFormatError, match=r"differs from what index\.faiss\.json says"):
        CodeIndex.load(saved)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": None}, "does not describe an index"),
        ({"version": 9}, "is version 9 of the format"),
        (
            {"kind": "hnsw", "options": {}},
            "holds a IndexBinaryFlat of 24 bits, not a IndexBinaryHNSW",
        ),
        ({"n_bits": 40}, "holds a IndexBinaryFlat of 24 bits, not a IndexBinaryFlat of 40"),
        ({"n_bits": "x"}, "cannot be read as an index"),
        ({"options": {"n_lists": 3}}, "cannot be read as an index"),
        ({"options": []}, "cannot be read as an index"),
    ],
)
def test_a_description_that_lies_is_refused(saved, values, message):
    beside = saved.with_name("index.faiss.json")
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **values}))
    with pytest.raises(FileFormatError, match=message):
        CodeIndex.load(saved)


def test_a_path_without_an_index_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match=r"nothing\.faiss\.json does not describe an index"):
        CodeIndex.load(tmp_path / "nothing.faiss")


def test_without_faiss_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match=r"needs faiss.*pip install 'quantal\[search\]'"):
        CodeIndex(64)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("trees", {}, "kind must be one of 'flat', 'ivf', 'hnsw', 'multihash', got 'trees'"),
        ("ivf", {"nlists": 3}, r"'nlists' is no option of a 'ivf' index.*Did you mean 'n_lists'"),
        ("flat", {"n_lists": 3}, "'n_lists' is no option of a 'flat' index, which has: none"),
        ("ivf", {"n_probes": 0}, "n_probes must be an integer"),
        ("multihash", {"n_hashes": 5}, "5 hashes of 8 bits take 40 of 32 bits"),
    ],
)
def test_unknown_kinds_and_options_are_refused(kind, options, message):
    with pytest.raises(ParameterError, match=message):
        CodeIndex(32, kind, **options)


def test_a_graph_has_no_radius():
    index = CodeIndex(32, "hnsw").add(random_codes(50, 32))
    with pytest.raises(ParameterError, match="cannot search a 'hnsw' index by radius"):
        index.radius(random_codes(1, 32), 2)


def test_fewer_codes_than_lists_are_refused():
    with pytest.raises(DataError, match="10 codes cannot be divided into n_lists=256"):
        CodeIndex(32, "ivf").add(random_codes(10, 32))


def test_more_neighbours_than_codes_are_refused():
    index = CodeIndex(32).add(random_codes(10, 32))
    with pytest.raises(ParameterError, match="k must be at most 10, the number of codes, got 11"):
        index.search(random_codes(1, 32), 11)


def test_codes_of_another_width_are_refused():
    with pytest.raises(DataError, match="codes have 8 bytes a row, but 32 bits take 4"):
        CodeIndex(32).add(random_codes(10, 64))


def test_an_index_that_claims_more_codes_than_memory_holds_is_refused(tmp_path, monkeypatch):
    import faiss

    CodeIndex(32).add(random_codes(10, 32)).save(tmp_path / "codes.index")

    def claims_terabytes(path):
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr(faiss, "read_index_binary", claims_terabytes)
    with pytest.raises(
        FileFormatError, match=r"codes\.index cannot be read as an index \(std::bad"
    ):
        CodeIndex.load(tmp_path / "codes.index")
