// The rows of a batch, and their order in an epoch, the twin of mod.rs.

// Rows of `xs`, by their numbers, of which `batch` follow one another, `stride` from replica to replica;
// a task is an element.
extern "C" __global__ void take_rows(size_t tasks, const float *xs, const unsigned int *ids, float *ys,
                                     size_t row_len, size_t batch, size_t stride) {
    const size_t i = task();
    if (i >= tasks) return;
    const size_t row = i / row_len;
    const size_t id = ids[row / batch * stride + row % batch];
    ys[i] = xs[id * row_len + i % row_len];
}

// The numbers 0..rows in random order, by Fisher and Yates from the end, with a key of two words.
__device__ inline void permute(const unsigned int *key, unsigned int *order, size_t rows,
                               unsigned int step, unsigned int stream) {
    for (size_t i = 0; i < rows; ++i) order[i] = (unsigned int)i;
    unsigned int words[4];
    for (size_t i = rows; i-- > 1;) {
        if (i % 4 == 3 || i + 1 == rows) {
            words[0] = (unsigned int)(i / 4);
            words[1] = 0;
            words[2] = step;
            words[3] = stream;
            philox4x32(words, key[0], key[1]);
        }
        const size_t other = (size_t)(((unsigned long long)words[i % 4] * (i + 1)) >> 32);
        const unsigned int kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

// A task is an order.
extern "C" __global__ void permutations(size_t tasks, const unsigned int *keys, unsigned int *orders,
                                        size_t rows, unsigned int step, unsigned int stream) {
    if (task() < tasks) permute(keys + 2 * task(), orders + task() * rows, rows, step, stream);
}
