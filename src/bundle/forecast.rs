//! What several networks predict for the same rows.

use rayon::prelude::*;

use crate::metric::Predicted;

/// What several networks predict for the same rows: for each row the mean over the networks and their
/// sample standard deviation, of the probability of each class or of a number.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Forecast {
    /// What each network predicts, in each draw of its noise.
    pub each: Vec<Predicted>,
    /// The number of draws of each network; 1 without noise.
    pub draws: usize,
    /// The number of means a row has: one for each class, or 1 for a number.
    pub width: usize,
    /// The means, row by row.
    pub mean: Vec<f64>,
    /// The standard deviations, row by row; NaN for one network.
    pub std: Vec<f64>,
}

impl Forecast {
    /// Creates the forecast of some networks in `draws` draws each, of some classes or of a number.
    pub(super) fn new(each: Vec<Predicted>, draws: usize, classes: Option<usize>) -> Self {
        let width = classes.unwrap_or(1);
        let values: Vec<Vec<f64>> = each.par_iter().map(|own| values(own, classes)).collect();
        let of = |i: usize| values.iter().map(move |own| own[i]);
        let count = values.len() as f64;
        let figures = |i: usize| {
            let mean = of(i).sum::<f64>() / count;
            let squares: f64 = of(i).map(|x| (x - mean) * (x - mean)).sum();
            (mean, (squares / (count - 1.)).sqrt())
        };
        let all = values.first().map_or(0, Vec::len);
        let (mean, std) = (0..all).into_par_iter().map(figures).unzip();
        Self { each, draws, width, mean, std }
    }

    /// Returns the class of each row with the largest mean probability, the first of equal ones.
    pub fn classes(&self) -> impl Iterator<Item = usize> {
        self.mean.chunks_exact(self.width).map(|row| {
            let better = |a: usize, b: usize| if row[b] > row[a] { b } else { a };
            (0..row.len()).reduce(better).unwrap_or(0)
        })
    }

    /// Returns the means as predictions, for metrics.
    ///
    /// # Errors
    /// If there are no networks.
    pub fn together(&self) -> candle_core::Result<Predicted> {
        let Some(first) = self.each.first() else {
            candle_core::bail!("expected the predictions of a network, received none")
        };
        let log = |p: f64| p.max(f64::MIN_POSITIVE).ln();
        let outputs: Vec<f32> = match (self.width, first.outputs()) {
            (1, _) => self.mean.iter().map(|x| *x as f32).collect(),
            (_, 1) => {
                self.mean.chunks_exact(2).map(|row| (log(row[1]) - log(row[0])) as f32).collect()
            }
            (_, _) => self.mean.iter().map(|p| log(*p) as f32).collect(),
        };
        let targets = first.iter().map(|(_, targets)| targets[0]).collect();
        Predicted::new(first.outputs(), outputs, targets)
    }
}

/// Returns the probabilities of the classes, or the numbers, row by row.
fn values(rows: &Predicted, classes: Option<usize>) -> Vec<f64> {
    match classes {
        Some(_) => rows.probabilities().flatten().collect(),
        None => rows.iter().map(|(outputs, _)| f64::from(outputs[0])).collect(),
    }
}
