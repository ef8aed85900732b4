//! The launch.

use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use candle_core::cuda_backend::cudarc::driver::sys::CUdevice_attribute;
use candle_core::{CpuStorage, CudaDevice, CudaStorage, CustomOp3, Layout, Result, Shape, bail};

use super::MlpRun;
use super::plan::{LAYERS, Plan, SETS};
use crate::ops::adam::Numbers;
use crate::ops::cuda::{Blocks, launch, result, room, values};
use crate::ops::noise::DrawTable;

/// Threads of a block, the kernel's `MLP_THREADS`.
const THREADS: u32 = 384;

/// A layer, as the kernel's `DenseLayer`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Layer {
    inputs: u32,
    outputs: u32,
    relu: u32,
    before: u32,
    after: u32,
    weights: u32,
    bias: u32,
    xs: u32,
    ys: u32,
    gates: u32,
}

/// The numbers of a run, as the kernel's `MlpRun`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Run {
    replicas: u32,
    layers: u32,
    parameters: u32,
    grads: u32,
    values: u32,
    partial: u32,
    batch: u32,
    used: u32,
    train: u32,
    rows: u32,
    piece: u32,
    apart: u32,
    sets: u32,
    epochs: u32,
    features: u32,
    input: u32,
    shared: u32,
    first_epoch: u32,
    stream: u32,
    set_ends: [u32; SETS],
    layer: [Layer; LAYERS],
}

// SAFETY: words, as the kernel's own `MlpRun`.
unsafe impl DeviceRepr for Run {}

impl Run {
    /// Describes a run on the rows of each replica, or on shared ones. All numbers are below that of the bytes of
    /// shared memory, or of the replicas and epochs, which fit a word.
    fn of(run: &MlpRun, plan: &Plan, shared: bool) -> Self {
        let mut set_ends = [0; SETS];
        let mut end = 0;
        for (own, rows) in set_ends.iter_mut().zip(&run.sets) {
            end += *rows as u32;
            *own = end;
        }
        let mut layer = [Layer::default(); LAYERS];
        for (own, (of, place)) in layer.iter_mut().zip(run.layers.iter().zip(&plan.places)) {
            *own = Layer {
                inputs: of.inputs as u32,
                outputs: of.outputs as u32,
                relu: u32::from(of.relu),
                before: place.before as u32,
                after: place.after as u32,
                weights: place.weights as u32,
                bias: place.bias as u32,
                xs: place.xs as u32,
                ys: place.ys as u32,
                gates: place.gates as u32,
            };
        }
        Self {
            replicas: run.keys.len() as u32,
            layers: run.layers.len() as u32,
            parameters: plan.parameters as u32,
            grads: plan.grads as u32,
            values: plan.values as u32,
            partial: plan.partial as u32,
            batch: run.batch as u32,
            used: run.used as u32,
            train: run.sets[0] as u32,
            rows: plan.rows() as u32,
            piece: plan.piece as u32,
            apart: plan.apart as u32,
            sets: run.sets.len() as u32,
            epochs: run.epochs as u32,
            features: run.layers[0].inputs as u32,
            input: plan.input as u32,
            shared: u32::from(shared),
            first_epoch: run.first_epoch,
            stream: run.stream as u32,
            set_ends,
            layer,
        }
    }
}

/// Returns the bytes of shared memory that a block may have.
pub(super) fn room_of_a_block(device: &CudaDevice) -> usize {
    let most = CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
    let bytes = device.cuda_stream().context().attribute(most);
    bytes.ok().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0)
}

/// Maps states (R, 3 · parameters), inputs and targets to states, followed by scores.
pub(super) struct Train<'a> {
    pub run: &'a MlpRun,
    pub plan: &'a Plan<'a>,
}

impl CustomOp3 for Train<'_> {
    fn name(&self) -> &'static str {
        "train-mlp"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        bail!("train-mlp: the CPU trains epoch by epoch")
    }

    fn cuda_fwd(
        &self,
        state: &CudaStorage,
        state_layout: &Layout,
        xs: &CudaStorage,
        xs_layout: &Layout,
        ys: &CudaStorage,
        ys_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (device, Self { run, plan }) = (&state.device, self);
        let replicas = run.keys.len();
        let (shared, rows, features) = xs_layout.shape().dims3()?;
        let numbers: Vec<Numbers> = run.updates.iter().copied().map(Numbers::from).collect();
        let fits = state_layout.dims() == [replicas, 3 * plan.parameters]
            && (shared == 1 || shared == replicas)
            && ys_layout.dims() == [shared, rows]
            && rows == plan.rows()
            && features == run.layers[0].inputs
            && numbers.len() == run.epochs * run.used.div_ceil(run.batch)
            && plan.noise.iter().all(|draws| draws.len() == replicas);
        if !fits {
            bail!(
                "expected a run of {run:?}, received states of {state_layout:?}, rows of {xs_layout:?}"
            )
        }
        let numbers_of = Run::of(run, plan, shared == 1);
        let keys: Vec<u32> = run.keys.iter().flat_map(|key| key.words()).collect();
        let keys = device.clone_htod(&keys)?;
        let draws: Vec<u32> = plan.noise.iter().flat_map(|d| DrawTable::absolute(d)).collect();
        // The kernel reads none without noise.
        let draws = device.clone_htod(if draws.is_empty() { &[0][..] } else { &draws })?;
        let numbers = device.clone_htod(&numbers)?;
        let (state, xs, ys) =
            (values(state, state_layout)?, values(xs, xs_layout)?, values(ys, ys_layout)?);
        let len = replicas * (3 * plan.parameters + plan.scores);
        let mut out = room(device, len)?;
        let blocks = Blocks::each(replicas, THREADS, plan.bytes())?;
        // SAFETY: a block reads and writes the places of the plan in its shared memory, of which it has
        // as much; its own state and rows, the keys, draws and numbers of its replica and steps; and
        // writes as many elements of `out`.
        unsafe {
            launch!(
                device,
                "train_mlp",
                blocks,
                &numbers_of,
                &state,
                &xs,
                &ys,
                &keys,
                &draws,
                &numbers,
                &mut out
            );
        }
        Ok(result(out, device, len))
    }
}
