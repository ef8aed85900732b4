"""Trains the folds of a table here and in PyTorch, JAX and scikit-learn, in turn, and prints a table.

    cargo build --release
    target/peers/bin/python benches/peers/compare_table.py

(`target/peers` as in compare.py.) 50 networks of 11-100-1, 200 epochs of 8 steps, Adam. Each figure is
the median over the rounds of seconds of training, compiling and reading the file not counted. We have
the curves of the training and test rows after every epoch; PyTorch and JAX are run with and without
them, scikit-learn without. The ratio is to candle-noise in the same column.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from answer import answer
from table import FILE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
STDDEVS = [0.0, 0.1]

# Name, script, flags, whether it trains with noise.
PEERS = [
    ("candle-noise", None, [], True),
    ("JAX, compiled whole", "jax_table.py", ["--evaluate"], True),
    ("JAX, without curves", "jax_table.py", [], True),
    ("PyTorch, one batched program", "torch_table.py", ["--evaluate"], True),
    ("PyTorch, without curves", "torch_table.py", [], True),
    ("scikit-learn, without curves", "sklearn_table.py", [], False),
]


def ours(stddev):
    program = TARGET / "release" / ("input_noise" if stddev > 0 else "baseline")
    flags = ["--data", FILE, "--target", "type", "--folds", "5", "--repeats", "10"]
    if stddev > 0:
        flags += ["--stddev", str(stddev)]
    with tempfile.TemporaryDirectory() as out:
        command = [program, *flags, "--threads", "2", "--no-plots", "--out", out]
        subprocess.run(command, check=True, capture_output=True)
        return json.loads(Path(out, "result.json").read_text())["seconds"]["train"]


def theirs(script, flags, stddev):
    return answer(script, [*flags, "--stddev", str(stddev)], JAX_PLATFORMS="cpu")["seconds"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    seconds = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for stddev in STDDEVS:
            for name, script, flags, is_noisy in PEERS:
                if is_noisy or stddev == 0:
                    value = theirs(script, flags, stddev) if script else ours(stddev)
                    seconds.setdefault((name, stddev), []).append(value)
    titles = [f"input noise {stddev}" if stddev else "baseline" for stddev in STDDEVS]
    print("| seconds for 50 networks | " + " | ".join(titles) + " |")
    print("|---|" + "---:|" * len(STDDEVS))
    medians = {case: statistics.median(values) for case, values in seconds.items()}
    for name, *_ in PEERS:
        cells = []
        for stddev in STDDEVS:
            value = medians.get((name, stddev))
            ratio = value and value / medians[("candle-noise", stddev)]
            cells.append(f"{value:.2f} ({ratio:.1f}×)" if value else "")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
