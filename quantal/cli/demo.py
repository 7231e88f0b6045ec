"""``quantal demo``: everything once, on data that need no download."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ParameterError
from .output_paths import require_label_target, require_model_target
from .predict import Quiet
from .terminal import Terminal, duration, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE, N_CLUSTERS = "name:digits", 10
KMEANS_STARTS = 10


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the results go.")
    ] = Path("quantal-demo"),
    seed: Annotated[int, typer.Option("--seed", help="Source of every random draw.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Cluster 1,797 handwritten digits in about a minute.

    Fits IMSAT, compares it with k-means, and leaves a model, the labels and a picture of the
    clusters in a folder.

    [bold]Examples[/bold]

    quantal demo

    quantal demo --out /tmp/demo
    """
    terminal = Terminal(quiet=quiet)
    model, labels, picture = out / "model", out / "labels.parquet", out / "clusters.png"
    if out.is_file():
        raise ParameterError(f"--out {out} is a file. Name a folder.")
    require_model_target(model)
    require_label_target(labels, "--out")
    terminal.say("starting PyTorch")
    from ..catalog import build
    from .assignment import write_labels
    from .reading import read_rows

    dataset = read_rows(SOURCE, {}, terminal)
    began = time.monotonic()
    estimator = build("imsat", n_clusters=N_CLUSTERS, random_state=seed, verbose=int(not quiet))
    estimator.fit(dataset.x)
    seconds = time.monotonic() - began
    estimator.reader_ = dataset.reader
    estimator.set_params(verbose=0)
    estimator.save(model)
    write_labels(estimator, dataset, labels, terminal)
    _draw(estimator, dataset.x, picture)
    terminal.say(f"k-means with {KMEANS_STARTS} starts, for comparison")
    compared = _kmeans(dataset.x, seed)
    terminal.show(_scores({"k-means": compared, "IMSAT": (estimator.labels_, seconds)}))
    terminal.show(_next_steps(out, model, labels, picture))


def _kmeans(images: NDArray[Any], seed: int) -> tuple[NDArray[Any], float]:
    """Return scikit-learn's labels and the seconds they took."""
    from sklearn.cluster import KMeans

    began = time.monotonic()
    rows = images.reshape(len(images), -1)
    found = KMeans(N_CLUSTERS, n_init=KMEANS_STARTS, random_state=seed).fit_predict(rows)
    return found, time.monotonic() - began


def _draw(estimator: Any, images: NDArray[Any], path: Path) -> None:
    from ..report import cluster_grid, save_image

    confidence = estimator.predict_proba(images).max(axis=1)
    save_image(cluster_grid(images, estimator.labels_, confidence=confidence), path)


def _scores(found: dict[str, tuple[NDArray[Any], float]]) -> str:
    """Compare with the true digits, which only this function sees."""
    from ..data import named
    from ..metrics import evaluate_clustering

    truth = named.labels(SOURCE.removeprefix("name:"))
    rows: list[tuple[str, ...]] = [("", "accuracy", "NMI", "adjusted Rand", "time")]
    for name, (labels, seconds) in found.items():
        scores = evaluate_clustering(truth, labels, n_resamples=0)
        figures = (scores.accuracy, scores.nmi_arithmetic, scores.ari)
        rows.append((name, *(f"{figure:.3f}" for figure in figures), duration(seconds)))
    return (
        f"\n{len(truth):,} digits in {N_CLUSTERS} clusters; the true digits served only for this "
        f"table\n\n{table(rows, right=(1, 2, 3, 4))}"
    )


def _next_steps(out: Path, model: Path, labels: Path, picture: Path) -> str:
    return (
        f"\nin {out}: {model.name} (the model), {labels.name}, {picture.name} (look at it)\n\n"
        "next\n"
        f"  quantal evaluate {labels} {SOURCE}\n"
        f"  quantal predict {model} {SOURCE} --out new-labels.csv\n"
        "  quantal fit YOUR_DATA --clusters 10 --out my-model --labels my-labels.parquet"
    )
