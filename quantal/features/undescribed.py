"""Raw rows given to a model that was fitted on features of such rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data import Dataset
from ..data.options import parse_image_size
from .descriptors import descriptor_from, is_of_text, text_descriptor_from

TEXTS_REMEDY = "Pass the texts themselves, a list of strings or a file."


def is_undescribed(x: Any, reader: Mapping[str, Any]) -> bool:
    """Tell whether rows still lack the features that a model was fitted on.

    Args:
        x: A Dataset, an array, or a list of texts.
        reader: ``Dataset.reader`` of the fit's rows; empty while fitting, or if there is none.

    Returns:
        True for texts, and for images where ``reader`` has ``features``; `open_features` with
        ``reader`` then computes what is missing.
    """
    if isinstance(x, Dataset):
        if x.kind == "text":
            return x.n_features == 0
        return x.kind == "images" and "features" in reader
    if isinstance(x, list | tuple):
        return bool(x) and all(isinstance(row, str) for row in x)
    return "features" in reader and len(getattr(x, "shape", ())) in {3, 4}


def described_rows(reader: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say what raw rows a fitted model describes, and how to pass them, for messages.

    Args:
        reader: ``Dataset.reader`` of the fit's rows.

    Returns:
        What the rows are and a sentence with the remedy; None if the model has no features.
    """
    if "features" in reader and is_of_text(reader["features"]):
        of_texts, name = text_descriptor_from(reader["features"])
        return f"texts ({of_texts.n_features} numbers of {name})", TEXTS_REMEDY
    if "features" in reader:
        descriptor, name = descriptor_from(reader["features"])
        sides = parse_image_size(reader.get("image_size")) or ("height", "width")
        shape = ", ".join(map(str, sides)) + (", 3" if reader.get("color") == "rgb" else "")
        return (
            f"images ({descriptor.n_features} numbers of {name})",
            f"Pass the images themselves, an array of shape (n, {shape}) or a folder: pixels in "
            f"rows are brought to it by .reshape(-1, {shape}).",
        )
    if "text" in reader:
        return "texts (tf-idf)", TEXTS_REMEDY
    return None
