//! The kinds of noise under the layers' names, for those who write a kind or a generic function.

mod additive;
mod distribution;
mod multiplicative;
mod replacing;

pub use additive::{Gaussian, Laplace, Neftune, Uniform};
pub use distribution::Drawn;
pub use multiplicative::{GaussianFactor, Speckle};
pub use replacing::{Alpha, Drop, Impulse};
