//! How often intervals of a mean difference hold the true one.

use candle_noise::stats::{Estimate, Interval, are_equal, bootstrap_interval, mean};
use rayon::prelude::*;

use super::draws::normals;
use super::learners::{self, FOLDS};
use super::tables::{EXPERIMENTS, each, head, percent, row};

/// A difference with mean 0, from two standard normal draws.
type Difference = fn([f64; 2]) -> f64;

/// Half the squares of two normals add up to an exponential; differences of accuracies are multiples of 1/70.
const LAWS: [(&str, Difference); 4] = [
    ("normal", |[z, _]| z),
    ("skewed: exponential", |[y, z]| (y * y + z * z) / 2. - 1.),
    ("tied: steps of 1/70, deviation 0.02", |[z, _]| (70. * 0.02 * z).round() / 70.),
    ("mostly 0: the same, deviation 0.007", |[z, _]| (70. * 0.007 * z).round() / 70.),
];

pub fn holds(interval: Interval, value: f64) -> bool {
    interval.low <= value && value <= interval.high
}

const COUNTS: [usize; 5] = [2, 3, 5, 10, 30];

/// Prints the coverage of intervals of independent differences.
pub fn independent() {
    let columns = ["differences", "interval", "n = 2", "3", "5", "10", "30"];
    head(
        "95 % intervals of n independent differences: how many hold the true mean, in %",
        &columns,
    );
    for (name, law) in LAWS {
        let samples = COUNTS.map(|n| {
            each(|experiment| -> Vec<f64> {
                let zs = normals(&format!("independent/{name}/{n}"), experiment, 2 * n);
                zs.chunks_exact(2).map(|zs| law([zs[0], zs[1]])).collect()
            })
        });
        let print = |method: &str, shares: [String; 5]| {
            row(&[&[name.to_string(), method.to_string()][..], &shares[..]].concat());
        };
        print("Student's t", samples.each_ref().map(|own| covered(own, student)));
        print("BCa bootstrap", samples.each_ref().map(|own| covered(own, bca)));
        let are_equal = |own: &Vec<f64>| are_equal(own);
        if samples.iter().flatten().any(are_equal) {
            let equal = samples.each_ref().map(|own| percent(own.iter().map(are_equal)));
            print("none: all equal", equal);
        }
    }
}

/// Returns how many intervals hold 0, of samples that are not all equal.
fn covered(samples: &[Vec<f64>], interval: Method) -> String {
    let varied = samples.par_iter().filter(|own| !are_equal(own));
    let found = varied.filter_map(|own| Some(holds(interval(own)?, 0.)));
    percent(found.collect::<Vec<_>>())
}

/// Returns a 95 % interval of a mean.
pub type Method = fn(&[f64]) -> Option<Interval>;

pub fn student(differences: &[f64]) -> Option<Interval> {
    Some(Estimate::of(differences)?.interval(0.95))
}

pub fn bca(differences: &[f64]) -> Option<Interval> {
    bootstrap_interval(differences, 0.95, 0)
}

/// Prints the coverage of intervals of differences on folds.
pub fn folds() {
    let columns = ["differences", "folds × repeats", "Nadeau and Bengio", "Student's t"];
    head("95 % intervals of differences on folds: how many hold the true mean, in %", &columns);
    for (folds, repeats) in [(5, 1), (5, 10), (10, 10)] {
        let samples = each(|experiment| equicorrelated(experiment, folds, repeats));
        print("normal, correlation 1/K", &samples, 0., folds, repeats);
    }
    for repeats in [1, 10] {
        let samples = each(|experiment| learners::difference(experiment, repeats));
        // The mean of these data sets is true up to an error of 1/√2000 of one data set's.
        let truth = samples.iter().map(|own| mean(own)).sum::<f64>() / f64::from(EXPERIMENTS);
        print("nearest mean − nearest neighbour", &samples, truth, FOLDS, repeats);
    }
}

/// Returns normal differences, any two of which have the correlation 1/K, as Nadeau and Bengio assume.
fn equicorrelated(experiment: u32, folds: usize, repeats: usize) -> Vec<f64> {
    let zs = normals(&format!("folds/{folds}/{repeats}"), experiment, folds * repeats + 1);
    let [common, own] = [1. / folds as f64, 1. - 1. / folds as f64].map(f64::sqrt);
    zs[1..].iter().map(|z| common * zs[0] + own * z).collect()
}

fn print(name: &str, samples: &[Vec<f64>], truth: f64, folds: usize, repeats: usize) {
    let [corrected, plain] = [1. / (folds - 1) as f64, 0.].map(|test_per_train| {
        let estimates = samples.iter().filter_map(|own| Estimate::of_folds(own, test_per_train));
        percent(estimates.map(|own| holds(own.interval(0.95), truth)))
    });
    row(&[name.to_string(), format!("{folds} × {repeats}"), corrected, plain]);
}
