//! Pictures of a classifier of images or sequences.

use anyhow::Result;

use super::noisy_rows::NoisyRows;
use super::plot::{self, Image, ImageRow, Sequence};
use crate::stats::number;

/// Draws `dataset.png` for images: one image per class, without noise above and with noise below.
///
/// # Errors
/// If an image does not have `size` pixels, or the picture cannot be drawn.
pub fn images_png(title: &str, size: [usize; 2], examples: &NoisyRows) -> Result<Vec<u8>> {
    fn images(rows: &[Vec<f64>], [height, width]: [usize; 2]) -> Vec<Image<'_>> {
        rows.iter().map(|values| Image { width, height, values }).collect()
    }
    let names: Vec<String> =
        examples.noisy.iter().map(|(stddev, _)| format!("stddev {}", number(*stddev))).collect();
    let clean = images(&examples.rows, size);
    let noisy: Vec<Vec<Image>> =
        examples.noisy.iter().map(|(_, rows)| images(rows, size)).collect();
    let noisy = names.iter().zip(&noisy).map(|(name, images)| ImageRow { name, images });
    let rows: Vec<ImageRow> =
        [ImageRow { name: "no noise", images: &clean }].into_iter().chain(noisy).collect();
    plot::images(title, &rows)
}

/// Draws `dataset.png` for sequences of `channels` values per step: one sequence per class, with
/// and without noise.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn sequences_png(
    title: &str,
    channels: usize,
    names: &[String],
    examples: &NoisyRows,
) -> Result<Vec<u8>> {
    let by_channel = |row: &Vec<f64>| -> Vec<Vec<f64>> {
        (0..channels).map(|c| row.iter().skip(c).step_by(channels).copied().collect()).collect()
    };
    let clean: Vec<_> = examples.rows.iter().map(by_channel).collect();
    let noisy = examples.noisy.first().map(|(_, rows)| rows.as_slice()).unwrap_or_default();
    let noisy: Vec<_> = noisy.iter().map(by_channel).collect();
    let panel = |(i, label): (usize, &u32)| Sequence {
        name: names.get(*label as usize).map_or("", String::as_str),
        channels: &clean[i],
        noisy: noisy.get(i).map(Vec::as_slice),
    };
    let panels: Vec<Sequence> = examples.labels.iter().enumerate().map(panel).collect();
    plot::sequences(title, &panels)
}

/// Draws `confusion.png`: how often each class was predicted as each class, over all runs.
///
/// # Errors
/// If there are not classes x classes counts, or the picture cannot be drawn.
pub fn confusion_png(title: &str, classes: &[String], counts: &[u64]) -> Result<Vec<u8>> {
    plot::confusion(title, classes, counts)
}
