//! Utterances of nine speakers.
//!
//! M. Kudo, J. Toyama and M. Shimbo, *Japanese Vowels* (1999), in the `.ts` format of
//! timeseriesclassification.com.

use candle_core::Result;

use super::{NamedSequences, Sequences, read_sequences, read_test_sequences};

/// Number of speakers.
pub const SPEAKERS: usize = 9;

/// Returns the 270 utterances to train on and the 370 to test on that this crate ships: 7 to 29 steps
/// of 12 cepstral coefficients, and the number of the speaker, 0 to 8.
///
/// # Errors
/// If a shipped file is damaged.
pub fn japanese_vowels() -> Result<(Sequences, Sequences)> {
    let (train, test) = named_vowels()?;
    Ok((train.sequences, test))
}

/// Returns the utterances with the names of their classes.
pub(crate) fn named_vowels() -> Result<(NamedSequences, Sequences)> {
    let train = include_bytes!("../../data/japanese_vowels_train.ts.gz");
    let train = read_sequences(train, "data/japanese_vowels_train.ts.gz")?;
    let test = include_bytes!("../../data/japanese_vowels_test.ts.gz");
    let test = read_test_sequences(test, "data/japanese_vowels_test.ts.gz", &train)?;
    Ok((train, test))
}
