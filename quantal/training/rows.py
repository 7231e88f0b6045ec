"""Rows of the data as tensors: held ready where they fit in memory, read batch by batch if not."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.memory_map import release_pages
from ..data.preparation import Preparation

HELD_BYTES = 512 << 20  # prepared rows up to this size are kept in memory
BLOCK = 8192
# Scattered rows of a memory map between two releases of its pages. The kernel maps up to 2 MiB
# around each row that is touched: 2,000 small rows made two gigabytes resident.
RELEASE_ROWS = 256


class Rows:
    """The rows of a data set, raw and prepared.

    Args:
        x: (n, d) array, memory map or CSR array.
        preparation: applied to every row.
        device: where the tensors go.
        hold: keep the prepared rows in memory if they take at most 512 MiB.
    """

    def __init__(
        self, x: Any, preparation: Preparation, device: torch.device, *, hold: bool = True
    ) -> None:
        self.x = x
        self.preparation = preparation
        self.device = device
        self._unreleased = 0
        self._held: Tensor | None = None
        if hold and 4 * x.shape[0] * x.shape[1] <= HELD_BYTES:
            self._held = torch.from_numpy(self._prepare_all()).to(device)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def is_held(self) -> bool:
        """Whether the prepared rows are in memory."""
        return self._held is not None

    def _prepare_all(self) -> NDArray[np.float32]:
        out = np.empty(self.x.shape, np.float32)
        for start in range(0, len(self), BLOCK):
            out[start : start + BLOCK] = self.preparation(self.x[start : start + BLOCK])
        return out

    def prepared(self, numbers: Tensor) -> Tensor:
        """Return prepared rows, shape (b, d), float32, on the device."""
        if self._held is not None:
            return torch.index_select(self._held, 0, numbers.to(self.device))
        return torch.from_numpy(self.preparation(self._read(numbers))).to(self.device)

    def raw(self, numbers: Tensor) -> Tensor:
        """Return rows in the data's own units and column order, shape (b, d), float32."""
        rows = self._read(numbers)
        dense = np.asarray(rows) if isinstance(rows, np.ndarray) else rows.toarray()
        return torch.from_numpy(dense.astype(np.float32)).to(self.device)

    def prepare(self, raw: Tensor) -> Tensor:
        """Prepare raw rows that a view has changed, shape (b, d)."""
        if self.preparation.scaling == "none":
            return raw
        return torch.from_numpy(self.preparation(raw.cpu().numpy())).to(self.device)

    def span(self, start: int, stop: int) -> Tensor:
        """Return prepared consecutive rows, shape (stop - start, d)."""
        if self._held is not None:
            return self._held[start:stop]
        block = self.preparation(self.x[start:stop])
        release_pages(self.x)
        return torch.from_numpy(block).to(self.device)

    def _read(self, numbers: Tensor) -> Any:
        wanted = numbers.cpu().numpy()
        if not isinstance(self.x, np.ndarray) or len(wanted) <= RELEASE_ROWS:
            return self._piece(wanted)
        out = np.empty((len(wanted), *self.x.shape[1:]), self.x.dtype)
        for start in range(0, len(wanted), RELEASE_ROWS):
            part = slice(start, start + RELEASE_ROWS)
            out[part] = self._piece(wanted[part])
        return out

    def _piece(self, wanted: NDArray[np.int64]) -> Any:
        rows = self.x[wanted]
        self._unreleased += len(wanted)
        if self._unreleased >= RELEASE_ROWS:
            release_pages(self.x)
            self._unreleased = 0
        return rows
