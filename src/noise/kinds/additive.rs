//! Noise that is added: y = x + offset, with the gradient passed as it is.

use candle_core::{Result, Tensor};

use crate::noise::kind::{Change, Kind};
use crate::noise::strength::Strength;
use crate::ops::{Axis, NoiseDraw, add_noise};
use crate::rng::Address;

/// y = x + stddev · z; see [`GaussianNoise`](crate::noise::GaussianNoise).
#[derive(Clone, Debug, Default)]
pub struct Gaussian;

impl Kind for Gaussian {
    const STRENGTH: Strength = Strength::amount("stddev");
    const IS_ADDITIVE: bool = true;

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_normal(row, draws.len(), draws);
    }

    fn at(&self, stddev: f64, _real: usize) -> impl Fn(f32) -> Change {
        move |z| Change::Add(stddev * f64::from(z))
    }

    fn fused(&self, xs: &Tensor, draws: &[NoiseDraw], axis: Axis) -> Option<Result<Tensor>> {
        Some(add_noise(xs, draws, axis))
    }
}

/// y = x + half_width · v; see [`UniformNoise`](crate::noise::UniformNoise).
#[derive(Clone, Debug, Default)]
pub struct Uniform;

impl Kind for Uniform {
    const STRENGTH: Strength = Strength::amount("half-width");
    const IS_ADDITIVE: bool = true;

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_uniform(row, draws.len(), draws);
    }

    fn at(&self, half_width: f64, _real: usize) -> impl Fn(f32) -> Change {
        move |u| Change::Add(half_width * centred(u))
    }
}

/// y = x + scale · l; see [`LaplaceNoise`](crate::noise::LaplaceNoise).
#[derive(Clone, Debug, Default)]
pub struct Laplace;

impl Kind for Laplace {
    const STRENGTH: Strength = Strength::amount("scale");
    const IS_ADDITIVE: bool = true;

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_laplace(row, draws.len(), draws);
    }

    fn at(&self, scale: f64, _real: usize) -> impl Fn(f32) -> Change {
        move |l| Change::Add(scale * f64::from(l))
    }
}

/// y = x + alpha / √(L·d) · v; see [`NeftuneNoise`](crate::noise::NeftuneNoise).
#[derive(Clone, Debug, Default)]
pub struct Neftune;

impl Kind for Neftune {
    const STRENGTH: Strength = Strength::amount("alpha");
    const IS_ADDITIVE: bool = true;

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_uniform(row, draws.len(), draws);
    }

    /// `real` is L·d: d numbers for each of L unmasked tokens.
    fn at(&self, alpha: f64, real: usize) -> impl Fn(f32) -> Change {
        let half_width = alpha / (real as f64).sqrt();
        move |u| Change::Add(half_width * centred(u))
    }
}

/// A draw in (-1, 1] from one in (0, 1].
fn centred(u: f32) -> f64 {
    2. * f64::from(u) - 1.
}
