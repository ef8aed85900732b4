//! Networks built from a description, with noise at named places.

mod mlp;

pub use mlp::{Mlp, Placement};
