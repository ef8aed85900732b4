//! The tutorial's data: two noisy circles.

use candle_core::Result;

use super::points::{Points, Shape};
use crate::data::{Dataset, circles};

/// Two noisy circles, drawn for each data seed, and the tutorial's 2-500-1 network.
pub type Circles = Points<CircleShape>;

/// Two circles, scikit-learn's `make_circles`.
#[derive(Clone, Debug, Default)]
pub struct CircleShape;

/// Ratio of the inner to the outer circle: scikit-learn's default, as in the tutorial.
const FACTOR: f64 = 0.8;

impl Shape for CircleShape {
    const NAME: &str = "circles";

    fn describe(&self) -> String {
        format!("circles of factor {FACTOR}")
    }

    fn points(&self, samples: usize, noise: f64, seed: u32) -> Result<Dataset> {
        circles(samples, Some(noise), FACTOR, seed)
    }
}
