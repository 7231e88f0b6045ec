"""Answers with one entry a row, as JSON, ``.npy`` or Arrow; the same numbers in each."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response

from .media_types import ARROW, JSON, NPY
from .valid_text import valid_text

FACTS_HEADER = "X-Quantal"
METADATA_KEY = "quantal"


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model says about the rows of a request.

    Attributes:
        columns: Arrays with as many rows as the request had. Packed codes are (n, n_bytes) uint8.
        facts: What holds for all rows.
    """

    columns: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def response(self, form: str) -> Response:
        """Return the answer in one of the forms of `media_types`.

        In ``.npy``, one column is a plain array and several are the fields of a structured one. In
        Arrow, what has several numbers a row is a list of fixed size, and codes are binary. The
        facts, part of JSON, are then in the header X-Quantal, and in Arrow's metadata.
        """
        is_said = form == JSON or not self.facts
        headers = {} if is_said else {FACTS_HEADER: json.dumps(self.facts)}
        return Response(WRITERS[form](self), 200, headers, form)


def _json(answer: Answer) -> bytes:
    columns = {name: _listed(values) for name, values in answer.columns.items()}
    content = {**answer.facts, **columns}
    # Text is what the client's own ids hold; lone surrogates in them must not break an answer.
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _listed(values: NDArray[Any]) -> list[Any]:
    if values.dtype == np.uint8:  # codes, as hexadecimal text of the bytes in their order
        return values.tobytes().hex(",", -values.shape[1]).split(",")
    return list(values.tolist())


def _npy(answer: Answer) -> bytes:
    columns = answer.columns
    if len(columns) == 1:
        [array] = columns.values()
    else:
        kind = [(name, values.dtype, values.shape[1:]) for name, values in columns.items()]
        array = np.empty(len(next(iter(columns.values()))), kind)
        for name, values in columns.items():
            array[name] = values
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _arrow(answer: Answer) -> bytes:
    import pyarrow as pa

    arrays = [_arrow_column(values) for values in answer.columns.values()]
    schema = pa.schema(
        [pa.field(name, array.type) for name, array in zip(answer.columns, arrays, strict=True)],
        metadata={METADATA_KEY: json.dumps(answer.facts)},
    )
    file = io.BytesIO()
    with pa.ipc.new_stream(file, schema) as stream:
        stream.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return file.getvalue()


def _arrow_column(values: NDArray[Any]) -> Any:
    import pyarrow as pa

    if values.dtype == np.uint8:
        data = pa.py_buffer(np.ascontiguousarray(values))
        return pa.Array.from_buffers(pa.binary(values.shape[1]), len(values), [None, data])
    if values.ndim == 1:
        return pa.array(values)
    flat = values.ravel()
    if values.dtype.kind in "UO":
        texts = pa.array([valid_text(value) for value in flat], pa.string())
        return pa.FixedSizeListArray.from_arrays(texts, values.shape[1])
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), values.shape[1])


WRITERS: dict[str, Callable[[Answer], bytes]] = {JSON: _json, NPY: _npy, ARROW: _arrow}
