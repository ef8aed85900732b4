"""What the peers of a table share: the data, its folds and preparation, and the clock.

300 women of the Pima by glucose, body mass and five other numbers, with missing values; the target is
diabetes. 50 networks, one for each of 5 folds of 10 splits: 240 rows to train on and 60 to test on.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

FILE = Path(__file__).parents[2] / "tests" / "fixtures" / "tables" / "Pima.tr2.csv"
FOLDS, HIDDEN, BATCH = 5, 100, 32


def table():
    """(x, y): numbers (N, F) with NaN for missing ones, and classes 0 and 1."""
    with FILE.open() as lines:
        rows = [row[1:] for row in csv.reader(lines)][1:]  # Without the row's number.
    number = lambda text: float("nan") if text == "NA" else float(text)
    x = np.array([[number(text) for text in row[:-1]] for row in rows])
    return x, np.array([row[-1] == "Yes" for row in rows], dtype=np.int64)


def prepared(x, train, rows):
    """The inputs of some rows: medians for missing values, standard scores and 0/1 indicators."""
    median = np.nanmedian(x[train], axis=0)
    filled = np.where(np.isnan(x), median, x)
    scores = (filled - filled[train].mean(axis=0)) / filled[train].std(axis=0)
    some = np.isnan(x).any(axis=0)
    known = np.isnan(x[train]).any(axis=0)[some]  # 0 in all rows, if no training row lacks it.
    return np.hstack([scores, np.isnan(x[:, some]) * known])[rows].astype(np.float32)


def folds(repeats):
    """(x_train, y_train, x_test, y_test) of all networks, each with the networks as first axis."""
    x, y = table()
    parts = []
    for seed in range(repeats):
        split = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y)
        for train, test in split:
            parts.append((prepared(x, train, train), y[train], prepared(x, train, test), y[test]))
    return [np.stack(arrays) for arrays in zip(*parts)]


def arguments(description):
    """The command line that all peers share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stddev", type=float, default=0.0, help="noise on the inputs")
    parser.add_argument("--repeats", type=int, default=10, help="splits, of five networks each")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--evaluate", action="store_true", help="all rows after every epoch, too")
    return parser.parse_args()


def measure(train):
    """Prints a line of JSON: seconds of training, and the mean test accuracy, which it returns."""
    start = time.perf_counter()
    accuracy = train()
    print(json.dumps({"seconds": time.perf_counter() - start, "test_accuracy": accuracy}))
