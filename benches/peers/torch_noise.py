"""Gaussian noise in training, as a layer: PyTorch has none.

    target/peers/bin/python benches/peers/torch_noise.py --device cuda

measures a copy of 1 GiB, `torch.randn_like` and the layer on it, in nanoseconds an element.
"""

import time

import torch
from torch import nn

from task import arguments


class GaussianNoise(nn.Module):
    def __init__(self, stddev):
        super().__init__()
        self.stddev = stddev

    def forward(self, xs):
        if not self.training or self.stddev == 0:
            return xs
        return xs + self.stddev * torch.randn_like(xs)


def synchronize(device):
    """Waits for the work that a device has been told of."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main():
    device = torch.device(arguments(__doc__).device)
    xs, layer = torch.zeros(16_384, 16_384, device=device), GaussianNoise(0.1)
    for name, work in (("copy", torch.clone), ("randn_like", torch.randn_like), ("noise", layer)):
        nanos = []
        for _ in range(10):
            synchronize(device)
            start = time.perf_counter()
            work(xs)
            synchronize(device)
            nanos.append((time.perf_counter() - start) / xs.numel() * 1e9)
        print(f"{name}: {sorted(nanos)[5]:.4f} ns an element")


if __name__ == "__main__":
    main()
