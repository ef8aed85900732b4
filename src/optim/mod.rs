//! Optimizers, and wrappers for any of them: noise on the gradients, bounds on the weights.

mod adam;
mod any;
mod gradient_noise;
mod max_norm;
mod sgd;
mod state;

pub use adam::{Adam, AdamOptions};
pub use any::AnyOptimizer;
pub use gradient_noise::{GradientNoise, GradientNoiseOptions};
pub use max_norm::{MaxNorm, MaxNormOptions, max_norm};
pub use sgd::{Sgd, SgdOptions};
pub use state::{OptimizerState, SaveState};
