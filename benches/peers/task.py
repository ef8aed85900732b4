"""What every peer trains, the tutorial's task, and how it is measured."""

import argparse
import json
import time

from sklearn.datasets import make_circles

HIDDEN = 500
TRAIN = 30


def circles():
    """The tutorial's circles, as (x_train, y_train, x_test, y_test); targets have one column."""
    x, y = make_circles(n_samples=100, noise=0.1, random_state=1)
    y = y.reshape(-1, 1)
    return x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]


def arguments(description):
    """The command line that all peers share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stddev", type=float, default=0.0, help="noise before the activation")
    parser.add_argument("--repeats", type=int, default=1, help="networks trained in a round")
    parser.add_argument("--epochs", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=1, help="measurements")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; JAX takes what it finds")
    return parser.parse_args()


def measure(args, round_of):
    """Prints a line of JSON a round: microseconds an epoch and network, and the test accuracy."""
    for number in range(1, args.rounds + 1):
        start = time.perf_counter()
        accuracy = round_of(number)
        micros = (time.perf_counter() - start) / args.repeats / args.epochs * 1e6
        print(json.dumps({"us": micros, "test_accuracy": accuracy}), flush=True)
