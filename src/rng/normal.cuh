// Uniform and normal draws from words, the twin of normal.rs: the same operations in the same
// order, so the same bits. They are written as intrinsics, which no compiler fuses.

// Horner's rule in fused multiply-adds, highest power first.
template <int N>
__device__ inline float polynomial(const float (&coefficients)[N], float x) {
    float sum = coefficients[0];
    for (int i = 1; i < N; ++i) {
        sum = __fmaf_rn(sum, x, coefficients[i]);
    }
    return sum;
}

// A uniform draw in (0, 1] from the 24 high bits of a word.
__device__ inline float uniform(unsigned int word) {
    return __fmul_rn(__fadd_rn((float)(int)(word >> 8), 0.5f), 1.0f / 16777216.0f);
}

// Natural logarithm of a normal, positive, finite number.
__device__ inline float natural_log(float u) {
    const float P[9] = {-0.12891647f, 0.1398443f,   -0.12184269f, 0.14005871f, -0.16680487f,
                        0.20010406f,  -0.24999797f, 0.33333215f,  -0.5f};
    const float LN_2 = 0.693147180559945309f;
    const unsigned int bits = __float_as_uint(u);
    const unsigned int exponent = (bits - 0x3F2AAAABu) & 0xFF800000u;
    const float f = __fadd_rn(__uint_as_float(bits - exponent), -1.0f);
    const float e = (float)((int)exponent >> 23);
    return __fmaf_rn(e, LN_2, __fmaf_rn(__fmul_rn(f, f), polynomial(P, f), f));
}

// `x`, negated where `two` is 2 and not where it is 0.
__device__ inline float flip_sign(float x, unsigned int two) {
    return __uint_as_float(__float_as_uint(x) ^ (two << 30));
}

// Cosine and sine of 2 pi u for u in [0, 1].
__device__ inline void cos_sin_turns(float u, float &cosine, float &sine) {
    const float SIN[4] = {-0.0046016593f, 0.07968003f, -0.6459635f, 1.5707964f};
    const float COS[5] = {0.0009040216f, -0.02086029f, 0.25366923f, -1.2337005f, 1.0f};
    const float ROUND = 8388608.0f;
    const float quarters = __fmul_rn(4.0f, u);
    const float rounded = __fadd_rn(quarters, ROUND);
    const unsigned int quadrant = __float_as_uint(rounded);
    const float f = __fadd_rn(quarters, -__fadd_rn(rounded, -ROUND));
    const float f2 = __fmul_rn(f, f);
    const float s = __fmul_rn(f, polynomial(SIN, f2));
    const float c = polynomial(COS, f2);
    const bool even = (quadrant & 1u) == 0;
    cosine = flip_sign(even ? c : s, (quadrant + 1u) & 2u);
    sine = flip_sign(even ? s : c, quadrant & 2u);
}

// Two standard normals from two words, by Box and Muller.
__device__ inline void box_muller(unsigned int w0, unsigned int w1, float &z0, float &z1) {
    const float radius = __fsqrt_rn(__fmul_rn(-2.0f, natural_log(uniform(w0))));
    float cosine, sine;
    cos_sin_turns(uniform(w1), cosine, sine);
    z0 = __fmul_rn(radius, cosine);
    z1 = __fmul_rn(radius, sine);
}
