"""The options of `open_source`: their allowed values and the formats they concern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import ParameterError, require_choice, suggestion

TEXT = ("20news", "reuters")
FEATURES = ("efficientnet-lite0", "gist", "gist-512", "gist-960", "hog", "lbp", "phog", "spm")
TEXT_FEATURES = ("wordllama",)
MAX_SIDE = 65_535  # pixels; larger than any single tile a network here can take

# option -> the kinds of source it concerns
CONCERNS: dict[str, frozenset[str]] = {
    "image_size": frozenset({"images", "array", "npy", "npz", "hdf5", "named"}),
    "color": frozenset({"images", "array", "npy", "npz", "hdf5", "named"}),
    "skip_unreadable": frozenset({"images"}),
    "key": frozenset({"npz", "hdf5", "jsonl"}),
    "columns": frozenset({"csv", "parquet"}),
    "drop": frozenset({"csv", "parquet"}),
    "header": frozenset({"csv"}),
    "text": frozenset({"text", "jsonl", "named"}),
    "features": frozenset({"images", "array", "npy", "npz", "hdf5", "named", "text", "jsonl"}),
    "data_dir": frozenset({"named"}),
}


@dataclass(frozen=True)
class Options:
    """Checked options of one call of `open_source`; a default means "not given"."""

    image_size: tuple[int, int] | None = None
    color: str = "auto"
    skip_unreadable: bool = False
    key: str | None = None
    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    header: bool | None = None
    text: str | dict[str, Any] | None = None
    features: str | dict[str, Any] | None = None
    data_dir: Path | None = None
    like: str | None = None

    @property
    def n_min(self) -> int:
        """Fewest rows: a fit needs two that differ, new rows for a fitted model may be one."""
        return 2 if self.like is None else 1


def parse_options(given: Mapping[str, Any]) -> Options:
    """Check names and values of ``given`` and bring the values to one form.

    Raises:
        ParameterError: An unknown name (with the closest known one) or a value not allowed.
    """
    known = [field.name for field in fields(Options)]
    for name in given:
        if name not in known:
            raise ParameterError(
                f"Unknown option {name!r}; the options are {', '.join(known)}."
                f"{suggestion(name, known)}"
            )
    value = dict(given)
    require_choice("color", value.get("color", "auto"), ["auto", "grey", "rgb"])
    require_choice("skip_unreadable", value.get("skip_unreadable", False), [False, True])
    require_choice("header", value.get("header"), [None, False, True])
    require_choice("like", value.get("like"), [None, "vectors", "images", "text"])
    key = value.get("key")
    if key is not None and not isinstance(key, str):
        raise ParameterError(f"key must be the name of an array or None, got {key!r}.")
    value["image_size"] = parse_image_size(value.get("image_size"))
    value["columns"] = _names("columns", value["columns"]) if value.get("columns") else None
    value["drop"] = _names("drop", value["drop"]) if value.get("drop") else ()
    value["data_dir"] = _folder(value.get("data_dir"))
    _require_settings("text", value.get("text"), TEXT)
    _require_settings("features", value.get("features"), (*FEATURES, *TEXT_FEATURES))
    return Options(**value)


def parse_image_size(size: Any) -> tuple[int, int] | None:
    """Return (height, width) for an integer, a pair or "HEIGHTxWIDTH"; None stays None."""
    if size is None:
        return None
    if isinstance(size, str):
        match = re.fullmatch(r"\s*(\d{1,5})(?:\s*[xX,]\s*(\d{1,5}))?\s*", size)
        pair = (int(match[1]), int(match[2] or match[1])) if match else None
    elif isinstance(size, (list, tuple)):
        whole = len(size) == 2 and all(isinstance(s, int) for s in size)
        pair = (size[0], size[1]) if whole else None
    else:
        whole = isinstance(size, int) and not isinstance(size, bool)
        pair = (size, size) if whole else None
    if pair is None or not all(1 <= side <= MAX_SIDE for side in pair):
        raise ParameterError(
            f"image_size must be a number of pixels or (height, width), each in [1, {MAX_SIDE}], "
            f"got {size!r}. For example 32, (28, 23) or '28x23'."
        )
    return pair


def require_concerned(options: Options, source_format: str, what: str) -> None:
    """Raise ParameterError for an option that says nothing about this format.

    Settings that came from another data set's ``reader`` are passed over instead: a model fitted on
    a folder of images may label images kept in an ``.npy`` file.
    """
    if options.like is not None:
        return
    defaults = Options()
    for name, formats in CONCERNS.items():
        if source_format not in formats and getattr(options, name) != getattr(defaults, name):
            raise ParameterError(
                f"The option {name} does not concern {what}; it is for "
                f"{', '.join(sorted(formats))}. Leave it out."
            )


def _names(option: str, value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not (isinstance(names, (list, tuple)) and all(isinstance(n, str) for n in names)):
        raise ParameterError(f"{option} must be a list of column names, got {value!r}.")
    return tuple(names)


def _folder(value: Any) -> Path | None:
    if not isinstance(value, (str, Path, type(None))):
        raise ParameterError(f"data_dir must be the path of a folder or None, got {value!r}.")
    return Path(value) if value else None


def _require_settings(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Allow a known name, nothing, or the settings of a fitted model (checked where used)."""
    if not isinstance(value, dict):
        require_choice(name, value, [None, *known])
