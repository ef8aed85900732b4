"""The folds of a table in PyTorch: all networks as one batched program, eager, two threads."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from table import BATCH, HIDDEN, arguments, folds, measure


def glorot(networks, inputs, outputs):
    limit = (6 / (inputs + outputs)) ** 0.5
    return torch.empty(networks, inputs, outputs).uniform_(-limit, limit).requires_grad_()


def train(data, stddev, epochs, evaluate):
    """Trains all networks and returns the mean of their last test accuracies."""
    x_train, y_train, x_test, y_test = data
    networks, rows, inputs = x_train.shape
    w1, w2 = glorot(networks, inputs, HIDDEN), glorot(networks, HIDDEN, 1)
    b1, b2 = (torch.zeros(networks, 1, width, requires_grad=True) for width in (HIDDEN, 1))
    optimizer = torch.optim.Adam([w1, b1, w2, b2], lr=0.001, eps=1e-7, fused=True)
    each = torch.arange(networks)[:, None]

    def logits(x):
        return torch.baddbmm(b2, torch.relu(torch.baddbmm(b1, x, w1)), w2).squeeze(2)

    def loss_of(z, y):
        return binary_cross_entropy_with_logits(z, y, reduction="none").mean(1)

    @torch.no_grad()
    def scores(x, y):
        z = logits(x)
        return loss_of(z, y).tolist(), ((z > 0) == (y > 0.5)).float().mean(1).tolist()

    for _ in range(epochs):
        order = torch.rand(networks, rows).argsort(1)
        for batch in order.split(BATCH, 1):
            x, y = x_train[each, batch], y_train[each, batch]
            if stddev > 0:
                x = x + stddev * torch.randn_like(x)
            optimizer.zero_grad()
            loss_of(logits(x), y).sum().backward()
            optimizer.step()
        if evaluate:
            scores(x_train, y_train), scores(x_test, y_test)
    return sum(scores(x_test, y_test)[1]) / networks


def main():
    args = arguments(__doc__)
    torch.set_num_threads(2)
    data = [torch.tensor(array, dtype=torch.float32) for array in folds(args.repeats)]
    train(data, args.stddev, 2, args.evaluate)  # Warms up.
    measure(lambda: train(data, args.stddev, args.epochs, args.evaluate))


if __name__ == "__main__":
    main()
