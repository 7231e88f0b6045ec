"""``quantal export``: a fitted model as a graph for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ParameterError
from .output_paths import require_file_target
from .predict import ModelFolder, Quiet
from .reading import read_rows_for, reads_data, require_source
from .terminal import Terminal


@reads_data()
def export(
    model: ModelFolder,
    onnx: Annotated[
        Path | None,
        typer.Option("--onnx", metavar="FILE", help="Where the graph goes: a file .onnx."),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            "--check",
            metavar="DATA",
            help="Rows to compare the graph with the model on, at most 10,000 of them; default: "
            "1,000 random ones.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Write a fitted model with its pre-processing as one ONNX graph.

    The input, rows, is float32 as the data are; the outputs are probabilities and labels, or bits
    and packed codes. The file is compared with the model under onnxruntime before it appears.

    [bold]Examples[/bold]

    quantal export model --onnx model.onnx

    quantal export codes-model --onnx codes.onnx --check vectors.npy
    """
    terminal = Terminal(quiet=quiet)
    if onnx is None:
        raise ParameterError("Say what to write: quantal export MODEL --onnx FILE.")
    if onnx.suffix.lower() != ".onnx":
        raise ParameterError(f"--onnx {onnx} does not end in .onnx. Name the file FILE.onnx.")
    require_file_target(onnx, "--onnx", (".onnx",), () if check is None else (check,))
    if check is not None:
        require_source(check)
    from ..catalog import load
    from ..export import export_onnx

    fitted = load(model)
    rows = None if check is None else read_rows_for(fitted, check, reading, terminal).x
    parity = export_onnx(fitted, onnx, check=rows)
    terminal.show(f"{type(fitted).__name__}, {onnx.stat().st_size:,} bytes: {onnx}")
    whose = "random rows" if check is None else f"rows of {check}"
    found = f"compared with the model on {parity.n_rows:,} {whose}: "
    if parity.output == "bits":
        found += "all bits equal" if not parity.n_ties else f"{parity.n_ties} bits differ"
    else:
        found += f"{parity.output} within {parity.max_difference:.2g}, "
        found += "all labels equal" if not parity.n_ties else f"{parity.n_ties} labels differ"
    terminal.show(found + (", each within rounding of its threshold" if parity.n_ties else ""))
