// Binary cross-entropy on logits and its hits, the twin of cpu.rs.

// The logit of task `i`: `batch` of them follow one another, `stride` from replica to replica.
__device__ inline float logit(const float *zs, size_t i, size_t batch, size_t stride) {
    return zs[i / batch * stride + i % batch];
}

// max(z, 0) - z y + ln(1 + exp(-|z|)) for every logit, if `loss` is set, and then, if `hits` is, 1 for
// each that has the sign of its class and 0 for others. `shared` targets serve all logits, batch after
// batch.
extern "C" __global__ void binary_scores(size_t tasks, const float *zs, const float *ys,
                                         float *scores, size_t batch, size_t stride, size_t shared,
                                         int loss, int hits) {
    const size_t i = task();
    if (i >= tasks) return;
    const float z = logit(zs, i, batch, stride);
    const float y = ys[i % shared];
    if (loss) {
        const float positive = z > 0.0f ? z : 0.0f;
        const float linear = __fadd_rn(positive, -__fmul_rn(z, y));
        scores[i] = __fadd_rn(linear, ln_1p(exp_neg_abs(z)));
    }
    if (hits) scores[loss ? tasks + i : i] = (z > 0.0f) == (y > 0.5f) ? 1.0f : 0.0f;
}

// Sums over batches in double precision, a task being a batch; the first `means` are divided by their
// rows.
extern "C" __global__ void sum_by_replica(size_t tasks, const float *values, float *sums,
                                          size_t batch, size_t means) {
    const size_t replica = task();
    if (replica >= tasks) return;
    double sum = 0.0;
    for (size_t row = 0; row < batch; ++row) {
        sum = __dadd_rn(sum, (double)values[replica * batch + row]);
    }
    sums[replica] = (float)(replica < means ? __ddiv_rn(sum, (double)batch) : sum);
}

// grad / batch (sigmoid(z) - y), with a gradient for each replica.
extern "C" __global__ void bce_grad(size_t tasks, const float *zs, const float *ys,
                                    const float *grad, float *dz, size_t batch, size_t stride,
                                    size_t shared) {
    const size_t i = task();
    if (i >= tasks) return;
    const float z = logit(zs, i, batch, stride);
    const float scale = __fdiv_rn(grad[i / batch], (float)batch);
    const float tail = exp_neg_abs(z);
    const float above = z > 0.0f ? 1.0f : tail;
    const float sigmoid = __fdiv_rn(above, __fadd_rn(1.0f, tail));
    dz[i] = __fmul_rn(scale, __fadd_rn(sigmoid, -ys[i % shared]));
}
