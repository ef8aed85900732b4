// CUDA's words for a C++ compiler: the test calls a kernel once for each thread of each block. A kernel with
// barriers is called with blocks of a single thread, which does the tasks of all.
#include <cmath>
#include <cstddef>
#include <cstring>

#define __global__
#define __device__
#define __shared__ thread_local
#define __grid_constant__
#define __launch_bounds__(threads, blocks)

// As much as a block of an H100 may have, and a little less than 64 Ki floats.
alignas(16) thread_local float shared[227 * 256];
static inline void __syncthreads() {}

struct Index {
    unsigned int x;
};
static thread_local Index blockIdx, blockDim, threadIdx;

extern "C" void set_thread(unsigned int block, unsigned int threads, unsigned int thread) {
    blockIdx.x = block;
    blockDim.x = threads;
    threadIdx.x = thread;
}

static inline unsigned int __float_as_uint(float x) {
    unsigned int bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float __uint_as_float(unsigned int bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// The build forbids the compiler to fuse operations of its own.
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return std::sqrt(a); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __dsqrt_rn(double a) { return std::sqrt(a); }
