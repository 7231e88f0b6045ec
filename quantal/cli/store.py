"""``quantal store``: hash codes into a store of vectors."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from .predict import Quiet
from .terminal import Terminal, duration


def store(
    codes: Annotated[
        Path,
        typer.Argument(metavar="CODES", help="File that 'quantal encode --out' wrote."),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="ADDRESS",
            help="lancedb:PATH, faiss:PATH, usearch:PATH, milvus:SERVER/COLLECTION, or files to "
            "load: pgvector:FOLDER, elasticsearch:FOLDER. Options follow a '?', divided by '&': "
            "kind=..., and those of the kind.",
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Write hash codes with their ids to a store.

    'quantal search' takes the address in place of a file of codes. Codes are written a batch at a
    time; a store appears whole or not at all, and one that quantal wrote before is replaced. What
    a store cannot do with codes of this width is refused before any are sent. MILVUS_TOKEN holds
    the password of a Milvus server, if it wants one.

    [bold]Examples[/bold]

    quantal store codes.npy --to lancedb:gallery

    quantal store codes.npy --to "faiss:gallery?kind=ivf&n_lists=1024"

    quantal store codes.parquet --to milvus:http://localhost:19530/gallery

    quantal store codes.npy --to "pgvector:for-postgres?table=images&kind=hnsw"
    """
    terminal = Terminal(quiet=quiet)
    from ..codes import write_store
    from ..codes.stores import STORES

    began = time.monotonic()
    plan = write_store(to, codes)
    seconds = duration(time.monotonic() - began)
    address = to.partition("?")[0]
    written = STORES[address.partition(":")[0]]
    exact = "exact" if plan.exact else "approximate"
    terminal.show(
        f"{plan.n_rows:,} codes of {plan.n_bits} bits, index {plan.kind} ({exact}), {seconds}: "
        f"{address}"
    )
    if written.open is None:
        terminal.show(written.unopened)
    else:
        terminal.show(f"search them with: quantal search MODEL {address} QUERIES -k 10")
