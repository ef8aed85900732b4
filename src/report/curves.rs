//! The pictures of an experiment, drawn from its results.

use anyhow::{Result, ensure};

use super::plot::{self, Curve, LabelledPoint, Scale};
use crate::data::Dataset;
use crate::experiment::{Field, statistic};
use crate::train::ReplicaHistory;

/// `dataset.png`: the points by class, the first `train` of them filled; of large sets the first
/// thousands.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn dataset_png(title: &str, data: &Dataset, train: usize) -> Result<Vec<u8>> {
    let (points, train) = points(data, train)?;
    plot::dataset(title, &points, train)
}

/// `boundary.png`: the predicted probability under the points.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn boundary_png(title: &str, field: &Field, data: &Dataset, train: usize) -> Result<Vec<u8>> {
    let (points, train) = points(data, train)?;
    plot::boundary(title, field, &points, train)
}

/// `accuracy.png`: train and test accuracy by epoch, and that of validation points where there are
/// any; with repeats their mean and a band of one standard deviation on either side. `noisy` adds the
/// training curve with the noise on.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn accuracy_png(title: &str, histories: &[ReplicaHistory], noisy: bool) -> Result<Vec<u8>> {
    let curves: [(&str, CurveOf); 4] = [
        ("train, noise on", |h| &h.accuracy),
        ("train", |h| &h.clean_accuracy),
        ("test", |h| h.test_curves().1),
        ("validation", |h| &h.val_accuracy),
    ];
    curves_png(title, "accuracy", Scale::Accuracy, &shown(&curves, noisy, histories), histories)
}

/// `loss.png`: likewise for the loss.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn loss_png(title: &str, histories: &[ReplicaHistory], noisy: bool) -> Result<Vec<u8>> {
    let curves: [(&str, CurveOf); 4] = [
        ("train, noise on", |h| &h.loss),
        ("train", |h| &h.clean_loss),
        ("test", |h| h.test_curves().0),
        ("validation", |h| &h.val_loss),
    ];
    curves_png(title, "cross-entropy", Scale::Loss, &shown(&curves, noisy, histories), histories)
}

/// Without the first curve where there is no noise, and without the last where no points are set apart
/// for validation.
fn shown<'a>(
    curves: &[(&'a str, CurveOf); 4],
    noisy: bool,
    histories: &[ReplicaHistory],
) -> Vec<(&'a str, CurveOf)> {
    let validated = histories.iter().any(|history| !history.test_loss.is_empty());
    curves[usize::from(!noisy)..if validated { 4 } else { 3 }].to_vec()
}

/// Picks one curve of a history.
type CurveOf = fn(&ReplicaHistory) -> &[f32];

fn curves_png(
    title: &str,
    y_label: &str,
    scale: Scale,
    curves: &[(&str, CurveOf)],
    histories: &[ReplicaHistory],
) -> Result<Vec<u8>> {
    let bands: Vec<_> =
        curves.iter().map(|(name, curve)| (*name, Band::new(histories, *curve))).collect();
    let curves: Vec<_> = bands
        .iter()
        .map(|(name, Band { mean, std })| Curve { name, mean, std: std.as_deref(), epochs: None })
        .collect();
    plot::curves(title, y_label, scale, &curves)
}

/// Mean and standard deviation over the replicas, epoch by epoch.
struct Band {
    mean: Vec<f64>,
    std: Option<Vec<f64>>,
}

impl Band {
    fn new(histories: &[ReplicaHistory], curve: CurveOf) -> Self {
        let epochs = histories.iter().map(|history| curve(history).len()).max().unwrap_or(0);
        let over_replicas = |epoch: usize| {
            statistic(histories.iter().filter_map(|h| curve(h).get(epoch)).map(|&x| f64::from(x)))
        };
        let statistics: Vec<_> = (0..epochs).map(over_replicas).collect();
        let std = |s: &crate::experiment::Statistic| s.std.unwrap_or(f64::NAN);
        Self {
            mean: statistics.iter().map(|s| s.mean.unwrap_or(f64::NAN)).collect(),
            std: (histories.len() > 1).then(|| statistics.iter().map(std).collect()),
        }
    }
}

/// The points to draw and how many of them are training points: at most some thousand of each
/// kind, the first ones, because more are a blob.
fn points(data: &Dataset, train: usize) -> Result<(Vec<LabelledPoint>, usize)> {
    const MOST: usize = 2000;
    ensure!(data.width() == 2, "a picture needs two features, received {}", data.width());
    let drawn = train.min(MOST);
    let rows = data.rows().take(drawn).chain(data.rows().skip(train).take(MOST));
    let point = |(row, label): (&[f64], u32)| LabelledPoint { x: [row[0], row[1]], label };
    Ok((rows.map(point).collect(), drawn))
}
