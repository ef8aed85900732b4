"""Trains the CNN and the LSTM here and in PyTorch, in turn, and prints a table.

    cargo bench --bench bench --no-run
    target/peers/bin/python benches/peers/compare_networks.py

(`target/peers` as in compare.py.) Each figure is the median over the rounds of seconds a run, one
thread each. Both train the same network on the same rows in batches of 32 with Adam, and evaluate the
test rows once at the end, or all rows after every epoch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from answer import answer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = [
    (name, evaluated) for name in ("cnn", "lstm") for evaluated in ("once", "every epoch")
]


def ours(name, evaluated):
    """Criterion's median of the bench `run/<name>/evaluated <…>`."""
    bench = f"run/{name}/evaluated {evaluated}"
    flags = ["--bench", "bench", "--", bench, "--exact", "--quick", "--noplot"]
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    subprocess.run(
        ["cargo", "bench", *flags], check=True, capture_output=True, cwd=ROOT, env=environment
    )
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    folder = target / "criterion" / "run" / name / f"evaluated {evaluated}" / "new"
    estimates = json.loads((folder / "estimates.json").read_text())
    return estimates["median"]["point_estimate"] / 1e9


def theirs(name, evaluated):
    flags = ["--evaluate"] if evaluated == "every epoch" else []
    return answer(f"torch_{name}.py", ["--repeats", "3", *flags])["seconds"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    seconds = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for case in CASES:
            for who, run in (("candle-noise", ours), ("PyTorch, eager", theirs)):
                seconds.setdefault((who, case), []).append(run(*case))
    print("| seconds a run | " + " | ".join(f"{n}, evaluated {e}" for n, e in CASES) + " |")
    print("|---|" + "---:|" * len(CASES))
    for who in ("candle-noise", "PyTorch, eager"):
        cells = []
        for case in CASES:
            value = statistics.median(seconds[(who, case)])
            base = statistics.median(seconds[("candle-noise", case)])
            cells.append(f"{value:.3f} ({value / base:.1f}×)")
        print(f"| {who} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
