"""The LSTM on the Japanese Vowels in PyTorch, eager, on one thread.

The last valid step is gathered from the output for the whole padded batch; with `--packed` the
batch goes through `pack_padded_sequence` instead, which took twice as long.
"""

import sys

import torch
from torch import nn

from networks import arguments, japanese_vowels, run
from torch_noise import GaussianNoise

HIDDEN = 64
PACKED = "--packed" in sys.argv


class Network(nn.Module):
    def __init__(self, stddev):
        super().__init__()
        self.lstm = nn.LSTM(12, HIDDEN, batch_first=True)
        self.noise = GaussianNoise(stddev)
        self.dense = nn.Linear(HIDDEN, 9)

    def forward(self, xs, lengths):
        if PACKED:
            pack = nn.utils.rnn.pack_padded_sequence
            _, (last, _) = self.lstm(pack(xs, lengths, batch_first=True, enforce_sorted=False))
            return self.dense(self.noise(last[0]))
        outputs, _ = self.lstm(xs[:, : lengths.max()])
        return self.dense(self.noise(outputs[torch.arange(len(xs)), lengths - 1]))


def main():
    sys.argv = [flag for flag in sys.argv if flag != "--packed"]
    args = arguments(__doc__, epochs=60)
    train, test = japanese_vowels("train"), japanese_vowels("test")
    run(args, lambda: Network(args.stddev), train, test)


if __name__ == "__main__":
    main()
