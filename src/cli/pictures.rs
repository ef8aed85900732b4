//! The pictures of an experiment.

use anyhow::Result;

use super::results::Results;
use crate::data::{Dataset, Sequences};
use crate::experiment::{Outcome, Plan, Schedule, Subject, Trained, boundary, noise_name};
use crate::noise::NoiseSpec;
use crate::report;
use crate::report::{NoisyRows, Training, noisy_rows};
use crate::stats::number;
use crate::task::{Draw, View};

/// Writes the pictures of an experiment with one cell, those of the curves first.
pub(super) fn write_pictures(
    results: &mut Results,
    subject: &Subject,
    outcome: &Outcome,
    trained: &Trained,
    schedule: Schedule,
) {
    let plan = &outcome.plan;
    let title = title(outcome);
    let is_noisy = plan.noise[0].iter().any(|noise| noise.strength() > 0.);
    let training = if is_noisy { Training::CleanAndNoisy } else { Training::Clean };
    let histories = &trained.histories;
    let accuracy = report::accuracy_png(&title, &outcome.metric, histories, training);
    results.write("accuracy.png", accuracy);
    results.write("loss.png", report::loss_png(&title, histories, training));
    if let Err(error) = write_data(results, subject, outcome, trained, schedule) {
        results.fail(error.context("pictures of the data are missing"));
    }
}

/// Writes the pictures that show the data, and what the networks make of them.
fn write_data(
    results: &mut Results,
    subject: &Subject,
    outcome: &Outcome,
    trained: &Trained,
    schedule: Schedule,
) -> Result<()> {
    let (plan, task, title) = (&outcome.plan, subject.task(), title(outcome));
    let (cell, data_seed) = (&outcome.cells[0].cell, plan.data_seeds[0]);
    let draw = plan.draw_of(cell.variant, data_seed);
    let names = match task.view(&draw)? {
        View::Points(data) => {
            // The picture shows training and test points, but no validation points.
            let tested = draw.train_size + draw.validation_size..data.len();
            let rows: Vec<usize> = (0..draw.train_size).chain(tested).collect();
            let shown = data.select(&rows)?;
            results.write("dataset.png", dataset_picture(data.len(), &draw, &shown));
            let hyper = plan.hyper_of(cell.variant);
            if let Some(field) = boundary(task, &hyper, trained, &shown, 121, schedule)? {
                let picture = report::boundary_png(&title, &field, &shown, draw.train_size);
                results.write("boundary.png", picture);
            }
            return Ok(());
        }
        View::Images(images, size, names) => {
            results.write("dataset.png", images_picture(plan, &images, size, names.len()));
            names
        }
        View::Sequences(sequences, names) => {
            results.write("dataset.png", sequences_picture(plan, &sequences, names.len()));
            names
        }
        View::Nothing => match subject.objective().classes() {
            Some(classes) => (0..classes).map(|class| class.to_string()).collect(),
            None => return Ok(()),
        },
    };
    let counts = trained.confusion(names.len())?;
    results.write("confusion.png", report::confusion_png(&title, &names, &counts));
    Ok(())
}

/// Draws a data set of `points` points; `data` holds the points to show.
pub(super) fn dataset_picture(points: usize, draw: &Draw, data: &Dataset) -> Result<Vec<u8>> {
    let title = format!("{points} points, seed {}", draw.data_seed);
    report::dataset_png(&title, data, draw.train_size)
}

fn images_picture(
    plan: &Plan,
    images: &Dataset,
    size: [usize; 2],
    classes: usize,
) -> Result<Vec<u8>> {
    let stddevs = input_noise(plan).map_or(vec![0.1, 0.3, 0.5], |stddev| vec![stddev]);
    let rows: NoisyRows = noisy_rows(images.rows(), classes, &stddevs);
    report::images_png("Digits with noise on the input", size, &rows)
}

fn sequences_picture(plan: &Plan, train: &Sequences, classes: usize) -> Result<Vec<u8>> {
    let stddev = input_noise(plan).unwrap_or(0.1);
    let rows = noisy_rows(train.rows(), classes, &[stddev]);
    let names: Vec<String> = (1..=classes).map(|class| format!("speaker {class}")).collect();
    let title = format!("Utterances with noise {} on the input", number(stddev));
    report::sequences_png(&title, train.channels(), &names, &rows)
}

/// Returns the standard deviation of the Gaussian noise on the input, if there is any.
fn input_noise(plan: &Plan) -> Option<f64> {
    let mut noise = plan.noise[0].iter().filter(|noise| noise.strength() > 0.);
    let is_wanted =
        |noise: &&NoiseSpec| (noise.place(), noise.kind()) == ("input", NoiseSpec::GAUSSIAN);
    noise.find(is_wanted).map(NoiseSpec::strength)
}

/// Returns a short title: `hidden_noise: before-activation 0.1, 30 repeats`.
fn title(outcome: &Outcome) -> String {
    let (name, plan) = (&outcome.experiment, &outcome.plan);
    let noise = (!plan.noise[0].is_empty()).then(|| noise_name(&plan.noise[0]));
    let repeats = (plan.repeats > 1).then(|| format!("{} repeats", plan.repeats));
    let words: Vec<String> = noise.into_iter().chain(repeats).collect();
    if words.is_empty() { name.clone() } else { format!("{name}: {}", words.join(", ")) }
}
