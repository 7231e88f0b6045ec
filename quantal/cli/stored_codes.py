"""Codes of a file or of a store, opened for a search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import ParameterError

if TYPE_CHECKING:
    from ..codes import Codes, CodeStore
    from .code_search import SearchRequest


@contextmanager
def open_codes(place: str, request: SearchRequest) -> Iterator[Codes | CodeStore]:
    """Yield the codes of a file, or of a store by its address.

    Args:
        place: as typed.
        request: what is wanted of them.

    Raises:
        ParameterError: A store cannot be searched like this.
    """
    from ..codes import open_store, read_codes
    from ..codes.stores import is_store

    if not is_store(place):
        yield read_codes(place)
        return
    _require_plain(place, request)
    with open_store(place) as store:
        yield store


def _require_plain(place: str, request: SearchRequest) -> None:
    asked = {
        "--radius": request.radius is not None,
        "--asymmetric": request.asymmetric,
        "--index": request.index is not None,
    }
    for option, is_asked in asked.items():
        if is_asked:
            raise ParameterError(
                f"{option} works on a file of codes; {place} is a store, which is searched for the "
                f"-k nearest codes by its own index. Leave {option} out, or name the file of codes."
            )
