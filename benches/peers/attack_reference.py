"""Writes tests/fixtures/robust: what attacks with gradients by hand do to two small networks.

    hidden_noise --hidden 16 --repeats 2 --out runs/mlp
    cnn_noise --hidden 4 --train-size 700 --out runs/cnn
    target/peers/bin/python benches/peers/attack_reference.py runs/mlp runs/cnn

NumPy alone, in double precision, from weights and rows in single precision; networks have no replica axis
here. Before it writes, it compares the gradients with differences, the wrong rows of PGD with those in single
precision, and the exact answers for points with those of a grid. Where a gradient is 0 but for rounding, its
sign means nothing.
"""

import gzip
import json
import struct
import sys
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
STEPS = 40


def networks(folder):
    """(about, networks) of model.safetensors: the weights of each network by name."""
    content = (Path(folder) / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    head, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    about = json.loads(head.pop("__metadata__")["candle_noise"])
    weights = {}
    for name, entry in head.items():
        start, end = entry["data_offsets"]
        weights[name] = np.frombuffer(body[start:end], "<f4").reshape(entry["shape"])
    each = [{name: own[r] for name, own in weights.items()} for r in range(len(about["seeds"]))]
    return about["network"], each


# A network returns its outputs for rows, and what turns the outputs' gradient into the rows'.


def mlp(weights, xs):
    layers, positive = len(weights) // 2, []
    for i in range(1, layers):
        xs = xs @ weights[f"fc{i}.weight"] + weights[f"fc{i}.bias"]
        positive.append(xs > 0)
        xs = xs * positive[-1]

    def back(grad):
        grad = grad @ weights[f"fc{layers}.weight"].T
        for i in range(layers - 1, 0, -1):
            grad = (grad * positive[i - 1]) @ weights[f"fc{i}.weight"].T
        return grad

    return xs @ weights[f"fc{layers}.weight"] + weights[f"fc{layers}.bias"], back


def cnn(weights, xs, size=2):
    kernels, fc = [weights[f"conv{i}.weight"] for i in (1, 2)], weights["fc.weight"][0]
    before = convolve(xs.transpose(0, 2, 3, 1), kernels[0]) + weights["conv1.bias"]
    after = convolve(np.maximum(before, 0), kernels[1]) + weights["conv2.bias"]
    pooled, unpool = max_pool(np.maximum(after, 0), size)

    def back(grad):
        grad = unpool((grad @ fc.T).reshape(pooled.shape)) * (after > 0)
        grad = convolve_back(grad, kernels[1]) * (before > 0)
        return convolve_back(grad, kernels[0]).transpose(0, 3, 1, 2)

    return pooled.reshape(len(xs), -1) @ fc + weights["fc.bias"][0], back


def convolve(xs, kernel):
    """xs (N, H, W, C), kernel (P, Q, C, O)."""
    windows = np.lib.stride_tricks.sliding_window_view(xs, kernel.shape[:2], (1, 2))
    return np.einsum("nhwcpq,pqco->nhwo", windows, kernel, optimize=True)


def convolve_back(grad, kernel):
    p, q = (extent - 1 for extent in kernel.shape[:2])
    grad = np.pad(grad, ((0, 0), (p, p), (q, q), (0, 0)))
    return convolve(grad, kernel[::-1, ::-1].transpose(0, 1, 3, 2))


def max_pool(xs, size):
    """Of equal maxima the first has the gradient."""
    n, h, w, c = xs.shape
    squares = xs.reshape(n, h // size, size, w // size, size, c).transpose(0, 1, 3, 2, 4, 5)
    squares = squares.reshape(n, h // size, w // size, size * size, c)
    where = squares.argmax(3)[:, :, :, None]

    def back(grad):
        full = np.zeros_like(squares)
        np.put_along_axis(full, where, grad[:, :, :, None], 3)
        full = full.reshape(n, h // size, w // size, size, size, c).transpose(0, 1, 3, 2, 4, 5)
        return full.reshape(xs.shape)

    return squares.max(3), back


def judge(outputs, ys):
    """The loss of each row, whether it is wrong, and the loss' gradient in the outputs."""
    if outputs.shape[1] == 1:
        z = outputs[:, 0]
        losses = np.maximum(z, 0) - z * ys + np.log1p(np.exp(-abs(z)))
        return losses, (z > 0) != ys, (1 / (1 + np.exp(-z)) - ys)[:, None]
    shifted = outputs - outputs.max(1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    right = np.eye(outputs.shape[1], dtype=outputs.dtype)[ys]
    return -(logs * right).sum(1), outputs.argmax(1) != ys, np.exp(logs) - right


def measure(network, xs, ys):
    """(losses, wrong, the losses' gradient in the rows)."""
    outputs, back = network(xs)
    losses, wrong, grad = judge(outputs, ys)
    return losses, wrong, back(grad)


def size(rows):
    return np.sqrt((rows**2).sum(tuple(range(1, rows.ndim)), keepdims=True))


def direction(grad, norm):
    return np.sign(grad) if norm == "linf" else grad / np.maximum(size(grad), 1e-300)


def project(xs, clean, norm, strength):
    if norm == "linf":
        return np.clip(xs, clean - strength, clean + strength)
    change = xs - clean
    return clean + change * np.minimum(1, strength / np.maximum(size(change), 1e-300))


def fgsm(network, xs, ys, norm, strength, limits):
    return np.clip(xs + strength * direction(measure(network, xs, ys)[2], norm), *limits)


def pgd(network, clean, ys, norm, strength, limits):
    """The worst point of each row on the way from the row itself: wrong ones, then larger losses."""
    xs, worst = clean, (clean, *measure(network, clean, ys)[:2])
    for _ in range(STEPS):
        step = 2.5 / STEPS * strength * direction(measure(network, xs, ys)[2], norm)
        xs = np.clip(project(xs + step, clean, norm, strength), *limits)
        losses, wrong, _ = measure(network, xs, ys)
        worse = (wrong > worst[2]) | (wrong == worst[2]) & (losses > worst[1])
        at = worse.reshape(-1, *[1] * (xs.ndim - 1))
        found = np.where(at, xs, worst[0]), np.where(worse, losses, worst[1])
        worst = *found, np.where(worse, wrong, worst[2])
    return worst[0]


def exact(weights, clean, y, norm, strength):
    """The point of the ball with the largest loss for a point and a network 2-H-1.

    The logit is linear between the lines at which hidden units begin, so that the point lies where two lines
    or a line and the border meet, at a corner, or where a piece's gradient points straight out of the circle.
    """
    lines = np.vstack([weights["fc1.weight"], weights["fc1.bias"]]).T.astype(float)
    lines[:, 2] += lines[:, :2] @ clean  # (a, b, c): a u + b v + c = 0 for the change (u, v)
    border = [[1, 0, strength], [1, 0, -strength], [0, 1, strength], [0, 1, -strength]]
    crossing = np.vstack([lines, border]) if norm == "linf" else lines
    first, second = (crossing[index] for index in np.triu_indices(len(crossing), 1))
    meet = np.cross(first, second)
    meet = meet[abs(meet[:, 2]) > 1e-12]
    points = [np.zeros((1, 2)), meet[:, :2] / meet[:, 2:]]
    if norm == "l2":
        length = np.hypot(lines[:, 0], lines[:, 1])
        ratio = -lines[:, 2] / (length * strength)
        hits = abs(ratio) < 1
        middle, half = np.arctan2(lines[hits, 1], lines[hits, 0]), np.arccos(ratio[hits])
        ends = np.sort(np.mod([*(middle - half), *(middle + half)], 2 * np.pi))
        arcs = (ends + np.append(ends[1:], ends[:1] + 2 * np.pi)) / 2 if len(ends) else np.zeros(1)
        ends, arcs = (strength * np.stack([np.cos(x), np.sin(x)], 1) for x in (ends, arcs))
        slopes = mlp(weights, clean + arcs)[1](np.full((len(arcs), 1), 1 - 2 * y))
        points += [ends, strength * direction(slopes, "l2")]
    points = np.vstack(points)
    sizes = abs(points).max(1) if norm == "linf" else size(points)[:, 0]
    points = points[sizes <= strength * (1 + 1e-9)]
    losses = judge(mlp(weights, clean + points)[0], np.full(len(points), y))[0]
    return clean + points[losses.argmax()]


def on_grid(weights, clean, y, norm, strength, side=401):
    """The largest loss of a grid's points in the ball."""
    axis = np.linspace(-strength, strength, side)
    points = np.stack(np.meshgrid(axis, axis), 2).reshape(-1, 2)
    points = points if norm == "linf" else points[size(points)[:, 0] <= strength]
    return judge(mlp(weights, clean + points)[0], np.full(len(points), y))[0].max()


def check_gradient(network, xs, ys, width=1e-6):
    """Compares the gradient with differences, but for the few rows with a kink so near."""
    found = measure(network, xs, ys)[2].reshape(len(xs), -1)
    for i in range(found.shape[1]):
        step = np.zeros_like(found)
        step[:, i] = width
        ahead, behind = (measure(network, xs + s * step.reshape(xs.shape), ys)[0] for s in (1, -1))
        wrong = abs((ahead - behind) / (2 * width) - found[:, i]) > 1e-6
        assert wrong.sum() <= 1, (i, wrong.sum())


def tensor(values):
    """Nine digits hold a number in single precision."""
    values = np.asarray(values)
    whole = values.dtype.kind in "biu"
    flat = [int(x) if whole else float(f"{x:.9g}") for x in values.ravel()]
    return {"shape": list(values.shape), "values": flat}


def answers(each, xs, ys):
    """What networks make of rows (R, N, …)."""
    found = [measure(network, own, ys) for network, own in zip(each, xs)]
    losses, wrong = (np.array([own[i] for own in found]) for i in (0, 1))
    accuracy = [float(x) for x in (~wrong).mean(1)]
    return {"losses": tensor(losses), "wrong": tensor(wrong), "accuracy": accuracy}, found


def fixture(forward, model, xs, ys, strengths, limits):
    """Everything of a fixture; the results have the networks' axis first."""
    about, weights = networks(model)
    double = [{name: values.astype(float) for name, values in own.items()} for own in weights]
    each, single = ([partial(forward, own) for own in all] for all in (double, weights))
    rows = xs.astype(float)
    for network in each:
        check_gradient(network, rows, ys)
    clean, found = answers(each, [rows] * len(each), ys)
    clean["gradients"] = tensor([own[2] for own in found])
    named = {name: tensor([own[name] for own in weights]) for name in weights[0]}
    result = {"network": about, "weights": named, "xs": tensor(xs), "labels": ys.tolist()}
    result |= {"limits": limits, "clean": clean, "attacks": []}
    for norm, strength in strengths:
        moved = [fgsm(own, rows, ys, norm, strength, limits) for own in each]
        entry = {"norm": norm, "strength": strength, "fgsm": answers(each, moved, ys)[0]}
        entry["fgsm"]["xs"] = tensor(moved)
        moved = [pgd(own, rows, ys, norm, strength, limits) for own in each]
        entry["pgd"] = answers(each, moved, ys)[0]
        moved = [pgd(own, xs, ys, norm, np.float32(strength), limits) for own in single]
        assert answers(single, moved, ys)[0]["wrong"] == entry["pgd"]["wrong"], (norm, strength)
        if forward is mlp:
            pairs = list(zip(rows, ys))
            points = [[exact(own, *pair, norm, strength) for pair in pairs] for own in double]
            entry["exact"] = answers(each, np.array(points), ys)[0]
            most = np.reshape(entry["exact"]["losses"]["values"], (len(each), -1))
            grid = np.array([[on_grid(own, *pair, norm, strength) for pair in pairs] for own in double])
            assert np.all(most > grid - 1e-6) and np.all(most < grid + 0.02), (norm, strength)
        result["attacks"].append(entry)
        scores = {name: own["accuracy"] for name, own in entry.items() if isinstance(own, dict)}
        print(norm, strength, scores)
    return result


def main(mlp_folder, cnn_folder):
    """The first 20 test rows of the circles and of the digits."""
    with open(ROOT / "tests/fixtures/circles_n100_noise0.1_seed1.csv") as lines:
        points = np.array([line.split(",") for line in lines.readlines()[31:51]], float)
    with gzip.open(ROOT / "data/digits.csv.gz", "rt") as lines:
        digits = np.array([line.split(",") for line in lines.readlines()[797:817]], float)
    folder = ROOT / "tests/fixtures/robust"
    folder.mkdir(exist_ok=True)
    balls = [(norm, strength) for norm in ("linf", "l2") for strength in (0.05, 0.1, 0.3)]
    xs, ys = points[:, :-1].astype(np.float32), points[:, -1].astype(int)
    found = fixture(mlp, mlp_folder, xs, ys, balls, [None, None])
    (folder / "mlp.json").write_text(json.dumps(found) + "\n")
    balls = [("linf", 0.1), ("l2", 0.5)]
    xs, ys = (digits[:, :-1] / 16).astype(np.float32), digits[:, -1].astype(int)
    found = fixture(cnn, cnn_folder, xs.reshape(-1, 1, 8, 8), ys, balls, [0, 1])
    (folder / "cnn.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
