// One step of Adam in place, the twin of cpu.rs.

// `Numbers` of mod.rs.
struct Numbers {
    float beta1, keep1, beta2, keep2, rate, second_scale, kept, eps;
};

// The moments are all of m, then all of v.
extern "C" __global__ void adam(size_t tasks, float *weights, float *moments, const float *grad,
                                Numbers numbers) {
    const size_t i = task();
    if (i >= tasks) return;
    const float g = grad[i];
    const float first =
        __fadd_rn(__fmul_rn(numbers.beta1, moments[i]), __fmul_rn(numbers.keep1, g));
    const float second = __fadd_rn(__fmul_rn(numbers.beta2, moments[tasks + i]),
                                   __fmul_rn(numbers.keep2, __fmul_rn(g, g)));
    const float least = 1.17549435e-38f;  // The smallest normal number.
    const bool rests = first < least && first > -least;
    const float m = rests ? 0.f : first;
    const float v = rests && second < least ? 0.f : second;
    moments[i] = m;
    moments[tasks + i] = v;
    const float root = __fsqrt_rn(__fmul_rn(v, numbers.second_scale));
    const float change = __fdiv_rn(__fmul_rn(numbers.rate, m), __fadd_rn(root, numbers.eps));
    weights[i] = __fadd_rn(__fmul_rn(numbers.kept, weights[i]), -change);
}
