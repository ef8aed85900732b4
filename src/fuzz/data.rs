//! Readers of data files.

use std::fmt::Write;

use candle_core::Device;

use crate::data::{Images, NamedSequences, read_images, read_sequences};

/// A file of images. They, written as a plain file, are read as the same images.
pub fn digits(bytes: &[u8]) -> bool {
    let Ok(read) = read_images(bytes, "digits.csv", None) else { return false };
    let text = images_text(&read);
    let again = read_images(text.as_bytes(), "again", Some(read.shape)).unwrap();
    assert_eq!((again.pixels, again.classes), (read.pixels, read.classes));
    true
}

/// Writes images with a header, without which the first one might be taken for one.
fn images_text(images: &Images) -> String {
    let mut text = "pixel,class\n".to_string();
    for (pixels, label) in images.pixels.rows() {
        pixels.iter().for_each(|pixel| write!(text, "{pixel},").unwrap());
        let class = images.classes[label as usize].replace('"', "\"\"");
        writeln!(text, "\"{class}\"").unwrap();
    }
    text
}

/// A file of sequences. They, written as a plain file, are read as the same sequences, and the mask
/// of their samples has a 1 for each step.
pub fn sequences(bytes: &[u8]) -> bool {
    let Ok(read) = read_sequences(bytes, "sequences.ts") else { return false };
    assert_eq!(read_sequences(sequences_text(&read).as_bytes(), "again").unwrap(), read);
    let read = read.sequences;
    let samples = read.to_samples(None, &Device::Cpu).unwrap();
    let (xs, _) = samples.range(0, read.len()).unwrap(); // (N, T, C + 1)
    let mask = xs.narrow(2, read.channels(), 1).unwrap();
    let steps = mask.sum_all().unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(steps as usize, read.lengths().sum::<usize>());
    true
}

fn sequences_text(NamedSequences { sequences, classes, .. }: &NamedSequences) -> String {
    let channels = sequences.channels();
    let mut text = format!("@dimensions {channels}\n@classLabel true");
    // Names that are not listed may have spaces; they are sorted then.
    if classes.iter().all(|class| !class.contains(char::is_whitespace)) {
        classes.iter().for_each(|class| write!(text, " {class}").unwrap());
    }
    text.push_str("\n@data\n");
    for (row, label) in sequences.rows() {
        for channel in 0..channels {
            let steps = row.iter().skip(channel).step_by(channels);
            let steps: Vec<String> = steps.map(f64::to_string).collect();
            write!(text, "{}:", steps.join(",")).unwrap();
        }
        writeln!(text, "{}", classes[label as usize]).unwrap();
    }
    text
}
