//! Models side by side: means over repeats, their intervals, and paired differences to the first one.

use serde::{Deserialize, Serialize};

use super::Norm;
use crate::stats::{Estimate, mean};

/// The confidence level of the intervals.
const LEVEL: f64 = 0.95;

/// How one metric of several models falls with the strength of one kind of change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComparedCurve {
    /// What changes the rows: `gaussian`, `pgd`, ….
    pub kind: String,
    /// How its strength is measured, if it bounds the change.
    pub norm: Option<Norm>,
    /// What is measured: a metric, or `flips`.
    pub metric: String,
    /// What the strengths are measured in.
    pub unit: String,
    /// The strengths.
    pub strengths: Vec<f64>,
    /// The models.
    pub models: Vec<Band>,
    /// The other models minus the first one, paired by seed.
    pub differences: Vec<Band>,
}

/// A mean over repeats at each strength, with its 95 % interval by Student's t.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Band {
    /// The name of the model.
    pub name: String,
    /// The means; none where a score is undefined.
    pub mean: Vec<Option<f64>>,
    /// The lower ends; none for fewer than two repeats, or if all are equal.
    pub low: Vec<Option<f64>>,
    /// The upper ends.
    pub high: Vec<Option<f64>>,
}

/// A model's name, and for each repeat its key, such as the seed, and its scores by strength.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeats<'a> {
    /// The name.
    pub name: &'a str,
    /// What pairs repeats of different models.
    pub keys: &'a [u64],
    /// The scores of each repeat.
    pub scores: Vec<&'a [Option<f64>]>,
}

impl Band {
    /// Summarizes repeats, whose training rows overlap in a share (0 for repeats on the same rows).
    fn of(name: &str, repeats: &[Vec<Option<f64>>], strengths: usize, test_per_train: f64) -> Self {
        let at =
            |place: usize| -> Option<Vec<f64>> { repeats.iter().map(|own| own[place]).collect() };
        let (mut means, mut low, mut high) = (Vec::new(), Vec::new(), Vec::new());
        for place in 0..strengths {
            let own = at(place).filter(|own| !own.is_empty());
            means.push(own.as_deref().map(mean));
            let estimate = own.and_then(|own| Estimate::of_folds(&own, test_per_train));
            let interval = estimate.map(|own| own.interval(LEVEL));
            low.push(interval.map(|own| own.low));
            high.push(interval.map(|own| own.high));
        }
        Self { name: name.to_string(), mean: means, low, high }
    }
}

impl ComparedCurve {
    /// Compares the scores of models. Differences are those of repeats with the same key; `test_per_train` is the
    /// number of test rows divided by that of training rows if each repeat tests on a fold, else 0.
    pub fn new(
        (kind, norm, metric): (&str, Option<Norm>, &str),
        strengths: &[f64],
        models: &[Repeats],
        test_per_train: f64,
    ) -> Self {
        let band = |name: &str, repeats: &[Vec<Option<f64>>]| {
            Band::of(name, repeats, strengths.len(), test_per_train)
        };
        let own = |model: &Repeats| {
            let scores: Vec<Vec<Option<f64>>> =
                model.scores.iter().map(|own| own.to_vec()).collect();
            band(model.name, &scores)
        };
        let difference = |first: &Repeats, model: &Repeats| {
            let pair = |(key, own): (&u64, &&[Option<f64>])| {
                let place = first.keys.iter().position(|other| other == key)?;
                let both = own.iter().zip(first.scores[place]);
                Some(both.map(|(own, first)| Some((*own)? - (*first)?)).collect())
            };
            let pairs: Vec<Vec<Option<f64>>> =
                model.keys.iter().zip(&model.scores).filter_map(pair).collect();
            band(model.name, &pairs)
        };
        let differences = match models {
            [first, others @ ..] => others.iter().map(|own| difference(first, own)).collect(),
            [] => Vec::new(),
        };
        Self {
            kind: kind.to_string(),
            norm,
            metric: metric.to_string(),
            unit: String::new(),
            strengths: strengths.to_vec(),
            models: models.iter().map(own).collect(),
            differences,
        }
    }

    /// Sets the unit of the strengths.
    #[must_use]
    pub fn in_units(self, unit: &str) -> Self {
        Self { unit: unit.to_string(), ..self }
    }

    /// Returns the label of its strengths: `strength (standard deviations)`.
    pub fn strength_label(&self) -> String {
        match self.unit.as_str() {
            "" => "strength".to_string(),
            "severity" | "radius" => self.unit.clone(),
            unit => format!("strength ({unit})"),
        }
    }

    /// Returns its kind with the norm: `pgd linf`.
    pub fn title(&self) -> String {
        match self.norm {
            Some(norm) => format!("{} {}", self.kind, norm.name()),
            None => self.kind.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Differences 0.1, 0.3: mean 0.2, standard error 0.1, t(0.975, 1) = 12.706.
    #[test]
    fn means_and_paired_differences_by_hand() {
        let first = [[Some(0.5), Some(0.25)], [Some(0.75), Some(0.25)]];
        let other = [[0.5, 0.55], [0.5, 0.35], [1.0, 0.0]].map(|own| own.map(Some));
        let models = [
            Repeats {
                name: "baseline",
                keys: &[7, 8],
                scores: first.iter().map(|own| &own[..]).collect(),
            },
            Repeats {
                name: "noise",
                keys: &[8, 7, 9],
                scores: other.iter().map(|own| &own[..]).collect(),
            },
        ];
        let found =
            ComparedCurve::new(("pgd", Some(Norm::Linf), "accuracy"), &[0., 0.1], &models, 0.);
        assert_eq!(found.models[0].mean, [Some(0.625), Some(0.25)]);
        assert_eq!(found.models[0].low[1], None, "equal scores have no interval");
        assert_eq!(found.models[1].mean[0], Some(2. / 3.));
        let Band { mean, low, high, .. } = &found.differences[0];
        assert!((mean[1].unwrap() - 0.2).abs() < 1e-12 && (mean[0].unwrap() + 0.125).abs() < 1e-12);
        let reach = 12.706204736174694 * 0.1;
        assert!((low[1].unwrap() - (0.2 - reach)).abs() < 1e-9);
        assert!((high[1].unwrap() - (0.2 + reach)).abs() < 1e-9);
        assert_eq!(found.title(), "pgd linf");
    }
}
