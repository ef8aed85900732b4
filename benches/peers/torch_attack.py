"""Attacks on the convolutional networks of a `model.safetensors` in PyTorch, eager, one network at a time.

    target/peers/bin/python benches/peers/torch_attack.py --model runs/cnn_noise

The steps of PGD are 2.5 / 40 of the strength from the row itself, and the worst point is kept: wrong classes
first, then larger losses.
"""

import argparse
import json
import time

import torch
from torch import nn

from attack_reference import networks
from networks import digits


def network(weights):
    """The network of torch_cnn.py with these weights, which have the channels last."""
    weights = {name: torch.tensor(own) for name, own in weights.items()}
    kernels = [weights[f"conv{i}.weight"].permute(3, 2, 0, 1) for i in (1, 2)]
    filters = len(kernels[0])
    fc = weights["fc.weight"][0].T  # (outputs, height * width * filters)
    side = round((fc.shape[1] / filters) ** 0.5)
    fc = fc.reshape(-1, side, side, filters).permute(0, 3, 1, 2).flatten(1)
    convs = [nn.Conv2d(kernel.shape[1], filters, kernel.shape[2]) for kernel in kernels]
    last = nn.Linear(fc.shape[1], len(fc))
    biases = weights["conv1.bias"], weights["conv2.bias"], weights["fc.bias"].flatten()
    with torch.no_grad():
        for layer, weight, bias in zip([*convs, last], [*kernels, fc], biases):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    relu = nn.ReLU()
    model = nn.Sequential(convs[0], relu, convs[1], relu, nn.MaxPool2d(2), nn.Flatten(), last)
    return model.requires_grad_(False)


def judge(model, xs, labels):
    outputs = model(xs)
    losses = nn.functional.cross_entropy(outputs, labels, reduction="none")
    return losses, outputs.detach().argmax(1) != labels


def measure(model, xs, labels):
    """(losses, wrong, gradient)."""
    xs = xs.detach().requires_grad_()
    losses, wrong = judge(model, xs, labels)
    (grad,) = torch.autograd.grad(losses.sum(), xs)
    return losses.detach(), wrong, grad


def direction(grad, norm):
    if norm == "linf":
        return grad.sign()
    return grad / grad.flatten(1).norm(dim=1).clamp_min(1e-30).view(-1, 1, 1, 1)


def project(xs, clean, norm, strength):
    if norm == "linf":
        return xs.clamp(clean - strength, clean + strength)
    change = xs - clean
    factor = strength / change.flatten(1).norm(dim=1).clamp_min(1e-30)
    return clean + change * factor.clamp_max(1).view(-1, 1, 1, 1)


def fgsm(model, clean, labels, args):
    """Whether each row is wrong after one step."""
    xs = clean + args.strength * direction(measure(model, clean, labels)[2], args.norm)
    with torch.no_grad():
        return judge(model, xs.clamp(0, 1), labels)[1]


def pgd(model, clean, labels, args):
    """Whether each row is wrong at its worst point."""
    xs = worst = clean
    most, ever = torch.full(labels.shape, -torch.inf), torch.zeros(labels.shape, dtype=bool)
    for step in range(args.steps + 1):
        if step < args.steps:
            losses, wrong, grad = measure(model, xs, labels)
        else:
            with torch.no_grad():
                losses, wrong = judge(model, xs, labels)
        worse = (wrong & ~ever) | (wrong == ever) & (losses > most)
        worst = torch.where(worse.view(-1, 1, 1, 1), xs, worst)
        most, ever = torch.where(worse, losses, most), ever | wrong
        if step < args.steps:
            xs = xs + 2.5 / args.steps * args.strength * direction(grad, args.norm)
            xs = project(xs, clean, args.norm, args.strength).clamp(0, 1)
    with torch.no_grad():
        assert torch.equal(judge(model, worst, labels)[1], ever)
    return ever


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="runs/cnn_noise", help="folder of model.safetensors")
    parser.add_argument("--networks", type=int, help="attack the first N [default: all]")
    parser.add_argument("--rows", type=int, default=1000, help="of the 1,000 test digits")
    parser.add_argument("--batch", type=int, default=500, help="rows attacked together; 500 is fastest")
    parser.add_argument("--attack", choices=["fgsm", "pgd"], default="pgd")
    parser.add_argument("--norm", choices=["linf", "l2"], default="linf")
    parser.add_argument("--strength", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="measurements, of which the least counts")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    models = [network(weights) for weights in networks(args.model)[1][: args.networks]]
    xs, labels = (part[: args.rows] for part in digits(100)[1])
    batches = list(zip(xs.split(args.batch), labels.split(args.batch)))
    attack = {"fgsm": fgsm, "pgd": pgd}[args.attack]
    with torch.no_grad():
        clean = [1 - judge(model, xs, labels)[1].float().mean().item() for model in models]
    measure(models[0], xs, labels)  # Warms up.
    seconds = []
    for _ in range(args.rounds):
        start = time.perf_counter()
        wrong = [torch.cat([attack(model, *batch, args) for batch in batches]) for model in models]
        seconds.append(time.perf_counter() - start)
    scores = [1 - own.float().mean().item() for own in wrong]
    mean = sum(scores) / len(scores)
    answer = {"seconds": min(seconds), "networks": len(models), "mean": round(mean, 5)}
    answer |= {"clean": [round(score, 4) for score in clean]}
    print(json.dumps(answer | {"accuracy": [round(score, 4) for score in scores]}))


if __name__ == "__main__":
    main()
