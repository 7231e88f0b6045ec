"""How far exported graphs are from the library, on all 1,797 digits; and what a file weighs.

    python benchmarks/onnx_parity.py            every method and named network, short fits
    python benchmarks/onnx_parity.py imsat sgh  these alone

Prints a line a model: largest difference, labels or bits that differ, bytes, milliseconds for a
batch of 1,000 rows by the library and by onnxruntime on one thread.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn.datasets import load_digits

from quantal.catalog import build
from quantal.export import export_onnx, exportable_methods

SIZES = {"random_state": 0}
SHORT = {"n_epochs": 3, "n_init": 1, "precision": "float32"}
AUTOENCODER = {"pretrain_iterations": 200, "finetune_iterations": 200, "precision": "float32"}
SETTINGS = {
    "autoencoder-kmeans": AUTOENCODER,
    "binary-autoencoder": {},
    "dec": {**AUTOENCODER, "max_iterations": 200},
    "iic": SHORT,
    "itq": {},
    "jule": {"n_epochs": 1, "precision": "float32"},
    "random-hyperplane": {},
    "sgh": {"n_steps": 200},
    "spectral-hashing": {},
}
IMAGE_NETWORKS = ("small", "small-residual", "6c", "5g")


def cases():
    """Yield a name, a model and the rows for it."""
    digits = load_digits()
    for method in exportable_methods():
        size = {"n_bits": 32} if method in HASHING else {"n_clusters": 10}
        model = build(method, **size, **SIZES, **SETTINGS.get(method, SHORT))
        yield method, model, digits.data.astype(np.float32)
    for network in IMAGE_NETWORKS:
        for sobel in (False, True):
            model = build("iic", n_clusters=10, network=network, sobel=sobel, **SIZES, **SHORT)
            model.set_params(n_epochs=1, batch_size=250)
            yield f"iic {network}{' sobel' * sobel}", model, digits.images.astype(np.float32)
    model = build("jule", n_clusters=10, **SIZES, **SETTINGS["jule"])
    yield "jule images", model, digits.images.astype(np.float32)


HASHING = {
    "binary-autoencoder",
    "deep-hash",
    "imsat-hash",
    "itq",
    "random-hyperplane",
    "rim-hash",
    "sgh",
    "spectral-hashing",
}


def milliseconds(call) -> float:
    """Return the least time of five calls."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def main(wanted: list[str]) -> None:
    """Fit, export and compare."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    print(f"{'model':24} {'difference':>10} {'differ':>7} {'bytes':>12} {'library':>9} {'onnx':>9}")
    for name, model, x in cases():
        if wanted and name.split()[0] not in wanted:
            continue
        fitted = model.fit(x)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            parity = export_onnx(fitted, path, check=x)
            graph = onnxruntime.InferenceSession(path, options)
            size = path.stat().st_size
        rows = x[:1000]
        library = fitted.encode if parity.output == "bits" else fitted.predict
        ours = milliseconds(lambda library=library, rows=rows: library(rows))
        theirs = milliseconds(lambda s=graph, rows=rows: s.run(None, {"rows": rows}))
        print(
            f"{name:24} {parity.max_difference:10.2g} {parity.n_ties:7} {size:12,} "
            f"{ours:6.1f} ms {theirs:6.1f} ms",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
