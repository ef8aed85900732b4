//! Layers with a leading replica axis, seeded initial weights, and a sequence that knows training
//! from evaluation.

mod dense;
mod init;
mod relu;
mod sequential;

pub use dense::{Dense, dense};
pub use init::{replicated_vars, seeded_vars, sorted_vars};
pub use relu::Relu;
pub use sequential::{SequentialT, seq_t};
