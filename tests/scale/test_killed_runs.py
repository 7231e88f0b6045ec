"""A run that is killed, not stopped: no handler runs, nothing is tidied."""

from __future__ import annotations

import os
import random
import subprocess
import sys

from parquet_folders import contents

# Each process dies at the n-th rename of a finished output: just before it, or just after it.
# Forks of one process share the import of the library, which takes longer than the runs.
KILLED = """
import os, signal, sys
import pyarrow.parquet
from quantal import load
from quantal.scale import process_folder, results
load(sys.argv[1])
publish = results.publish

def run(left, when):
    def dying(partial, path):
        nonlocal left
        left -= 1
        if left or when == "after":
            publish(partial, path)
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    results.publish = dying
    process_folder("encode", *sys.argv[1:4], n_workers=1)

for point in sys.argv[4:]:
    number, when = point.split(":")
    child = os.fork()
    if child == 0:
        run(int(number), when)
        os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
"""


def test_a_killed_run_goes_on_without_a_lost_or_doubled_row(encode, models, shards, tmp_path):
    encode("whole")
    out = tmp_path / "out"
    draw = random.Random(0)  # three deaths on five shards: at most four are finished
    points = [f"{draw.randint(1, 2)}:before", f"{draw.randint(1, 2)}:after", "1:before"]
    paths = [str(path) for path in (models / "hasher", shards, out)]
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, *paths, *points],
        check=False,
        capture_output=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert child.returncode == 0, child.stderr.decode()
    assert not (out / "_SUCCESS").exists()
    assert len(list(out.rglob(".*.partial"))) == 1
    assert 1 <= encode().n_skipped <= 4
    assert contents(out) == contents(tmp_path / "whole")
