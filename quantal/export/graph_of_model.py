"""Which methods have a graph, and which graph a model has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from ..catalog import METHODS
from ..errors import ParameterError
from .cluster_graphs import (
    AssignmentGraph,
    CentreGraph,
    NeighbourGraph,
    PairGraph,
    SoftmaxGraph,
)
from .hash_graphs import (
    LogitGraph,
    WaveGraph,
    binary_autoencoder_graph,
    hyperplane_graph,
    itq_graph,
    sgh_graph,
)

GRAPHS: dict[str, Callable[[Any], nn.Module]] = {
    "autoencoder-kmeans": CentreGraph,
    "binary-autoencoder": binary_autoencoder_graph,
    "dec": AssignmentGraph,
    "deep-hash": LogitGraph,
    "iic": PairGraph,
    "imsat": SoftmaxGraph,
    "imsat-hash": LogitGraph,
    "itq": itq_graph,
    "jule": NeighbourGraph,
    "random-hyperplane": hyperplane_graph,
    "rim": SoftmaxGraph,
    "rim-hash": LogitGraph,
    "sgh": sgh_graph,
    "spectral-hashing": WaveGraph,
}


def exportable_methods() -> tuple[str, ...]:
    """Return the methods that can be exported, as the command line calls them."""
    return tuple(sorted(GRAPHS))


def method_of(model: Any) -> str:
    """Return the method of a model, as the command line calls it.

    Raises:
        ParameterError: It is none that can be exported; lists those that can.
    """
    method = next((name for name, known in METHODS.items() if known is type(model)), None)
    if method is None or method not in GRAPHS:
        raise ParameterError(
            f"{type(model).__name__} cannot be exported as one graph of standard operations. "
            f"Those that can: {', '.join(exportable_methods())}."
        )
    return method


def graph_of(model: Any) -> nn.Module:
    """Return a fitted model as a module, raw rows in; it shares the model's weights.

    Raises:
        ParameterError: The method or the model's network cannot be exported.
    """
    return GRAPHS[method_of(model)](model).eval()
