//! The properties of a kind of noise: how it draws, and what a draw does.

use candle_core::{Result, Tensor, WithDType};

use super::strength::Strength;
use crate::ops::{Axis, Law, NoiseDraw};
use crate::rng::Address;

/// A kind of noise. [`NoiseLayer`](super::NoiseLayer) makes a layer of it.
///
/// A draw is an f32 number for one element, or for all elements along the shared axes. A kind
/// defines the draws and how a draw changes its element. The layer handles addresses, steps,
/// replicas, masks, dtypes and gradients. If the law fits into a table, [`Lawful`](super::Lawful) is
/// shorter and runs on CUDA devices.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_nn::ModuleT;
/// use candle_noise::noise::{Change, Kind, NoiseLayer, NoiseMap, Strength};
/// use candle_noise::rng::Address;
///
/// /// Turns the sign of a share of the elements.
/// #[derive(Clone, Debug, Default)]
/// struct SignFlip;
///
/// impl Kind for SignFlip {
///     const STRENGTH: Strength = Strength::rate("rate");
///
///     fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
///         address.fill_uniform(row, draws.len(), draws);
///     }
///
///     fn at(&self, rate: f64, _real: usize) -> impl Fn(f32) -> Change {
///         move |u| match f64::from(u) <= rate {
///             true => Change::Affine { factor: -1., offset: 0. },
///             false => Change::Keep,
///         }
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let flip = NoiseLayer::<SignFlip>::new(0.25, NoiseMap::new(42).builder().pp("flip"))?;
/// let ys = flip.forward_t(&Tensor::ones((100, 100), DType::F32, &Device::Cpu)?, true)?;
/// let mean = ys.mean_all()?.to_scalar::<f32>()?;
/// assert!((mean - 0.5).abs() < 0.05, "{mean}");
/// # Ok(()) }
/// ```
pub trait Kind: Clone + Send + Sync + 'static {
    /// The name and the range of the strength.
    const STRENGTH: Strength;

    /// Whether all changes are [`Change::Add`] of the strength times a number that does not depend on it.
    /// Only such noise can be relative, learned, paired or weighted by channel.
    const IS_ADDITIVE: bool = false;

    /// Fills the draws of a row. The draws of a shorter row are the beginning of those of a longer
    /// one.
    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]);

    /// Returns what a draw does to its element at a strength above 0, in a row with `real` elements
    /// that are not masked.
    fn at(&self, strength: f64, real: usize) -> impl Fn(f32) -> Change;

    /// Returns what `fill` and `at` do at a strength above 0 as plain data, with which CUDA devices draw f32
    /// noise themselves. A [`Lawful`](super::Lawful) kind has it; without it the host draws.
    fn law(&self, _strength: f64) -> Option<Law> {
        None
    }

    /// Applies a faster op with the same law, if there is one, to a tensor with elements that share
    /// no draws.
    fn fused(&self, _xs: &Tensor, _draws: &[NoiseDraw], _axis: Axis) -> Option<Result<Tensor>> {
        None
    }
}

/// The effect of a draw on its element x.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// y = x, bit for bit; dy/dx = 1.
    Keep,
    /// y = x + offset; dy/dx = 1.
    Add(f64),
    /// y = factor · x + offset; dy/dx = factor.
    Affine {
        /// The factor of x.
        factor: f64,
        /// The number added afterwards.
        offset: f64,
    },
    /// y = value; dy/dx = 0.
    Set(f64),
}

impl Change {
    /// Returns y, computed in f64 and rounded once.
    #[inline(always)]
    pub(super) fn apply<T: WithDType>(self, x: T) -> T {
        match self {
            Self::Keep => x,
            Self::Add(offset) => T::from_f64(x.to_f64() + offset),
            Self::Affine { factor, offset } => T::from_f64(factor * x.to_f64() + offset),
            Self::Set(value) => T::from_f64(value),
        }
    }

    /// Returns the gradient of x from that of y.
    #[inline(always)]
    pub(super) fn pull<T: WithDType>(self, grad: T) -> T {
        match self {
            Self::Keep | Self::Add(_) => grad,
            Self::Affine { factor, .. } => T::from_f64(factor * grad.to_f64()),
            Self::Set(_) => T::from_f64(0.),
        }
    }
}
