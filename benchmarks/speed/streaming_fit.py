"""Hashers fitted on a memory-mapped file that is larger than the memory they may allocate.

    python -m benchmarks.speed.streaming_fit [--rows 2000000] [--columns 256] [--cap 512]

Writes a float32 .npy file of a Gaussian mixture to a temporary folder (2 GB at the default size),
then fits each method and encodes all rows in a process of its own. Once the libraries are loaded,
the process may allocate ``--cap`` MiB and not a byte more (RLIMIT_DATA: a limit on the address
space would count the mapped file itself, and the kernel ignores one on resident pages). A method
that needed the file in memory would die, as an attempt to copy it does first. Printed are the
seconds, and by how much the peak resident size, pages of the file included, exceeds that of the
loaded libraries. Linux only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.speed.memory_map import write_mixture

METHODS = (
    "itq",
    "spectral-hashing",
    "spherical-hashing",
    "kmeans-hashing",
    "random-hyperplane",
    "sgh",
)

CHILD = """
import resource, sys, time
import numpy as np
from quantal.catalog import build
path, method, n_bits, cap = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) << 20
X = np.load(path, mmap_mode="r")
build(method, n_bits=8, random_state=0).fit(X[:2000]).encode(X[:2000])  # loads what is lazy
def memory(name):
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status[name].split()[0]) / 2**10
limit = (int(memory("VmData")) << 20) + cap
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    X.copy()
except MemoryError:
    pass
else:
    print("the limit is not in force, or the file fits", flush=True)
open("/proc/self/clear_refs", "w").write("5")  # the peak so far is that of loading
loaded, start = memory("VmRSS"), time.time()
hasher = build(method, n_bits=n_bits, random_state=0).fit(X)
fit = time.time() - start
codes = hasher.encode(X)
encoding, above = time.time() - start - fit, memory("VmHWM") - loaded
print(f"{method:18s} fit {fit:6.1f} s, encode {encoding:6.1f} s, peak resident {above:6.0f} MiB "
      f"above the {loaded:.0f} MiB of the libraries", flush=True)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=256)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--cap", type=int, default=512, help="MiB that a fit may allocate")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        write_mixture(path, args.rows, args.columns)
        size = path.stat().st_size / 2**20
        print(
            f"file of {size:.0f} MiB, {args.rows} x {args.columns} float32; {args.bits} bits; each "
            f"process may allocate {args.cap} MiB",
            flush=True,
        )
        if size <= args.cap:
            print("The file is not larger than that: nothing is shown by this run.")
        for method in args.methods:
            command = [sys.executable, "-c", CHILD, str(path), method]
            subprocess.run([*command, str(args.bits), str(args.cap)], check=True)


if __name__ == "__main__":
    main()
