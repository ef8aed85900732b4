//! Networks built from a description, with noise at named places.

mod cnn;
mod lstm;
mod mlp;
mod network;

pub use cnn::Cnn;
pub use lstm::Lstm;
pub use mlp::{Activation, Mlp};
pub use network::Network;
