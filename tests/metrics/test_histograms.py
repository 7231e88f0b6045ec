from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.metrics import DistanceHistograms, distance_histograms, neighbor_histograms
from quantal.metrics import histograms as module


def random_bits(n, n_bits, seed):
    return np.random.default_rng(seed).integers(0, 2, (n, n_bits), dtype=np.uint8)


def packed(bits):
    return np.packbits(bits, axis=1, bitorder="little")


def distances_between(bits, query_bits):
    return (query_bits[:, None, :] != bits[None, :, :]).sum(axis=2)  # (q, n)


def counted(distances, n_bits, chosen=None):
    chosen = np.ones(distances.shape, bool) if chosen is None else chosen
    return np.stack([((distances == d) & chosen).sum(axis=1) for d in range(n_bits + 1)], axis=1)


@pytest.fixture(scope="module")
def digits():
    """Signs of 32 random projections of the digits: bits, labels."""
    X, y = load_digits(return_X_y=True)
    planes = np.random.default_rng(0).normal(size=(64, 32))
    return ((X - X.mean(axis=0)) @ planes > 0).astype(np.uint8), y


@pytest.mark.parametrize("n_bits", [1, 7, 8, 16, 30, 64, 65, 128, 300])
def test_counts_are_those_of_comparing_bit_by_bit(n_bits):
    bits, asked = random_bits(150, n_bits, 1), random_bits(9, n_bits, 2)
    classes, asked_classes = np.arange(150) % 4, np.arange(9) % 5
    h = distance_histograms(packed(bits), packed(asked), classes, asked_classes, n_bits)
    distances = distances_between(bits, asked)
    same = asked_classes[:, None] == classes[None, :]
    np.testing.assert_array_equal(h.all, counted(distances, n_bits))
    np.testing.assert_array_equal(h.relevant, counted(distances, n_bits, same))


def test_digits_are_counted_by_their_class(digits):
    bits, y = digits
    h = distance_histograms(packed(bits[100:]), packed(bits[:100]), y[100:], y[:100])
    distances = distances_between(bits[100:], bits[:100])
    np.testing.assert_array_equal(h.relevant, counted(distances, 32, y[:100, None] == y[100:]))
    assert (h.n_bits, h.n_queries, h.n_codes, h.n_without_relevant) == (32, 100, 1697, 0)
    np.testing.assert_array_equal(h.n_relevant, np.bincount(y[100:])[y[:100]])


@pytest.mark.parametrize("part", [700, 8192, 1 << 20])
def test_ranks_are_the_places_in_a_stable_sort_whatever_the_part(part, monkeypatch):
    monkeypatch.setattr(module, "_PART", part)
    bits, asked = random_bits(20_000, 12, 3), random_bits(5, 12, 4)
    wanted = np.stack([np.random.default_rng(i).permutation(20_000)[:30] for i in range(5)])
    wanted[:, :2] = [19_999, 0]
    wanted = np.stack([np.random.default_rng(0).permutation(np.unique(w)[:20]) for w in wanted])
    h = neighbor_histograms(packed(bits), packed(asked), wanted, n_bits=12)
    distances = distances_between(bits, asked)
    order = np.argsort(distances, axis=1, kind="stable")
    places = np.take_along_axis(np.argsort(order, axis=1), np.sort(wanted, axis=1), axis=1)
    np.testing.assert_array_equal(h.ranks, places)
    np.testing.assert_array_equal(h.all, counted(distances, 12))
    assert h.relevant.sum() == wanted.size


def test_ranks_are_those_of_faiss():
    faiss = pytest.importorskip("faiss", reason="faiss is not installed (extra 'search')")
    bits, asked = packed(random_bits(3000, 16, 5)), packed(random_bits(20, 16, 6))
    index = faiss.IndexBinaryFlat(16)
    index.add(bits)
    _, order = index.search(asked, 3000)
    wanted = np.sort(np.random.default_rng(7).permutation(3000)[:10])[None, :].repeat(20, axis=0)
    h = neighbor_histograms(bits, asked, wanted)
    np.testing.assert_array_equal(np.take_along_axis(order, h.ranks, axis=1), wanted)


@pytest.mark.parametrize("n_threads", [1, 3, 50])
def test_the_number_of_threads_changes_nothing(n_threads, monkeypatch):
    bits, asked = packed(random_bits(2000, 16, 8)), packed(random_bits(70, 16, 9))
    wanted = np.arange(70)[:, None] + np.arange(5)
    expected = neighbor_histograms(bits, asked, wanted)
    monkeypatch.setattr(module, "thread_count", lambda _: n_threads)
    h = neighbor_histograms(bits, asked, wanted)
    np.testing.assert_array_equal(h.all, expected.all)
    np.testing.assert_array_equal(h.ranks, expected.ranks)


def test_a_memory_map_gives_the_same(tmp_path):
    bits = packed(random_bits(500, 20, 10))
    np.save(tmp_path / "codes.npy", bits)
    mapped = np.load(tmp_path / "codes.npy", mmap_mode="r", allow_pickle=False)
    labels = np.arange(500) % 3
    h = distance_histograms(mapped, bits[:7], labels, labels[:7], 20)
    expected = distance_histograms(bits, bits[:7], labels, labels[:7], 20)
    np.testing.assert_array_equal(h.all, expected.all)
    assert (h.relevant[:, 0] >= 1).all()  # each query is in the gallery and finds itself


def test_nothing_of_the_size_of_all_pairs_is_held():
    bits, asked = packed(random_bits(50_000, 64, 11)), packed(random_bits(400, 64, 12))
    labels = np.zeros(50_000, int)
    distance_histograms(bits[:9], asked, labels[:9], labels[:400])  # compiles
    tracemalloc.start()
    distance_histograms(bits, asked, labels, labels[:400])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000 * 400 / 4


def test_classes_may_be_strings():
    codes = packed(random_bits(4, 8, 13))
    h = distance_histograms(codes, codes[:1], ["cat", "dog", "cat", "cow"], ["cat"])
    assert h.n_relevant.tolist() == [2]


def test_a_query_of_an_unknown_class_has_no_relevant_code():
    codes = packed(random_bits(3, 8, 14))
    h = distance_histograms(codes, codes[:2], [0, 0, 1], [7, 0])
    assert h.n_relevant.tolist() == [0, 2]
    assert h.n_without_relevant == 1


CODES = packed(random_bits(6, 16, 15))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CODES, CODES[:2, :1], [0] * 6, [0] * 2), "codes have 2 bytes a row and queries 1"),
        ((CODES, CODES[:0], [0] * 6, []), "queries has no rows"),
        ((CODES, CODES.astype(int), [0] * 6, [0] * 6), "queries must be packed codes, uint8"),
        ((CODES, CODES[:2], [0] * 5, [0] * 2), "code_labels has 5 labels for 6 codes"),
        ((CODES, CODES[:2], [0] * 6, [0] * 3), "query_labels has 3 labels for 2 queries"),
        ((CODES, CODES[:2], [0] * 6, [0, -1]), r"no value in 1 of 2 rows.*Drop those rows"),
        ((CODES, CODES[:2], [0] * 6, ["a", "b"]), "both integers or both strings, got int64"),
        ((CODES, CODES[:2], [0] * 6, [0.5, 1]), "integers or strings, got 0.5"),
        ((CODES | 128, CODES[:2], [0] * 6, [0] * 2, 15), "codes are not 15 bits wide"),
        ((CODES, CODES[:2], [0] * 6, [0] * 2, 17), "codes have 2 bytes a row, but 17 bits take 3"),
    ],
)
def test_codes_and_labels_that_do_not_fit_are_refused_with_the_reason(arguments, message):
    with pytest.raises(DataError, match=message):
        distance_histograms(*arguments)


@pytest.mark.parametrize("n_bits", [0, 2.5, "16"])
def test_a_length_that_is_none_is_refused(n_bits):
    with pytest.raises(ParameterError, match="n_bits must be an integer in"):
        distance_histograms(CODES, CODES, [0] * 6, [0] * 6, n_bits)


@pytest.mark.parametrize(
    ("neighbors", "message"),
    [
        ([[0, 1]], r"shape \(n_queries, K\) = \(2, K\).*got \(1, 2\)"),
        ([[], []], "K at least 1"),
        ([[0.0], [1.0]], "ids as integers, got dtype float64"),
        ([[0, 6], [0, 1]], r"ids from 0 to 5, got 0 to 6\. Were they computed on another gallery"),
        ([[0, -1], [0, 1]], "ids from 0 to 5, got -1 to 1"),
        ([[0, 1], [2, 2]], "distinct in each row"),
    ],
)
def test_ids_that_are_no_ground_truth_are_refused(neighbors, message):
    with pytest.raises(DataError, match=message):
        neighbor_histograms(CODES, CODES[:2], neighbors)


@pytest.mark.parametrize(
    ("everything", "relevant", "message"),
    [
        ([[1, 2]], [[1, 2, 0]], r"shape \(n_queries, n_bits \+ 1\) with n_bits = 1"),
        ([[1, 2]], [[2, 0]], "relevant must lie between 0 and all"),
        ([[1, 2], [1, 1]], [[0, 0], [0, 0]], "same number of codes, at least one; got from 2 to 3"),
        ([[0, 0]], [[0, 0]], "at least one"),
    ],
)
def test_counts_of_no_search_are_refused(everything, relevant, message):
    with pytest.raises(DataError, match=message):
        DistanceHistograms(np.array(everything), np.array(relevant), n_bits=1)
