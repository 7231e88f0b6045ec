"""Stores of hash codes, one module each: files of faiss and usearch, LanceDB, servers.

To add one: a module with a `StoreType` (what it can do, a function that writes, one that opens),
and its name in `STORES`.
"""

from __future__ import annotations

from .registry import STORES, is_store, open_store, write_store
from .store import CodeStore

__all__ = ["STORES", "CodeStore", "is_store", "open_store", "write_store"]
