//! The kinds of noise under the layers' names, for those who write a kind or a generic function.

mod additive;
mod distribution;
mod image;
mod multiplicative;
mod replacing;
mod swap;

pub use additive::{Gaussian, Laplace, Neftune, Uniform};
pub use distribution::Drawn;
pub use image::{Contrast, Crop};
pub use multiplicative::{GaussianFactor, Speckle};
pub use replacing::{Alpha, Drop, Impulse};
pub use swap::Swap;
