"""The tutorial's run in Keras: `fit`, with the test points as validation data.

`fit` evaluates the test points only; the other peers also evaluate the training points.
"""

import keras
from keras import layers

from task import HIDDEN, arguments, circles, measure


def run(data, stddev, epochs):
    """Trains one network and returns its last test accuracy."""
    x_train, y_train, x_test, y_test = data
    noise = [layers.GaussianNoise(stddev)] if stddev > 0 else []
    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(HIDDEN),
            *noise,
            layers.Activation("relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    history = model.fit(
        x_train, y_train, validation_data=(x_test, y_test), epochs=epochs, verbose=0
    )
    return history.history["val_accuracy"][-1]


def main():
    args = arguments(__doc__)
    data = circles()
    run(data, args.stddev, 2)  # Warms up.

    def round_of(number):
        keras.utils.set_random_seed(number)
        runs = [run(data, args.stddev, args.epochs) for _ in range(args.repeats)]
        return sum(runs) / len(runs)

    measure(args, round_of)


if __name__ == "__main__":
    main()
