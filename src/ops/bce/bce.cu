// Binary cross-entropy on logits and its accuracy, the twin of cpu.rs.

// max(z, 0) - z y + ln(1 + exp(-|z|)), element by element.
extern "C" __global__ void bce_losses(size_t tasks, const float *zs, const float *ys,
                                      float *losses) {
    const size_t i = task();
    if (i >= tasks) return;
    const float z = zs[i];
    const float positive = z > 0.0f ? z : 0.0f;
    const float linear = __fadd_rn(positive, -__fmul_rn(z, ys[i]));
    losses[i] = __fadd_rn(linear, ln_1p(exp_neg_abs(z)));
}

// 1 where the logit has the sign of its class, 0 elsewhere.
extern "C" __global__ void binary_rights(size_t tasks, const float *zs, const float *ys,
                                         float *rights) {
    const size_t i = task();
    if (i < tasks) rights[i] = (zs[i] > 0.0f) == (ys[i] > 0.5f) ? 1.0f : 0.0f;
}

// Means over each replica's batch, summed in double precision; a task is a replica.
extern "C" __global__ void mean_by_replica(size_t tasks, const float *values, float *means,
                                           size_t batch) {
    const size_t replica = task();
    if (replica >= tasks) return;
    double sum = 0.0;
    for (size_t row = 0; row < batch; ++row) {
        sum = __dadd_rn(sum, (double)values[replica * batch + row]);
    }
    means[replica] = (float)__ddiv_rn(sum, (double)batch);
}

// grad / batch (sigmoid(z) - y), with a gradient for each replica.
extern "C" __global__ void bce_grad(size_t tasks, const float *zs, const float *ys,
                                    const float *grad, float *dz, size_t batch) {
    const size_t i = task();
    if (i >= tasks) return;
    const float scale = __fdiv_rn(grad[i / batch], (float)batch);
    const float tail = exp_neg_abs(zs[i]);
    const float above = zs[i] > 0.0f ? 1.0f : tail;
    const float sigmoid = __fdiv_rn(above, __fadd_rn(1.0f, tail));
    dz[i] = __fmul_rn(scale, __fadd_rn(sigmoid, -ys[i]));
}
