"""The folds of a table in scikit-learn: `MLPClassifier`, one network after the other."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from table import BATCH, HIDDEN, arguments, folds, measure


def main():
    args = arguments(__doc__)
    if args.stddev > 0 or args.evaluate:
        raise SystemExit("scikit-learn trains without noise, and without curves of test rows")
    warnings.simplefilter("ignore", ConvergenceWarning)  # All epochs are wanted.
    networks = list(zip(*folds(args.repeats)))

    def train(seed, x_train, y_train, x_test, y_test):
        endless = {"tol": 0, "n_iter_no_change": args.epochs}
        model = MLPClassifier(
            HIDDEN, alpha=0, batch_size=BATCH, max_iter=args.epochs, random_state=seed, **endless
        )
        return model.fit(x_train, y_train).score(x_test, y_test)

    def accuracy():
        scores = [train(seed, *network) for seed, network in enumerate(networks)]
        return sum(scores) / len(scores)

    measure(accuracy)


if __name__ == "__main__":
    main()
