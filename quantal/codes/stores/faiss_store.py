"""Codes in a binary index of faiss, in a folder: ``faiss:PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, FileFormatError, require_extra
from ..code_index import CodeIndex
from ..description import MAX_BITS
from ..faiss_kinds import KINDS, options_of
from .address import Address
from .capability import StoreIndex, StorePlan, StoreType, opening_options
from .description import StoreDescription
from .folder import new_folder, read_description, write_description
from .folder_ids import batches_writing_ids, read_folder_ids
from .source import CodeSource
from .store import CodeStore, pick
from .ties import Table

INDEX = "codes.faiss"
CODES_PER_LIST = 64  # that k-means of inverted lists is trained on


class FaissStore(CodeStore):
    """Codes in a binary index of faiss, read into memory."""

    orders_ties = True

    def __init__(self, address: Address) -> None:
        require_extra("faiss", "search")
        description = read_description(address)
        options = opening_options(FAISS, description, address)
        super().__init__(description, options, exact=KINDS[description.kind].exact)
        self._index = CodeIndex.load(Path(address.place) / INDEX)
        held = len(self._index), self._index.n_bits, self._index.kind
        given = {name: int(value) for name, value in options.items()}
        searched = KINDS[description.kind].at_search
        if held != (len(self), self.n_bits, description.kind):
            raise FileFormatError(
                f"{address} holds {held[0]} codes of {held[1]} bits in an index of kind "
                f"{held[2]!r} and says {len(self)} of {self.n_bits} in {description.kind!r}. Write "
                "the codes again."
            )
        for name, value in given.items():
            if name not in searched and value != self._index.options[name]:
                raise FileFormatError(
                    f"{address} says {name}={value}, and its index was made with "
                    f"{self._index.options[name]}. Write the codes again."
                )
        self._index.tune(**{name: given[name] for name in searched})
        self._names = read_folder_ids(address, description)

    def _nearest(self, queries: NDArray[np.uint8], count: int) -> Table:
        return self._index.search(queries, count)

    def _ids_of(self, rows: NDArray[np.int64]) -> Any:
        return pick(self._names, rows)


def write_faiss(address: Address, plan: StorePlan, source: CodeSource) -> None:
    """Write codes to a folder: the index with its description, ids, and the store's description.

    faiss builds an index in memory, so this takes as much memory as the index has bytes.
    """
    require_extra("faiss", "search")
    n_bits = source.description.n_bits
    options: Any = options_of(plan.kind, plan.options, n_bits)
    kind: Any = plan.kind
    n_lists = int(plan.options.get("n_lists", 0))
    if source.n_rows < n_lists:
        raise DataError(
            f"{source.n_rows} codes cannot be divided into n_lists={n_lists}. Write more codes, or "
            "give the address fewer lists."
        )
    with new_folder(address) as folder:
        index = CodeIndex(n_bits, kind, **options)
        if n_lists:
            index.train(source.sample(CODES_PER_LIST * n_lists))
        for batch in batches_writing_ids(folder, source):
            index.add(batch.packed)
        index.save(folder / INDEX)
        described = StoreDescription(
            "faiss", plan.kind, plan.options, source.description, source.longest_id()
        )
        write_description(folder, described)


def _kind(name: str) -> StoreIndex:
    known, at_search = KINDS[name].known, KINDS[name].at_search
    return StoreIndex(
        exact=KINDS[name].exact,
        max_bits=MAX_BITS,
        written={option: value for option, value in known.items() if option not in at_search},
        searched={option: value for option, value in known.items() if option in at_search},
        rule=KINDS[name].rule,
    )


FAISS = StoreType(
    "faiss",
    "faiss",
    kinds={name: _kind(name) for name in KINDS},
    unable={
        "pq": "product quantisation is for real-valued vectors.",
        "ivfpq": "product quantisation is for real-valued vectors.",
    },
    write=write_faiss,
    open=FaissStore,
)
