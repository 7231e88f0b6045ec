"""Hash of what decides the results of a recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..errors import ParameterError


def fingerprint_of(values: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that are the same for equal values.

    Args:
        values: numbers, strings, booleans, lists and tables of these.

    Raises:
        ParameterError: Something else is among them.
    """
    text = json.dumps(values, sort_keys=True, allow_nan=False, default=_refuse)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _refuse(value: Any) -> Any:
    raise ParameterError(f"a recipe holds numbers, strings, lists and tables only, got {value!r}.")
