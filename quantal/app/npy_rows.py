"""Rows from the bytes of an ``.npy`` file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.numpy_files import NpyHeader, read_npy_header
from ..errors import FileFormatError
from .problems import Problem
from .row_form import RowForm


def read_npy_rows(body: bytes, form: RowForm) -> NDArray[Any]:
    """Return the array without copying it; nothing is allocated by what its header says.

    Args:
        body: what came.
        form: what is allowed.

    Raises:
        Problem: 400, damaged or with a header that lies; 422, no numbers or too many rows.
    """
    try:
        header = read_npy_header(io.BytesIO(body), "The body")
    except FileFormatError as error:
        raise Problem(400, str(error)) from None
    _require_numbers(header)
    held = len(body) - header.data_start
    if held != header.data_bytes:
        raise Problem(
            400,
            f"The body's header says shape {header.shape} of {header.dtype}, "
            f"{header.data_bytes:,} bytes, but {held:,} follow. Write it again with numpy.save.",
        )
    form.require_count(header.shape[0])
    flat = np.frombuffer(body, header.dtype, offset=header.data_start)
    try:
        rows = flat.reshape(header.shape, order="F" if header.fortran_order else "C")
    except (ValueError, OverflowError):  # no bytes, but sides beyond what can be counted
        raise Problem(
            400, f"The body says that it has shape {header.shape}. Write it with numpy.save."
        ) from None
    native = header.dtype.newbyteorder("=")
    return np.require(rows, native, "A")  # torch takes neither odd places nor another byte order


def _require_numbers(header: NpyHeader) -> None:
    if not header.shape or header.dtype.kind not in "biuf" or header.dtype.itemsize > 8:
        raise Problem(
            422,
            f"The body holds {header.dtype} of shape {header.shape}, but rows must be numbers of "
            "at most 64 bits, shape (n, d). Convert them, for example with .astype('float32').",
        )
