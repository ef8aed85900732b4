// Noise of every kind that states a law, the twin of noise/lawful.rs: all replicas in one launch.

// `Standard` of mod.rs.
enum { UNIFORM, CENTRED, NORMAL, LAPLACE };

// `Effect` of mod.rs, with its numbers in `Band`.
enum { ADD, ADD_TO_ROW, MULTIPLY, AFFINE, SET };

// What the draws up to `end` do.
struct Band {
    double end;
    unsigned long long effect;
    double number;
    double offset;
};

// `Law` of mod.rs. Draws beyond its bands change nothing.
struct Law {
    unsigned long long draw;
    Band bands[2];
};

// The four draws of a block from its words.
__device__ inline void standard_draws(unsigned long long standard, const unsigned int (&words)[4],
                                      float (&draws)[4]) {
    if (standard == NORMAL) {
        box_muller(words[0], words[1], draws[0], draws[1]);
        box_muller(words[2], words[3], draws[2], draws[3]);
        return;
    }
    for (int i = 0; i < 4; ++i) {
        const float u = uniform(words[i]);
        draws[i] = standard == UNIFORM ? u
                   : standard == CENTRED ? __fmaf_rn(2.0f, u, -1.0f)
                                         : laplace(words[i]);
    }
}

// y from x, or backwards the gradient of x from that of y, in double precision and rounded once. A
// row has `real` elements that are not masked.
__device__ inline float changed(const Law &law, double draw, double real, float x,
                                bool is_backward) {
    const Band &band = law.bands[draw <= law.bands[0].end ? 0 : 1];
    if (!(draw <= band.end)) return x;
    switch (band.effect) {
        case ADD:
        case ADD_TO_ROW: {
            const double scale =
                band.effect == ADD ? band.number : __ddiv_rn(band.number, __dsqrt_rn(real));
            return is_backward ? x : (float)__dadd_rn((double)x, __dmul_rn(scale, draw));
        }
        case SET:
            return is_backward ? 0.0f : (float)band.number;
        default: {
            const double factor =
                band.effect == AFFINE ? band.number : __dadd_rn(1.0, __dmul_rn(band.number, draw));
            const double product = __dmul_rn(factor, (double)x);
            return (float)(is_backward ? product : __dadd_rn(product, band.offset));
        }
    }
}

// Changes (R, rows, row_len) by the laws of R replicas; a task is a quad. `indices` has the number of
// the draw of each element of a row and `real` the number of real elements of each row; without them
// each element has its own draw, and all elements are real. Row i has the draws of row
// `own_row + i * row_step`.
extern "C" __global__ void perturb(size_t tasks, const float *xs, float *ys, const Draw *draws,
                                   unsigned int first, const Law *laws, const size_t *indices,
                                   const double *real, size_t rows, size_t row_len,
                                   unsigned int own_row, unsigned int row_step,
                                   int is_backward) {
    if (task() >= tasks) return;
    const Quad q = quad(task(), rows, row_len);
    const Law &law = laws[q.replica];
    const double row_real = real ? real[q.replica * rows + q.row] : (double)row_len;
    float block_draws[4];
    size_t drawn = (size_t)-1;
    for (unsigned int i = 0; i < q.count; ++i) {
        const size_t element = 4 * q.block + i;
        const size_t index = indices ? indices[element] : element;
        if (index / 4 != drawn) {
            drawn = index / 4;
            unsigned int words[4];
            const unsigned int row = own_row + (unsigned int)q.row * row_step;
            draw_words(draws[q.replica], first, row, drawn, words);
            standard_draws(law.draw, words, block_draws);
        }
        const double draw = (double)block_draws[index % 4];
        ys[q.start + i] = changed(law, draw, row_real, xs[q.start + i], is_backward != 0);
    }
}
