"""A minute of 64 clients at one server: nothing lost, every answer the library's, and how fast.

Usage: python benchmarks/speed/server_load.py [SECONDS]

Fits a hasher and a clusterer to random rows, serves each by `quantal explore` in a process of its
own, and asks it from 64 threads of this one, over as many connections, for 60 s: codes or
probabilities, and neighbours, of 1 to 300 rows, as JSON, .npy and Arrow. A client that is told to
come again (429) does. Every answer is compared, byte by byte, with the one made of what the library
returns. Exit status 1 if one is lost or differs. Clients and server share the processors, so the
rate is a lower bound. Needs the development extra.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "app"))

from load import ask_together, questions_about
from served import ARROW, NPY, arrow, npy, rows, small_clusterer, small_hasher

from quantal.app.row_index import build_index
from quantal.app.served_model import ServedModel
from quantal.data import open_source

N_CLIENTS = 64
BODIES = {
    "application/json": lambda x: json.dumps({"rows": x.tolist()}).encode(),
    NPY: npy,
    ARROW: arrow,
}


def tally_of(model, folder, seconds):
    model.save(folder / "model")
    np.save(folder / "x.npy", rows())
    served = ServedModel(model)
    questions = questions_about(served, build_index(served, open_source(rows())), BODIES)
    options = ["--port", "0", "--queue", "16", "--timeout", "300", "--no-browser"]
    server = subprocess.Popen(
        [sys.executable, "-m", "quantal", "explore", "model", "x.npy", *options],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in server.stderr:
            if line.startswith("programs: "):
                address = line.split()[1].removesuffix("/v1/,")
                break
        return ask_together(address, questions, n_clients=N_CLIENTS, seconds=seconds)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    lost = 0
    for model in (small_hasher(), small_clusterer()):
        with tempfile.TemporaryDirectory() as folder:
            tally = tally_of(model, Path(folder), seconds)
        times = 1000 * np.quantile(tally.seconds, [0.5, 0.95, 0.99])
        print(
            f"{type(model).__name__}: {len(tally.seconds):,} requests answered in {seconds:g} s by "
            f"{N_CLIENTS} clients; median {times[0]:.0f} ms, 95 % {times[1]:.0f} ms, 99 % "
            f"{times[2]:.0f} ms; told to come again {tally.statuses[429]:,} times; "
            f"lost or wrong {len(tally.wrong)}"
        )
        for fault in tally.wrong[:5]:
            print(f"  {fault}")
        lost += len(tally.wrong)
    sys.exit(bool(lost))
