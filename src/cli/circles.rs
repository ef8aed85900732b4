//! The `circles` program.

use serde_json::json;

use super::args::{DataArgs, Format, OutputArgs, SplitArgs};
use super::contents::{Begin, Contents};
use super::exit::Failure;
use super::experiment_args::usage;
use super::folder::Claimed;
use super::pictures::dataset_picture;
use super::results::Results;
use crate::report;
use crate::task::{Circles, Draw, Task};

/// Files that the program writes.
pub(super) const FILES: [&str; 3] = ["dataset.csv", "dataset.png", "dataset.svg"];

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
    let circles = match data.drawn() {
        Some((samples, noise)) => Circles::new(samples, noise).map_err(usage)?,
        None => Circles::default(),
    };
    let default = circles.draw();
    let draw = Draw {
        data_seed: split.data_seed.unwrap_or(default.data_seed),
        train_size: split.train_size.unwrap_or(default.train_size),
        ..default
    };
    draw.check(circles.rows()).map_err(usage)?;
    let settings = json!({
        "samples": data.samples,
        "data_noise": data.data_noise,
        "data_seed": draw.data_seed,
        "train_size": draw.train_size,
    });
    let contents = Contents::new(name, settings, None);
    let claimed = output.claim(&contents, &FILES, Begin::Over)?;
    claimed.begin(&contents)?;
    let Claimed { folder, lock: _lock, .. } = claimed;
    let data = circles.data(draw.data_seed).map_err(anyhow::Error::from)?;
    let counts = [0, 1].map(|class| data.rows().filter(|(_, label)| *label == class).count());
    let (points, path, [outer, inner]) = (data.len(), folder.join(FILES[0]), counts);
    let path = path.display().to_string();
    let text = match output.format {
        Format::Text => format!("{points} points ({outer} outer, {inner} inner) in {path}\n"),
        Format::Json => {
            let json = json!({ "points": points, "classes": counts, "file": path });
            format!("{json:#}\n")
        }
    };
    let mut results = Results::new(folder);
    results.write(FILES[0], report::dataset_csv(&data));
    results.remove_others(&FILES);
    if !output.no_plots {
        results.draw("dataset", output.plot_format, dataset_picture(&draw, &data));
    }
    results.print(text.as_bytes());
    Ok(results.finish()?)
}
