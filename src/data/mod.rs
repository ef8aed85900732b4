//! Data sets: the toy sets of scikit-learn, splits, and tensors for the training loop.

mod dataset;
mod random_state;
mod samples;
mod toy;

pub use dataset::Dataset;
pub use random_state::RandomState;
pub use samples::Samples;
pub use toy::{Toy, circles, moons};
