// Laplace draws from words, the twin of laplace.rs.

__device__ inline float laplace(unsigned int word) {
    return __uint_as_float(__float_as_uint(natural_log(uniform(word))) ^ (word << 31));
}
