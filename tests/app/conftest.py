"""Models that are fitted once for all tests of the server."""

from __future__ import annotations

import pytest
from served import client, small_clusterer, small_hasher


@pytest.fixture(scope="session")
def hasher():
    return small_hasher()


@pytest.fixture(scope="session")
def clusterer():
    return small_clusterer()


@pytest.fixture(scope="session")
def hashing(hasher):
    """A client of a server of the hasher and its rows."""
    with client(hasher) as found:
        yield found


@pytest.fixture(scope="session")
def clustering(clusterer):
    """A client of a server of the clusterer and its rows."""
    with client(clusterer) as found:
        yield found
