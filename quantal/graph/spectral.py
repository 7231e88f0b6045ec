"""Leading eigenvectors of a graph: Lanczos for large parts, connected part by connected part."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from ..errors import TrainingError

SMALL = 600  # nodes up to which all eigenvectors are computed: exact, and quick enough
_TOLERANCE = 1e-7
_FACTORISED = 5000  # nodes up to which a dense matrix is factorised at once
_DENSE_RESTARTS = 4  # of Lanczos iteration, after which a factorisation is cheaper
_SHIFT = 1e-4  # beyond 1, where the eigenvalues of a normalised affinity end
_EQUAL = 1e-9  # eigenvalues nearer than this are equal; the larger part goes first
_ABSENT = 1e-15  # weights below this share of the greatest are lost in the sums' rounding


def normalized_affinity(
    affinity: Any, degrees: NDArray[np.float64] | None = None
) -> tuple[Any, NDArray[np.float64]]:
    """Return D^-1/2 A D^-1/2 and the degrees; a dense affinity is overwritten.

    Args:
        affinity: (n, n) symmetric, not negative: array or CSR array.
        degrees: the diagonal of D, shape (n,); None: the row sums.

    Returns:
        matrix: (n, n), of the type of ``affinity``. Rows without weight stay zero.
        degrees: shape (n,), float64.
    """
    if degrees is None:
        degrees = np.asarray(affinity.sum(axis=1), np.float64).ravel()
    roots = np.sqrt(degrees)
    factors = np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0)
    if sp.issparse(affinity):
        scale = sp.diags_array(factors)
        return sp.csr_array(scale @ affinity @ scale), degrees
    affinity *= factors[:, None]
    affinity *= factors
    return affinity, degrees


def leading_eigenvectors(
    matrix: Any, k: int, generator: np.random.Generator, *, order: str = "largest"
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """The k leading eigenvectors of a symmetric matrix of a graph.

    Each connected part is solved by itself, so that parts give exact indicator vectors even where
    their eigenvalues coincide, which Lanczos iteration may miss. Among equal eigenvalues those of
    larger parts go first. The largest entry of each vector by amount is positive.

    Args:
        matrix: (n, n) float64, symmetric, eigenvalues at most 1: array or CSR array.
        k: how many, at most n.
        generator: draws where the iteration starts.
        order: "largest" value first, or largest "magnitude" (as a singular value decomposition
            orders them).

    Returns:
        values: (k,) float64.
        vectors: (n, k) float64 of length 1, orthogonal.
        n_parts: number of connected parts.

    Raises:
        TrainingError: The iteration does not converge.
    """
    n = int(matrix.shape[0])
    n_parts, part_of = _connected_parts(matrix)
    if n_parts == 1:
        values, vectors = _of_part(matrix, k, generator, order)
        return values, _signed(vectors), 1
    sizes = np.bincount(part_of)
    singles = np.flatnonzero(sizes[part_of] == 1)
    nodes = [singles[:, None]]
    found = [np.asarray(matrix.diagonal(), np.float64)[singles]]
    blocks: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    for part in np.flatnonzero(sizes > 1):
        members = np.flatnonzero(part_of == part)
        within = matrix[members][:, members]
        values, vectors = _of_part(within, min(k, len(members)), generator, order)
        found.append(values)
        blocks.append((members, vectors))
    return (*_merged(n, k, found, nodes[0].ravel(), blocks, order), n_parts)


def _merged(
    n: int,
    k: int,
    found: list[NDArray[np.float64]],
    singles: NDArray[np.int64],
    blocks: list[tuple[NDArray[np.int64], NDArray[np.float64]]],
    order: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose the k leading ones of all parts, and spread them over all nodes."""
    values = np.concatenate(found)
    rank = np.abs(values) if order == "magnitude" else values
    lengths = [1] * len(singles) + [len(m) for m, v in blocks for _ in range(v.shape[1])]
    chosen = np.lexsort((-np.asarray(lengths), -np.round(rank / _EQUAL)))[:k]
    vectors = np.zeros((n, k))
    offsets = np.cumsum([len(singles), *(v.shape[1] for _, v in blocks)])
    for column, number in enumerate(chosen):
        if number < len(singles):
            vectors[singles[number], column] = 1
            continue
        block = int(np.searchsorted(offsets, number, side="right")) - 1
        members, own = blocks[block]
        vectors[members, column] = own[:, number - offsets[block]]
    return values[chosen], _signed(vectors)


def _of_part(
    matrix: Any, k: int, generator: np.random.Generator, order: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenpairs of a connected part, the leading first."""
    n = int(matrix.shape[0])
    if n <= SMALL or 3 * k >= n:
        values, vectors = scipy.linalg.eigh(matrix.toarray() if sp.issparse(matrix) else matrix)
    else:
        values, vectors = _by_lanczos(matrix, k, generator, order)
    first = np.argsort(-(np.abs(values) if order == "magnitude" else values), kind="stable")[:k]
    return values[first], vectors[:, first]


def _by_lanczos(
    matrix: Any, k: int, generator: np.random.Generator, order: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenpairs of a large matrix; those of the largest values also where they lie close.

    A narrow kernel has many eigenvalues near 1, which Lanczos iteration tells apart slowly. For
    all pairs, (1 + s) I - A is then factorised, whose inverse has the same vectors far apart.
    """
    n = int(matrix.shape[0])
    which = "LM" if order == "magnitude" else "LA"
    start = generator.standard_normal(n)
    may_factorise = order == "largest" and not sp.issparse(matrix)
    if not may_factorise or n > _FACTORISED:
        most = _DENSE_RESTARTS if may_factorise else 10 * n
        try:
            return _lanczos(lambda v: matrix @ v.reshape(-1), n, k, which, start, most)
        except ArpackError as error:
            if not may_factorise:
                raise TrainingError(
                    f"The {k} leading eigenvectors of a graph of {n:,} rows were not found "
                    f"({error}). Take more neighbours or a wider kernel, so that the graph has "
                    "fewer loose parts."
                ) from None
    shifted = -matrix
    shifted[np.diag_indices(n)] += 1 + _SHIFT
    factor = scipy.linalg.cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False)

    def solve(v: NDArray[np.float64]) -> NDArray[np.float64]:
        solved: NDArray[np.float64] = scipy.linalg.cho_solve(factor, v, check_finite=False)
        return solved

    inverse, vectors = _lanczos(solve, n, k, "LA", start, 10 * n)
    return 1 + _SHIFT - 1 / inverse, vectors


def _lanczos(
    product: Any, n: int, k: int, which: str, start: NDArray[np.float64], most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    operator = LinearOperator((n, n), matvec=product, dtype=np.float64)
    found: tuple[NDArray[np.float64], NDArray[np.float64]] = eigsh(
        operator, k, which=which, v0=start, ncv=min(n, max(3 * k, 40)), tol=_TOLERANCE, maxiter=most
    )
    return found


def _connected_parts(matrix: Any) -> tuple[int, NDArray[np.int64]]:
    least = _ABSENT * float(np.abs(matrix).max())
    if sp.issparse(matrix):
        # A stored weight such as e^-240 links nothing that an eigenvector could tell.
        n_parts, part_of = connected_components(np.abs(matrix) > least, directed=False)
        return int(n_parts), part_of.astype(np.int64)
    part_of = np.full(len(matrix), -1, np.int64)
    n_parts = 0
    # Every row is looked at once, when the search first reaches it.
    while (unreached := part_of < 0).any():
        frontier = np.flatnonzero(unreached)[:1]
        while len(frontier):
            part_of[frontier] = n_parts
            near = np.zeros(len(matrix), bool)
            for start in range(0, len(frontier), 1024):
                rows = matrix[frontier[start : start + 1024]]
                near |= (np.abs(rows) > least).any(axis=0)
            frontier = np.flatnonzero(near & (part_of < 0))
        n_parts += 1
    return n_parts, part_of


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make the largest entry of each column, by amount, positive."""
    peak = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[peak, np.arange(vectors.shape[1])])
    return vectors * np.where(signs == 0, 1, signs)


def unit_length_rows(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows brought to length 1; rows of zeros stay.

    Args:
        vectors: (n, k) numbers.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    least = np.finfo(np.float64).tiny
    unit: NDArray[np.float64] = vectors / np.where(lengths > least, lengths, 1)
    return unit
