// The product that Candle takes from cuBLAS, for the tests' driver: column-major, summed in double
// precision.
#include <stddef.h>

extern "C" int cublasGemmStridedBatchedEx(void *, int transpose_a, int transpose_b, int m, int n, int k,
                                          const float *alpha, const float *a, int, int lda,
                                          long long stride_a, const float *b, int, int ldb,
                                          long long stride_b, const float *beta, float *c, int,
                                          int ldc, long long stride_c, int batch, int, int) {
    for (int r = 0; r < batch; ++r, a += stride_a, b += stride_b, c += stride_c) {
        for (int j = 0; j < n; ++j) {
            for (int i = 0; i < m; ++i) {
                double sum = 0;
                for (int l = 0; l < k; ++l) {
                    const float x = transpose_a ? a[(size_t)i * lda + l] : a[(size_t)l * lda + i];
                    const float y = transpose_b ? b[(size_t)l * ldb + j] : b[(size_t)j * ldb + l];
                    sum += (double)x * y;
                }
                float &out = c[(size_t)j * ldc + i];
                out = (float)(*alpha * sum) + (*beta == 0 ? 0 : *beta * out);
            }
        }
    }
    return 0;
}
