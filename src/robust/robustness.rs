//! What was found of models side by side.

use serde::Serialize;

use super::{Band, ComparedCurve, Norm, Repeats, SHARES, Smoothing};
use crate::metric::Better;

/// What was found of models side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Robustness {
    /// The models, the baseline first.
    pub models: Vec<Named>,
    /// The metric that the averages and sentences are about.
    pub metric: String,
    /// Which of its scores are better.
    pub better: Better,
    /// The number of rows.
    pub rows: usize,
    /// Over how many draws of their noise the models predict; none if the noise is off.
    pub average: Option<u32>,
    /// Metrics by strength.
    pub curves: Vec<ComparedCurve>,
    /// Means of the metric over the strengths above 0.
    pub averages: Vec<Average>,
    /// Certificates by randomized smoothing, if classes are predicted.
    pub certificates: Option<Certificates>,
    /// Margin, norm of the Jacobian, distance to the boundary and curvature, means over the rows.
    pub geometry: Vec<Average>,
    /// What makes a figure doubtful.
    pub warnings: Vec<String>,
    /// The place of the only model that the sentences compare with the first one; all are if there is none.
    #[serde(skip)]
    pub told: Option<usize>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub dir: String,
    /// The number of its networks.
    pub networks: usize,
    /// The number of those with the seed of a network of the first model.
    pub pairs: usize,
}

/// Certificates by randomized smoothing. The certified accuracy by radius is a curve of the kind `certified`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Certificates {
    /// The options.
    #[serde(flatten)]
    pub options: Smoothing,
    /// The largest radius that they can certify.
    pub largest_radius: f64,
    /// The share of rows without a smoothed class.
    pub abstention: Average,
    /// The shares of rows of the quantiles.
    pub shares: [f64; 5],
    /// For each model the quantiles of the rows' lower bounds of p_A, means over its networks.
    pub p_low: Vec<Vec<f64>>,
}

/// One figure of each model, such as the mean of a metric over the strengths above 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Average {
    /// What changes the rows.
    pub kind: String,
    /// How its strength is measured, if it bounds the change.
    pub norm: Option<Norm>,
    /// The models, each with one figure.
    pub models: Vec<Band>,
    /// The other models minus the first one, each with one figure.
    pub differences: Vec<Band>,
    /// The errors, 1 - metric, in percent of those of the first model, for metrics whose best score is 1.
    pub relative_errors: Option<Vec<Option<f64>>>,
}

impl Named {
    /// Names a model.
    pub fn new(name: &str, dir: &str, [networks, pairs]: [usize; 2]) -> Self {
        Self { name: name.to_string(), dir: dir.to_string(), networks, pairs }
    }
}

impl Robustness {
    /// Starts with nothing found yet.
    pub fn new(models: Vec<Named>, metric: &str, better: Better, rows: usize) -> Self {
        Self {
            models,
            metric: metric.to_string(),
            better,
            rows,
            average: None,
            curves: Vec::new(),
            averages: Vec::new(),
            certificates: None,
            geometry: Vec::new(),
            warnings: Vec::new(),
            told: None,
        }
    }

    /// Returns the number of networks of each other model that have the seed of one of the first model.
    pub fn pairs(&self) -> Vec<usize> {
        self.models.iter().skip(1).map(|own| own.pairs).collect()
    }
}

impl Certificates {
    /// Collects the results of certificates with some options.
    pub fn new(options: Smoothing, abstention: Average, p_low: Vec<Vec<f64>>) -> Self {
        let largest_radius = options.largest_radius();
        Self { options, largest_radius, abstention, shares: SHARES, p_low }
    }
}

impl Average {
    /// Averages the scores of models over the strengths above 0. `None` if there are none.
    pub fn new(
        (kind, norm, metric): (&str, Option<Norm>, &str),
        strengths: &[f64],
        models: &[Repeats],
        test_per_train: f64,
    ) -> Option<Self> {
        const UP_TO_1: [&str; 5] =
            ["accuracy", "balanced_accuracy", "macro_f1", "f1", "average_precision"];
        let places: Vec<usize> =
            (0..strengths.len()).filter(|place| strengths[*place] > 0.).collect();
        if places.is_empty() {
            return None;
        }
        let mean = |scores: &&[Option<f64>]| -> [Option<f64>; 1] {
            let own: Option<Vec<f64>> = places.iter().map(|place| scores[*place]).collect();
            [own.map(|own| own.iter().sum::<f64>() / own.len() as f64)]
        };
        let means: Vec<Vec<[Option<f64>; 1]>> =
            models.iter().map(|own| own.scores.iter().map(mean).collect()).collect();
        let averaged = models.iter().zip(&means).map(|(own, means)| Repeats {
            name: own.name,
            keys: own.keys,
            scores: means.iter().map(|own| &own[..]).collect(),
        });
        let averaged: Vec<Repeats> = averaged.collect();
        let found = ComparedCurve::new((kind, norm, metric), &[0.], &averaged, test_per_train);
        let error = |own: &Band| own.mean[0].map(|mean| 1. - mean);
        let first = found.models.first().and_then(error).filter(|error| *error > 0.);
        let relative = |own: &Band| Some(100. * (error(own)? / first?));
        let relative_errors =
            UP_TO_1.contains(&metric).then(|| found.models.iter().map(relative).collect());
        let ComparedCurve { kind, norm, models, differences, .. } = found;
        Some(Self { kind, norm, models, differences, relative_errors })
    }

    /// Compares one figure of the networks of models, which is none if it is undefined.
    pub fn of_figures(
        kind: &str,
        names: &[&str],
        keys: &[Vec<u64>],
        figures: &[Vec<Option<f64>>],
    ) -> Self {
        let each: Vec<Vec<[Option<f64>; 1]>> =
            figures.iter().map(|own| own.iter().map(|figure| [*figure]).collect()).collect();
        let models = names.iter().zip(keys).zip(&each).map(|((name, keys), figures)| Repeats {
            name,
            keys,
            scores: figures.iter().map(|own| &own[..]).collect(),
        });
        let found = ComparedCurve::new((kind, None, kind), &[0.], &models.collect::<Vec<_>>(), 0.);
        let ComparedCurve { kind, norm, models, differences, .. } = found;
        Self { kind, norm, models, differences, relative_errors: None }
    }

    /// Returns its kind with the norm: `pgd linf`.
    pub fn title(&self) -> String {
        match self.norm {
            Some(norm) => format!("{} {}", self.kind, norm.name()),
            None => self.kind.clone(),
        }
    }
}
