//! Data sets in memory, and their tensors for the training loop. The feature `experiment` adds the
//! toy sets of scikit-learn, and the digits and sequences shipped with this crate.

#[cfg(feature = "experiment")]
mod classes;
mod dataset;
#[cfg(feature = "experiment")]
mod digits;
#[cfg(feature = "experiment")]
mod foreign;
#[cfg(feature = "experiment")]
mod images;
#[cfg(feature = "experiment")]
pub mod inspect;
#[cfg(feature = "experiment")]
pub mod prepared;
#[cfg(feature = "experiment")]
mod random_state;
mod samples;
mod sequences;
#[cfg(feature = "experiment")]
pub mod split;
#[cfg(feature = "experiment")]
pub mod table;
#[cfg(feature = "experiment")]
mod text;
#[cfg(feature = "experiment")]
mod toy;
#[cfg(feature = "experiment")]
mod ts;
#[cfg(feature = "experiment")]
mod vowels;
#[cfg(feature = "experiment")]
pub(crate) mod words;

pub use dataset::Dataset;
#[cfg(feature = "experiment")]
pub(crate) use digits::digit_images;
#[cfg(feature = "experiment")]
pub use digits::{DIGIT_CLASSES, DIGIT_SHAPE, digits};
#[cfg(feature = "experiment")]
pub use images::{ImageFormat, Images, NewImages, read_images, read_images_as};
#[cfg(feature = "experiment")]
pub use random_state::RandomState;
pub use samples::Samples;
pub use sequences::Sequences;
#[cfg(feature = "experiment")]
pub use toy::{Toy, circles, moons};
#[cfg(feature = "experiment")]
pub use ts::{
    NamedSequences, NewSequences, SequenceFormat, read_sequences, read_sequences_as,
    read_test_sequences,
};
#[cfg(feature = "experiment")]
pub(crate) use vowels::named_vowels;
#[cfg(feature = "experiment")]
pub use vowels::{SPEAKERS, japanese_vowels};
