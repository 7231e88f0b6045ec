"""Kill runs over a folder of Parquet files at random moments, and see that nothing is lost.

    python benchmarks/scale/killed_runs.py             40 shards of 20,000 rows, local and Ray
    python benchmarks/scale/killed_runs.py --shards 8 --rows 2000 --kills 2 --engines local

Each engine gets an output folder. Its command is started and killed with SIGKILL after a random
time, again and again (of Ray, in turn the command itself and one of its workers), and at last left
to finish. The bytes of every file must then be those of a run that was never killed. Prints how
many files each start found finished, and the peak memory of the undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from quantal.hashing import ITQ

N_COLUMNS, N_BITS = 128, 64
COMMAND = [sys.executable, "-W", "ignore", "-m", "quantal", "encode"]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder and its bytes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def write_input(folder: Path, n_shards: int, n_rows: int) -> None:
    """Write shards of single-precision vectors with ids."""
    folder.mkdir()
    for number in range(n_shards):
        x = np.random.default_rng(number).normal(size=(n_rows, N_COLUMNS)).astype(np.float32)
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), N_COLUMNS)
        ids = pa.array([f"{number}-{row}" for row in range(n_rows)])
        pq.write_table(
            pa.table({"id": ids, "vector": vectors}),
            folder / f"{number:03}.parquet",
            row_group_size=4096,
        )


def workers_below(pid: int) -> list[int]:
    """Return the processes below one that are Ray's workers at a shard."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            title = (entry / "cmdline").read_bytes()
            parents = _ancestors(int(entry.name))
        except (OSError, ValueError):
            continue
        if title.startswith(b"ray::ShardWorker") and pid in parents:
            found.append(int(entry.name))
    return found


def _ancestors(pid: int) -> list[int]:
    chain = []
    while pid > 1:
        pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        chain.append(pid)
    return chain


def start(home: Path, out: str, engine: str) -> subprocess.Popen[bytes]:
    """Start the command as a user does."""
    arguments = ["model", "in", "--out", out, "--engine", engine, "--workers", "2"]
    return subprocess.Popen([*COMMAND, *arguments], cwd=home, stderr=subprocess.PIPE)


def finished(home: Path, out: str) -> int:
    """Return how many outputs are there."""
    return len(list((home / out).glob("*.parquet"))) if (home / out).is_dir() else 0


def disturbed(home: Path, engine: str, n_kills: int, draw: random.Random) -> None:
    """Kill and start again, then let it finish."""
    kills = 0
    while kills < n_kills:
        before = finished(home, engine)
        run = start(home, engine, engine)
        while finished(home, engine) == before and run.poll() is None:
            time.sleep(0.02)  # killed before it has done anything, it would never end
        time.sleep(draw.random())
        if run.poll() is not None:
            break  # it was quicker than the blow
        kills += 1
        victims = workers_below(run.pid) if engine == "ray" and kills % 2 == 0 else []
        what = "a worker" if victims else "the command"
        os.kill(draw.choice(victims) if victims else run.pid, signal.SIGKILL)
        status = run.wait()
        n_files = finished(home, engine)
        print(f"{engine}: killed {what}; {n_files} files, status {status}", flush=True)
    last = start(home, engine, engine)
    _, said = last.communicate()
    assert last.returncode == 0, said.decode()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--engines", nargs="+", default=["local", "ray"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_input(home / "in", given.shards, given.rows)
        sample = np.random.default_rng(0).normal(size=(2000, N_COLUMNS)).astype(np.float32)
        ITQ(n_bits=N_BITS, n_iter=5, random_state=0).fit(sample).save(home / "model")
        began = time.perf_counter()
        assert start(home, "whole", "local").wait() == 0
        took = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"undisturbed: {took:.0f} s, peak {peak:.0f} MiB", flush=True)
        wanted = contents(home / "whole")
        for engine in given.engines:
            disturbed(home, engine, given.kills, random.Random(0))
            assert contents(home / engine) == wanted, f"{engine} differs"
            print(f"{engine}: all {given.shards} files equal those of the undisturbed run")


if __name__ == "__main__":
    main()
