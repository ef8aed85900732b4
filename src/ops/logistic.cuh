// The two functions of the logistic loss, the twin of logistic.rs.

// exp(-|z|); NaN for NaN.
__device__ inline float exp_neg_abs(float z) {
    const float EXP[8] = {1.0f / 5040.0f, 1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f,
                          1.0f / 6.0f,    1.0f / 2.0f,   1.0f,          1.0f};
    const float LN_2[2] = {0.6933594f, -2.1219444e-4f};
    const float LOG2_E = 1.44269504088896340736f;
    const float ROUND = 12582912.0f;
    const float LOWEST = -87.0f;
    float x = -fabsf(z);
    x = x < LOWEST ? LOWEST : x;
    const float rounded = __fmaf_rn(x, LOG2_E, ROUND);
    const float n = __fadd_rn(rounded, -ROUND);
    const float r = __fmaf_rn(n, -LN_2[1], __fmaf_rn(n, -LN_2[0], x));
    const unsigned int power = (__float_as_uint(rounded) << 23) + __float_as_uint(1.0f);
    return __fmul_rn(polynomial(EXP, r), __uint_as_float(power));
}

// ln(1 + t) for t in [0, 1]; NaN for NaN.
__device__ inline float ln_1p(float t) {
    const float ARTANH[7] = {1.0f / 13.0f, 1.0f / 11.0f, 1.0f / 9.0f, 1.0f / 7.0f,
                             1.0f / 5.0f,  1.0f / 3.0f,  1.0f};
    const float s = __fdiv_rn(t, __fadd_rn(2.0f, t));
    return __fmul_rn(__fmul_rn(2.0f, s), polynomial(ARTANH, __fmul_rn(s, s)));
}
