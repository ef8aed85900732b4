//! Networks built from a description, with noise at named places.

mod cnn;
mod lstm;
mod mlp;

pub use cnn::Cnn;
pub use lstm::Lstm;
pub use mlp::{Activation, Mlp};
