"""The tutorial's run in JAX, compiled whole: jit of vmap of scan over the epochs."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from task import HIDDEN, arguments, circles, measure


def run(x_train, y_train, x_test, y_test, stddev, epochs, key):
    """Trains one replica; returns its curves."""

    def logits(p, x, noise):
        h = x @ p["w1"] + p["b1"] + noise
        return jax.nn.relu(h) @ p["w2"] + p["b2"]

    def loss(p, x, y, noise):
        z = logits(p, x, noise)
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def scores(p, x, y):
        z = logits(p, x, 0.0)
        value = jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return value, jnp.mean((z > 0) == (y > 0.5))

    def glorot(key, shape):
        limit = np.sqrt(6.0 / sum(shape))
        return jax.random.uniform(key, shape, minval=-limit, maxval=limit)

    def epoch(state, key):
        p, m, v, t = state
        order_key, noise_key = jax.random.split(key)
        order = jax.random.permutation(order_key, x_train.shape[0])
        x, y = x_train[order], y_train[order]
        noise = 0.0
        if stddev > 0:
            noise = stddev * jax.random.normal(noise_key, (x.shape[0], HIDDEN))
        g = jax.grad(loss)(p, x, y, noise)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), p, m, v)
        return (p, m, v, t), (scores(p, x_train, y_train), scores(p, x_test, y_test))

    k1, k2, key = jax.random.split(key, 3)
    p = {
        "w1": glorot(k1, (2, HIDDEN)),
        "b1": jnp.zeros(HIDDEN),
        "w2": glorot(k2, (HIDDEN, 1)),
        "b2": jnp.zeros(1),
    }
    zeros = jax.tree.map(jnp.zeros_like, p)
    _, curves = jax.lax.scan(epoch, (p, zeros, zeros, 0.0), jax.random.split(key, epochs))
    return curves


def main():
    args = arguments(__doc__)
    data = [jnp.asarray(array, jnp.float32) for array in circles()]
    train = jax.jit(jax.vmap(partial(run, *data, args.stddev, args.epochs)))

    def round_of(number):
        keys = jax.random.split(jax.random.key(number), args.repeats)
        (_, _), (_, accuracy) = jax.block_until_ready(train(keys))
        return float(accuracy[:, -1].mean())

    round_of(0)  # Compiles.
    measure(args, round_of)


if __name__ == "__main__":
    main()
