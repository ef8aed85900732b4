//! Tensor operations that read and write an activation once.
//!
//! Each is a Candle custom op on f32 tensors of the CPU and, built with `--features cuda`, of CUDA
//! devices, with a plain twin made of Candle's own ops: the reference of its tests, and what other
//! devices and dtypes run. Its CUDA side is `cuda.rs` and a kernel in a `.cu` file beside the CPU
//! side.

mod adam;
mod axis;
mod backward;
mod bce;
mod conv;
mod cpu;
mod cross_entropy;
#[cfg(feature = "cuda")]
mod cuda;
mod dense;
mod elementary;
mod logistic;
mod lstm;
mod many;
#[cfg(feature = "cuda")]
mod mlp;
mod no_grad;
mod noise;
mod perturb;
mod pool;
mod precision;
mod product;
mod read;
mod relu;
mod room;
mod rows;
mod sparse;
mod stack;
#[cfg(test)]
mod testing;

pub use adam::{AdamUpdate, adam, adam_corrections};
pub use axis::Axis;
pub use backward::backward;
pub(crate) use backward::gradients;
pub use bce::{bce_with_logits, binary_hits, binary_scores};
pub use conv::{ConvLayer, conv2d, conv2d_relu, convolutions};
pub(crate) use cpu::{PARALLEL, has_kernel};
pub use cross_entropy::cross_entropy;
pub use dense::dense;
pub use lstm::{LstmWeights, lengths, lstm};
#[cfg(feature = "cuda")]
pub(crate) use mlp::{MlpLayer, MlpRun};
pub use no_grad::{enable_grad, no_grad};
pub(crate) use noise::split_rows;
pub use noise::{NoiseDraw, add_noise};
#[cfg(feature = "cuda")]
pub(crate) use perturb::Perturbation;
pub use perturb::{Band, Effect, Law, Standard};
pub use pool::max_pool2d;
pub(crate) use precision::at_least_single;
pub(crate) use read::read_tensors;
pub use relu::relu;
pub(crate) use rows::{Orders, take_rows};
pub use stack::{StackLayer, is_small, stack};
