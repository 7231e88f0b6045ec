"""From the body of a request to rows, by its content type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers

from .arrow_rows import read_arrow_rows
from .json_rows import read_json_rows
from .media_types import ARROW, JSON, NPY, main_type
from .npy_rows import read_npy_rows
from .problems import Problem, shortened
from .row_form import RowForm

Reader = Callable[[bytes, RowForm], Any]
READERS: dict[str, Reader] = {JSON: read_json_rows, NPY: read_npy_rows, ARROW: read_arrow_rows}


def reader_for(headers: Headers) -> Reader:
    """Return what reads a body with these headers.

    Raises:
        Problem: 415, another type, or an encoding such as gzip.
    """
    accepted = {"Accept-Post": ", ".join(READERS)}
    encoding = headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise Problem(
            415,
            f"The body is encoded as {shortened(encoding)}. Send it as it is: a small body could "
            "become any amount of memory.",
            accepted,
        )
    given = headers.get("content-type", "")
    reader = READERS.get(main_type(given))
    if reader is None:
        came = f"has the type {shortened(given)}" if given else "does not say its type"
        raise Problem(
            415,
            f"The body {came}. Send one of {', '.join(READERS)} and say which in Content-Type.",
            accepted,
        )
    return reader
