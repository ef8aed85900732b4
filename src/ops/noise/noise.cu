// Additive Gaussian noise, the twin of cpu.rs: all replicas in one launch.

// The noise of one replica, as `DrawTable` in cuda.rs writes it; its step counts from a first one.
struct Draw {
    unsigned int key[2];
    unsigned int step;
    unsigned int stream;
    float stddev;
};

// The four words of a block of a row.
__device__ inline void draw_words(const Draw &draw, unsigned int first, size_t row, size_t block,
                                  unsigned int (&words)[4]) {
    words[0] = (unsigned int)block;
    words[1] = (unsigned int)row;
    words[2] = first + draw.step;
    words[3] = draw.stream;
    philox4x32(words, draw.key[0], draw.key[1]);
}

// The four normals of a block of a row.
__device__ inline void normals(const Draw &draw, unsigned int first, size_t row, size_t block,
                               float (&z)[4]) {
    unsigned int words[4];
    draw_words(draw, first, row, block, words);
    box_muller(words[0], words[1], z[0], z[1]);
    box_muller(words[2], words[3], z[2], z[3]);
}

// Four neighbours in a row of a replica, the last of a row perhaps fewer: what one thread works on.
struct Quad {
    size_t replica;
    size_t row;
    size_t block;
    size_t start;
    int count;
};

__device__ inline Quad quad(size_t task, size_t rows, size_t row_len) {
    const size_t row_blocks = (row_len + 3) / 4;
    const size_t flat_row = task / row_blocks;
    Quad q;
    q.block = task % row_blocks;
    q.row = flat_row % rows;
    q.replica = flat_row / rows;
    q.start = flat_row * row_len + 4 * q.block;
    const size_t left = row_len - 4 * q.block;
    q.count = left < 4 ? (int)left : 4;
    return q;
}

// ys = fma(stddev, z, xs) for (R, rows, row_len); a task is a quad.
extern "C" __global__ void add_noise(size_t tasks, const float *xs, float *ys, const Draw *draws,
                                     unsigned int first, size_t rows, size_t row_len) {
    if (task() >= tasks) return;
    const Quad q = quad(task(), rows, row_len);
    const Draw draw = draws[q.replica];
    float z[4];
    if (draw.stddev != 0.0f) normals(draw, first, q.row, q.block, z);
    for (int i = 0; i < q.count; ++i) {
        const float x = xs[q.start + i];
        ys[q.start + i] = draw.stddev != 0.0f ? __fmaf_rn(draw.stddev, z[i], x) : x;
    }
}
