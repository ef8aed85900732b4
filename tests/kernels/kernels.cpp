// The kernels in the order of `ops::cuda`'s module, and a way to their Philox.
#include "shim.h"

#include "../../src/rng/philox.cuh"
#include "../../src/rng/normal.cuh"
#include "../../src/rng/laplace.cuh"

#include "../../src/ops/cuda/kernel.cuh"
#include "../../src/ops/rows/rows.cu"
#include "../../src/ops/noise/noise.cu"
#include "../../src/ops/perturb/perturb.cu"
#include "../../src/ops/relu/relu.cu"
#include "../../src/ops/stack/wide/wide.cu"
#include "../../src/ops/logistic.cuh"
#include "../../src/ops/bce/bce.cu"
#include "../../src/ops/adam/adam.cu"
#include "../../src/ops/mlp/mlp.cu"

extern "C" void philox(unsigned int *words, const unsigned int *key) {
    philox4x32(*reinterpret_cast<unsigned int (*)[4]>(words), key[0], key[1]);
}
