//! The pictures of an experiment.

use anyhow::Result;

use super::args::PlotFormat;
use super::results::Results;
use crate::data::{Dataset, Sequences};
use crate::experiment::{
    Outcome, Plan, Schedule, Subject, Trained, boundary, folds_words, noise_name,
};
use crate::noise::NoiseSpec;
use crate::report::plot::Scene;
use crate::report::{self, NoisyRows, Points, Trainings, noisy_rows};
use crate::stats::number;
use crate::task::{Draw, View};

/// Number of points along each side of the grid of a decision boundary.
pub(super) const SIDE: usize = 121;

/// A finished experiment with one cell, to be drawn.
pub(super) struct Drawing<'a> {
    pub subject: &'a Subject<'a>,
    pub outcome: &'a Outcome,
    pub trained: &'a Trained,
    pub schedule: Schedule,
    pub format: PlotFormat,
}

impl Drawing<'_> {
    /// Writes the pictures, those of the curves first.
    pub fn write(&self, results: &mut Results) {
        let Self { subject, outcome, trained, format, .. } = *self;
        let title = title(outcome);
        let noise = outcome.plan.noise[0].iter().any(|noise| !noise.is_silent());
        let own = [Trainings { name: String::new(), histories: &trained.histories, noise }];
        let scores = report::score_picture(&title, &outcome.metric, &own);
        results.draw("accuracy", format, Ok(scores));
        let loss = loss_label(&subject.objective().name());
        results.draw("loss", format, Ok(report::loss_picture(&title, &loss, &own)));
        if let Err(error) = self.write_data(results) {
            results.fail(error.context("pictures of the data are missing"));
        }
    }

    /// Writes the pictures that show the data, and what the networks make of them.
    fn write_data(&self, results: &mut Results) -> Result<()> {
        let Self { subject, outcome, trained, schedule, format } = *self;
        let (plan, task, title) = (&outcome.plan, subject.task(), title(outcome));
        let (cell, data_seed) = (&outcome.cells[0].cell, plan.data_seeds[0]);
        let draw = plan.draw_of(cell.variant, data_seed);
        let names = match task.view(&draw)? {
            View::Points(data) => {
                results.draw("dataset", format, dataset_picture(&draw, &data));
                let hyper = plan.hyper_of(cell.variant);
                if let Some(field) =
                    boundary(task, &hyper, &trained.weights, &data, SIDE, schedule)?
                {
                    let fields = [(String::new(), &field)];
                    let picture = report::boundary_picture(&title, &fields, &points(&draw, &data));
                    results.draw("boundary", format, picture);
                }
                None
            }
            View::Images(images, size, names) => {
                let picture = images_picture(plan, &images, size, &names);
                results.draw("dataset", format, picture);
                Some(names)
            }
            View::Sequences(sequences, names) => {
                let picture = sequences_picture(plan, &sequences, &names);
                results.draw("dataset", format, Ok(picture));
                Some(names)
            }
            View::Nothing => None,
        };
        self.write_predictions(results, names)
    }

    /// Writes the pictures of what the networks predict for the test rows.
    fn write_predictions(&self, results: &mut Results, names: Option<Vec<String>>) -> Result<()> {
        let Self { subject, outcome, trained, format, .. } = *self;
        let (title, runs) = (title(outcome), trained.predicted().collect::<Vec<_>>());
        let Some(classes) = subject.objective().classes() else {
            let pictures =
                report::regression_pictures(&title, "value (units of the target)", &runs);
            for (name, picture) in
                ["predicted", "residuals"].iter().zip(pictures.into_iter().flatten())
            {
                results.draw(name, format, Ok(picture));
            }
            return Ok(());
        };
        let names = names.or_else(|| subject.task().class_names());
        let names = names.unwrap_or((0..classes).map(|class| format!("class {class}")).collect());
        if runs.is_empty() {
            return Ok(());
        }
        let counts = trained.confusion(names.len())?;
        let confusion = report::confusion_picture(&title, &names, &counts, runs.len());
        results.draw("confusion", format, confusion);
        let pictures = [
            ("roc", report::roc_picture(&title, &names, &runs)),
            ("reliability", report::reliability_picture(&title, &runs)),
        ];
        for (name, picture) in pictures {
            if let Some(picture) = picture {
                results.draw(name, format, Ok(picture));
            }
        }
        Ok(())
    }
}

/// Returns the label of a loss with its unit.
pub(super) fn loss_label(objective: &str) -> String {
    match objective.contains("cross-entropy") {
        true => "cross-entropy (nats)".to_string(),
        false => format!("loss ({objective})"),
    }
}

/// Draws a data set.
pub(super) fn dataset_picture(draw: &Draw, data: &Dataset) -> Result<Scene> {
    let title = format!("{} points, seed {}", data.len(), draw.data_seed);
    report::dataset_picture(&title, &points(draw, data))
}

pub(super) fn points<'a>(draw: &Draw, data: &'a Dataset) -> Points<'a> {
    Points { data, train: draw.train_size, validation: draw.validation_size }
}

fn images_picture(
    plan: &Plan,
    images: &Dataset,
    size: [usize; 2],
    names: &[String],
) -> Result<Scene> {
    let stddevs = input_noise(plan).map_or(vec![0.1, 0.3, 0.5], |stddev| vec![stddev]);
    let rows: NoisyRows = noisy_rows(images.rows(), names.len(), &stddevs);
    report::images_picture("Images with noise on the input", size, names, &rows)
}

fn sequences_picture(plan: &Plan, train: &Sequences, names: &[String]) -> Scene {
    let stddev = input_noise(plan).unwrap_or(0.1);
    let rows = noisy_rows(train.rows(), names.len(), &[stddev]);
    let title = format!("Sequences with noise {} on the input", number(stddev));
    report::sequences_picture(&title, train.channels(), names, &rows)
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
    let repeats = match plan.folds {
        Some(_) => Some(folds_words(plan)),
        None => (plan.repeats > 1).then(|| format!("{} repeats", plan.repeats)),
    };
    let words: Vec<String> = noise.into_iter().chain(repeats).collect();
    if words.is_empty() { name.clone() } else { format!("{name}: {}", words.join(", ")) }
}
