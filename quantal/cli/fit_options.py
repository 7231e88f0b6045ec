"""The options of ``quantal fit`` and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TRAINING = "Training a network"
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A file (.npy, .npz, .parquet, .csv, .tsv, .h5, .fvecs, .jsonl, .txt, ...), a "
        "folder of images, or a named set such as name:digits ('quantal data list').",
    ),
]
Clusters = Annotated[
    int | None,
    typer.Option(
        "--clusters",
        "-k",
        metavar="K",
        help="How many clusters. Required for every method that makes clusters.",
    ),
]
Bits = Annotated[
    int | None,
    typer.Option(
        "--bits",
        "-b",
        metavar="B",
        help="Bits of a hash code. Required for every method that makes hash codes.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FOLDER", help="Where the model goes. Required."),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        "-m",
        help="imsat, rim, ... for clusters; itq, imsat-hash, ... for hash codes: 'quantal methods' "
        "lists all. Default: imsat, or itq with --bits.",
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="Also write the labels of clusters, as 'predict --out' does.",
    ),
]
Pairs = Annotated[
    Path | None,
    typer.Option(
        "--pairs",
        metavar="FILE",
        help="What is known of some pairs of rows, for sgh: .npy, .csv, .tsv or .parquet with "
        "three columns, two rows (numbers from 0, or names) and 1 (similar) or 0 (not).",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set any parameter of the method; may be repeated. 'quantal methods imsat' lists "
        "them.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Source of every random draw.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from the last checkpoint of the same command.",
        rich_help_panel=TRAINING,
    ),
]
CheckpointEvery = Annotated[
    float | None,
    typer.Option(
        "--checkpoint-every",
        metavar="MINUTES",
        help="Least time between two checkpoints; default: 5. None in a warm-up of several starts.",
        rich_help_panel=TRAINING,
    ),
]
CheckpointFolder = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FOLDER",
        help="Where checkpoints go; default: MODEL.checkpoints beside the model.",
        rich_help_panel=TRAINING,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device", help="auto, cpu, cuda, cuda:1, ...; default: auto.", rich_help_panel=TRAINING
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        "--precision",
        help="auto, float32 or bfloat16; default: auto.",
        rich_help_panel=TRAINING,
    ),
]
