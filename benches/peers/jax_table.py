"""The folds of a table in JAX, the whole run compiled: jit of vmap of scan over epochs and batches."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from table import BATCH, HIDDEN, arguments, folds, measure


def run(stddev, epochs, evaluate, x_train, y_train, x_test, y_test, key):
    """Trains one network; returns its test accuracy and its curves."""
    rows, inputs = x_train.shape

    def logits(p, x):
        return (jax.nn.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"])[:, 0]

    def loss(p, x, y):
        z = logits(p, x)
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def accuracy(p, x, y):
        return jnp.mean((logits(p, x) > 0) == (y > 0.5))

    def glorot(key, shape):
        limit = np.sqrt(6.0 / sum(shape))
        return jax.random.uniform(key, shape, minval=-limit, maxval=limit)

    def step(state, batch):
        p, m, v, t = state
        ids, key = batch
        x = x_train[ids]
        if stddev > 0:
            x += stddev * jax.random.normal(key, x.shape)
        g = jax.grad(loss)(p, x, y_train[ids])
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), p, m, v)
        return (p, m, v, t), None

    def epoch(state, key):
        order_key, *keys = jax.random.split(key, 2 + rows // BATCH)
        order = jax.random.permutation(order_key, rows)
        whole = rows // BATCH * BATCH  # The rows of whole batches; the others are the last batch.
        batches = order[:whole].reshape(-1, BATCH), jnp.stack(keys[: rows // BATCH])
        state, _ = jax.lax.scan(step, state, batches)
        if whole < rows:
            state, _ = step(state, (order[whole:], keys[-1]))
        if not evaluate:
            return state, None
        p = state[0]
        sets = (x_train, y_train), (x_test, y_test)
        return state, [(loss(p, x, y), accuracy(p, x, y)) for x, y in sets]

    k1, k2, key = jax.random.split(key, 3)
    p = {
        "w1": glorot(k1, (inputs, HIDDEN)),
        "b1": jnp.zeros(HIDDEN),
        "w2": glorot(k2, (HIDDEN, 1)),
        "b2": jnp.zeros(1),
    }
    zeros = jax.tree.map(jnp.zeros_like, p)
    state, curves = jax.lax.scan(epoch, (p, zeros, zeros, 0.0), jax.random.split(key, epochs))
    return accuracy(state[0], x_test, y_test), curves


def main():
    args = arguments(__doc__)
    data = [jnp.asarray(array, jnp.float32) for array in folds(args.repeats)]
    train = jax.jit(jax.vmap(partial(run, args.stddev, args.epochs, args.evaluate)))

    def accuracy(seed):
        keys = jax.random.split(jax.random.key(seed), len(data[0]))
        return float(jax.block_until_ready(train(*data, keys))[0].mean())

    accuracy(0)  # Compiles.
    measure(lambda: accuracy(1))


if __name__ == "__main__":
    main()
