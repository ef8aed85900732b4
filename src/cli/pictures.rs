//! The pictures of an experiment.

use std::path::Path;

use anyhow::Result;

use crate::data::{DIGIT_CLASSES, DIGIT_SHAPE, Dataset, Sequences};
use crate::experiment::{Schedule, Settings, Source, Trained, boundary, examples};
use crate::model::Placement;
use crate::{files, report};

/// Writes the pictures of an experiment called `name` on its data.
pub(super) fn write_pictures(
    folder: &Path,
    name: &str,
    source: &Source,
    settings: &Settings,
    trained: &Trained,
    schedule: Schedule,
) -> Result<()> {
    let write = |file: &str, bytes: &[u8]| files::write(&folder.join(file), bytes);
    let title = title(name, settings);
    let noisy = settings.noise.iter().any(|noise| noise.stddev > 0.);
    write("accuracy.png", &report::accuracy_png(&title, &trained.histories, noisy)?)?;
    write("loss.png", &report::loss_png(&title, &trained.histories, noisy)?)?;
    match source {
        Source::Circles => {
            let data = settings.circles()?;
            // The pictures tell training points from test points: those for validation are neither.
            let test = settings.train_size + settings.validation_size..data.len();
            let rows: Vec<usize> = (0..settings.train_size).chain(test).collect();
            let data = data.select(&rows)?;
            write_dataset_picture(folder, settings, &data)?;
            if let Some(field) = boundary(settings, trained, &data, 121, schedule)? {
                let picture = report::boundary_png(&title, &field, &data, settings.train_size)?;
                write("boundary.png", &picture)?;
            }
            return Ok(());
        }
        Source::Images(images) => write("dataset.png", &images_picture(settings, images)?)?,
        Source::Sequences { train, .. } => {
            write("dataset.png", &sequences_picture(settings, train, source.classes())?)?;
        }
    }
    let classes = source.classes();
    let first = usize::from(matches!(source, Source::Sequences { .. }));
    let names: Vec<String> = (first..first + classes).map(|class| class.to_string()).collect();
    write("confusion.png", &report::confusion_png(&title, &names, &trained.confusion(classes))?)
}

/// Writes a picture of circles.
pub(super) fn write_dataset_picture(
    folder: &Path,
    settings: &Settings,
    data: &Dataset,
) -> Result<()> {
    let title = format!("{} points, seed {}", settings.samples, settings.data_seed);
    let picture = report::dataset_png(&title, data, settings.train_size)?;
    files::write(&folder.join("dataset.png"), &picture)
}

fn images_picture(settings: &Settings, images: &Dataset) -> Result<Vec<u8>> {
    let [_, height, width] = DIGIT_SHAPE;
    let stddevs = input_noise(settings).map_or(vec![0.1, 0.3, 0.5], |stddev| vec![stddev]);
    let examples = examples(images.rows(), DIGIT_CLASSES, &stddevs);
    report::images_png("Digits with noise on the input", [height, width], &examples)
}

fn sequences_picture(settings: &Settings, train: &Sequences, classes: usize) -> Result<Vec<u8>> {
    let stddev = input_noise(settings).unwrap_or(0.1);
    let examples = examples(train.rows(), classes, &[stddev]);
    let names: Vec<String> = (1..=classes).map(|class| format!("speaker {class}")).collect();
    let title = format!("Utterances with noise {} on the input", report::number(stddev));
    report::sequences_png(&title, train.channels(), &names, &examples)
}

/// The spread of the noise on the input, where there is some.
fn input_noise(settings: &Settings) -> Option<f64> {
    let mut noise = settings.noise.iter().filter(|noise| noise.stddev > 0.);
    noise.find(|noise| noise.placement == Placement::Input).map(|noise| noise.stddev)
}

/// The experiment in a few words: `hidden_noise: 0.1 before-activation, 30 repeats`.
fn title(name: &str, settings: &Settings) -> String {
    let noise =
        settings.noise.iter().map(|n| format!("{} {}", report::number(n.stddev), n.placement));
    let mut words: Vec<String> = noise.collect();
    if settings.repeats > 1 {
        words.push(format!("{} repeats", settings.repeats));
    }
    if words.is_empty() { name.to_string() } else { format!("{name}: {}", words.join(", ")) }
}
