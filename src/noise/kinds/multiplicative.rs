//! Noise that multiplies: y = factor · x with a factor of mean 1, which the gradient has, too.

use crate::noise::lawful::Lawful;
use crate::noise::strength::Strength;
use crate::ops::{Band, Effect, Standard};

/// y = x (1 + stddev · z); see [`SpeckleNoise`](crate::noise::SpeckleNoise).
#[derive(Clone, Debug, Default)]
pub struct Speckle;

impl Lawful for Speckle {
    const STRENGTH: Strength = Strength::amount("stddev");
    const DRAW: Standard = Standard::Normal;

    #[inline]
    fn bands(&self, stddev: f64) -> [Band; 2] {
        Band::all(Effect::Multiply(stddev))
    }
}

/// [`Speckle`] of stddev √(rate / (1 − rate)); see
/// [`GaussianDropout`](crate::noise::GaussianDropout).
#[derive(Clone, Debug, Default)]
pub struct GaussianFactor;

impl Lawful for GaussianFactor {
    const STRENGTH: Strength = Strength::rate("rate");
    const DRAW: Standard = Speckle::DRAW;

    #[inline]
    fn bands(&self, rate: f64) -> [Band; 2] {
        Speckle.bands((rate / (1. - rate)).sqrt())
    }
}
