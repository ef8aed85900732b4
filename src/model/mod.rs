//! Networks built from a description, with noise at named places.

mod cnn;
mod lstm;
mod mlp;
mod placement;

pub use cnn::Cnn;
pub use lstm::Lstm;
pub use mlp::Mlp;
pub use placement::Placement;
