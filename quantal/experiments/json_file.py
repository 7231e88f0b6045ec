"""JSON files that are whole or absent."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import FileFormatError


def write_json(values: Mapping[str, Any], path: str | Path) -> None:
    """Write a JSON object; a reader sees the old file or the new one, never half of one.

    Args:
        values: the object.
        path: the file; its folder is made if need be.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)  # mkstemp's 0600 would hide the file from others
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_json(path: str | Path, schema: int | str) -> dict[str, Any]:
    """Read a JSON object of a known schema and return it without the schema.

    Args:
        path: the file.
        schema: what its key "schema" must hold.

    Raises:
        FileFormatError: if it cannot be read, is no JSON, or is of another schema.
    """
    path = Path(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(f"Cannot read the record {path}: {error.strerror}.") from None
    except ValueError as error:
        raise FileFormatError(f"{path} is not valid JSON: {error}.") from None
    if not isinstance(values, dict) or values.pop("schema", None) != schema:
        raise FileFormatError(
            f"{path} is not a record of schema {schema}. Delete it and run the recipe again."
        )
    return values
