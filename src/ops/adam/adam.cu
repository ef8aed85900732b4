// One step of Adam in place, the twin of cpu.rs.

// `Numbers` of mod.rs.
struct Numbers {
    float beta1, keep1, beta2, keep2, rate, second_scale, kept, eps;
};

// One weight and its moments.
__device__ inline void adam_step(float &weight, float &m, float &v, float g, const Numbers &numbers) {
    const float first = __fadd_rn(__fmul_rn(numbers.beta1, m), __fmul_rn(numbers.keep1, g));
    const float second =
        __fadd_rn(__fmul_rn(numbers.beta2, v), __fmul_rn(numbers.keep2, __fmul_rn(g, g)));
    const float least = 1.17549435e-38f;  // The smallest normal number.
    const bool rests = first < least && first > -least;
    m = rests ? 0.f : first;
    v = rests && second < least ? 0.f : second;
    const float root = __fsqrt_rn(__fmul_rn(v, numbers.second_scale));
    const float change = __fdiv_rn(__fmul_rn(numbers.rate, m), __fadd_rn(root, numbers.eps));
    weight = __fadd_rn(__fmul_rn(numbers.kept, weight), -change);
}

// The moments are all of m, then all of v.
extern "C" __global__ void adam(size_t tasks, float *weights, float *moments, const float *grad,
                                Numbers numbers) {
    const size_t i = task();
    if (i < tasks) adam_step(weights[i], moments[i], moments[tasks + i], grad[i], numbers);
}
