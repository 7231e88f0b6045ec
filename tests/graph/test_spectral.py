from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp

from quantal.graph import spectral
from quantal.graph.spectral import leading_eigenvectors, normalized_affinity, unit_length_rows


def generator():
    return np.random.default_rng(0)


def blocks(sizes, rng):
    """A symmetric affinity without links between blocks."""
    parts = []
    for size in sizes:
        a = rng.random((size, size))
        parts.append(a + a.T)
    return scipy.linalg.block_diag(*parts)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("small", [600, 2])
@pytest.mark.parametrize("between", [0, 1e-104])  # e^-240: stored, and no link
def test_parts_give_exact_indicators(form, small, between, monkeypatch):
    monkeypatch.setattr(spectral, "SMALL", small)
    affinity = blocks((20, 31, 25), np.random.default_rng(1)) + between
    matrix, degrees = normalized_affinity(form(affinity))
    values, vectors, n_parts = leading_eigenvectors(matrix, 3, generator())
    assert n_parts == 3
    np.testing.assert_allclose(values, 1, atol=1e-7)
    part = np.repeat([0, 1, 2], (20, 31, 25))
    for column, own in zip(vectors.T, (1, 2, 0), strict=True):  # the largest part first
        wanted = np.where(part == own, np.sqrt(degrees), 0)
        np.testing.assert_allclose(column, wanted / np.linalg.norm(wanted), atol=1e-6)


@pytest.mark.parametrize("order", ["largest", "magnitude"])
@pytest.mark.parametrize(("small", "factorised"), [(600, 5000), (2, 5000), (2, 2)])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_vectors_are_those_of_the_whole_matrix(order, small, factorised, form, monkeypatch):
    monkeypatch.setattr(spectral, "SMALL", small)
    monkeypatch.setattr(spectral, "_FACTORISED", factorised)
    points = np.random.default_rng(2).normal(size=(150, 3))
    squared = ((points[:, None] - points) ** 2).sum(axis=2)
    matrix, _ = normalized_affinity(np.exp(-squared / 0.5))
    every, own = np.linalg.eigh(matrix)
    first = np.argsort(-np.abs(every) if order == "magnitude" else -every)[:4]
    values, vectors, _ = leading_eigenvectors(form(matrix.copy()), 4, generator(), order=order)
    np.testing.assert_allclose(values, every[first], atol=1e-7)
    np.testing.assert_allclose(np.abs((vectors * own[:, first]).sum(axis=0)), 1, atol=1e-6)


def test_a_matrix_whose_iteration_is_slow_is_factorised(monkeypatch):
    monkeypatch.setattr(spectral, "SMALL", 2)
    monkeypatch.setattr(spectral, "_FACTORISED", 2)
    monkeypatch.setattr(spectral, "_DENSE_RESTARTS", 1)
    chain = sp.diags_array([np.ones(299), np.ones(299)], offsets=[-1, 1]).toarray()
    matrix, _ = normalized_affinity(chain)
    values, _, _ = leading_eigenvectors(matrix, 3, generator())
    np.testing.assert_allclose(values, np.cos(np.pi * np.arange(3) / 299), atol=1e-6)


def test_large_negative_eigenvalues_lead_by_magnitude_only():
    two_sides = np.array([[0, 0, 1.0, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]])
    matrix, _ = normalized_affinity(two_sides)
    assert leading_eigenvectors(matrix, 2, generator())[0].round(6).tolist() == [1, 0]
    by_magnitude = leading_eigenvectors(matrix, 2, generator(), order="magnitude")[0]
    assert sorted(by_magnitude.round(6)) == [-1, 1]


def test_rows_without_links_are_parts_with_their_own_diagonal():
    affinity = np.zeros((5, 5))
    affinity[0, 1] = affinity[1, 0] = affinity[2, 3] = affinity[3, 2] = 1
    matrix, degrees = normalized_affinity(affinity)
    assert degrees.tolist() == [1, 1, 1, 1, 0]
    values, vectors, n_parts = leading_eigenvectors(matrix, 3, generator())
    assert n_parts == 3
    np.testing.assert_allclose(values, [1, 1, 0], atol=1e-12)
    assert vectors[4].round(12).tolist() == [0, 0, 1]


def test_signs_do_not_depend_on_the_start():
    matrix, _ = normalized_affinity(blocks((30,), np.random.default_rng(3)))
    _, first, _ = leading_eigenvectors(matrix, 3, generator())
    peak = np.abs(first).argmax(axis=0)
    assert (first[peak, range(3)] > 0).all()


def test_rows_of_zeros_keep_no_length():
    rows = unit_length_rows(np.array([[3.0, 4], [0, 0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]])
