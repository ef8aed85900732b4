// The rectifier and its gradient, the twin of mod.rs. NaN stays NaN.

__device__ inline float rectified(float x) {
    return x <= 0.0f ? 0.0f : x;
}

extern "C" __global__ void relu(size_t tasks, const float *xs, float *ys) {
    const size_t i = task();
    if (i < tasks) ys[i] = rectified(xs[i]);
}

// The gradient below a rectifier that gave `y`.
__device__ inline float gated(float y, float grad) {
    return y > 0.0f ? grad : 0.0f;
}

extern "C" __global__ void relu_grad(size_t tasks, const float *ys, const float *grad, float *dx) {
    const size_t i = task();
    if (i < tasks) dx[i] = gated(ys[i], grad[i]);
}
