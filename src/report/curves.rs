//! Pictures of an experiment, drawn from its results.

use anyhow::{Result, ensure};

use super::plot::{self, Curve, LabelledPoint, Scale};
use crate::data::Dataset;
use crate::experiment::Field;
use crate::stats::{Statistic, statistic};
use crate::train::{Curves, ReplicaHistory};

/// Draws `dataset.png`: the points by class, with the first `train` points filled. Of a large set
/// only the first few thousand points are drawn.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn dataset_png(title: &str, data: &Dataset, train: usize) -> Result<Vec<u8>> {
    let (points, train) = points(data, train)?;
    plot::dataset(title, &points, train)
}

/// Draws `boundary.png`: the predicted probability, with the points on top.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn boundary_png(title: &str, field: &Field, data: &Dataset, train: usize) -> Result<Vec<u8>> {
    let (points, train) = points(data, train)?;
    plot::boundary(title, field, &points, train)
}

/// Which training curves a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// The curve with the noise off.
    Clean,
    /// The curves with the noise off and with the noise on.
    CleanAndNoisy,
}

/// Draws `accuracy.png`: the training and test scores by epoch, and the validation score if there
/// is one. With repeats it shows the mean and a band of one standard deviation on either side.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn accuracy_png(
    title: &str,
    metric: &str,
    histories: &[ReplicaHistory],
    training: Training,
) -> Result<Vec<u8>> {
    let scale = if metric == "accuracy" { Scale::Accuracy } else { Scale::Loss };
    let of = |curves: &Curves, epoch: usize| curves.score.get(epoch).copied();
    curves_png(title, &metric.replace('_', " "), scale, training, histories, of)
}

/// Draws `loss.png`: the same for the loss.
///
/// # Errors
/// If the picture cannot be drawn.
pub fn loss_png(title: &str, histories: &[ReplicaHistory], training: Training) -> Result<Vec<u8>> {
    let of = |curves: &Curves, epoch: usize| curves.loss.get(epoch).map(|loss| f64::from(*loss));
    curves_png(title, "loss", Scale::Loss, training, histories, of)
}

/// Draws the curves of one figure; `of` reads the figure at an epoch.
fn curves_png(
    title: &str,
    y_label: &str,
    scale: Scale,
    training: Training,
    histories: &[ReplicaHistory],
    of: impl Fn(&Curves, usize) -> Option<f64>,
) -> Result<Vec<u8>> {
    type Set = fn(&ReplicaHistory) -> &Curves;
    let sets: [(&str, Set); 4] = [
        ("train, noise on", |history| &history.noisy),
        ("train", |history| &history.clean),
        ("test", |history| &history.test),
        ("validation", |history| &history.val),
    ];
    let band = |curves: Set| Band::new(histories, |history, epoch| of(curves(history), epoch));
    let skipped = usize::from(training == Training::Clean);
    let bands: Vec<_> =
        sets[skipped..].iter().map(|(name, curves)| (*name, band(*curves))).collect();
    let drawn = bands.iter().filter(|(name, band)| *name != "validation" || !band.mean.is_empty());
    let curves: Vec<_> = drawn
        .map(|(name, Band { mean, std })| Curve { name, mean, std: std.as_deref(), epochs: None })
        .collect();
    plot::curves(title, y_label, scale, &curves)
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

/// Returns the points to draw and the number of training points among them. Only the first few
/// thousand of each kind are drawn, because more would form a blob.
fn points(data: &Dataset, train: usize) -> Result<(Vec<LabelledPoint>, usize)> {
    const MOST: usize = 2000;
    ensure!(data.width() == 2, "a picture needs two features, received {}", data.width());
    let drawn = train.min(MOST);
    let rows = data.rows().take(drawn).chain(data.rows().skip(train).take(MOST));
    let point = |(row, label): (&[f64], u32)| LabelledPoint { x: [row[0], row[1]], label };
    Ok((rows.map(point).collect(), drawn))
}
