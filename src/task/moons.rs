//! Two noisy half circles that reach into each other.

use candle_core::Result;

use super::points::{Points, Shape};
use crate::data::{Dataset, moons};

/// Two noisy half circles, drawn for each data seed, and the tutorial's 2-500-1 network.
pub type Moons = Points<MoonShape>;

/// Two half circles, scikit-learn's `make_moons`.
#[derive(Clone, Debug, Default)]
pub struct MoonShape;

impl Shape for MoonShape {
    const NAME: &str = "moons";

    fn describe(&self) -> String {
        "moons".to_string()
    }

    fn points(&self, samples: usize, noise: f64, seed: u32) -> Result<Dataset> {
        moons(samples, Some(noise), seed)
    }
}
