"""Memory of a fit and of encoding on a .bvecs file of ten million descriptors.

    QUANTAL_DATA=... python -m benchmarks.speed.streaming_codes [--rows 10000000] [--method sgh]

Writes the file chunk by chunk to a temporary folder (1.3 GB at the default size; real SIFT
descriptors again and again, with noise). A process of its own then opens it by its path, fits the
method with its defaults, encodes every row to packed codes and writes those. Printed after each
stage is the largest resident size of that process so far (VmHWM: libraries, the pages of the mapped
file that were in memory at once, everything), in MiB and as a share of the file. The run fails if
the last one is larger than ``--most``. Linux only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.speed.sift_rows import write_bvecs

CHILD = """
import sys, time
import numpy as np
from quantal.catalog import build
path, out, method, n_bits, size = sys.argv[1], *sys.argv[2:4], int(sys.argv[4]), int(sys.argv[5])
def peak():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) / 2**10
def report(stage, start):
    seconds, used = time.perf_counter() - start, peak()
    share = used * 2**20 / size
    print(f"{stage:10s} {seconds:7.1f} s, peak resident so far {used:6.0f} MiB, "
          f"{share:.2f} of the file", flush=True)
start = time.perf_counter()
import numba, scipy.linalg, sklearn, torch
import quantal.hashing
report("libraries", start)
start = time.perf_counter()
hasher = build(method, n_bits=n_bits, random_state=0).fit(path)
report("fit", start)
start = time.perf_counter()
codes = hasher.encode(path)
report("encode", start)
np.save(out, codes)
print(f"{codes.shape[0]} codes of {codes.shape[1]} bytes, {len(np.unique(codes[:100000], axis=0))} "
      "different among the first 100000")
print(peak(), file=sys.stderr)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--method", default="sgh")
    parser.add_argument("--most", type=float, default=2000, help="MB that may be resident")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "descriptors.bvecs"
        write_bvecs(path, args.rows)
        size = path.stat().st_size
        print(f"file of {size / 2**20:.0f} MiB, {args.rows} x 128; {args.method}, {args.bits} bits")
        command = [sys.executable, "-W", "ignore", "-c", CHILD, str(path), f"{folder}/codes.npy"]
        command += [args.method, str(args.bits), str(size)]
        sys.stdout.flush()
        done = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)
        peak = float(done.stderr.split()[-1]) * 2**20 / 1e6
    verdict = "within" if peak <= args.most else "ABOVE"
    print(f"peak {peak:.0f} MB, {verdict} the {args.most:.0f} MB that are allowed")
    sys.exit(peak > args.most)


if __name__ == "__main__":
    main()
