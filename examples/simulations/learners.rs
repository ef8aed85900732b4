//! Simple classifiers that are fitted to fresh data sets, fold by fold.

use candle_noise::rng::{Address, Stream};

use super::draws::normals;

pub const FOLDS: usize = 5;

const ROWS: usize = 100;

/// Rows of two classes, every other one of the second.
struct Data {
    features: usize,
    xs: Vec<f64>,
}

impl Data {
    /// Draws standard normal features, of which the first ones have their mean `shift` higher in the second
    /// class.
    fn new(site: &str, experiment: u32, features: usize, shifted: usize, shift: f64) -> Self {
        let mut xs = normals(site, experiment, ROWS * features);
        for x in xs.chunks_exact_mut(features).skip(1).step_by(2) {
            x[..shifted].iter_mut().for_each(|value| *value += shift);
        }
        Self { features, xs }
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.xs[row * self.features..][..self.features]
    }

    /// Returns the accuracy on a fold of the class whose mean of some features over the training rows is
    /// nearest.
    fn nearest_mean(&self, folds: &[usize], fold: usize, features: std::ops::Range<usize>) -> f64 {
        let mut sums = [vec![0.; features.len()], vec![0.; features.len()]];
        let mut counts = [0.; 2];
        for row in (0..ROWS).filter(|row| folds[*row] != fold) {
            let own = &self.row(row)[features.clone()];
            sums[row % 2].iter_mut().zip(own).for_each(|(sum, x)| *sum += x);
            counts[row % 2] += 1.;
        }
        accuracy(folds, fold, |row| {
            let [first, second] = [0, 1].map(|class| {
                let own = &self.row(row)[features.clone()];
                let mean = sums[class].iter().map(|sum| sum / counts[class]);
                own.iter().zip(mean).map(|(x, mean)| (x - mean).powi(2)).sum::<f64>()
            });
            usize::from(second < first)
        })
    }

    /// Returns the other rows of each row, the nearest first.
    fn neighbours(&self) -> Vec<Vec<usize>> {
        let distance = |a: usize, b: usize| {
            self.row(a).iter().zip(self.row(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
        };
        let sorted = |row: usize| {
            let mut others: Vec<usize> = (0..ROWS).collect();
            others.sort_by(|a, b| distance(row, *a).total_cmp(&distance(row, *b)));
            others
        };
        (0..ROWS).map(sorted).collect()
    }
}

/// Returns the share of a fold's rows whose class is predicted.
fn accuracy(folds: &[usize], fold: usize, class: impl Fn(usize) -> usize) -> f64 {
    let rows = || (0..ROWS).filter(|row| folds[*row] == fold);
    rows().filter(|row| class(*row) == row % 2).count() as f64 / rows().count() as f64
}

/// Returns the fold of each row in a repeat of one experiment.
fn split(experiment: u32, repeat: usize) -> Vec<usize> {
    let order = Address::new(1, "split", Stream::Split, repeat as u32);
    let mut folds = vec![0; ROWS];
    for (place, row) in order.permutation(experiment, ROWS).into_iter().enumerate() {
        folds[row as usize] = place % FOLDS;
    }
    folds
}

/// Returns how much more accurate the nearest mean of a class is than the nearest neighbour on each fold, for
/// five features of which one tells the classes apart.
pub fn difference(experiment: u32, repeats: usize) -> Vec<f64> {
    let data = Data::new("learners/difference", experiment, 5, 1, 1.5);
    let neighbours = data.neighbours();
    let of_fold = |folds: &[usize], fold: usize| {
        let nearest = |row: usize| neighbours[row].iter().find(|own| folds[**own] != fold);
        let neighbour = accuracy(folds, fold, |row| nearest(row).map_or(0, |own| own % 2));
        data.nearest_mean(folds, fold, 0..data.features) - neighbour
    };
    let of_repeat = |repeat| {
        let folds = split(experiment, repeat);
        (0..FOLDS).map(|fold| of_fold(&folds, fold)).collect::<Vec<_>>()
    };
    (0..repeats).flat_map(of_repeat).collect()
}

/// Returns the accuracies of classifiers that are equally good on new data sets: each is the nearest mean of
/// its own feature. Scores are in the order of a plan's runs: fold by fold, each repeat by repeat.
pub fn equally_good(experiment: u32, classifiers: usize, repeats: usize) -> Vec<Vec<f64>> {
    let data = Data::new("learners/equal", experiment, classifiers, classifiers, 1.);
    let splits: Vec<Vec<usize>> = (0..repeats).map(|repeat| split(experiment, repeat)).collect();
    let of = |feature: usize| {
        let of_fold = |fold: usize| splits.iter().map(move |folds| (fold, folds));
        let runs = (0..FOLDS).flat_map(of_fold);
        runs.map(|(fold, folds)| data.nearest_mean(folds, fold, feature..feature + 1)).collect()
    };
    (0..classifiers).map(of).collect()
}
