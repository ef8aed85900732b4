//! What makes one kind of noise differ from another: how it draws, and what a draw does.

use candle_core::{Result, Tensor, WithDType};

use super::strength::Strength;
use crate::ops::NoiseDraw;
use crate::rng::Address;

/// A kind of noise; [`NoiseLayer`](super::NoiseLayer) makes a layer of it.
///
/// A draw is a number f32 of its own for each element, or for all elements along the shared axes.
/// A kind says where draws come from and how an element changes by its draw; addresses, steps,
/// replicas, masks, dtypes and gradients are the layer's.
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

    /// The draws of a row; those of a shorter row are the beginning of a longer one's.
    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]);

    /// What a draw does to its element, under a strength above 0, in a row of which `real`
    /// elements are not masked.
    fn at(&self, strength: f64, real: usize) -> impl Fn(f32) -> Change;

    /// An op with the same law for tensors whose elements share no draws, where there is a faster
    /// one.
    fn fused(
        &self,
        _xs: &Tensor,
        _draws: &[NoiseDraw],
        _replica_axis: bool,
    ) -> Option<Result<Tensor>> {
        None
    }
}

/// What a draw does to its element x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// y = x, bit for bit; dy/dx = 1.
    Keep,
    /// y = x + offset; dy/dx = 1.
    Add(f64),
    /// y = factor · x + offset; dy/dx = factor.
    Affine {
        /// What x is multiplied by.
        factor: f64,
        /// What is added then.
        offset: f64,
    },
    /// y = value; dy/dx = 0.
    Set(f64),
}

impl Change {
    /// y, computed in f64 and rounded once.
    #[inline(always)]
    pub(super) fn apply<T: WithDType>(self, x: T) -> T {
        match self {
            Self::Keep => x,
            Self::Add(offset) => T::from_f64(x.to_f64() + offset),
            Self::Affine { factor, offset } => T::from_f64(factor * x.to_f64() + offset),
            Self::Set(value) => T::from_f64(value),
        }
    }

    /// The gradient of x from that of y.
    #[inline(always)]
    pub(super) fn pull<T: WithDType>(self, grad: T) -> T {
        match self {
            Self::Keep | Self::Add(_) => grad,
            Self::Affine { factor, .. } => T::from_f64(factor * grad.to_f64()),
            Self::Set(_) => T::from_f64(0.),
        }
    }
}
