//! Noise that replaces a share of the elements: no gradient passes there.

use candle_core::{Result, bail};

use crate::noise::kind::{Change, Kind};
use crate::noise::strength::Strength;
use crate::rng::Address;

/// 0 at a share of the elements, the others scaled up; see [`Dropout`](crate::noise::Dropout).
#[derive(Clone, Debug, Default)]
pub struct Drop;

impl Kind for Drop {
    const STRENGTH: Strength = Strength::rate("rate");

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_uniform(row, draws.len(), draws);
    }

    fn at(&self, rate: f64, _real: usize) -> impl Fn(f32) -> Change {
        let kept = Change::Affine { factor: 1. / (1. - rate), offset: 0. };
        move |u| if f64::from(u) <= rate { Change::Set(0.) } else { kept }
    }
}

/// SELU's limit at a share of the elements, then mean 0 and variance 1 again; see
/// [`AlphaDropout`](crate::noise::AlphaDropout).
#[derive(Clone, Debug, Default)]
pub struct Alpha;

/// −λ·α of SELU, its limit at −∞.
const SELU_LIMIT: f64 = -1.758_099_340_847_376_6;

impl Kind for Alpha {
    const STRENGTH: Strength = Strength::rate("rate");

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_uniform(row, draws.len(), draws);
    }

    fn at(&self, rate: f64, _real: usize) -> impl Fn(f32) -> Change {
        let factor = ((1. - rate) * (1. + rate * SELU_LIMIT * SELU_LIMIT)).sqrt().recip();
        let offset = -factor * rate * SELU_LIMIT;
        let dropped = Change::Set(factor * SELU_LIMIT + offset);
        let kept = Change::Affine { factor, offset };
        move |u| if f64::from(u) <= rate { dropped } else { kept }
    }
}

/// The lowest or the highest value at a share of the elements; see
/// [`SaltAndPepper`](crate::noise::SaltAndPepper).
#[derive(Clone, Debug)]
pub struct Impulse {
    low: f64,
    high: f64,
}

impl Default for Impulse {
    /// 0 and 1.
    fn default() -> Self {
        Self { low: 0., high: 1. }
    }
}

impl Impulse {
    /// Pepper of the value `low` and salt of the value `high`.
    ///
    /// # Errors
    /// When a value is not finite or `low` is above `high`.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        if !(low.is_finite() && high.is_finite() && low <= high) {
            bail!("expected finite values with low <= high, received low {low} and high {high}")
        }
        Ok(Self { low, high })
    }
}

impl Kind for Impulse {
    const STRENGTH: Strength = Strength::rate("rate");

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_uniform(row, draws.len(), draws);
    }

    fn at(&self, rate: f64, _real: usize) -> impl Fn(f32) -> Change {
        let Self { low, high } = *self;
        move |u| match f64::from(u) {
            u if u <= rate / 2. => Change::Set(low),
            u if u <= rate => Change::Set(high),
            _ => Change::Keep,
        }
    }
}
