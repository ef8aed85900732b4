"""A step of 784-1024-1024-10 in PyTorch: noise before each ReLU, batch 128, Adam, on the CPU two threads.

    target/peers/bin/python benches/peers/torch_wide.py --epochs 100 --rounds 5

An epoch is a step here. On a GPU the eager step comes first, then that of `torch.compile`.
"""

import torch
from torch import nn

from task import arguments, measure
from torch_noise import GaussianNoise, synchronize


def main():
    args = arguments(__doc__)
    torch.set_num_threads(2)
    device = torch.device(args.device)
    layers = []
    for inputs, outputs in ((784, 1024), (1024, 1024)):
        layers += [nn.Linear(inputs, outputs), GaussianNoise(0.1), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(1024, 10)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7)
    xs, ys = torch.rand(128, 784, device=device), torch.arange(128, device=device) % 10

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(xs), ys).backward()
        optimizer.step()

    for step in [step] if device.type == "cpu" else [step, torch.compile(step)]:

        def round_of(_):
            for _ in range(args.epochs):
                step()
            synchronize(device)
            return 0.0

        round_of(0)  # Warms up.
        measure(args, round_of)


if __name__ == "__main__":
    main()
