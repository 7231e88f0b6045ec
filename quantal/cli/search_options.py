"""The options of ``quantal search`` and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HOW = "How to search"
CodesPlace = Annotated[
    str,
    typer.Argument(
        metavar="CODES",
        help="File that 'quantal encode --out' wrote with MODEL, or address of a store that "
        "'quantal store' wrote: lancedb:PATH, faiss:PATH, ...",
    ),
]
Queries = Annotated[
    str,
    typer.Argument(
        metavar="QUERIES", help="Rows like those behind the codes: a file, a folder, name:digits."
    ),
]
Neighbors = Annotated[
    int | None, typer.Option("-k", metavar="K", help="Codes per query; default: 10.")
]
Radius = Annotated[
    int | None,
    typer.Option(
        "--radius",
        metavar="R",
        help="All codes at a Hamming distance of at most R, instead of K.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Where the hits go: .parquet or .csv with columns query, rank, id, distance; .npy "
        "with the same as records. Default: the first queries as a table.",
    ),
]
Asymmetric = Annotated[
    bool,
    typer.Option(
        "--asymmetric",
        help="Rank codes by their distance from the query itself, not from its code; for models "
        "with a decoder, such as itq.",
        rich_help_panel=HOW,
    ),
]
Metric = Annotated[
    str,
    typer.Option(
        "--metric",
        metavar="l2|inner_product",
        help="With --asymmetric: smallest Euclidean distance from the query, or largest inner "
        "product with it.",
        rich_help_panel=HOW,
    ),
]
Candidates = Annotated[
    int | None,
    typer.Option(
        "--candidates",
        metavar="C",
        help="With --asymmetric: rank only the C codes nearest to the query's code.",
        rich_help_panel=HOW,
    ),
]
Index = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="flat|ivf|hnsw|multihash",
        help="Search through an index of faiss, which may miss some; default: compare all codes.",
        rich_help_panel=HOW,
    ),
]
IndexSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set an option of the index, such as n_probes; may be repeated.",
        rich_help_panel=HOW,
    ),
]
