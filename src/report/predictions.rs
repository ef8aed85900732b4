//! Pictures of what trained networks predict for the test rows.

use super::plot::{self, Forecast, Kind, Scene, ShareLine};
use crate::metric::{Ece, Predicted, calibration_error, reliability};
use crate::stats::{area, height, roc_curve, statistic};

/// Number of bins of a reliability diagram, of equal width.
const BINS: usize = Ece::BINS;

/// Draws `roc`: a curve for each class against the others, or for class 1 alone if there are two. With
/// several runs it is the mean of their curves at equal false positive rates. A class that is absent
/// from the test rows has none; classes after the tenth are left out. Returns `None` if no class has a
/// curve.
pub fn roc_picture(title: &str, classes: &[String], runs: &[&Predicted]) -> Option<Scene> {
    const MOST: usize = 10;
    let shown: Vec<usize> = if classes.len() == 2 { vec![1] } else { (0..classes.len()).collect() };
    let probabilities: Vec<Vec<Vec<f64>>> =
        runs.iter().map(|rows| rows.probabilities().collect()).collect();
    let line = |class: usize| {
        let curve = |(rows, probabilities): (&&Predicted, &Vec<Vec<f64>>)| {
            let scored = probabilities.iter().map(|row| row.get(class).copied().unwrap_or(0.));
            let scored = scored.zip(rows.labels().map(|label| label as usize == class));
            roc_curve(&scored.collect::<Vec<_>>())
        };
        let curves: Vec<_> = runs.iter().zip(&probabilities).filter_map(curve).collect();
        let auc = statistic(curves.iter().map(|curve| area(curve))).mean?;
        let points = match &curves[..] {
            [only] => only.iter().map(|at| (*at, None)).collect(),
            several => {
                let rates = (0..=100).map(|i| f64::from(i) / 100.);
                let start = ([0., 0.], None);
                [start].into_iter().chain(rates.map(|x| mean_at(several, x))).collect()
            }
        };
        let name = format!("{} (AUC {auc:.3})", classes[class]);
        Some(ShareLine { name, kind: Kind::Series(class as u32), points })
    };
    let lines: Vec<ShareLine> = shown.into_iter().take(MOST).filter_map(line).collect();
    (!lines.is_empty()).then(|| plot::roc(title, &mean_of(runs), &lines))
}

fn mean_at(curves: &[Vec<[f64; 2]>], x: f64) -> ([f64; 2], Option<[f64; 2]>) {
    let heights = statistic(curves.iter().map(|curve| height(curve, x)));
    let mean = heights.mean.unwrap_or(f64::NAN);
    ([x, mean], heights.std.map(|std| [(mean - std).max(0.), (mean + std).min(1.)]))
}

/// Draws `reliability`: how often the predictions of all runs are correct, by the probability of the
/// predicted class in 15 bins of equal width. Returns `None` without predictions.
pub fn reliability_picture(title: &str, runs: &[&Predicted]) -> Option<Scene> {
    let by_run: Vec<Vec<(f64, bool)>> = runs.iter().map(|rows| rows.confidences()).collect();
    let errors = by_run.iter().map(|rows| calibration_error(&reliability(rows, BINS)));
    let error = statistic(errors.filter(|error| !error.is_nan())).mean?;
    let bins = reliability(&by_run.concat(), BINS);
    let total: usize = bins.iter().map(|bin| bin.count).sum();
    let bars = bins.iter().map(|bin| {
        let left = ((bin.confidence * BINS as f64).ceil() - 1.).max(0.) / BINS as f64;
        ([left, left + 1. / BINS as f64], bin.count as f64 / total as f64)
    });
    let line = ShareLine {
        name: format!("test rows (ECE {error:.3}{})", mean_of(runs)),
        kind: Kind::Set(plot::Set::Test),
        points: bins.iter().map(|bin| ([bin.confidence, bin.accuracy], None)).collect(),
    };
    Some(plot::reliability(title, &[line], &bars.collect::<Vec<_>>()))
}

/// Draws `predicted` and `residuals` of a regression with one output: the mean prediction of the runs
/// for each test row. Returns `None` without predictions or with several outputs.
pub fn regression_pictures(title: &str, name: &str, runs: &[&Predicted]) -> Option<[Scene; 2]> {
    let first = runs.first().filter(|rows| rows.outputs() == 1 && !rows.is_empty())?;
    let outputs: Vec<Vec<f32>> =
        runs.iter().map(|rows| rows.iter().map(|(outputs, _)| outputs[0]).collect()).collect();
    let forecast = |(row, (_, targets)): (usize, (&[f32], &[f32]))| {
        let values = outputs.iter().filter_map(|own| own.get(row));
        let values = statistic(values.map(|value| f64::from(*value)));
        Forecast {
            target: f64::from(targets[0]),
            predicted: values.mean.unwrap_or(f64::NAN),
            std: values.std,
        }
    };
    let rows: Vec<Forecast> = first.iter().enumerate().map(forecast).collect();
    let point = format!("test row{}", mean_of(runs));
    Some(plot::forecasts(title, name, &point, &rows))
}

/// Returns how many runs a figure is the mean of, if there are several.
fn mean_of(runs: &[&Predicted]) -> String {
    if runs.len() == 1 { String::new() } else { format!(", mean of {} runs", runs.len()) }
}
