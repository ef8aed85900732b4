//! Pictures of a classifier of images or sequences.

use anyhow::Result;

use super::noisy_rows::NoisyRows;
use super::plot::{self, Image, Scene, Sequence};
use crate::stats::number;

/// Draws `dataset` for images: one image per class, without noise above and with noise below, over
/// the name of its class.
///
/// # Errors
/// If an image does not have `size` pixels.
pub fn images_picture(
    title: &str,
    size: [usize; 2],
    names: &[String],
    examples: &NoisyRows,
) -> Result<Scene> {
    fn images(rows: &[Vec<f64>], [height, width]: [usize; 2]) -> Vec<Image<'_>> {
        rows.iter().map(|values| Image { width, height, values }).collect()
    }
    let noisy = examples
        .noisy
        .iter()
        .map(|(stddev, rows)| (format!("stddev {}", number(*stddev)), images(rows, size)));
    let clean = ("no noise".to_string(), images(&examples.rows, size));
    let rows: Vec<_> = [clean].into_iter().chain(noisy).collect();
    let name = |label: &u32| names.get(*label as usize).cloned().unwrap_or_default();
    let columns: Vec<String> = examples.labels.iter().map(name).collect();
    plot::images(title, &columns, &rows)
}

/// Draws `dataset` for sequences of `channels` values per step: one sequence per class, with
/// and without noise.
pub fn sequences_picture(
    title: &str,
    channels: usize,
    names: &[String],
    examples: &NoisyRows,
) -> Scene {
    let by_channel = |row: &Vec<f64>| -> Vec<Vec<f64>> {
        (0..channels).map(|c| row.iter().skip(c).step_by(channels).copied().collect()).collect()
    };
    let clean: Vec<_> = examples.rows.iter().map(by_channel).collect();
    let noisy = examples.noisy.first().map(|(_, rows)| rows.as_slice()).unwrap_or_default();
    let noisy: Vec<_> = noisy.iter().map(by_channel).collect();
    let titles: Vec<String> = names.iter().map(|name| format!("class {name}")).collect();
    let panel = |(i, label): (usize, &u32)| Sequence {
        name: titles.get(*label as usize).map_or("", String::as_str),
        channels: &clean[i],
        noisy: noisy.get(i).map(Vec::as_slice),
    };
    let panels: Vec<Sequence> = examples.labels.iter().enumerate().map(panel).collect();
    plot::sequences(title, &panels)
}
