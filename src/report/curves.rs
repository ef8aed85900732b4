//! Pictures of an experiment, drawn from its results.

use anyhow::{Result, ensure};

use super::plot::{self, Curve, Kind, LabelledPoint, Scale, Scene, Set};
use crate::data::Dataset;
use crate::experiment::Field;
use crate::stats::{Statistic, statistic};
use crate::train::{Curves, ReplicaHistory};

/// Points in the plane with their sets: the first `train` rows, then `validation` rows, then the test
/// rows.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    /// The rows, of two features.
    pub data: &'a Dataset,
    /// Number of training rows.
    pub train: usize,
    /// Number of validation rows.
    pub validation: usize,
}

impl Points<'_> {
    /// Returns the points to draw, and the title with a word about those that are left out. Only the
    /// first thousand or two of each set are drawn, because more would form a blob.
    fn drawn(&self, title: &str) -> Result<(String, Vec<LabelledPoint>)> {
        const MOST: usize = 1400;
        let Self { data, train, validation } = *self;
        ensure!(data.width() == 2, "a picture needs two features, received {}", data.width());
        let sets = [
            (Set::Train, 0, train),
            (Set::Validation, train, validation),
            (Set::Test, train + validation, data.len().saturating_sub(train + validation)),
        ];
        let is_cut = sets.iter().any(|(_, _, count)| *count > MOST);
        let points = sets.into_iter().flat_map(|(set, first, count)| {
            let rows = data.rows().skip(first).take(count.min(MOST));
            rows.map(move |(row, label)| LabelledPoint { x: [row[0], row[1]], label, set })
        });
        let more = if is_cut { format!(", {MOST} of a set at most") } else { String::new() };
        Ok((format!("{title}{more}"), points.collect()))
    }
}

/// Draws `dataset`: the points by class and set.
///
/// # Errors
/// If the data have not two features.
pub fn dataset_picture(title: &str, points: &Points) -> Result<Scene> {
    let (title, points) = points.drawn(title)?;
    Ok(plot::dataset(&title, &points))
}

/// Draws `boundary`: predicted probabilities, each with its name, and the points on top.
///
/// # Errors
/// If the data have not two features, or the fields are not over the same plane.
pub fn boundary_picture(
    title: &str,
    fields: &[(String, &Field)],
    points: &Points,
) -> Result<Scene> {
    let (title, points) = points.drawn(title)?;
    plot::boundary(&title, fields, &points)
}

/// The curves of an experiment.
#[derive(Clone, Debug)]
pub struct Trainings<'a> {
    /// Its name, above its curves if there are several experiments.
    pub name: String,
    /// The curves of its runs.
    pub histories: &'a [ReplicaHistory],
    /// Whether it trains with noise: the training curve with the noise on is then drawn, too.
    pub noise: bool,
}

/// Draws `accuracy`: the training and test scores by epoch, and the validation score if there is one.
/// With repeats it shows the mean and a band of one standard deviation on either side.
pub fn score_picture(title: &str, metric: &str, experiments: &[Trainings]) -> Scene {
    let (scale, label) = match metric {
        "accuracy" => (Scale::Accuracy, "accuracy (share of rows)".to_string()),
        _ => (Scale::Loss, metric.replace('_', " ")),
    };
    let of = |curves: &Curves, epoch: usize| curves.score.get(epoch).copied();
    curves_picture(title, &label, scale, experiments, of)
}

/// Draws `loss`: the same for the loss, which has a name with its unit.
pub fn loss_picture(title: &str, name: &str, experiments: &[Trainings]) -> Scene {
    let of = |curves: &Curves, epoch: usize| curves.loss.get(epoch).map(|loss| f64::from(*loss));
    curves_picture(title, name, Scale::Loss, experiments, of)
}

/// Draws the curves of one figure; `of` reads the figure at an epoch.
fn curves_picture(
    title: &str,
    label: &str,
    scale: Scale,
    experiments: &[Trainings],
    of: impl Fn(&Curves, usize) -> Option<f64>,
) -> Scene {
    type Rows = fn(&ReplicaHistory) -> &Curves;
    const SETS: [(&str, Kind, Rows); 4] = [
        ("train, noise on", Kind::Noisy, |history| &history.noisy),
        ("train", Kind::Set(Set::Train), |history| &history.clean),
        ("test", Kind::Set(Set::Test), |history| &history.test),
        ("validation", Kind::Set(Set::Validation), |history| &history.val),
    ];
    let curves = |own: &Trainings| -> Vec<Curve> {
        let sets = SETS.iter().filter(|(_, kind, _)| own.noise || *kind != Kind::Noisy);
        let curve = |(name, kind, rows): &(&str, Kind, Rows)| {
            let Band { mean, std } =
                Band::new(own.histories, |history, epoch| of(rows(history), epoch));
            Curve { name: name.to_string(), kind: *kind, mean, std, epochs: None }
        };
        let is_shown =
            |curve: &Curve| !curve.mean.is_empty() || curve.kind != Kind::Set(Set::Validation);
        sets.map(curve).filter(is_shown).collect()
    };
    let panels: Vec<_> = experiments.iter().map(|own| (own.name.clone(), curves(own))).collect();
    plot::curves(title, &mean_of(label, experiments), scale, &panels)
}

/// Returns the label of a figure that is a mean over runs, with their number if all experiments have
/// equally many.
fn mean_of(label: &str, experiments: &[Trainings]) -> String {
    let mut counts: Vec<usize> = experiments.iter().map(|own| own.histories.len()).collect();
    counts.dedup();
    let ended = |own: &Trainings| {
        let epochs = || own.histories.iter().map(ReplicaHistory::epochs);
        epochs().min() != epochs().max()
    };
    let training = if experiments.iter().any(ended) { " still training" } else { "" };
    match counts[..] {
        [] | [1] => label.to_string(),
        [runs] if training.is_empty() => format!("{label}, mean of {runs} runs"),
        [runs] => format!("{label}, mean of those of {runs} runs{training}"),
        _ => format!("{label}, mean of the runs{training}"),
    }
}

/// The mean and standard deviation over the replicas, by epoch.
struct Band {
    mean: Vec<f64>,
    std: Option<Vec<f64>>,
}

impl Band {
    fn new(
        histories: &[ReplicaHistory],
        of: impl Fn(&ReplicaHistory, usize) -> Option<f64>,
    ) -> Self {
        let epochs = histories.iter().map(ReplicaHistory::epochs).max().unwrap_or(0);
        let over_replicas = |epoch| statistic(histories.iter().filter_map(|h| of(h, epoch)));
        let statistics = (0..epochs).map(over_replicas).take_while(|s| s.n > 0);
        let statistics: Vec<Statistic> = statistics.collect();
        Self {
            mean: statistics.iter().map(|s| s.mean.unwrap_or(f64::NAN)).collect(),
            std: (histories.len() > 1)
                .then(|| statistics.iter().map(|s| s.std.unwrap_or(f64::NAN)).collect()),
        }
    }
}
