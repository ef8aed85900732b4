//! Data sets: the toy sets of scikit-learn, digits and sequences that this crate ships, splits, and
//! tensors for the training loop.

mod dataset;
mod digits;
mod random_state;
mod samples;
mod sequences;
mod text;
mod toy;
mod vowels;

pub use dataset::Dataset;
pub use digits::{DIGIT_CLASSES, DIGIT_SHAPE, digits, read_digits};
pub use random_state::RandomState;
pub use samples::Samples;
pub use sequences::Sequences;
pub use toy::{Toy, circles, moons};
pub use vowels::{SPEAKERS, japanese_vowels, read_sequences};
