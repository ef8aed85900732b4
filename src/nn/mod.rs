//! Layers with and without a leading replica axis, seeded initial weights, and a sequence that
//! distinguishes training from evaluation.

mod conv2d;
mod dense;
mod gradients;
mod init;
mod lstm;
mod model;
mod no_gradient;
mod plain;
mod relu;
mod runs;
mod sequential;
mod vars;

pub use conv2d::{Conv2d, MaxPool2d, conv2d};
pub use dense::{Dense, dense};
pub(crate) use gradients::describe_missing;
pub use gradients::{check_grad_store, check_gradients};
pub use init::{replicated_vars, seeded_vars};
pub use lstm::{Lstm, lstm};
pub use model::Model;
pub use plain::Plain;
pub use relu::Relu;
#[cfg(feature = "cuda")]
pub(crate) use runs::DenseBlock;
pub use sequential::{SequentialT, seq_t};
pub(crate) use vars::check_vars;
pub use vars::{sorted_vars, trainable_vars};
