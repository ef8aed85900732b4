// What the kernels share. Each takes the number of its threads' tasks first: one thread does one
// task and shares nothing with others, so a result depends on neither grid nor block.

__device__ inline size_t task() {
    return (size_t)blockIdx.x * blockDim.x + threadIdx.x;
}
