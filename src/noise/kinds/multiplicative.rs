//! Noise that multiplies: y = factor · x with a factor of mean 1, which the gradient has, too.

use crate::noise::kind::{Change, Kind};
use crate::noise::strength::Strength;
use crate::rng::Address;

/// y = x (1 + stddev · z); see [`SpeckleNoise`](crate::noise::SpeckleNoise).
#[derive(Clone, Debug, Default)]
pub struct Speckle;

impl Kind for Speckle {
    const STRENGTH: Strength = Strength::amount("stddev");

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_normal(row, draws.len(), draws);
    }

    fn at(&self, stddev: f64, _real: usize) -> impl Fn(f32) -> Change {
        move |z| Change::Affine { factor: 1. + stddev * f64::from(z), offset: 0. }
    }
}

/// [`Speckle`] of stddev √(rate / (1 − rate)); see
/// [`GaussianDropout`](crate::noise::GaussianDropout).
#[derive(Clone, Debug, Default)]
pub struct GaussianFactor;

impl Kind for GaussianFactor {
    const STRENGTH: Strength = Strength::rate("rate");

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        Speckle.fill(address, row, draws);
    }

    fn at(&self, rate: f64, real: usize) -> impl Fn(f32) -> Change {
        Speckle.at((rate / (1. - rate)).sqrt(), real)
    }
}
