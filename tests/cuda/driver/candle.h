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
BINARY(greater, float, unsigned char, x > y)
BINARY(differs, unsigned char, unsigned char, x != y)

// An op of one tensor, element by element, which may have further arguments.
#define UNARY(name, result, ...)                                                              \
    static void name(size_t n, size_t rank, const size_t *info, const float *xs, float *out   \
                     __VA_OPT__(, ) __VA_ARGS__) {                                            \
        for (size_t i = 0; i < n; ++i) {                                                      \
            const float x = xs[place(i, rank, info, info + rank)];                            \
            out[i] = result;                                                                  \
        }                                                                                     \
    }

UNARY(square, x * x)
UNARY(square_root, std::sqrt(x))
UNARY(affine, x * factor + term, float factor, float term)

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

static void sum(size_t n, size_t terms, size_t rank, const size_t *info, const float *xs, float *out) {
    for (size_t i = 0; i < n; ++i) {
        out[i] = 0;
        for (size_t j = 0; j < terms; ++j) out[i] += xs[place(i * terms + j, rank, info, info + rank)];
    }
}
