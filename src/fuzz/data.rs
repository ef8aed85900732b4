//! Readers of data files.

use std::fmt::Write;

use candle_core::Device;

use crate::data::{Dataset, Sequences, read_digits, read_sequences};

/// A file of digits. Its rows, written as a plain file, are read as the same rows.
pub fn digits(bytes: &[u8]) -> bool {
    let Ok(read) = read_digits(bytes, "digits.csv") else { return false };
    assert_eq!(read_digits(digits_text(&read).as_bytes(), "again").unwrap(), read);
    true
}

fn digits_text(digits: &Dataset) -> String {
    let mut text = String::new();
    for (pixels, label) in digits.rows() {
        pixels.iter().for_each(|pixel| write!(text, "{},", pixel * 16.).unwrap());
        writeln!(text, "{label}").unwrap();
    }
    text
}

/// A file of sequences. They, written as a plain file, are read as the same sequences, and the mask
/// of their samples has a 1 for each step.
pub fn sequences(bytes: &[u8]) -> bool {
    let Ok(read) = read_sequences(bytes, "sequences.ts") else { return false };
    assert_eq!(read_sequences(sequences_text(&read).as_bytes(), "again").unwrap(), read);
    let samples = read.to_samples(None, &Device::Cpu).unwrap();
    let (xs, _) = samples.range(0, read.len()).unwrap(); // (N, T, C + 1)
    let mask = xs.narrow(2, read.channels(), 1).unwrap();
    let steps = mask.sum_all().unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(steps as usize, read.lengths().sum::<usize>());
    true
}

fn sequences_text(sequences: &Sequences) -> String {
    let channels = sequences.channels();
    let classes = sequences.rows().map(|(_, label)| label + 1).max().unwrap_or(0);
    let mut text = format!("@dimensions {channels}\n@classLabel true");
    (0..classes).for_each(|class| write!(text, " {class}").unwrap());
    text.push_str("\n@data\n");
    for (row, label) in sequences.rows() {
        for channel in 0..channels {
            let steps = row.iter().skip(channel).step_by(channels);
            let steps: Vec<String> = steps.map(f64::to_string).collect();
            write!(text, "{}:", steps.join(",")).unwrap();
        }
        writeln!(text, "{label}").unwrap();
    }
    text
}
