//! Optimizers, and wrappers for any of them: noise on the gradients, bounds on gradients and weights.
//! The wrappers may stand around each other in any order.

mod adam;
mod any;
mod clip;
mod gradient_noise;
mod group;
mod max_norm;
mod norm;
mod params;
mod sgd;
mod state;

pub use adam::{Adam, AdamOptions};
pub use any::AnyOptimizer;
pub use clip::{ClipGradients, ClipOptions};
pub use gradient_noise::{GradientNoise, GradientNoiseOptions};
pub use group::{Group, no_decay_on_biases_and_norms};
pub use max_norm::{MaxNorm, MaxNormOptions, max_norm};
pub use sgd::{Sgd, SgdOptions};
pub use state::{OptimizerState, SaveState};
