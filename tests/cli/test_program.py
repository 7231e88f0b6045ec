"""The program as a process: what it loads, how it stops and goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_data import blobs

from quantal.cli.manual import manual

PROGRAM = (sys.executable, "-m", "quantal")
LONG = ("--set", "n_epochs=400", "--set", "n_init=1", "--set", "hidden_layer_sizes=[8]")


def python(code: str) -> str:
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["search", "-h"]])
def test_help_imports_nothing_heavy(arguments):
    heavy = "('torch', 'sklearn', 'scipy', 'pyarrow', 'numba', 'faiss')"
    code = f"import sys; from quantal.cli import main; main({arguments}); "
    loaded = python(code + f"print([m for m in {heavy} if m in sys.modules])")
    assert loaded.splitlines()[-1] == "[]"


def test_a_closed_pipe_is_no_error():
    code = f"{sys.executable} -m quantal methods imsat | head -1"
    done = subprocess.run(code, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("imsat: ")
    assert done.stderr == ""


def test_an_interrupted_fit_says_how_to_go_on_and_resumes_to_the_same_labels(quantal, folder):
    np.save("x.npy", blobs(300))
    command = ("fit", "x.npy", "-k", "3", "--out", "m", "--labels", "l.npy", *LONG)
    with subprocess.Popen(
        (*PROGRAM, *command, "--checkpoint-every", "0"),
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job inherits "ignore" for Ctrl-C, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        wait_for(lambda: list(Path("m.checkpoints").glob("step-*/state.json")))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("quantal: interrupted; run the same command with --re")
    assert not Path("m").exists()
    assert quantal(*command).status == 2  # an unfinished run is not overwritten
    assert quantal(*command, "--resume").status == 0
    assert not Path("m.checkpoints").exists()
    whole = ("fit", "x.npy", "-k", "3", "--out", "whole", "--labels", "whole.npy", *LONG)
    assert quantal(*whole).status == 0
    np.testing.assert_array_equal(np.load("l.npy"), np.load("whole.npy"))
    weights = [Path(f"{name}/weights.safetensors").read_bytes() for name in ("m", "whole")]
    assert weights[0] == weights[1]


def wait_for(condition) -> None:
    for _ in range(2400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("nothing happened within two minutes")


def test_the_manual_is_current():
    page = Path(__file__).parents[2] / "docs/cli.md"
    remedy = "python -m quantal.cli.manual > docs/cli.md"
    assert page.read_text(encoding="utf-8") == manual(), remedy
