//! Noise that is added: y = x + offset, with the gradient passed as it is.

use candle_core::{Result, Tensor};

use crate::noise::lawful::Lawful;
use crate::noise::strength::Strength;
use crate::ops::{Axis, Band, Effect, NoiseDraw, Standard, add_noise};

/// y = x + stddev · z; see [`GaussianNoise`](crate::noise::GaussianNoise).
#[derive(Clone, Debug, Default)]
pub struct Gaussian;

impl Lawful for Gaussian {
    const STRENGTH: Strength = Strength::amount("stddev");
    const IS_ADDITIVE: bool = true;
    const DRAW: Standard = Standard::Normal;

    #[inline]
    fn bands(&self, stddev: f64) -> [Band; 2] {
        Band::all(Effect::Add(stddev))
    }

    fn fused(&self, xs: &Tensor, draws: &[NoiseDraw], axis: Axis) -> Option<Result<Tensor>> {
        Some(add_noise(xs, draws, axis))
    }
}

/// y = x + half_width · v; see [`UniformNoise`](crate::noise::UniformNoise).
#[derive(Clone, Debug, Default)]
pub struct Uniform;

impl Lawful for Uniform {
    const STRENGTH: Strength = Strength::amount("half-width");
    const IS_ADDITIVE: bool = true;
    const DRAW: Standard = Standard::Centred;

    #[inline]
    fn bands(&self, half_width: f64) -> [Band; 2] {
        Band::all(Effect::Add(half_width))
    }
}

/// y = x + scale · l; see [`LaplaceNoise`](crate::noise::LaplaceNoise).
#[derive(Clone, Debug, Default)]
pub struct Laplace;

impl Lawful for Laplace {
    const STRENGTH: Strength = Strength::amount("scale");
    const IS_ADDITIVE: bool = true;
    const DRAW: Standard = Standard::Laplace;

    #[inline]
    fn bands(&self, scale: f64) -> [Band; 2] {
        Band::all(Effect::Add(scale))
    }
}

/// y = x + alpha / √(L·d) · v; see [`NeftuneNoise`](crate::noise::NeftuneNoise).
#[derive(Clone, Debug, Default)]
pub struct Neftune;

impl Lawful for Neftune {
    const STRENGTH: Strength = Strength::amount("alpha");
    const IS_ADDITIVE: bool = true;
    const DRAW: Standard = Standard::Centred;

    /// The real elements of a row are d numbers for each of L unmasked tokens.
    #[inline]
    fn bands(&self, alpha: f64) -> [Band; 2] {
        Band::all(Effect::AddToRow(alpha))
    }
}
