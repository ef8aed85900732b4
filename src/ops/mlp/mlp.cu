// Training of small networks through many epochs in one launch, the twin of training epoch by epoch. A
// block trains one replica, whose weights and activations stay in shared memory.
//
// Between two barriers threads share out the tasks of a loop. One task makes one sum, in order, so a result
// depends neither on the number of threads nor on other replicas.

// The tasks of a thread.
#define EACH(i, tasks) for (unsigned int i = threadIdx.x; i < (tasks); i += blockDim.x)

// The tasks of a thread among pairs, of which `b`, below `inner`, runs faster: without a division for each.
struct Pairs {
    unsigned int a, b, inner, step_a, step_b;

    __device__ explicit Pairs(unsigned int inner)
        : a(threadIdx.x / inner), b(threadIdx.x % inner), inner(inner), step_a(blockDim.x / inner),
          step_b(blockDim.x % inner) {}

    __device__ void next() {
        a += step_a;
        b += step_b;
        if (b >= inner) {
            b -= inner;
            ++a;
        }
    }
};

// A dense layer and what follows it, as `Layer` in cuda.rs.
struct DenseLayer {
    unsigned int inputs, outputs, relu;
    // Where the draws of noise before and after the rectifier are, counted from 1; 0 without.
    unsigned int before, after;
    // Where these begin: among the parameters, and among the activations and the gates.
    unsigned int weights, bias, xs, ys, gates;
};

// Layers and sets of rows that a run may have.
#define MLP_LAYERS 8
#define MLP_SETS 3

// Rows that a task reads a weight for, and sums that a logit is the sum of, with a stride that lets rows begin in
// different banks.
#define MLP_ROWS 3
#define MLP_PARTS 32
#define MLP_STRIDE 33

// A run, as `Run` in cuda.rs.
struct MlpRun {
    unsigned int replicas, layers, parameters, grads, values, partial;
    // Rows of a batch, of an epoch and of training; those of all sets together, and of a piece of them, whose
    // partial sums begin among the activations, or where those of a batch do if this is 0.
    unsigned int batch, used, train, rows, piece, apart;
    unsigned int sets, epochs, features, input;
    // The rows of all replicas are the same.
    unsigned int shared;
    unsigned int first_epoch, stream;
    unsigned int set_ends[MLP_SETS];
    DenseLayer layer[MLP_LAYERS];
};

// What the tasks of a block read and write.
struct MlpBlock {
    const Draw *draws;
    // The moments are the only ones that are not shared.
    float *weights, *moments, *grads, *values, *partial;
    unsigned char *gates;
};

__device__ inline void add_normals(const MlpRun &run, const MlpBlock &block, unsigned int site,
                                   unsigned int step, size_t row, size_t quad, Four &ys) {
    const Draw draw = block.draws[(site - 1) * run.replicas + blockIdx.x];
    if (draw.stddev == 0.0f) return;
    float z[4];
    normals(draw, step, row, quad, z);
    for (int j = 0; j < 4; ++j) ys.values[j] = __fmaf_rn(draw.stddev, z[j], ys.values[j]);
}

// Four neighbouring outputs of a layer for as many neighbouring rows, of which `rows` are needed. `store` keeps them
// for the next layer or the way back.
template <bool TRAIN>
__device__ inline void outputs_of(const MlpRun &run, const MlpBlock &block, const DenseLayer &layer,
                                  unsigned int first, unsigned int rows, unsigned int quad, bool store,
                                  unsigned int step, Four (&ys)[MLP_ROWS]) {
    const unsigned int inputs = layer.inputs, outputs = layer.outputs;
    const unsigned int count = outputs - 4 * quad < 4 ? outputs - 4 * quad : 4;
    const bool aligned = outputs % 4 == 0;
    const float *weights = block.weights + layer.weights + 4 * quad;
    const float *xs = block.values + layer.xs + first * inputs;
    // Behind a bias there are zeros up to a multiple of 4.
    const Four bias = four(block.weights + layer.bias + 4 * quad, 4, true);
    for (unsigned int r = 0; r < MLP_ROWS; ++r) ys[r] = bias;
    for (unsigned int i = 0; i < inputs; ++i, weights += outputs) {
        const Four own = four(weights, count, aligned);
        for (unsigned int r = 0; r < MLP_ROWS; ++r) {
            const float x = xs[(r < rows ? r : 0) * inputs + i];
            for (int j = 0; j < 4; ++j) ys[r].values[j] = __fmaf_rn(x, own.values[j], ys[r].values[j]);
        }
    }
    for (unsigned int r = 0; r < MLP_ROWS; ++r) {
        const unsigned int row = first + r, start = row * outputs + 4 * quad;
        if (TRAIN && r >= rows) continue;
        if (TRAIN && layer.before) add_normals(run, block, layer.before, step, row, quad, ys[r]);
        if (layer.relu) {
            for (int j = 0; j < 4; ++j) ys[r].values[j] = rectified(ys[r].values[j]);
        }
        if (TRAIN && layer.after) {
            // The noise hides which rectifiers are open.
            for (unsigned int j = 0; layer.relu && j < 4; ++j) {
                if (j < count) block.gates[layer.gates + start + j] = ys[r].values[j] > 0.0f;
            }
            add_normals(run, block, layer.after, step, row, quad, ys[r]);
        }
        if (store && r < rows) set_four(block.values + layer.ys + start, ys[r], count, aligned);
    }
}

// The logits of some rows, whose inputs are among the activations, in parts: the last layer's sums are made
// together with the outputs of the layer before.
template <bool TRAIN>
__device__ inline void logits(const MlpRun &run, const MlpBlock &block, unsigned int rows,
                              unsigned int step, float *partial) {
    Four ys[MLP_ROWS];
    for (unsigned int l = 0; l + 2 < run.layers; ++l) {
        const DenseLayer &layer = run.layer[l];
        for (Pairs task((layer.outputs + 3) / 4); task.a * MLP_ROWS < rows; task.next()) {
            const unsigned int first = task.a * MLP_ROWS;
            outputs_of<TRAIN>(run, block, layer, first, rows - first, task.b, true, step, ys);
        }
        __syncthreads();
    }
    const DenseLayer &last = run.layer[run.layers - 1];
    const unsigned int quads = (last.inputs + 3) / 4;
    for (Pairs task(MLP_PARTS); task.a * MLP_ROWS < rows; task.next()) {
        const unsigned int first = task.a * MLP_ROWS;
        float sums[MLP_ROWS];
        for (unsigned int r = 0; r < MLP_ROWS; ++r) sums[r] = 0.0f;
        for (unsigned int quad = task.b; quad < quads; quad += MLP_PARTS) {
            if (run.layers > 1) {
                const DenseLayer &hidden = run.layer[run.layers - 2];
                outputs_of<TRAIN>(run, block, hidden, first, rows - first, quad, TRAIN, step, ys);
            } else {
                const unsigned int left = last.inputs - 4 * quad;
                for (unsigned int r = 0; r < MLP_ROWS; ++r) {
                    const unsigned int row = first + r < rows ? first + r : first;
                    ys[r] = four(block.values + row * last.inputs + 4 * quad, left < 4 ? left : 4, false);
                }
            }
            // Behind the weights there are zeros up to a multiple of 4.
            const Four own = four(block.weights + last.weights + 4 * quad, 4, true);
            for (unsigned int r = 0; r < MLP_ROWS; ++r) {
                for (int j = 0; j < 4; ++j) sums[r] = __fmaf_rn(ys[r].values[j], own.values[j], sums[r]);
            }
        }
        for (unsigned int r = 0; r < MLP_ROWS; ++r) {
            if (first + r < rows) partial[(first + r) * MLP_STRIDE + task.b] = sums[r];
        }
    }
    __syncthreads();
}

__device__ inline float logit_of(const MlpRun &run, const MlpBlock &block, unsigned int row,
                                 const float *partial) {
    float sum = block.weights[run.layer[run.layers - 1].bias];
    for (unsigned int p = 0; p < MLP_PARTS; ++p) sum = __fadd_rn(sum, partial[row * MLP_STRIDE + p]);
    return sum;
}

__device__ inline void update(const MlpRun &run, const MlpBlock &block, unsigned int i, float grad,
                              const Numbers &numbers) {
    adam_step(block.weights[i], block.moments[i], block.moments[run.parameters + i], grad, numbers);
}

// Whether the rectifier of a layer let through what is now `y`.
__device__ inline float gate_of(const MlpBlock &block, const DenseLayer &layer, unsigned int place, float y) {
    return layer.after ? (float)block.gates[layer.gates + place] : y;
}

// The step of the last layer, whose inputs are replaced by the gradients of what gave them. A task is an input.
__device__ inline void backward_last(const MlpRun &run, const MlpBlock &block, unsigned int rows,
                                     const Numbers &numbers) {
    const DenseLayer &layer = run.layer[run.layers - 1];
    const unsigned int inputs = layer.inputs;
    const float *dys = block.values + layer.ys;
    EACH(i, inputs + 1) {
        float sum = 0.0f;
        if (i == inputs) {
            for (unsigned int row = 0; row < rows; ++row) sum = __fadd_rn(sum, dys[row]);
            update(run, block, layer.bias, sum, numbers);
            continue;
        }
        const float weight = block.weights[layer.weights + i];
        for (unsigned int row = 0, place = i; row < rows; ++row, place += inputs) {
            float &x = block.values[layer.xs + place];
            const float dy = dys[row];
            sum = __fmaf_rn(x, dy, sum);
            if (run.layers > 1) {
                const DenseLayer &below = run.layer[run.layers - 2];
                const float dx = __fmul_rn(dy, weight);
                x = below.relu ? gated(gate_of(block, below, place, x), dx) : dx;
            }
        }
        update(run, block, layer.weights + i, sum, numbers);
    }
    __syncthreads();
}

// The step of another layer. A task is four inputs, the bias being that of an input 1, and an output; where there
// is a layer below, gradients of its outputs take their place.
__device__ inline void backward(const MlpRun &run, const MlpBlock &block, unsigned int number,
                                unsigned int rows, const Numbers &numbers) {
    const DenseLayer &layer = run.layer[number];
    const unsigned int inputs = layer.inputs, outputs = layer.outputs;
    float *xs = block.values + layer.xs;
    const float *dys = block.values + layer.ys, *weights = block.weights + layer.weights;
    for (Pairs task(outputs); 4 * task.a <= inputs; task.next()) {
        const unsigned int first = 4 * task.a, left = inputs - first;
        const float *dy = dys + task.b, *x = xs + first;
        float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (unsigned int row = 0; row < rows; ++row, dy += outputs, x += inputs) {
            for (unsigned int j = 0; j < 4; ++j) {
                if (j <= left) sums[j] = __fmaf_rn(j < left ? x[j] : 1.0f, *dy, sums[j]);
            }
        }
        for (unsigned int j = 0; j < 4; ++j) {
            const unsigned int place = (first + j) * outputs + task.b;
            if (j > left) continue;
            if (number > 0) {
                block.grads[place] = sums[j];
            } else {
                update(run, block, j < left ? layer.weights + place : layer.bias + task.b, sums[j], numbers);
            }
        }
    }
    __syncthreads();
    if (number == 0) return;
    const DenseLayer &below = run.layer[number - 1];
    for (Pairs task(inputs); task.a < rows; task.next()) {
        const float *dy = dys + task.a * outputs, *weight = weights + task.b * outputs;
        float sum = 0.0f;
        // Neighbours begin at different outputs, which lie in different banks.
        unsigned int o = task.b % outputs;
        for (unsigned int n = 0; n < outputs; ++n) {
            sum = __fmaf_rn(dy[o], weight[o], sum);
            o = o + 1 == outputs ? 0 : o + 1;
        }
        const unsigned int place = task.a * inputs + task.b;
        xs[place] = below.relu ? gated(gate_of(block, below, place, xs[place]), sum) : sum;
    }
    __syncthreads();
    EACH(t, inputs * outputs) update(run, block, layer.weights + t, block.grads[t], numbers);
    EACH(o, outputs) update(run, block, layer.bias + o, block.grads[inputs * outputs + o], numbers);
    __syncthreads();
}

// The order of the rows in an epoch, that of `permute`. Fisher and Yates exchange each position, from the
// last, with one before; who follows a position back through the exchanges finds the row that ends there.
__device__ inline void shuffle(const MlpRun &run, const unsigned int *key, unsigned int epoch,
                               unsigned int *others, unsigned int *order) {
    EACH(block, (run.train + 3) / 4) {
        unsigned int words[4] = {block, 0, run.first_epoch + epoch, run.stream};
        philox4x32(words, key[0], key[1]);
        for (unsigned int j = 0; j < 4; ++j) {
            const unsigned int i = 4 * block + j;
            if (i < run.train) others[i] = ((unsigned long long)words[j] * (i + 1)) >> 32;
        }
    }
    __syncthreads();
    EACH(position, run.train) {
        unsigned int row = position;
        for (unsigned int i = 1; i < run.train; ++i) {
            const unsigned int other = others[i];
            row = row == i ? other : row == other ? i : row;
        }
        order[position] = row;
    }
    __syncthreads();
}

// Three such blocks find room in an H100's registers.
#define MLP_THREADS 384

// Sums that a set's loss is the sum of.
#define MLP_SUMS 16

// A task is a replica, of which a block has one. `state` has the weights and both moments of each, in which
// weights and biases begin at multiples of 4; `out` has the same after the run, and then the loss and the hits of each
// epoch, batch and set, that of one replica beside that of the next.
extern "C" __launch_bounds__(MLP_THREADS, 3)
__global__ void train_mlp(size_t tasks, const __grid_constant__ MlpRun run, const float *state,
                          const float *xs, const float *ys, const unsigned int *keys,
                          const Draw *draws, const Numbers *numbers, float *out) {
    extern __shared__ float shared[];
    const unsigned int replica = blockIdx.x, parameters = run.parameters;
    if (replica >= tasks) return;
    const unsigned int batches = (run.used + run.batch - 1) / run.batch;
    const unsigned int most = run.rows > run.batch ? run.rows : run.batch;
    const unsigned int curve = 2 * (batches + run.sets);
    float *own_out = out + (size_t)replica * 3 * parameters;
    float *weights = shared, *grads = weights + parameters, *values = grads + run.grads;
    float *partial = values + run.values, *losses = partial + run.partial, *hits = losses + most;
    unsigned int *order = reinterpret_cast<unsigned int *>(hits + most), *others = order + run.train;
    unsigned char *gates = reinterpret_cast<unsigned char *>(others + run.train);
    const MlpBlock block = {draws, weights, own_out + parameters, grads, values, partial, gates};

    const float *own_state = state + (size_t)replica * 3 * parameters;
    EACH(i, parameters) weights[i] = own_state[i];
    EACH(i, 2 * parameters) block.moments[i] = own_state[parameters + i];
    const size_t first_row = run.shared ? 0 : (size_t)replica * run.rows;
    const float *own_xs = xs + first_row * run.features, *own_ys = ys + first_row;

    for (unsigned int epoch = 0; epoch < run.epochs; ++epoch) {
        float *scores = out + tasks * 3 * parameters + (size_t)epoch * curve * tasks + replica;
        shuffle(run, keys + 2 * replica, epoch, others, order);
        for (unsigned int number = 0; number < batches; ++number) {
            const unsigned int start = number * run.batch, step = epoch * batches + number;
            const unsigned int rows = run.used - start < run.batch ? run.used - start : run.batch;
            for (Pairs task((run.features + 3) / 4); task.a < rows; task.next()) {
                const unsigned int left = run.features - 4 * task.b, count = left < 4 ? left : 4;
                const float *from = own_xs + order[start + task.a] * run.features + 4 * task.b;
                Four inputs = four(from, count, false);
                if (run.input) add_normals(run, block, run.input, step, task.a, task.b, inputs);
                set_four(values + task.a * run.features + 4 * task.b, inputs, count, false);
            }
            __syncthreads();
            logits<true>(run, block, rows, step, partial);
            EACH(row, rows) {
                const float z = logit_of(run, block, row, partial), y = own_ys[order[start + row]];
                losses[row] = bce(z, y);
                hits[row] = is_hit(z, y);
                values[run.layer[run.layers - 1].ys + row] = bce_slope(z, y, __fdiv_rn(1.0f, (float)rows));
            }
            __syncthreads();
            EACH(which, 2) {
                const double sum = sum_of(which ? hits : losses, rows);
                scores[(2 * number + which) * tasks] = (float)(which ? sum : __ddiv_rn(sum, (double)rows));
            }
            const Numbers own = numbers[step];
            backward_last(run, block, rows, own);
            for (unsigned int l = run.layers - 1; l-- > 0;) backward(run, block, l, rows, own);
        }
        for (unsigned int start = 0; start < run.rows; start += run.piece) {
            const unsigned int rows = run.rows - start < run.piece ? run.rows - start : run.piece;
            EACH(i, rows * run.features) values[i] = own_xs[start * run.features + i];
            __syncthreads();
            float *sums = run.apart ? values + run.apart : partial;
            logits<false>(run, block, rows, 0, sums);
            EACH(row, rows) {
                const float z = logit_of(run, block, row, sums), y = own_ys[start + row];
                losses[start + row] = bce(z, y);
                hits[start + row] = is_hit(z, y);
            }
            __syncthreads();
        }
        double *sums = reinterpret_cast<double *>(partial);
        for (Pairs task(MLP_SUMS); task.a < 2 * run.sets; task.next()) {
            const unsigned int set = task.a / 2, begin = set ? run.set_ends[set - 1] : 0;
            const float *from = task.a % 2 ? hits : losses;
            double sum = 0.0;
            for (unsigned int row = begin + task.b; row < run.set_ends[set]; row += MLP_SUMS) {
                sum = __dadd_rn(sum, (double)from[row]);
            }
            sums[task.a * MLP_SUMS + task.b] = sum;
        }
        __syncthreads();
        EACH(t, 2 * run.sets) {
            const unsigned int set = t / 2, begin = set ? run.set_ends[set - 1] : 0;
            double sum = 0.0;
            for (unsigned int i = 0; i < MLP_SUMS; ++i) sum = __dadd_rn(sum, sums[t * MLP_SUMS + i]);
            const double rows = (double)(run.set_ends[set] - begin);
            scores[(2 * batches + t) * tasks] = (float)(t % 2 ? sum : __ddiv_rn(sum, rows));
        }
    }
    EACH(i, parameters) own_out[i] = weights[i];
}
