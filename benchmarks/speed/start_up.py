"""How long ``import quantal`` and ``quantal --help`` take, beside Python's own start.

python -m benchmarks.speed.start_up [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import quantal": ["-c", "import quantal"],
    "quantal --help": ["-m", "quantal", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Wall time of one Python process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure in alternation and print medians with ratios to a bare start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = range(parser.parse_args().rounds)
    times = [{name: seconds(arguments) for name, arguments in COMMANDS.items()} for _ in rounds]
    medians = {name: statistics.median(t[name] for t in times) for name in COMMANDS}
    for name, median in medians.items():
        ratio = median / medians["python -c pass"]
        print(f"{name:16s} {median:6.3f} s, {ratio:5.1f} x a bare start")


if __name__ == "__main__":
    main()
