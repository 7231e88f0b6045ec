"""The stores that quantal knows; a newcomer adds one line."""

from __future__ import annotations

from pathlib import Path

from ...errors import ParameterError
from ..named_codes import Codes
from .address import Address, is_address, parse_address
from .capability import StorePlan, StoreType, plan_of
from .elasticsearch_files import ELASTICSEARCH
from .faiss_store import FAISS
from .lancedb_store import LANCEDB
from .milvus_store import MILVUS
from .pgvector_files import PGVECTOR
from .source import source_of
from .store import CodeStore
from .usearch_store import USEARCH

STORES: dict[str, StoreType] = {
    store.name: store for store in (LANCEDB, FAISS, USEARCH, MILVUS, PGVECTOR, ELASTICSEARCH)
}


def write_store(to: str, codes: Codes | str | Path) -> StorePlan:
    """Write packed codes with their ids to a store, whole or not at all.

    Codes are read and written a batch at a time. What the store cannot do with packed codes of this
    width is refused before any are sent.

    Args:
        to: address of the store: ``lancedb:PATH``, ``faiss:PATH``, ``usearch:PATH``,
            ``milvus:SERVER/COLLECTION``, or ``pgvector:FOLDER`` and ``elasticsearch:FOLDER``, which
            get files and the statements that load them. Options follow a "?":
            ``faiss:PATH?kind=ivf&n_lists=1024``.
        codes: codes, or a file that `write_codes` wrote.

    Returns:
        What was written: number and width of codes, kind of index and options.

    Raises:
        DataError: No such file, or codes that do not fit the index.
        FileFormatError: A damaged file of codes.
        MissingExtraError: The store's library is not installed.
        ParameterError: An address that is none, something the store cannot do, or a place that
            cannot be written to.
    """
    address = parse_address(to, STORES)
    store = STORES[address.store]
    source = source_of(codes)
    plan = plan_of(store, address, source.description)
    store.write(address, plan, source)
    return plan


def open_store(address: str) -> CodeStore:
    """Open a store that `write_store` wrote, for search.

    Args:
        address: as it was written to. Options that only a search uses may follow:
            ``faiss:PATH?n_probes=64``, ``usearch:PATH?exact=false``.

    Returns:
        The codes; a context manager.

    Raises:
        FileFormatError: Nothing there, damaged, or not written by quantal.
        MissingExtraError: The store's library is not installed.
        ParameterError: An address that is none, an option that does not exist or was fixed, or a
            store for which quantal only writes files.
    """
    parsed: Address = parse_address(address, STORES)
    store = STORES[parsed.store]
    if store.open is None:
        able = ", ".join(f"{name}:" for name, other in STORES.items() if other.open is not None)
        raise ParameterError(
            f"quantal writes files for {store.title} and does not search it. {store.unopened} "
            f"Or store the codes where quantal searches: {able}."
        )
    return store.open(parsed)


def is_store(text: str) -> bool:
    """Tell the address of a store from the path of a file."""
    return is_address(text, STORES)
