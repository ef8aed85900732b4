//! Noise that replaces a share of the elements: no gradient passes there.

use candle_core::{Result, bail};

use crate::noise::lawful::Lawful;
use crate::noise::strength::Strength;
use crate::ops::{Band, Effect, Standard};

/// 0 at a share of the elements, the others scaled up; see [`Dropout`](crate::noise::Dropout).
#[derive(Clone, Debug, Default)]
pub struct Drop;

impl Lawful for Drop {
    const STRENGTH: Strength = Strength::rate("rate");
    const DRAW: Standard = Standard::Uniform;

    #[inline]
    fn bands(&self, rate: f64) -> [Band; 2] {
        let kept = Effect::Affine { factor: 1. / (1. - rate), offset: 0. };
        [Band::up_to(rate, Effect::Set(0.)), Band::rest(kept)]
    }
}

/// SELU's limit at a share of the elements, then mean 0 and variance 1 again; see
/// [`AlphaDropout`](crate::noise::AlphaDropout).
#[derive(Clone, Debug, Default)]
pub struct Alpha;

/// −λ·α of SELU, its limit at −∞.
const SELU_LIMIT: f64 = -1.758_099_340_847_376_6;

impl Lawful for Alpha {
    const STRENGTH: Strength = Strength::rate("rate");
    const DRAW: Standard = Standard::Uniform;

    #[inline]
    fn bands(&self, rate: f64) -> [Band; 2] {
        let factor = ((1. - rate) * (1. + rate * SELU_LIMIT * SELU_LIMIT)).sqrt().recip();
        let offset = -factor * rate * SELU_LIMIT;
        let dropped = Effect::Set(factor * SELU_LIMIT + offset);
        [Band::up_to(rate, dropped), Band::rest(Effect::Affine { factor, offset })]
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

impl Lawful for Impulse {
    const STRENGTH: Strength = Strength::rate("rate");
    const DRAW: Standard = Standard::Uniform;

    #[inline]
    fn bands(&self, rate: f64) -> [Band; 2] {
        let Self { low, high } = *self;
        [Band::up_to(rate / 2., Effect::Set(low)), Band::up_to(rate, Effect::Set(high))]
    }
}
