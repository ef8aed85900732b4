// Stand-ins for those of Candle's kernels that the tests reach, each doing all of the work in one call.
// `info` has extents, then strides; without it all is contiguous.

template <size_t... I>
struct Indices {};

// Indices<0, …, N − 1>.
template <size_t N, size_t... I>
struct UpTo : UpTo<N - 1, N - 1, I...> {};
template <size_t... I>
struct UpTo<0, I...> {
    typedef Indices<I...> Type;
};

// Where element `i` stands, counted in the order of the extents.
static size_t place(size_t i, size_t rank, const size_t *extents, const size_t *strides) {
    if (!extents) return i;
    size_t at = 0;
    for (size_t axis = rank; axis-- > 0; i /= extents[axis]) {
        at += i % extents[axis] * strides[axis];
    }
    return at;
}

// An op of two tensors, element by element.
#define BINARY(name, T, Out, result)                                                             \
    static void name(size_t n, size_t rank, const size_t *info, const T *xs, const T *ys, Out *out) { \
        for (size_t i = 0; i < n; ++i) {                                                          \
            const T x = xs[place(i, rank, info, info + rank)];                                    \
            const T y = ys[place(i, rank, info, info + 2 * rank)];                                \
            out[i] = result;                                                                      \
        }                                                                                         \
    }

BINARY(add, float, float, x + y)
BINARY(subtract, float, float, x - y)
BINARY(multiply, float, float, x * y)
BINARY(divide, float, float, x / y)
BINARY(maximum, float, float, x > y ? x : y)
BINARY(minimum, float, float, x < y ? x : y)
BINARY(greater, float, unsigned char, x > y)
BINARY(less, float, unsigned char, x < y)
BINARY(equal, float, unsigned char, x == y)
BINARY(words_add, unsigned int, unsigned int, x + y)
BINARY(words_equal, unsigned int, unsigned char, x == y)
BINARY(differ, float, unsigned char, x != y)
BINARY(bytes_equal, unsigned char, unsigned char, x == y)
BINARY(bytes_differ, unsigned char, unsigned char, x != y)

// An op of one tensor, element by element, which may have further arguments.
#define UNARY(name, result, ...)                                                              \
    static void name(size_t n, size_t rank, const size_t *info, const float *xs, float *out   \
                     __VA_OPT__(, ) __VA_ARGS__) {                                            \
        for (size_t i = 0; i < n; ++i) {                                                      \
            const float x = xs[place(i, rank, info, info + rank)];                            \
            out[i] = result;                                                                  \
        }                                                                                     \
    }

UNARY(absolute, std::fabs(x))
UNARY(ceiling, std::ceil(x))
UNARY(negative, -x)
UNARY(reciprocal, 1 / x)
UNARY(sign, (float)((x > 0) - (x < 0)))
UNARY(exponential, std::exp(x))
UNARY(logarithm, std::log(x))
UNARY(sigmoid, 1 / (1 + std::exp(-x)))
UNARY(hyperbolic_tangent, std::tanh(x))
UNARY(square, x * x)
UNARY(square_root, std::sqrt(x))
UNARY(affine, x * factor + term, float factor, float term)

static void power(size_t n, size_t rank, const size_t *info, float exponent, const float *xs, float *out) {
    for (size_t i = 0; i < n; ++i) out[i] = std::pow(xs[place(i, rank, info, info + rank)], exponent);
}

static void where(size_t n, size_t rank, const size_t *info, const unsigned char *conditions,
                  const float *xs, const float *ys, float *out) {
    for (size_t i = 0; i < n; ++i) {
        const bool condition = conditions[place(i, rank, info, info + rank)];
        out[i] = condition ? xs[place(i, rank, info, info + 2 * rank)]
                           : ys[place(i, rank, info, info + 3 * rank)];
    }
}

template <typename From, typename To>
static void convert(size_t n, size_t rank, const size_t *info, const From *xs, To *out) {
    for (size_t i = 0; i < n; ++i) out[i] = (To)xs[place(i, rank, info, info + rank)];
}

static void set(size_t n, size_t rank, const size_t *info, float value, float *out) {
    for (size_t i = 0; i < n; ++i) out[place(i, rank, info, info + rank)] = value;
}

static void copy_2d(const float *xs, float *out, unsigned int rows, unsigned int columns,
                    unsigned int stride, unsigned int out_stride) {
    for (unsigned int row = 0; row < rows; ++row) {
        memcpy(out + row * out_stride, xs + row * stride, columns * sizeof(float));
    }
}

static void index_select(size_t n, size_t, const size_t *, const unsigned int *ids, const float *xs,
                         float *out, size_t, size_t rows, size_t count, size_t right) {
    for (size_t i = 0; i < n; ++i) {
        const size_t left = i / (count * right);
        out[i] = xs[(left * rows + ids[i / right % count]) * right + i % right];
    }
}

static void gather(size_t n, const unsigned int *ids, const float *xs, float *out, size_t, size_t rows,
                   size_t count, size_t right) {
    for (size_t i = 0; i < n; ++i) {
        out[i] = xs[(i / (right * count) * rows + ids[i]) * right + i % right];
    }
}

static void scatter_add(const unsigned int *ids, const float *xs, float *out, size_t left, size_t count,
                        size_t rows, size_t right) {
    for (size_t i = 0; i < left * count * right; ++i) {
        out[(i / (right * count) * rows + ids[i]) * right + i % right] += xs[i];
    }
}

// Each result is of `terms` elements; `n` counts the results, or for others than short sums the elements.
template <typename T>
static void sum(size_t n, size_t terms, size_t rank, const size_t *info, const T *xs, T *out) {
    for (size_t i = 0; i < n; ++i) {
        out[i] = 0;
        for (size_t j = 0; j < terms; ++j) out[i] += xs[place(i * terms + j, rank, info, info + rank)];
    }
}

template <typename T>
static void long_sum(size_t n, size_t terms, size_t rank, const size_t *info, const T *xs, T *out) {
    sum(n / terms, terms, rank, info, xs, out);
}

static void position_of_largest(size_t n, size_t terms, size_t rank, const size_t *info,
                                const float *xs, unsigned int *out) {
    for (size_t i = 0; i < n / terms; ++i) {
        out[i] = 0;
        const auto at = [&](size_t j) { return xs[place(i * terms + j, rank, info, info + rank)]; };
        for (size_t j = 1; j < terms; ++j) {
            if (at(j) > at(out[i])) out[i] = (unsigned int)j;
        }
    }
}

// The largest with a sign of 1, the smallest with one of -1.
template <typename T, int SIGN>
static void extreme(size_t n, size_t terms, size_t rank, const size_t *info, const T *xs, T *out) {
    for (size_t i = 0; i < n / terms; ++i) {
        const auto at = [&](size_t j) { return xs[place(i * terms + j, rank, info, info + rank)]; };
        out[i] = at(0);
        for (size_t j = 1; j < terms; ++j) out[i] = SIGN * at(j) > SIGN * out[i] ? at(j) : out[i];
    }
}

// Convolutions without padding, of stride 1: `info` has the extents and strides of (N, C, H, W), and for
// the transposed one those of the kernel (C, O, P, Q).
static void patches(size_t n, size_t height, size_t width, size_t p, size_t q, size_t, size_t, size_t,
                    const size_t *info, const float *xs, float *out) {
    const size_t channels = info[1], *stride = info + 4;
    for (size_t i = 0; i < n; ++i) {
        const size_t x = i % q, y = i / q % p, channel = i / (q * p) % channels;
        const size_t pixel = i / (q * p * channels);
        const size_t column = pixel % width + x, row = pixel / width % height + y;
        out[i] = xs[pixel / (width * height) * stride[0] + channel * stride[1] + row * stride[2] +
                    column * stride[3]];
    }
}

static void transposed_convolution(size_t, size_t width, size_t height, size_t, size_t, size_t, size_t,
                                   const size_t *info, const float *xs, const float *kernel,
                                   float *out) {
    const size_t *extent = info, *stride = info + 4, *k_extent = info + 8, *k_stride = info + 12;
    const size_t outputs = k_extent[1];
    for (size_t i = 0; i < extent[0] * outputs * width * height; ++i) {
        const size_t column = i % width, row = i / width % height;
        const size_t channel = i / (width * height) % outputs, image = i / (width * height * outputs);
        float sum = 0;
        for (size_t p = 0; p < k_extent[2]; ++p) {
            for (size_t q = 0; q < k_extent[3]; ++q) {
                if (row < p || row - p >= extent[2] || column < q || column - q >= extent[3]) continue;
                for (size_t c = 0; c < extent[1]; ++c) {
                    sum += xs[image * stride[0] + c * stride[1] + (row - p) * stride[2] +
                              (column - q) * stride[3]] *
                           kernel[c * k_stride[0] + channel * k_stride[1] + p * k_stride[2] +
                                  q * k_stride[3]];
                }
            }
        }
        out[i] = sum;
    }
}
