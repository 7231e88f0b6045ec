"""Documents as JSON lines or one a line, plain or gzip."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, FileFormatError
from .dataset import Dataset
from .memory_ceiling import JSON_FACTOR, require_memory
from .options import Options

MAX_DOCUMENT_BYTES = 64 << 20  # a longer line is a binary file or a decompression bomb
OBJECT_BYTES = 200  # what Python takes beside the characters for a document and its name
LONG_JSON = 1 << 20
CHECKED_BYTES = 1 << 22  # how much may come between two looks at the memory


def iterate_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield ``(line_number, line)`` of the lines that are not blank, numbered from 1.

    Raises:
        FileFormatError: Not UTF-8, a truncated or damaged gzip file, or an endless line.
    """
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    number = total = checked = 0
    with opener(path, "rb") as stream:
        try:
            while raw := stream.readline(MAX_DOCUMENT_BYTES + 1):
                number += 1
                total += len(raw)
                if len(raw) > MAX_DOCUMENT_BYTES:
                    raise FileFormatError(
                        f"{path.name}, line {number}, is longer than {MAX_DOCUMENT_BYTES >> 20} "
                        "MiB. Write one document a line."
                    )
                held = 2 * total + OBJECT_BYTES * number
                if held > checked + CHECKED_BYTES:
                    require_memory(held, path.name)
                    checked = held
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if line:
                    yield number, line
        except UnicodeDecodeError as error:
            raise FileFormatError(
                f"{path.name}, line {number}, is not UTF-8 (byte {error.start} of the line). Save "
                "the file as UTF-8, for example with iconv -f latin1 -t utf-8."
            ) from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileFormatError(
                f"{path.name} is truncated or damaged after line {number} ({error}). "
                "Copy or compress it again."
            ) from None


def read_lines(path: Path, options: Options) -> Dataset:
    """Read one document a line; ids are line numbers, blank lines are no documents."""
    numbered = list(iterate_lines(path))
    texts, ids = [line for _, line in numbered], [str(number) for number, _ in numbered]
    return documents_dataset(texts, ids, options, name=_stem(path), what=path.name)


def read_jsonl(path: Path, options: Options) -> Dataset:
    """Read one JSON object a line with a string field ``text`` (or ``key``) and maybe an ``id``."""
    wanted = options.key or "text"
    texts: list[str] = []
    ids: list[str] = []
    for number, line in iterate_lines(path):
        record = _record(path, number, line)
        text = record.get(wanted)
        if not isinstance(text, str):
            raise DataError(
                f"{path.name}, line {number}: no string field {wanted!r}; it has "
                f"{', '.join(map(repr, list(record)[:8])) or 'no field'}. Name the field that "
                "holds the document: key='...' (--key)."
            )
        texts.append(text)
        ids.append(str(record.get("id", number)))
    reader = {"key": options.key} if options.key else {}
    name = _stem(path)
    return documents_dataset(texts, ids, options, name=name, what=path.name, reader=reader)


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    if len(line) > LONG_JSON:
        require_memory(JSON_FACTOR * len(line), f"{path.name}, line {number},")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(
            f"{path.name}, line {number}, is not JSON ({error}). Write one object a line, "
            'for example {"text": "..."}; plain text goes into a .txt file.'
        ) from None
    if not isinstance(record, dict):
        raise FileFormatError(
            f"{path.name}, line {number}, holds a {type(record).__name__}, not an object. "
            'Write one object a line, for example {"text": "..."}.'
        )
    return record


def documents_dataset(
    texts: Sequence[str],
    ids: Sequence[str] | None,
    options: Options,
    *,
    name: str,
    what: str,
    reader: dict[str, Any] | None = None,
) -> Dataset:
    """Wrap documents, at least two that differ (one for a fitted model); vectors come later."""
    if len(texts) < options.n_min:
        found = "no document" if not texts else "only 1 document"
        raise DataError(
            f"{what} holds {found}, but at least {options.n_min} are needed. "
            "Write one document a line."
        )
    if options.n_min > 1 and len(set(texts)) == 1:
        raise DataError(
            f"{what}: all {len(texts)} documents are identical, so there is nothing to tell "
            "apart. Check how the file was written."
        )
    settings = {**(reader or {}), "like": "text"}
    if options.text is not None:
        settings["text"] = options.text
    x = np.empty((len(texts), 0), dtype=np.float32)
    return Dataset(x, name, "text", ids=ids, texts=texts, reader=settings)
