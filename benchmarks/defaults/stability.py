"""How stable a parameter makes IMSAT over seeds: the label-free ground of the defaults.

    python -m benchmarks.defaults.stability --parameter alpha --values 0.25 0.4 0.6
        [--sets digits,umist-32,coil20,wine] [--seeds 3]

For each data set and value it prints the mean normalised mutual information between the partitions
of every two seeds. No label is read. Sets other than scikit-learn's digits, wine and breast cancer
come from the folder that QUANTAL_DATA names.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import warnings
from typing import Any

import numpy as np
import sklearn.datasets
from sklearn.metrics import normalized_mutual_info_score

from quantal.clustering import IMSAT
from quantal.data import named
from quantal.errors import CollapseWarning

N_CLUSTERS = {"digits": 10, "wine": 3, "cancer": 2, "umist-32": 20, "coil20": 20, "usps": 10}


def rows_of(name: str) -> np.ndarray:
    """Return (n, d) rows; columns of different units are standardised, images are flattened."""
    if name in {"wine", "cancer"}:
        load = {"wine": sklearn.datasets.load_wine, "cancer": sklearn.datasets.load_breast_cancer}
        x = load[name]().data
        return (x - x.mean(0)) / x.std(0)
    x = np.asarray(named.load(name).x)
    if name == "coil20":  # 128 x 128 to the 32 x 32 of other comparisons
        x = x.reshape(len(x), 32, 4, 32, 4).mean((2, 4))
    return x.reshape(len(x), -1)


def stability(x: np.ndarray, n_clusters: int, seeds: int, parameters: dict[str, Any]) -> float:
    """Mean NMI between the partitions of every two seeds, single random starts."""
    parts = [
        IMSAT(n_clusters, random_state=seed, n_init=1, **parameters).fit_predict(x)
        for seed in range(seeds)
    ]
    pairs = itertools.combinations(parts, 2)
    return float(np.mean([normalized_mutual_info_score(a, b) for a, b in pairs]))


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parameter", required=True)
    parser.add_argument("--values", nargs="+", required=True)
    parser.add_argument("--sets", default="digits,wine,umist-32,coil20")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    warnings.simplefilter("ignore", CollapseWarning)
    print(f"| {args.parameter} | " + " | ".join(args.values) + " |")
    print("|---" * (len(args.values) + 1) + "|")
    for name in args.sets.split(","):
        x = rows_of(name)
        cells = []
        for text in args.values:
            try:
                value = ast.literal_eval(text)
            except ValueError:
                value = text
            score = stability(x, N_CLUSTERS[name], args.seeds, {args.parameter: value})
            cells.append(f"{score:.3f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
