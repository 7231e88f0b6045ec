"""Recipes whose method is a peer, run as ``quantal reproduce`` runs quantal's own.

    QUANTAL_DATA=FOLDER python -m benchmarks.peers recall/mnist-faiss-pq [...] [--again]

From the root of the repository. faiss comes with the extra ``search``. The tables and pictures are
brought up to date as well; other recipes may be named too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers import faiss_codes
from benchmarks.peers.dense_linkage import DenseGraphDegreeLinkage
from quantal import report
from quantal.errors import QuantalError
from quantal.experiments import reproduce
from quantal.experiments.peers import build_method

PEERS: dict[str, Any] = {
    **faiss_codes.PEERS,
    "dense-graph-degree-linkage": DenseGraphDegreeLinkage,
}


def build_any(method: str, **parameters: Any) -> Any:
    """Make a peer or a method of quantal."""
    return PEERS[method](**parameters) if method in PEERS else build_method(method, **parameters)


def main() -> int:
    """Run the recipes; a user's mistake is one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--again", action="store_true", help="run finished runs anew")
    args = parser.parse_args()
    try:
        reproduce(
            args.recipes,
            again=args.again,
            readme_path=Path("README.md"),
            drawing=report,
            build=build_any,
            progress=print,
        )
    except QuantalError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
