//! Kinds of noise whose law is plain data.

use candle_core::{Result, Tensor};

use super::kind::{Change, Kind};
use super::strength::Strength;
use crate::ops::{Axis, Band, Effect, Law, NoiseDraw, Standard};
use crate::rng::Address;

/// A kind of noise whose law is plain data: a standard distribution, and a table of what its draws do.
///
/// It is a [`Kind`] with the same bits on the CPU and, in f32, drawn by CUDA devices themselves.
///
/// ```
/// use candle_core::{DType, Device, Result, Tensor};
/// use candle_nn::ModuleT;
/// use candle_noise::noise::{Band, Effect, Lawful, NoiseLayer, NoiseMap, Standard, Strength};
///
/// /// Turns the sign of a share of the elements.
/// #[derive(Clone, Debug, Default)]
/// struct SignFlip;
///
/// impl Lawful for SignFlip {
///     const STRENGTH: Strength = Strength::rate("rate");
///     const DRAW: Standard = Standard::Uniform;
///
///     fn bands(&self, rate: f64) -> [Band; 2] {
///         let turned = Effect::Affine { factor: -1., offset: 0. };
///         [Band::up_to(rate, turned), Band::NONE]
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
pub trait Lawful: Clone + Send + Sync + 'static {
    /// The name and the range of the strength.
    const STRENGTH: Strength;

    /// Whether all effects add; see [`Kind::IS_ADDITIVE`].
    const IS_ADDITIVE: bool = false;

    /// The distribution of the draws.
    const DRAW: Standard;

    /// Returns what draws do to their elements at a strength above 0. The first band that contains a
    /// draw counts; a draw in no band leaves its element as it is.
    ///
    /// Marked `#[inline]` it is compiled into the loop over the elements, which is faster on the CPU.
    fn bands(&self, strength: f64) -> [Band; 2];

    /// Applies a faster op; see [`Kind::fused`].
    fn fused(&self, _xs: &Tensor, _draws: &[NoiseDraw], _axis: Axis) -> Option<Result<Tensor>> {
        None
    }
}

impl<K: Lawful> Kind for K {
    const STRENGTH: Strength = <K as Lawful>::STRENGTH;
    const IS_ADDITIVE: bool = <K as Lawful>::IS_ADDITIVE;

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        let len = draws.len();
        match K::DRAW {
            Standard::Uniform => address.fill_uniform(row, len, draws),
            Standard::Centred => {
                address.fill_uniform(row, len, draws);
                // Exact: the result is a multiple of 2^-24.
                draws.iter_mut().for_each(|draw| *draw = 2. * *draw - 1.);
            }
            Standard::Normal => address.fill_normal(row, len, draws),
            Standard::Laplace => address.fill_laplace(row, len, draws),
        }
    }

    fn at(&self, strength: f64, real: usize) -> impl Fn(f32) -> Change {
        let ([first, second], root) = (self.bands(strength), (real as f64).sqrt());
        move |draw| {
            let draw = f64::from(draw);
            if first.contains(draw) {
                change(first.effect, draw, root)
            } else if second.contains(draw) {
                change(second.effect, draw, root)
            } else {
                Change::Keep
            }
        }
    }

    fn law(&self, strength: f64) -> Option<Law> {
        Some(Law { draw: K::DRAW, bands: self.bands(strength) })
    }

    fn fused(&self, xs: &Tensor, draws: &[NoiseDraw], axis: Axis) -> Option<Result<Tensor>> {
        Lawful::fused(self, xs, draws, axis)
    }
}

/// Returns the change by one draw in a row with `root`² real elements.
#[inline(always)]
fn change(effect: Effect, draw: f64, root: f64) -> Change {
    match effect {
        Effect::Add(scale) => Change::Add(scale * draw),
        Effect::AddToRow(scale) => Change::Add(scale / root * draw),
        Effect::Multiply(scale) => Change::Affine { factor: 1. + scale * draw, offset: 0. },
        Effect::Affine { factor, offset } => Change::Affine { factor, offset },
        Effect::Set(value) => Change::Set(value),
    }
}
