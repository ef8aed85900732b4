// What lies between two products of a stack, the twin of cpu.rs.

// ys = relu(ys + bias + noise) in place, for ys (R, rows, width) and bias (R, 1, width); without
// `draws` there is no noise. A task is a quad.
extern "C" __global__ void finish(size_t tasks, float *ys, const float *bias, const Draw *draws,
                                  unsigned int first, size_t rows, size_t width, int relu) {
    if (task() >= tasks) return;
    const Quad q = quad(task(), rows, width);
    const float stddev = draws ? draws[q.replica].stddev : 0.0f;
    const bool aligned = are_aligned(ys, width), bias_aligned = are_aligned(bias, width);
    Four some = four(ys + q.start, q.count, aligned);
    const Four biases = four(bias + q.replica * width + 4 * q.block, q.count, bias_aligned);
    for (int i = 0; i < 4; ++i) some.values[i] = __fadd_rn(some.values[i], biases.values[i]);
    if (stddev != 0.0f) {
        float z[4];
        normals(draws[q.replica], first, q.row, q.block, z);
        for (int i = 0; i < 4; ++i) some.values[i] = __fmaf_rn(stddev, z[i], some.values[i]);
    }
    for (int i = 0; relu && i < 4; ++i) some.values[i] = rectified(some.values[i]);
    set_four(ys + q.start, some, q.count, aligned);
}

// The gradient below a rectifier, in place.
extern "C" __global__ void gate(size_t tasks, float *grad, const float *gates) {
    const size_t i = task();
    if (i < tasks) grad[i] = gated(gates[i], grad[i]);
}

// (R, rows, width) to (R, 1, width), row after row; a task is one sum.
extern "C" __global__ void sum_rows(size_t tasks, const float *xs, float *sums, size_t rows,
                                    size_t width) {
    if (task() >= tasks) return;
    const float *column = xs + task() / width * rows * width + task() % width;
    float sum = 0.0f;
    for (size_t row = 0; row < rows; ++row) {
        sum = __fadd_rn(sum, column[row * width]);
    }
    sums[task()] = sum;
}
