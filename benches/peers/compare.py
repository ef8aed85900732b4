"""Trains the tutorial's networks here and in JAX, PyTorch and Keras, in turn, and prints a table.

    python -m venv target/peers
    target/peers/bin/pip install -r benches/peers/requirements.txt
    cargo build --release
    target/peers/bin/python benches/peers/compare.py

On a GPU, with `pip install 'jax[cuda13]'` and `cargo build --release --features cuda`:

    target/peers/bin/python benches/peers/compare.py --device cuda --repeats 30 300 3000

Each figure is the median over the rounds of microseconds an epoch and network, train and test
points evaluated after every epoch. A round runs everybody once, so that a slow minute of the
machine falls on all of them; the ratio is to candle-noise in the same table.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from answer import answer

HERE = Path(__file__).parent
PROGRAMS = HERE.parents[1] / "target" / "release"

# Name, program or script, environment, epochs of one network, of many at once (None: not run).
PEERS = [
    ("candle-noise", None, {}, 4000, 4000),
    ("JAX, compiled whole", "jax_peer.py", {}, 4000, 4000),
    ("PyTorch, eager", "torch_peer.py", {}, 400, None),
    ("Keras on JAX", "keras_peer.py", {"KERAS_BACKEND": "jax"}, 100, None),
]


def ours(device, stddev, repeats, epochs):
    program = PROGRAMS / ("hidden_noise" if stddev > 0 else "baseline")
    flags = ["--repeats", str(repeats), "--epochs", str(epochs), "--threads", str(min(repeats, 2))]
    flags += ["--device", device]
    with tempfile.TemporaryDirectory() as out:
        command = [program, *flags, "--no-plots", "--out", out]
        subprocess.run(command, check=True, capture_output=True)
        seconds = json.loads(Path(out, "result.json").read_text())["seconds"]["train"]
    return seconds / repeats / epochs * 1e6


def theirs(device, script, variables, stddev, repeats, epochs):
    flags = ["--stddev", str(stddev), "--repeats", str(repeats), "--epochs", str(epochs)]
    flags += ["--device", device]
    variables = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": device, **variables}
    return answer(script, flags, **variables)["us"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, nargs="+", default=[1, 30], help="networks at once")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    args = parser.parse_args()
    rounds, device = args.rounds, args.device
    cases = [(stddev, repeats) for repeats in args.repeats for stddev in (0.0, 0.1)]
    micros = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for stddev, repeats in cases:
            for name, script, variables, *epochs in PEERS:
                epochs = epochs[repeats > 1]
                if epochs is None:
                    continue
                if script is None:
                    value = ours(device, stddev, repeats, epochs)
                else:
                    value = theirs(device, script, variables, stddev, repeats, epochs)
                micros.setdefault((name, stddev, repeats), []).append(value)
    titles = [f"{'noise 0.1' if stddev else 'baseline'}, {n} at once" for stddev, n in cases]
    print("| µs an epoch and network | " + " | ".join(titles) + " |")
    print("|---|" + "---:|" * len(cases))
    for name, *_ in PEERS:
        cells = []
        for case in cases:
            if (name, *case) not in micros:
                cells.append("")
                continue
            value = statistics.median(micros[(name, *case)])
            base = statistics.median(micros[("candle-noise", *case)])
            cells.append(f"{value:.1f} ({value / base:.1f}×)")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
