//! Noise layers, and the map that owns their spreads and steps.

mod gaussian;
mod map;

pub use gaussian::GaussianNoise;
pub use map::{NoiseBuilder, NoiseMap};
