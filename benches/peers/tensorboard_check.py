"""Checks that TensorBoard's own reader reads the curves of `--tensorboard`.

    target/peers/bin/python benches/peers/tensorboard_check.py target/debug/candle-noise

Trains a network with noise twice, resumes it, trains a grid, and compares every figure with `history.csv`. Ends
with 0 and a line where the package tensorboard is not installed.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    sys.exit(print("skipped: the package tensorboard is not installed"))

SETS = {"": "train_noisy", "clean_": "train", "val_": "validation", "test_": "test"}
FAST = ["--hidden", "20", "--no-plots", "--quiet"]


def run(program, *args):
    subprocess.run([program, *args, *FAST], check=True, stdout=subprocess.DEVNULL)


def reader(folder):
    # 0 keeps all points.
    return EventAccumulator(str(folder), size_guidance={"scalars": 0})


def figures(events):
    """{(tag, epoch): value} of what has been read; the wall time of an epoch is its number."""
    events.Reload()
    read = {}
    for tag in events.Tags()["scalars"]:
        for event in events.Scalars(tag):
            assert event.wall_time == event.step
            read[tag, event.step] = event.value
    return read


def history(folder, seed):
    """The same figures in history.csv."""
    expected = {}
    for row in csv.DictReader((folder / "history.csv").open()):
        if row["seed"] != seed:
            continue
        for prefix, rows in SETS.items():
            for figure in "loss", "accuracy":
                if value := row[prefix + figure]:
                    expected[f"{figure}/{rows}", int(row["epoch"])] = value
    return expected


def check(read, expected):
    assert read.keys() == expected.keys() and read
    # Both are shortest decimals or bits of the same single precision.
    assert all(abs(read[key] - float(own)) <= 1e-7 * abs(read[key]) for key, own in expected.items())


def main(program):
    with tempfile.TemporaryDirectory() as parent:
        out, curves = Path(parent) / "out", Path(parent) / "curves"
        flags = ["--repeats", "2", "--out", str(out), "--tensorboard", str(curves)]
        run(program, "hidden_noise", "--epochs", "30", *flags)
        readers = {seed: reader(curves / f"hidden_noise/data-1-seed-{seed}") for seed in "01"}
        for seed, events in readers.items():
            check(figures(events), history(out, seed))
        run(program, "hidden_noise", "--epochs", "50", "--resume", *flags)
        for seed, events in readers.items():
            own = figures(events)  # by the reader that has read the first epochs
            check(own, history(out, seed))
            assert max(epoch for _, epoch in own) == 50

        grid = ["--noise", "input:0.1", "--noise", "hidden:dropout:0.2", "--repeats", "2", "--epochs", "300"]
        run(program, "grid_search", *grid, "--out", f"{parent}/grid", "--tensorboard", f"{parent}/cells")
        folders = sorted(Path(parent, "cells").glob("*/*"))
        assert len(folders) == 6, folders
        for folder in folders:
            read = figures(reader(folder))
            assert len(read) == 4 * 101 and ("accuracy/test", 300) in read, folder
    print("TensorBoard reads the curves of 8 runs, and those of 2 again after they have grown")


main(*sys.argv[1:])
