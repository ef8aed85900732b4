//! Optimizers, and what may stand around any of them: noise on the gradients, bounds on the weights.

mod adam;
mod gradient_noise;
mod max_norm;

pub use adam::{Adam, AdamOptions};
pub use gradient_noise::{GradientNoise, GradientNoiseOptions};
pub use max_norm::{MaxNorm, MaxNormOptions, max_norm};
