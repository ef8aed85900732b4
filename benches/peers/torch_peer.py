"""The tutorial's run in PyTorch, eager, one network after the other, on the CPU on one thread; train and
test evaluated every epoch."""

import torch
from torch import nn

from task import HIDDEN, arguments, circles, measure
from torch_noise import GaussianNoise


def network(stddev):
    model = nn.Sequential(
        nn.Linear(2, HIDDEN), GaussianNoise(stddev), nn.ReLU(), nn.Linear(HIDDEN, 1)
    )
    for layer in (model[0], model[3]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def run(data, stddev, epochs):
    """Trains one network and returns its last test accuracy."""
    x_train, y_train, x_test, y_test = data
    model = network(stddev).to(x_train.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7)
    loss_fn = nn.BCEWithLogitsLoss()
    history = []
    for _ in range(epochs):
        order = torch.randperm(len(x_train), device=x_train.device)
        model.train()
        optimizer.zero_grad()
        loss_fn(model(x_train[order]), y_train[order]).backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            scores = []
            for x, y in ((x_train, y_train), (x_test, y_test)):
                z = model(x)
                scores += [loss_fn(z, y).item(), ((z > 0) == (y > 0.5)).float().mean().item()]
        history.append(scores)
    return history[-1][3]


def main():
    args = arguments(__doc__)
    torch.set_num_threads(1)
    data = [torch.tensor(x, dtype=torch.float32, device=args.device) for x in circles()]
    run(data, args.stddev, 20)  # Warms up.

    def round_of(number):
        torch.manual_seed(number)
        runs = [run(data, args.stddev, args.epochs) for _ in range(args.repeats)]
        return sum(runs) / len(runs)

    measure(args, round_of)


if __name__ == "__main__":
    main()
