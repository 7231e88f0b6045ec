"""``quantal search``: the codes nearest to queries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .code_search import Find, SearchRequest, finder, require_same_maker
from .hits import HitNames
from .output_paths import HIT_SUFFIXES, require_file_target
from .predict import ModelFolder, Quiet
from .reading import read_rows_for, reads_data, require_source
from .row_blocks import row_blocks, rows_per_block
from .search_options import (
    Asymmetric,
    Candidates,
    CodesPlace,
    Index,
    IndexSettings,
    Metric,
    Neighbors,
    Out,
    Queries,
    Radius,
)
from .setting_values import parse_settings
from .terminal import Terminal, duration, table

if TYPE_CHECKING:
    from ..data import Dataset

SHOWN_QUERIES = 5
SHOWN_LINES = 30
HITS_IN_BALL = 1000  # what a radius search is taken to find for a query, to size its blocks
HIT_BYTES = 100  # of a hit while it is written


@reads_data()
def search(
    model: ModelFolder,
    codes: CodesPlace,
    queries: Queries,
    k: Neighbors = None,
    radius: Radius = None,
    out: Out = None,
    asymmetric: Asymmetric = False,
    metric: Metric = "l2",
    candidates: Candidates = None,
    index: Index = None,
    settings: IndexSettings = None,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Find the codes nearest to each query.

    MODEL encodes the queries. Search is exact unless an index is named; of equal distances the
    earlier row comes first. Hits carry the ids that 'encode' wrote. With --metric inner_product
    they carry inner products in the place of distances, the largest first.

    [bold]Examples[/bold]

    quantal search codes-model codes.npy new-vectors.npy -k 10 --out hits.parquet

    quantal search codes-model codes.npy new-vectors.npy --radius 3 --out hits.csv

    quantal search codes-model codes.npy new-vectors.npy --asymmetric --candidates 200

    quantal search codes-model codes.npy new-vectors.npy --asymmetric --metric inner_product

    quantal search codes-model lancedb:gallery new-vectors.npy -k 10 --out hits.parquet
    """
    terminal = Terminal(quiet=quiet)
    options = parse_settings(settings or (), {})
    request = SearchRequest(k, radius, asymmetric, candidates, index, options, metric)
    if out is not None:
        require_file_target(out, "--out", HIT_SUFFIXES, (codes, queries))
    require_source(queries)
    from .fitted_models import load_hasher, maker_of
    from .stored_codes import open_codes

    instead = "Codes come from a hasher: quantal fit DATA --method itq --bits 64 --out MODEL"
    fitted = load_hasher(model, instead)
    with open_codes(codes, request) as gallery:
        require_same_maker(gallery, codes, model, fitted, maker_of(model, fitted))
        dataset = read_rows_for(fitted, queries, reading, terminal)
        row_bytes = 8 * dataset.n_features + HIT_BYTES * (
            HITS_IN_BALL if radius is not None else max(request.n_hits, candidates or 0)
        )
        is_repeated = out is not None and len(dataset) > rows_per_block(row_bytes)
        find = finder(request, fitted, gallery, is_repeated=is_repeated)
        value = "inner_product" if metric == "inner_product" else "distance"
        names = HitNames(gallery, dataset.ids, real=asymmetric, value=value)
        if out is None:
            typer.echo(_first_hits(find, dataset, names))
            return
        _write(find, dataset, names, out, row_bytes, terminal)


def _write(
    find: Find, dataset: Dataset, names: HitNames, out: Path, row_bytes: int, terminal: Terminal
) -> None:
    from .hit_files import write_hits

    n_hits, n_answered = 0, 0

    def batches() -> Iterator[dict[str, list[Any]]]:
        nonlocal n_hits, n_answered
        for block in row_blocks(len(dataset), row_bytes, "searching", terminal):
            hits = find(dataset.x[block])
            n_hits += len(hits)
            n_answered += int((hits.ranks == 1).sum())
            yield names.columns(hits, block.start)

    began = time.monotonic()
    write_hits(out, batches(), names)
    seconds = duration(time.monotonic() - began)
    without = len(dataset) - n_answered
    terminal.show(
        f"{n_hits:,} hits of {len(dataset):,} queries among {len(names.codes):,} codes, "
        f"{seconds}: {out}" + (f"\n{without:,} of the queries found nothing" if without else "")
    )


def _first_hits(find: Find, dataset: Dataset, names: HitNames) -> str:
    """Return the hits of the first queries as a table."""
    shown = min(SHOWN_QUERIES, len(dataset))
    hits = find(dataset.x[:shown])
    columns = names.columns(hits, 0)
    columns[names.value] = [f"{value:.6g}" for value in columns[names.value]]
    lines = [tuple(columns)] + [
        tuple(map(str, line)) for line in zip(*columns.values(), strict=True)
    ]
    left_out = max(0, len(lines) - 1 - SHOWN_LINES)
    text = table(lines[: 1 + SHOWN_LINES], right=(1, 3))
    if left_out:
        text += f"\n... {left_out:,} more of these queries"
    return (
        f"{text}\n\nthe first {shown:,} of {len(dataset):,} queries; --out hits.parquet writes all"
    )
