"""A step of 784-1024-1024-10 in PyTorch: noise before each ReLU, batch 128, Adam, two threads."""

import torch
from torch import nn

from task import arguments, measure
from torch_noise import GaussianNoise


def main():
    args = arguments(__doc__)
    torch.set_num_threads(2)
    layers = []
    for inputs, outputs in ((784, 1024), (1024, 1024)):
        layers += [nn.Linear(inputs, outputs), GaussianNoise(0.1), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(1024, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7)
    xs, ys = torch.rand(128, 784), torch.arange(128) % 10

    def round_of(_):
        for _ in range(args.epochs):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(xs), ys).backward()
            optimizer.step()
        return 0.0

    measure(args, round_of)


if __name__ == "__main__":
    main()
