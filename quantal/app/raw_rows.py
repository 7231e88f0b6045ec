"""Texts and pictures of clients, described without a trace on the disk."""

from __future__ import annotations

from typing import Any

from ..features.descriptors import descriptor_from, is_of_text, text_descriptor_from
from .problems import Problem


class RawRows:
    """Describes what the library would describe through its cache of features on the disk.

    That cache grows with every new set of rows, which is no matter of strangers.

    Args:
        reader: settings with which the rows of the model's fit were read.
    """

    def __init__(self, reader: dict[str, Any]) -> None:
        features = reader.get("features")
        self._of_texts: Any = None
        self._costly = ""
        if features is None:
            return
        if is_of_text(features):
            self._of_texts, _ = text_descriptor_from(features)
        else:
            descriptor, name = descriptor_from(features)
            self._costly = name if getattr(descriptor, "is_costly", False) else ""

    def described(self, rows: Any) -> Any:
        """Return rows as a model takes them.

        Args:
            rows: an array, or a list of texts.

        Raises:
            Problem: 422, pictures for an encoder that is too costly for a request.
        """
        if isinstance(rows, list):
            return rows if self._of_texts is None else self._of_texts.transform(rows)
        if self._costly and rows.ndim > 2:
            raise Problem(
                422,
                f"The model takes what {self._costly} makes of pictures, and this server does not "
                "run that on pictures. Send its numbers, one row a picture.",
            )
        return rows
