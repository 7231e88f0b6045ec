"""Hash codes once they exist: packed bits, files, exact and asymmetric search, indexes."""

from __future__ import annotations

from .asymmetric import asymmetric_search
from .code_files import read_codes, write_codes
from .code_index import CodeIndex
from .decoder import LinearDecoder, fit_decoder
from .hamming import hamming_radius, hamming_search
from .named_codes import Codes
from .packing import pack_bits, unpack_bits
from .reranking import rerank
from .stores import CodeStore, open_store, write_store

__all__ = [
    "CodeIndex",
    "CodeStore",
    "Codes",
    "LinearDecoder",
    "asymmetric_search",
    "fit_decoder",
    "hamming_radius",
    "hamming_search",
    "open_store",
    "pack_bits",
    "read_codes",
    "rerank",
    "unpack_bits",
    "write_codes",
    "write_store",
]
