//! The `circles` program.

use anyhow::Context;

use super::args::{DataArgs, Format, OutputArgs, SplitArgs};
use super::exit::{Failure, print};
use super::experiment_args::usage;
use super::pictures::write_dataset_picture;
use crate::task::{Circles, Draw, Task};
use crate::{files, report};

/// Writes the tutorial's data set and a picture of it.
///
/// # Errors
/// If the flags are inconsistent or the folder cannot be used.
pub fn run_circles(
    name: &str,
    data: &DataArgs,
    split: &SplitArgs,
    output: &OutputArgs,
) -> Result<(), Failure> {
    let circles = Circles::new(data.samples, data.data_noise).map_err(usage)?;
    let draw = Draw { data_seed: split.data_seed, train_size: split.train_size, ..Draw::default() };
    draw.check(circles.rows()).map_err(usage)?;
    let folder = output.folder(name);
    files::create_folder(&folder, &["dataset.csv", "dataset.png"]).context("--out")?;
    let data = circles.data(draw.data_seed).map_err(anyhow::Error::from)?;
    files::write(&folder.join("dataset.csv"), &report::dataset_csv(&data)?)?;
    if !output.no_plots {
        write_dataset_picture(&folder, data.len(), &draw, &data)?;
    }
    let counts = [0, 1].map(|class| data.rows().filter(|(_, label)| *label == class).count());
    let path = folder.join("dataset.csv");
    let (points, path, [outer, inner]) = (data.len(), path.display().to_string(), counts);
    match output.format {
        Format::Text => {
            let line = format!("{points} points ({outer} outer, {inner} inner) in {path}\n");
            Ok(print(line.as_bytes())?)
        }
        Format::Json => {
            let json = serde_json::json!({ "points": points, "classes": counts, "file": path });
            Ok(print(format!("{json:#}\n").as_bytes())?)
        }
    }
}
