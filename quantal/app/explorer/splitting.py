"""Dividing one cluster into parts: seeded k-means on what the model makes of its members."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import ParameterError, require_range
from ...threads import on_one_thread
from .cluster import Cluster
from .edits import MOST_PARTS
from .model_rows import ModelRows

SEED = 0
SAMPLE = 20_000
N_INIT = 4
BLOCK = 8192


def find_parts(rows: ModelRows, cluster: Cluster, n_parts: int) -> NDArray[np.int32]:
    """Divide a cluster's members by k-means.

    The space is the model's embedding (`transform`), the bits for a hash model, or the rows
    themselves for a method without either. Centres are found from 20,000 members at most, drawn
    with seed 0; every member then goes to the nearest. The same members give the same parts.

    Args:
        rows: the model and its rows.
        cluster: which members.
        n_parts: parts wanted, from 2 to 64.

    Returns:
        (m,) part of each member, in the order of ``cluster.members``.

    Raises:
        ParameterError: ``n_parts`` is out of range, or more than the members that differ.
    """
    from sklearn.cluster import KMeans

    require_range("The number of parts", n_parts, low=2, high=MOST_PARTS, integer=True)
    embed = rows.signs if rows.makes_codes else rows.embedding
    members = np.sort(cluster.members)  # memory maps are read in order
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(members))[:SAMPLE])
    sample = np.concatenate([embed(members[chosen[i]]) for i in _blocks(len(chosen))])
    distinct = len(np.unique(sample, axis=0))
    if distinct < n_parts:
        raise ParameterError(
            f"{cluster.title} has {distinct} distinct members as the model sees them, so it cannot "
            f"be split into {n_parts}. Ask for fewer parts."
        )
    with on_one_thread():  # one thread: the same sums everywhere
        model = KMeans(n_parts, n_init=N_INIT, random_state=SEED).fit(sample)
        found = [model.predict(embed(members[block])) for block in _blocks(len(members))]
    parts = np.concatenate(found).astype(np.int32)
    return parts[np.searchsorted(members, cluster.members)]


def _blocks(n: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]
