"""The convolutional network on 8×8 digits in PyTorch, eager, on one thread."""

from torch import nn

from networks import arguments, digits, run
from torch_noise import GaussianNoise


def main():
    args = arguments(__doc__, epochs=100)

    def network():
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            GaussianNoise(args.stddev),
            nn.Flatten(),
            nn.Linear(128, 10),
        )
        for layer in (model[0], model[2], model[7]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        return model

    run(args, network, *digits(100))


if __name__ == "__main__":
    main()
