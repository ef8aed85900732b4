//! What a model predicts with its noise on, over many draws.

use candle_core::{DType, Device, Result, Tensor, bail};
use candle_nn::ModuleT;

use super::evaluate::PIECE;
use crate::noise::{NoiseMap, Per};
use crate::ops::{Axis, no_grad};

/// What a model predicts for some rows in each of several draws of its noise.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_noise::nn::{seeded_vars, seq_t};
/// use candle_noise::noise::{GaussianNoise, Per};
/// use candle_noise::train::sample;
/// use candle_noise::NoiseMap;
///
/// # fn main() -> Result<()> {
/// let (map, varmap) = (NoiseMap::new(42), candle_nn::VarMap::new());
/// let vb = seeded_vars(&varmap, 42, DType::F32, &Device::Cpu);
/// let noise = GaussianNoise::new(0.1, map.builder().pp("input"))?;
/// let model = seq_t().add(noise).add(candle_nn::linear(2, 3, vb)?);
///
/// let xs = Tensor::ones((5, 2), DType::F32, &Device::Cpu)?;
/// let sampled = sample(&model, &map, &xs, 100, Per::Row)?;
/// let (mean, std) = (sampled.mean()?, sampled.std()?); // (1, 5, 3)
/// let votes = sampled.votes()?; // the share of draws that predict each class
/// let [low, high] = sampled.interval(0.9)?;
/// # assert_eq!((mean.dims(), std.dims(), votes.dims()), (low.dims(), high.dims(), mean.dims()));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Sampled {
    /// The outputs of each draw: (D, R, N, O).
    outputs: Tensor,
}

/// Predicts some rows in evaluation with the noise of a map on, in `draws` draws. They have a stream of their
/// own and take no steps, and layers such as `BatchNorm` evaluate as they do without noise: training continues as
/// if nothing had happened. Each row has the draws that it has in any batch, unless a batch or a device shares
/// them.
///
/// # Shapes
/// `xs` (N, …), or (R, N, …) for a replicated map; outputs (N, O) or (R, N, O).
///
/// # Errors
/// If there are no draws, the model fails, or noise on weights has a draw for each row.
pub fn sample(
    model: &dyn ModuleT,
    noise: &NoiseMap,
    xs: &Tensor,
    draws: usize,
    per: Per,
) -> Result<Sampled> {
    if !(1..=u32::MAX as usize).contains(&draws) {
        bail!("expected at least one draw and fewer than 2^32, received {draws}")
    }
    sample_by(noise, xs, draws, |xs, draw, start| {
        noise.with_test_noise(draw, per, start, || no_grad(|| model.forward_t(xs, false)))
    })
}

/// Predicts some rows with the noise of one site on alone, in `draws` draws for each row, or of noise on weights
/// for all rows. The map remembers what the site did.
pub(super) fn sample_site(
    model: &dyn ModuleT,
    noise: &NoiseMap,
    xs: &Tensor,
    draws: usize,
    path: &str,
) -> Result<Sampled> {
    sample_by(noise, xs, draws, |xs, draw, start| {
        noise.with_noise_at(path, draw, start, || no_grad(|| model.forward_t(xs, false)))
    })
}

/// Predicts some rows in pieces: by a function of some of them, the number of the draw and of the first row.
fn sample_by(
    noise: &NoiseMap,
    xs: &Tensor,
    draws: usize,
    forward: impl Fn(&Tensor, u32, u32) -> Result<Tensor>,
) -> Result<Sampled> {
    let has_replicas = noise.axis() == Axis::Replicas;
    let batch = usize::from(has_replicas);
    let rows = xs.dim(batch)?;
    let outputs_of = |draw: u32, start: usize| -> Result<Tensor> {
        let xs = xs.narrow(batch, start, PIECE.min(rows - start))?;
        let outputs = forward(&xs, draw, start as u32)?.detach();
        let outputs = if has_replicas { outputs } else { outputs.unsqueeze(0)? };
        match outputs.rank() {
            2 => outputs.unsqueeze(2),
            3 => Ok(outputs),
            _ => bail!("expected outputs of shape (R, N, O), received {:?}", outputs.dims()),
        }
    };
    let of_draw = |draw: u32| {
        let pieces = (0..rows).step_by(PIECE).map(|start| outputs_of(draw, start));
        Tensor::cat(&pieces.collect::<Result<Vec<_>>>()?, 1)
    };
    let outputs = (0..draws as u32).map(of_draw).collect::<Result<Vec<_>>>()?;
    Ok(Sampled { outputs: Tensor::stack(&outputs, 0)? })
}

impl Sampled {
    /// Returns the outputs of each draw.
    ///
    /// # Shapes
    /// (D, R, N, O).
    pub fn outputs(&self) -> &Tensor {
        &self.outputs
    }

    /// Returns the mean over the draws, (R, N, O).
    ///
    /// # Errors
    /// If the device fails.
    pub fn mean(&self) -> Result<Tensor> {
        self.outputs.mean(0)
    }

    /// Returns the sample standard deviation over the draws, (R, N, O); NaN for a single draw.
    ///
    /// # Errors
    /// If the device fails.
    pub fn std(&self) -> Result<Tensor> {
        let centred = self.outputs.broadcast_sub(&self.outputs.mean_keepdim(0)?)?;
        (centred.sqr()?.sum(0)? / (self.outputs.dim(0)? - 1) as f64)?.sqrt()
    }

    /// Returns the share of draws that predict each class, (R, N, C): that of the largest output, or of the sign
    /// of a single one, which is the logit of class 1 of two.
    ///
    /// # Errors
    /// If the device fails.
    pub fn votes(&self) -> Result<Tensor> {
        let votes = match self.outputs.dim(3)? {
            1 => {
                let one = self.outputs.gt(0f64)?.to_dtype(DType::F32)?;
                Tensor::cat(&[&(1. - &one)?, &one], 3)?
            }
            classes => {
                let classes = Tensor::arange(0, classes as u32, self.outputs.device())?;
                let winner = self.outputs.argmax_keepdim(3)?;
                winner.broadcast_eq(&classes.reshape((1, 1, 1, ()))?)?.to_dtype(DType::F32)?
            }
        };
        votes.mean(0)
    }

    /// Returns the ends of the central interval with a share of the draws, as numpy.quantile finds them, each
    /// (R, N, O).
    ///
    /// # Errors
    /// If the share is not between 0 and 1, or the device fails.
    pub fn interval(&self, share: f64) -> Result<[Tensor; 2]> {
        if !(share > 0. && share < 1.) {
            bail!("expected a share between 0 and 1, received {share}")
        }
        let (draws, replicas, rows, width) = self.outputs.dims4()?;
        let values = self.outputs.to_dtype(DType::F64)?.to_device(&Device::Cpu)?;
        let mut values: Vec<Vec<f64>> =
            values.reshape((draws, ()))?.t()?.contiguous()?.to_vec2()?;
        values.iter_mut().for_each(|own| own.sort_by(f64::total_cmp));
        let end = |share: f64| {
            let place = share * (draws - 1) as f64;
            let (below, part) = (place.floor() as usize, place.fract());
            let at =
                |own: &Vec<f64>| own[below] + part * (own[(below + 1).min(draws - 1)] - own[below]);
            let ends: Vec<f64> = values.iter().map(at).collect();
            let ends = Tensor::from_vec(ends, (replicas, rows, width), &Device::Cpu)?;
            ends.to_dtype(self.outputs.dtype())?.to_device(self.outputs.device())
        };
        Ok([end((1. - share) / 2.)?, end((1. + share) / 2.)?])
    }
}
