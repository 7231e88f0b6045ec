"""Reaching a Milvus server, or a file of Milvus Lite."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ...errors import ParameterError, QuantalError
from .address import Address

TOKEN = "MILVUS_TOKEN"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
LITE = ".db"


@dataclass(frozen=True)
class Place:
    """Server, or file of Milvus Lite, and collection."""

    server: str
    collection: str

    @property
    def is_lite(self) -> bool:
        """Whether this is a file of Milvus Lite."""
        return self.server.endswith(LITE)


def place_of(address: Address) -> Place:
    """Return server and collection of an address.

    Raises:
        ParameterError: Not such an address, or a name that Milvus does not take.
    """
    server, slash, collection = address.place.rpartition("/")
    if not slash or not server or server.endswith("/"):
        raise ParameterError(
            f"{address} names no collection. Write milvus:http://localhost:19530/COLLECTION, or "
            "milvus:FILE.db/COLLECTION for Milvus Lite."
        )
    if "@" in server:
        raise ParameterError(
            "An address holds no password: others on the machine can read it. Put USER:PASSWORD or "
            f"a token into the environment variable {TOKEN}, and leave it out of the address."
        )
    if not NAME.fullmatch(collection):
        raise ParameterError(
            "A collection of Milvus is named by up to 200 letters, digits and '_', not beginning "
            f"with a digit; got {collection!r}."
        )
    if not (server.endswith(LITE) or "://" in server):
        server = f"http://{server}"
    return Place(server, collection)


def require_binary_lite(place: Place) -> None:
    """Raise ParameterError for a file, where Milvus Lite is of a release without binary vectors."""
    if not place.is_lite:
        return
    try:
        found = version("milvus-lite")
    except PackageNotFoundError:
        found = "none"
    if not found.startswith("2."):
        raise ParameterError(
            f"{place.server} is a file of Milvus Lite, of which 2.5.1 is the last release with "
            f"binary vectors; installed is {found}. Install milvus-lite==2.5.1 with pymilvus 2.5, "
            "give the address of a Milvus server, or write lancedb:PATH."
        )


def connect(milvus: Any, place: Place, address: Address) -> Any:
    """Return a client of the server.

    It is never closed: all clients of one address in a process share one connection of pymilvus,
    and closing one would cut off the others, those of the user's own code among them.

    Raises:
        ParameterError: The server cannot be reached.
    """
    with talking(address):
        if place.is_lite:
            return milvus.MilvusClient(place.server)
        return milvus.MilvusClient(uri=place.server, token=os.environ.get(TOKEN, ""), timeout=30)


@contextmanager
def talking(address: Address) -> Iterator[None]:
    """Turn what pymilvus raises into ParameterError of one line."""
    try:
        yield
    except QuantalError:
        raise
    except Exception as error:  # grpc's errors and pymilvus's share no base of their own
        reason = " ".join(str(getattr(error, "message", "") or error).split())[:200].rstrip(".")
        raise ParameterError(
            f"{address}: Milvus says: {reason or type(error).__name__}. Check that the server runs "
            f"there, and {TOKEN} if it wants one."
        ) from None
