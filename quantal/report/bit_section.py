"""What a report says of hash codes: how bits are used, and who is whose neighbour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ..codes import hamming_search
from .bit_use import BitUse, bit_pairs, bit_use
from .charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, BarChart, histogram
from .point_map import PointMap, coordinates, distance_map, prepared, sampled_rows
from .profiles import N_COLUMNS
from .row_views import RowView, RowViewer
from .shown_rows import OnRows, ShownRows

MOST_BINS = 48
MOST_LISTED = 24
SHOWN = {"images": 8, "text": 3, "vectors": 5}
"""Neighbours of an example that are shown, N_NEIGHBORS at most."""


@dataclass(frozen=True)
class BitBalance:
    """Share of ones of every bit, as a drawing.

    Attributes:
        n_bits: All bits.
        live: Path of the bars of live bits, from one half up or down.
        dead: Path of the places of constant bits.
        stroke: Width of a bar.
        dead_bits: Numbers of constant bits, the first ones.
        n_dead: Constant bits.
        lowest: Smallest share of ones.
        highest: Largest share of ones.
        entropy: Sum of the bits' entropies, in bits.
    """

    n_bits: int
    live: str
    dead: str
    stroke: float
    dead_bits: list[int]
    n_dead: int
    lowest: float
    highest: float
    entropy: float


@dataclass(frozen=True)
class Neighborhood:
    """An example and the rows nearest to it.

    Attributes:
        example: The row.
        code: Its bits, in groups of eight.
        neighbors: The rows nearest by Hamming distance, itself left out.
    """

    example: RowView
    code: str
    neighbors: list[RowView]


@dataclass(frozen=True)
class BitSection:
    """Everything about the codes of some rows.

    Attributes:
        kind: "images", "text" or "vectors".
        pairs_chart: Hamming distances between rows of a sample.
        n_codes: Codes of the sample.
        n_distinct: Different ones among them.
        most_alike: Two bits and their correlation, or None.
        repeated: Numbers of the bits that an earlier one repeats.
        neighborhoods: Some examples.
        column_names: Of the columns that are shown of vectors.
        maps: The map.
    """

    kind: str
    pairs_chart: BarChart
    n_codes: int
    n_distinct: int
    most_alike: tuple[int, int, float] | None
    repeated: list[int]
    neighborhoods: list[Neighborhood]
    column_names: list[str]
    maps: list[PointMap]


def bit_balance(shares: NDArray[np.float64], dead: NDArray[np.int64]) -> BitBalance:
    """Draw the share of ones of every bit.

    Args:
        shares: (n_bits,).
        dead: numbers of constant bits.
    """
    n = len(shares)
    step = (WIDTH - LEFT - RIGHT) / n
    x = LEFT + step * (np.arange(n) + 0.5)
    room = HEIGHT - TOP - BOTTOM
    middle = TOP + room / 2
    y = HEIGHT - BOTTOM - shares * room
    is_dead = np.isin(np.arange(n), dead)
    live, constant = (
        "".join(f"M{x[i]:.2f} {middle:.1f}V{y[i]:.1f}" for i in np.flatnonzero(which))
        for which in (~is_dead, is_dead)
    )
    p = np.clip(shares, 1e-12, 1 - 1e-12)
    entropy = -float((p * np.log2(p) + (1 - p) * np.log2(1 - p)).sum())
    return BitBalance(
        n,
        live,
        constant,
        round(max(0.3, 0.8 * step), 2),
        dead[:MOST_LISTED].tolist(),
        len(dead),
        float(shares.min()),
        float(shares.max()),
        max(0.0, round(entropy, 6)),
    )


def bit_section(
    model: Any,
    shown: ShownRows,
    generator: np.random.Generator,
    truth: NDArray[Any] | None,
    on_rows: OnRows | None,
) -> tuple[BitUse, BitSection]:
    """Encode rows and collect what their codes show.

    Args:
        model: a fitted hasher.
        shown: the rows.
        generator: draws samples and examples.
        truth: (n,) true labels, written beside neighbours; or None.
        on_rows: told of the progress.
    """
    use = bit_use(model, shown, generator, on_rows)
    pairs = bit_pairs(use.codes, int(model.n_bits))
    columns = _varied_columns(shown, use.sample) if shown.kind == "vectors" else []
    names = shown.column_names or ()
    section = BitSection(
        shown.kind,
        _pairs_chart(pairs.counts, pairs.n_paired),
        pairs.n_codes,
        pairs.n_distinct,
        pairs.most_alike,
        pairs.repeated,
        _neighborhoods(shown, use, int(model.n_bits), columns, truth),
        [names[i] if names else f"column {i}" for i in columns],
        [_map(model, shown, use, generator)],
    )
    return use, section


def _pairs_chart(counts: NDArray[np.int64], n_rows: int) -> BarChart:
    """Return the distances between pairs, beside those of independent and even bits."""
    n_bits, total = len(counts) - 1, int(counts.sum())
    expected = total * binom.pmf(np.arange(n_bits + 1), n_bits, 0.5)
    width = -(-(n_bits + 1) // MOST_BINS)
    starts = np.arange(0, n_bits + 1, width)
    edges = np.append(starts, starts[-1] + width)
    mean = float((counts * np.arange(n_bits + 1)).sum() / max(1, total))
    return histogram(
        f"distances between {n_rows:,} rows",
        np.add.reduceat(counts, starts),
        edges,
        "Hamming distance",
        f"The mean distance is {mean:.1f} of {n_bits} bits.",
        expected=np.add.reduceat(expected, starts),
        y_label="pairs",
    )


def _varied_columns(shown: ShownRows, sample: NDArray[np.int64]) -> list[int]:
    """Return the columns that vary most, by which a vector is shown."""
    taken = shown.take(sample[:1000])
    dense = taken.toarray() if hasattr(taken, "toarray") else taken
    order = np.argsort(-dense.std(axis=0), kind="stable")[:N_COLUMNS]
    return [int(i) for i in np.sort(order)]


def _neighborhoods(
    shown: ShownRows,
    use: BitUse,
    n_bits: int,
    columns: list[int],
    truth: NDArray[Any] | None,
) -> list[Neighborhood]:
    viewer = RowViewer(shown, np.r_[use.examples, use.neighbors.ravel()])
    found = []
    for i, row in enumerate(use.examples.tolist()):
        neighbors = use.neighbors[i, : SHOWN[shown.kind]]
        distances = use.distances[i, : len(neighbors)].tolist()
        texts = [f"{d} bits" if d != 1 else "1 bit" for d in distances]
        said = "example"
        if truth is not None:
            texts = [f"{t}, {truth[n]}" for t, n in zip(texts, neighbors, strict=True)]
            said = f"example, {truth[row]}"
        example = viewer.view(np.array([row]), [said], columns)[0]
        code = _code_text(use.example_codes[i], n_bits)
        found.append(Neighborhood(example, code, viewer.view(neighbors, texts, columns)))
    return found


def _code_text(code: NDArray[np.uint8], n_bits: int, most: int = 64) -> str:
    """Return the first bits in groups of eight."""
    bits = "".join(map(str, np.unpackbits(code, count=n_bits, bitorder="little")[:most].tolist()))
    groups = " ".join(bits[i : i + 8] for i in range(0, len(bits), 8))
    return groups + (" …" if n_bits > most else "")


def _map(model: Any, shown: ShownRows, use: BitUse, generator: np.random.Generator) -> PointMap:
    rows = sampled_rows(shown, generator)
    taken = shown.take(rows)
    codes = model.encode(taken)
    distances = np.empty(len(rows), np.int64)
    found, ids = hamming_search(codes, use.example_codes[:1], len(codes), n_threads=1)
    distances[ids[0]] = found[0]
    points, shares = coordinates(prepared(model, taken), generator)
    name = shown.name(int(use.examples[0]))
    title = f"the rows as the model reads them, by distance from {name}"
    return distance_map(title, points, shares, distances, int(model.n_bits), len(shown))
