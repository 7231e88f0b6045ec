"""How long the explorer's pages and edits take with a million rows and thousands of clusters.

python -m benchmarks.speed.explorer_pages [--rows 1000000] [--clusters 5000]

Rows are images of 8 x 8 pixels around random centres; the model is a stand-in that holds their
labels, so that the time is the explorer's own. Every page is asked for once to warm up and then
21 times; printed are the median and the slowest, in milliseconds, of the whole answer without a
network. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient

from quantal.app.explorer import explorer_routes
from quantal.data import Dataset
from quantal.estimators import data_fingerprint
from quantal.training import Artifact

REPEATS = 21


class Labelled:
    """A clusterer that labels the rows of its fit and does nothing else."""

    def __init__(self, x: Any, labels: Any, n_clusters: int) -> None:
        self.labels_, self.n_clusters, self.n_features_in_ = labels, n_clusters, 64
        self.data_ = data_fingerprint(x.reshape(len(x), -1))

    def to_artifact(self) -> Artifact:
        """Return what fingerprints are made of."""
        return Artifact({}, {"labels": torch.from_numpy(self.labels_)}, {})


def made_rows(n: int, n_clusters: int) -> tuple[Any, Any]:
    """Return images and labels; sizes differ as those of real clusters do."""
    generator = np.random.default_rng(0)
    shares = generator.pareto(1.5, n_clusters) + 0.2
    labels = generator.choice(n_clusters, n, p=shares / shares.sum())
    centers = generator.integers(0, 200, (n_clusters, 8, 8))
    noise = generator.integers(0, 56, (n, 8, 8), dtype=np.uint8)
    return (centers.astype(np.uint8)[labels] + noise), labels.astype(np.int64)


def report(name: str, act: Callable[[], Any], repeats: int = REPEATS) -> None:
    """Print the median and the slowest of some repetitions."""
    act()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - began))
    print(f"{name:44s} median {statistics.median(times):8.1f} ms  slowest {max(times):8.1f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clusters", type=int, default=5000)
    asked = parser.parse_args()
    x, labels = made_rows(asked.rows, asked.clusters)
    model, data = Labelled(x, labels, asked.clusters), Dataset(x, "made", "images")
    edits = Path(tempfile.mkdtemp()) / "edits.sqlite"
    print(f"{asked.rows:,} rows, {asked.clusters:,} clusters")
    for name in ("first start, rows are labelled", "start with a file of edits"):
        began = time.perf_counter()
        app = FastAPI()
        app.include_router(explorer_routes(model, data, edits))
        print(f"{name:44s} {time.perf_counter() - began:8.2f} s")
    client = TestClient(app)
    largest = int(np.bincount(labels).argmax())
    other = (largest + 1) % asked.clusters
    last = (labels == largest).sum() // 48

    def get(path: str) -> Callable[[], Any]:
        return lambda: client.get(path).raise_for_status()

    def edit(path: str, **fields: Any) -> Callable[[], Any]:
        def act() -> None:
            for place in (path, "undo"):
                answer = client.post(f"/edits/{place}", data=fields, follow_redirects=False)
                if answer.status_code != 303:
                    raise SystemExit(answer.text)

        return act

    report("overview", get("/"))
    report("overview, least certain, page 50", get("/?sort=doubtful&page=50"))
    report("overview, find 77", get("/?find=77"))
    report("strip of 8 members", get("/strip.png?rows=1-2-3-4-5-6-7-8"))
    report("largest cluster", get(f"/clusters/{largest}"))
    report("largest cluster, last page", get(f"/clusters/{largest}?page={last}"))
    report("one row", get("/rows/123"))
    report("search by a row", get("/search?row=123"))
    report("rename and undo", edit("rename", cluster=largest, name="a name"))
    report("merge the largest with another and undo", edit("merge", cluster=[largest, other]))
    report("move 48 rows to the largest and undo", edit("move", row=list(range(48)), into=largest))
    report("split a small cluster in two and undo", edit("split", cluster=other, parts=2))
    report("CSV", get("/export.csv"), 3)
    report("Parquet", get("/export.parquet"), 3)


if __name__ == "__main__":
    main()
