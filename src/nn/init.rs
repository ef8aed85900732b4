//! Seeded initial weights for every layer that takes a `VarBuilder`, Candle's own included.
//!
//! Candle draws initial weights from the thread's generator, which cannot be seeded on the CPU.
//! Here the value of an element depends only on (seed, path, element). It does not depend on the
//! order in which layers are built, or on the rest of the model.

use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use candle_nn::init::{FanInOut, NormalOrUniform};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder, VarMap};

use crate::rng::{Address, Stream};

/// Returns a builder like `VarBuilder::from_varmap` with initial weights that follow from the seed.
///
/// ```
/// # fn main() -> candle_core::Result<()> {
/// use candle_core::{DType, Device};
/// use candle_nn::VarMap;
///
/// let build = || {
///     let varmap = VarMap::new();
///     let vb = candle_noise::nn::seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
///     candle_nn::linear(2, 500, vb.pp("fc1"))
/// };
/// assert_eq!(build()?.weight().to_vec2::<f32>()?, build()?.weight().to_vec2::<f32>()?);
/// # Ok(()) }
/// ```
pub fn seeded_vars(
    varmap: &VarMap,
    seed: u64,
    dtype: DType,
    device: &Device,
) -> VarBuilder<'static> {
    let backend = SeededVars { varmap: varmap.clone(), seeds: vec![seed], replica_axis: false };
    VarBuilder::from_backend(Box::new(backend), dtype, device.clone())
}

/// Returns a builder for variables with a leading replica axis. Replica r has the weights of a
/// model of its own with seed `seeds[r]`. Fans are those of one replica.
pub fn replicated_vars(
    varmap: &VarMap,
    seeds: &[u64],
    dtype: DType,
    device: &Device,
) -> VarBuilder<'static> {
    let backend = SeededVars { varmap: varmap.clone(), seeds: seeds.to_vec(), replica_axis: true };
    VarBuilder::from_backend(Box::new(backend), dtype, device.clone())
}

struct SeededVars {
    varmap: VarMap,
    seeds: Vec<u64>,
    replica_axis: bool,
}

impl SimpleBackend for SeededVars {
    fn get(&self, s: Shape, name: &str, h: Init, dtype: DType, dev: &Device) -> Result<Tensor> {
        if !self.varmap.contains_tensor(name) {
            let own = match s.dims() {
                [replicas, own @ ..] if self.replica_axis && *replicas == self.seeds.len() => own,
                dims if self.replica_axis => candle_core::bail!(
                    "{name}: expected a first axis of {} replicas, received shape {dims:?}",
                    self.seeds.len()
                ),
                dims => dims,
            };
            let own = Shape::from(own);
            let values = self.seeds.iter().flat_map(|&seed| draw(h, &own, seed, name)).collect();
            let values: Vec<f64> = values;
            let tensor = Tensor::from_vec(values, s.clone(), &Device::Cpu)?.to_dtype(dtype)?;
            let var = Var::from_tensor(&tensor.to_device(dev)?)?;
            let data = self.varmap.data();
            let mut data = data.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            data.insert(name.to_string(), var);
        }
        self.varmap.get(s, name, h, dtype, dev)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, dev: &Device) -> Result<Tensor> {
        self.varmap.get_unchecked(name, dtype, dev)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.varmap.contains_tensor(name)
    }
}

/// Draws the initial values of one replica's variable.
fn draw(init: Init, shape: &Shape, seed: u64, name: &str) -> Vec<f64> {
    let count = shape.elem_count();
    let address = Address::new(seed, name, Stream::Init, 0);
    let drawn = |uniform: bool, lo: f64, scale: f64| {
        let mut values = vec![0f32; count];
        match uniform {
            true => address.fill_uniform(0, count, &mut values),
            false => address.fill_normal(0, count, &mut values),
        }
        values.into_iter().map(|x| scale.mul_add(f64::from(x), lo)).collect()
    };
    match init {
        Init::Const(value) => vec![value; count],
        Init::Randn { mean, stdev } => drawn(false, mean, stdev),
        Init::Uniform { lo, up } => drawn(true, lo, up - lo),
        Init::Kaiming { dist, fan, non_linearity } => {
            let fan: FanInOut = fan;
            let stddev = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            let bound = 3f64.sqrt() * stddev;
            match dist {
                NormalOrUniform::Normal => drawn(false, 0., stddev),
                NormalOrUniform::Uniform => drawn(true, -bound, 2. * bound),
            }
        }
    }
}
