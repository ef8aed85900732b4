"""What the CNN's and the LSTM's peers share: the data, the training and the clock."""

import argparse
import gzip
import json
import time
from pathlib import Path

import torch
from torch import nn

DATA = Path(__file__).parents[2] / "data"


def digits(train_size):
    """(train, test): images (N, 1, 8, 8) in [0, 1] and labels; the last 1,000 rows are the test."""
    with gzip.open(DATA / "digits.csv.gz", "rt") as lines:
        rows = torch.tensor([[float(x) for x in line.split(",")] for line in lines])
    images, labels = rows[:, :-1].reshape(-1, 1, 8, 8) / 16, rows[:, -1].long()
    return [images[:train_size], labels[:train_size]], [images[797:], labels[797:]]


def japanese_vowels(part):
    """(xs, lengths, labels): xs (N, T, C), padded with zeros behind each row's last step."""
    with gzip.open(DATA / f"japanese_vowels_{part}.ts.gz", "rt", encoding="utf-8") as lines:
        rows = [line.strip().split(":") for line in lines if line[0] not in "#@"]
    series = [torch.tensor([[float(x) for x in c.split(",")] for c in row[:-1]]) for row in rows]
    lengths = torch.tensor([channels.shape[1] for channels in series])
    xs = nn.utils.rnn.pad_sequence([channels.T for channels in series], batch_first=True)
    return [xs, lengths, torch.tensor([int(row[-1]) - 1 for row in rows])]


def arguments(description, epochs):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stddev", type=float, default=0.0)
    parser.add_argument("--repeats", type=int, default=1, help="networks trained, seeds 0, 1, …")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--evaluate", action="store_true", help="all rows after every epoch, too")
    return parser.parse_args()


def accuracy(model, data):
    """The share of rows predicted rightly, and the loss, as every epoch's evaluation has it."""
    *inputs, labels = data
    model.eval()
    with torch.no_grad():
        logits = model(*inputs)
        loss = nn.functional.cross_entropy(logits, labels).item()
        return (logits.argmax(1) == labels).float().mean().item(), loss


def fit(model, train, test, args):
    """Batches of 32, Adam; returns the test accuracy."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for _ in range(args.epochs):
        model.train()
        for batch in torch.randperm(len(train[-1])).split(32):
            *inputs, labels = [tensor[batch] for tensor in train]
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(*inputs), labels).backward()
            optimizer.step()
        if args.evaluate:
            accuracy(model, train), accuracy(model, test)
    return accuracy(model, test)[0]


def run(args, network, train, test):
    """Prints a line of JSON: seconds a run, and the mean and deviation of the test accuracy."""
    torch.set_num_threads(1)
    fit(network(), train, test, argparse.Namespace(epochs=2, evaluate=False))  # Warms up.
    seconds, scores = [], []
    for seed in range(args.repeats):
        torch.manual_seed(seed)
        start = time.perf_counter()
        scores.append(fit(network(), train, test, args))
        seconds.append(time.perf_counter() - start)
    scores = torch.tensor(scores)
    spread = scores.std().item() if args.repeats > 1 else None
    median = sorted(seconds)[len(seconds) // 2]
    print(json.dumps({"seconds": median, "test": scores.mean().item(), "std": spread}))
