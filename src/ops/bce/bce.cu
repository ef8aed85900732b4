// Binary cross-entropy on logits and its hits, the twin of cpu.rs.

// max(z, 0) - z y + ln(1 + exp(-|z|)).
__device__ inline float bce(float z, float y) {
    const float positive = z > 0.0f ? z : 0.0f;
    const float linear = __fadd_rn(positive, -__fmul_rn(z, y));
    return __fadd_rn(linear, ln_1p(exp_neg_abs(z)));
}

// Its derivative sigmoid(z) - y, times `scale`.
__device__ inline float bce_slope(float z, float y, float scale) {
    const float tail = exp_neg_abs(z);
    const float above = z > 0.0f ? 1.0f : tail;
    const float sigmoid = __fdiv_rn(above, __fadd_rn(1.0f, tail));
    return __fmul_rn(scale, __fadd_rn(sigmoid, -y));
}

// Whether a logit has the sign of its class.
__device__ inline float is_hit(float z, float y) {
    return (z > 0.0f) == (y > 0.5f) ? 1.0f : 0.0f;
}

// A sum in double precision, in order.
__device__ inline double sum_of(const float *values, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; ++i) sum = __dadd_rn(sum, (double)values[i]);
    return sum;
}

// The logit of task `i`: `batch` of them follow one another, `stride` from replica to replica.
__device__ inline float logit(const float *zs, size_t i, size_t batch, size_t stride) {
    return zs[i / batch * stride + i % batch];
}

// The loss of every logit, if `loss` is set, and then, if `hits` is, 1 for each hit and 0 for others.
// `shared` targets serve all logits, batch after batch.
extern "C" __global__ void binary_scores(size_t tasks, const float *zs, const float *ys,
                                         float *scores, size_t batch, size_t stride, size_t shared,
                                         int loss, int hits) {
    const size_t i = task();
    if (i >= tasks) return;
    const float z = logit(zs, i, batch, stride);
    const float y = ys[i % shared];
    if (loss) scores[i] = bce(z, y);
    if (hits) scores[loss ? tasks + i : i] = is_hit(z, y);
}

// Sums over batches in double precision, a task being a batch; the first `means` are divided by their
// rows.
extern "C" __global__ void sum_by_replica(size_t tasks, const float *values, float *sums,
                                          size_t batch, size_t means) {
    const size_t replica = task();
    if (replica >= tasks) return;
    const double sum = sum_of(values + replica * batch, batch);
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
    dz[i] = bce_slope(z, ys[i % shared], scale);
}
