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

// Four neighbours, in one access if they begin at a multiple of 16 bytes.
struct alignas(16) Four {
    float values[4];
};

__device__ inline Four four(const float *values, unsigned int count, bool aligned) {
    if (aligned) return *reinterpret_cast<const Four *>(values);
    Four some = {{0.0f, 0.0f, 0.0f, 0.0f}};
    for (unsigned int i = 0; i < 4; ++i) {
        if (i < count) some.values[i] = values[i];
    }
    return some;
}

__device__ inline void set_four(float *values, const Four &some, unsigned int count, bool aligned) {
    if (aligned) {
        *reinterpret_cast<Four *>(values) = some;
    } else {
        for (unsigned int i = 0; i < 4; ++i) {
            if (i < count) values[i] = some.values[i];
        }
    }
}

// Whether all rows of this length begin at a multiple of 16 bytes.
__device__ inline bool are_aligned(const void *values, size_t row_len) {
    return row_len % 4 == 0 && reinterpret_cast<size_t>(values) % 16 == 0;
}

// How often `b` goes into `a`, which becomes the rest. In 64 bits it takes several times as long.
__device__ inline size_t divide(size_t &a, size_t b) {
    size_t times;
    if ((a | b) >> 32 == 0) {
        times = (unsigned int)a / (unsigned int)b;
    } else {
        times = a / b;
    }
    a -= times * b;
    return times;
}

// Four neighbours in a row of a replica, the last of a row perhaps fewer: what one thread works on.
struct Quad {
    size_t replica;
    size_t row;
    size_t block;
    size_t start;
    unsigned int count;
};

__device__ inline Quad quad(size_t task, size_t rows, size_t row_len) {
    Quad q;
    q.block = task;
    q.row = divide(q.block, (row_len + 3) / 4);
    q.start = q.row * row_len + 4 * q.block;
    q.replica = divide(q.row, rows);
    const size_t left = row_len - 4 * q.block;
    q.count = left < 4 ? (unsigned int)left : 4;
    return q;
}

// ys = fma(stddev, z, xs) for (R, rows, row_len). A task is a quad; a thread has `each`, a block's threads apart,
// so that it divides once for all of them where rows are long.
extern "C" __global__ void add_noise(size_t tasks, const float *xs, float *ys, const Draw *draws,
                                     unsigned int first, size_t rows, size_t row_len,
                                     unsigned int each) {
    const size_t row_blocks = (row_len + 3) / 4, end = (size_t)(blockIdx.x + 1) * blockDim.x * each;
    const bool from_aligned = are_aligned(xs, row_len), to_aligned = are_aligned(ys, row_len);
    size_t number = (size_t)blockIdx.x * blockDim.x * each + threadIdx.x;
    if (number >= tasks) return;
    Quad q = quad(number, rows, row_len);
    while (true) {
        const Draw draw = draws[q.replica];
        Four some = four(xs + q.start, q.count, from_aligned);
        if (draw.stddev != 0.0f) {
            float z[4];
            normals(draw, first, q.row, q.block, z);
            for (int i = 0; i < 4; ++i) some.values[i] = __fmaf_rn(draw.stddev, z[i], some.values[i]);
        }
        set_four(ys + q.start, some, q.count, to_aligned);
        number += blockDim.x;
        if (number >= end || number >= tasks) return;
        if (q.block + blockDim.x < row_blocks && row_len % 4 == 0) {
            q.block += blockDim.x;
            q.start += 4 * blockDim.x;
        } else {
            q = quad(number, rows, row_len);
        }
    }
}
