// A CUDA driver that is none: device memory is the host's, and a launch calls the kernel's source,
// compiled as C++, for each thread of each block, before it returns.
//
// With it the tests beside this folder run without a GPU: what the launches pass, the layouts, the
// backward passes and a whole training. Without libstdc++, so that NVRTC keeps its own.
#include <stdio.h>
#include <stdlib.h>

#include <atomic>

#include "../../kernels/kernels.cpp"
#include "candle.h"

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, NOT_FOUND = 500 };

// Bytes of device memory that are in use.
static std::atomic<size_t> used;

// Copies from device memory to the host's that this thread has made.
static thread_local size_t copies_to_host;

// Calls `kernel` with the arguments that `arguments` points to.
template <typename... A, size_t... I>
static void call(void (*kernel)(A...), void **arguments, Indices<I...>) {
    kernel(*(A *)arguments[I]...);
}

template <typename... A>
static void call(void (*kernel)(A...), void **arguments) {
    call(kernel, arguments, typename UpTo<sizeof...(A)>::Type());
}

// Ours work on one task a thread, or on one a block; Candle's stand-ins on all of them at once.
enum Work { BY_THREAD, BY_BLOCK, AT_ONCE };

struct Kernel {
    const char *name;
    void (*run)(void **);
    Work work;
};

#define OURS(name) {#name, [](void **arguments) { call(name, arguments); }, BY_THREAD}
#define CANDLES(name, function) {name, [](void **arguments) { call(function, arguments); }, AT_ONCE}

static const Kernel KERNELS[] = {
    OURS(adam),
    OURS(add_noise),
    OURS(bce_grad),
    OURS(binary_scores),
    OURS(finish),
    OURS(gate),
    OURS(permutations),
    OURS(perturb),
    OURS(relu),
    OURS(relu_grad),
    OURS(sum_by_replica),
    OURS(sum_rows),
    OURS(take_rows),
    {"train_mlp", [](void **arguments) { call(train_mlp, arguments); }, BY_BLOCK},
    CANDLES("affine_f32", affine),
    CANDLES("badd_f32", add),
    CANDLES("badd_u32", words_add),
    CANDLES("bdiv_f32", divide),
    CANDLES("bmaximum_f32", maximum),
    CANDLES("bminimum_f32", minimum),
    CANDLES("bmul_f32", multiply),
    CANDLES("bsub_f32", subtract),
    CANDLES("cast_f32_f64", (convert<float, double>)),
    CANDLES("cast_f32_u32", (convert<float, unsigned int>)),
    CANDLES("cast_u32_f32", (convert<unsigned int, float>)),
    CANDLES("cast_u8_f32", (convert<unsigned char, float>)),
    CANDLES("cast_u8_f64", (convert<unsigned char, double>)),
    CANDLES("cast_u8_u32", (convert<unsigned char, unsigned int>)),
    CANDLES("const_set_f32", set),
    CANDLES("conv_transpose2d_f32", transposed_convolution),
    CANDLES("copy2d_f32", copy_2d),
    CANDLES("eq_f32", equal),
    CANDLES("eq_u32", words_equal),
    CANDLES("eq_u8", bytes_equal),
    CANDLES("fast_argmax_f32", position_of_largest),
    CANDLES("fast_max_f32", (extreme<float, 1>)),
    CANDLES("fast_max_u8", (extreme<unsigned char, 1>)),
    CANDLES("fast_min_f32", (extreme<float, -1>)),
    CANDLES("fast_sum_f32", long_sum<float>),
    CANDLES("fast_sum_f64", long_sum<double>),
    CANDLES("fast_sum_small_f32", sum<float>),
    CANDLES("fast_sum_small_f64", sum<double>),
    CANDLES("gather_u32_f32", gather),
    CANDLES("gt_f32", greater),
    CANDLES("im2col_f32", patches),
    CANDLES("is_u32_f32", index_select),
    CANDLES("lt_f32", less),
    CANDLES("ne_f32", differ),
    CANDLES("ne_u8", bytes_differ),
    CANDLES("sa_u32_f32", scatter_add),
    CANDLES("uabs_f32", absolute),
    CANDLES("uceil_f32", ceiling),
    CANDLES("ucopy_f32", (convert<float, float>)),
    CANDLES("ucopy_u32", (convert<unsigned int, unsigned int>)),
    CANDLES("ucopy_u8", (convert<unsigned char, unsigned char>)),
    CANDLES("uexp_f32", exponential),
    CANDLES("ulog_f32", logarithm),
    CANDLES("uneg_f32", negative),
    CANDLES("upowf_f32", power),
    CANDLES("urecip_f32", reciprocal),
    CANDLES("usigmoid_f32", sigmoid),
    CANDLES("usign_f32", sign),
    CANDLES("usqr_f32", square),
    CANDLES("usqrt_f32", square_root),
    CANDLES("utanh_f32", hyperbolic_tangent),
    CANDLES("where_u8_f32", where),
};

// What there is nothing to do for.
#define NOTHING(name) \
    int name() { return SUCCESS; }

extern "C" {

NOTHING(cuInit)
NOTHING(cuCtxSetCurrent)
NOTHING(cuDevicePrimaryCtxRelease_v2)
NOTHING(cuEventCreate)
NOTHING(cuEventDestroy_v2)
NOTHING(cuEventRecord)
NOTHING(cuFuncSetAttribute)
NOTHING(cuModuleUnload)
NOTHING(cuStreamSynchronize)
NOTHING(cuStreamWaitEvent)

// As many devices as a test asks for.
int cuDeviceGetCount(int *count) {
    const char *devices = getenv("TEST_CUDA_DEVICES");
    *count = devices ? atoi(devices) : 1;
    return SUCCESS;
}

int cuDeviceGet(int *device, int ordinal) {
    int count;
    cuDeviceGetCount(&count);
    *device = ordinal;
    return ordinal < count ? SUCCESS : INVALID_DEVICE;
}

// Compute capability 9.0; of all else there is some.
int cuDeviceGetAttribute(int *value, int attribute, int) {
    // The compute capability, and the shared memory of a block.
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 97 ? sizeof shared : 1;
    return SUCCESS;
}

int cuDevicePrimaryCtxRetain(void **context, int) {
    *context = (void *)8;
    return SUCCESS;
}

int cuCtxGetCurrent(void **context) {
    *context = (void *)8;
    return SUCCESS;
}

int cuStreamIsCapturing(void *, int *capturing) {
    *capturing = 0;
    return SUCCESS;
}

int cuGetErrorString(int, const char **text) {
    *text = "from the driver of the tests";
    return SUCCESS;
}

// NaN where nothing has been written. There is as much memory as a test asks for; its length stands
// before each piece.
int cuMemAllocAsync(void **memory, size_t bytes, void *) {
    const char *most = getenv("TEST_CUDA_BYTES");
    if (most && used + bytes > strtoul(most, nullptr, 10)) return OUT_OF_MEMORY;
    used += bytes;
    size_t *piece = (size_t *)malloc(bytes + 2 * sizeof(size_t));
    piece[0] = bytes;
    *memory = memset(piece + 2, 0xFF, bytes);
    return SUCCESS;
}

int cuMemFreeAsync(size_t *memory, void *) {
    used -= memory[-2];
    free(memory - 2);
    return SUCCESS;
}

int cuMemsetD8Async(void *memory, unsigned char value, size_t bytes, void *) {
    memset(memory, value, bytes);
    return SUCCESS;
}

int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, void *) {
    memcpy(to, from, bytes);
    return SUCCESS;
}

int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t bytes, void *) {
    ++copies_to_host;
    memcpy(to, from, bytes);
    return SUCCESS;
}

// For the tests; a real driver has no such function.
size_t test_cuda_copies_to_host() {
    return copies_to_host;
}

int cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t bytes, void *) {
    memcpy(to, from, bytes);
    return SUCCESS;
}

int cuModuleLoadData(void **module, const void *) {
    *module = (void *)8;
    return SUCCESS;
}

int cuModuleGetFunction(const Kernel **function, void *, const char *name) {
    for (const Kernel &kernel : KERNELS) {
        if (strcmp(kernel.name, name) == 0) {
            *function = &kernel;
            return SUCCESS;
        }
    }
    fprintf(stderr, "the tests' driver has no kernel %s\n", name);
    return NOT_FOUND;
}

int cuLaunchKernel(const Kernel *kernel, unsigned int blocks, unsigned int, unsigned int,
                   unsigned int threads, unsigned int, unsigned int, unsigned int shared_bytes, void *,
                   void **arguments, void **) {
    if (blocks == 0 || threads == 0 || shared_bytes > sizeof shared) return INVALID_VALUE;
    if (kernel->work == AT_ONCE) blocks = 1;
    if (kernel->work != BY_THREAD) threads = 1;
    for (unsigned int block = 0; block < blocks; ++block) {
        for (unsigned int thread = 0; thread < threads; ++thread) {
            if (kernel->work == BY_BLOCK) memset(shared, 0xFF, sizeof shared);
            set_thread(block, threads, thread);
            kernel->run(arguments);
        }
    }
    return SUCCESS;
}
}
