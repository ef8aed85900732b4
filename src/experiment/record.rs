//! One trained run as plain data: its scores, and what comparisons and pictures need.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::trial::{Trial, Varying};
use crate::metric::{Metric, Predicted};
use crate::stats::{Statistic, statistic};
use crate::train::{ReplicaHistory, Stop};

/// Named figures, in order; JSON has them side by side with other fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores(Vec<(String, Option<f64>)>);

impl Scores {
    /// The figures with their names, in order; `None` if undefined.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Option<f64>)> {
        self.0.iter().map(|(name, score)| (name.as_str(), *score))
    }

    /// A figure by its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| own == name)?.1
    }

    /// The names of the figures of a run that is judged by some metrics, in order.
    pub(super) fn names(metrics: &[&str], validated: bool) -> Vec<String> {
        let sets =
            if validated { &["train", "test", "validation"][..] } else { &["train", "test"] };
        let of =
            |metric: &&str| sets.iter().map(|set| format!("{set}_{metric}")).collect::<Vec<_>>();
        let losses = ["train_loss".to_string(), "test_loss".to_string()];
        let best = metrics.first().map(|metric| format!("best_test_{metric}"));
        let last = validated.then(|| "validation_loss".to_string());
        metrics.iter().flat_map(of).chain(losses).chain(best).chain(last).collect()
    }

    /// Sets a figure, a new one at the end.
    pub fn set(&mut self, name: &str, score: Option<f64>) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = score,
            None => self.0.push((name.to_string(), score)),
        }
    }
}

/// Losses are single-precision numbers, and written as such.
fn is_single(name: &str) -> bool {
    ["train_loss", "test_loss", "validation_loss"].contains(&name)
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, score) in &self.0 {
            match score {
                Some(score) if is_single(name) => map.serialize_entry(name, &(*score as f32))?,
                score => map.serialize_entry(name, score)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Scores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Scores;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("figures by name")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Scores, A::Error> {
                let mut scores = Scores::default();
                while let Some((name, score)) = map.next_entry::<String, Option<f64>>()? {
                    let single =
                        |score: f64| if is_single(&name) { f64::from(score as f32) } else { score };
                    scores.0.push((name.clone(), score.map(single)));
                }
                Ok(scores)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// One repeat. The figures are those of the weights that the run ends with, with the noise off, `None` if
/// it failed: for each metric `train_`, `test_` and, if there are validation rows, `validation_`; the
/// losses; and `best_test_`, the best of any epoch, which is chosen by the test rows and so optimistic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Seed of weights, batches and noise.
    pub seed: u64,
    /// Seed of the data set.
    pub data_seed: u32,
    /// The figures.
    #[serde(flatten)]
    pub scores: Scores,
    /// The first epoch, from 1, that reached the best test score.
    pub best_epoch: Option<usize>,
    /// The last epoch, from 1, if early stopping ended the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopped_epoch: Option<usize>,
    /// The epoch, from 1, whose weights early stopping restored: the figures are of this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_epoch: Option<usize>,
    /// Why the run failed: its loss was not finite.
    pub stopped: Option<Stop>,
}

/// The final predictions of a replica: training, validation and test rows.
pub(super) type Final<'a> = [Option<&'a Predicted>; 3];

impl Run {
    /// The run of a replica with this history and these predictions.
    pub(super) fn new(
        trial: &Trial,
        history: &ReplicaHistory,
        rows: Final,
        metrics: &[Arc<dyn Metric>],
    ) -> Self {
        let epoch = history.final_epoch();
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
        let mut scores = Scores::default();
        Scores::names(&names, rows[1].is_some()).iter().for_each(|name| scores.set(name, None));
        let sets = ["train", "validation", "test"].into_iter().zip(rows);
        for (set, rows) in sets.filter_map(|(set, rows)| Some((set, rows?))) {
            for metric in metrics.iter().filter(|_| epoch.is_some()) {
                scores.set(&format!("{set}_{}", metric.name()), metric.score(rows));
            }
        }
        let last = |curve: &[f32]| curve.get(epoch? - 1).map(|x| f64::from(*x));
        let curves =
            [("train", &history.clean), ("validation", &history.val), ("test", &history.test)];
        for (set, curves) in curves.into_iter().filter(|(_, curves)| !curves.loss.is_empty()) {
            scores.set(&format!("{set}_loss"), last(&curves.loss));
        }
        let best = best(&history.test.score, &*metrics[0]).filter(|_| epoch.is_some());
        scores.set(&format!("best_test_{}", names[0]), best.map(|(_, score)| score));
        Self {
            seed: trial.seed,
            data_seed: trial.draw.data_seed,
            scores,
            best_epoch: best.map(|(epoch, _)| epoch),
            early_stopped_epoch: history.early_stopped.then_some(history.epochs()),
            restored_epoch: history.restored_epoch,
            stopped: history.stopped.clone(),
        }
    }

    /// A figure by its name, as `test_accuracy`.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.scores.get(name)
    }
}

/// The first epoch, from 1, with the best score of a curve, and the score.
fn best(curve: &[f64], metric: &dyn Metric) -> Option<(usize, f64)> {
    let scores = curve.iter().copied().enumerate().filter(|(_, score)| !score.is_nan());
    let better = |a: f64, b: f64| metric.better().is_better(b, a);
    scores
        .reduce(|a, b| if better(a.1, b.1) { b } else { a })
        .map(|(index, score)| (index + 1, score))
}

/// Mean and spread of each figure over the runs that have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary(Vec<(String, Statistic)>);

impl Summary {
    /// Over the runs that have the figure.
    pub fn new(runs: &[Run]) -> Self {
        let names = runs.first().into_iter().flat_map(|run| run.scores.iter());
        let over = |(name, _): (&str, Option<f64>)| {
            (name.to_string(), statistic(runs.iter().filter_map(|run| run.get(name))))
        };
        Self(names.map(over).collect())
    }

    /// The statistic of a figure; of no values if there is no such figure.
    pub fn get(&self, name: &str) -> Statistic {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, statistic)| *statistic).unwrap_or_default()
    }

    /// The figures with their names, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Statistic)> {
        self.0.iter().map(|(name, statistic)| (name.as_str(), statistic))
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// A run and what its comparison with others and its pictures need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What tells the run apart from others of its folder.
    #[serde(flatten)]
    pub(super) varying: Varying,
    /// Its figures.
    pub run: Run,
    /// A digit for each test row: 1 if it is predicted correctly in the end; empty if the primary metric
    /// does not count that.
    pub test_hits: String,
    /// Its curves at some epochs.
    pub curves: Sampled,
}

/// The curves of a run at the epochs of [`sampled_epochs`], shorter if it stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Score of the training rows, noise off; `None` if it was undefined.
    pub train_score: Vec<Option<f32>>,
    /// Score of the test rows.
    pub test_score: Vec<Option<f32>>,
    /// Loss of the training rows, noise off.
    pub train_loss: Vec<f32>,
    /// Loss of the test rows.
    pub test_loss: Vec<f32>,
}

/// The epochs, from 1, that stored curves have: all, or some hundred evenly from the first to the
/// last.
pub fn sampled_epochs(epochs: usize) -> Vec<usize> {
    const MOST: usize = 101;
    let count = epochs.min(MOST);
    let last = count.saturating_sub(1).max(1);
    (0..count).map(|k| 1 + (k * (epochs - 1) + last / 2) / last).collect()
}

impl Record {
    /// The record of a trial. `repeat` is the number of its seed among the repeats: a replica's number in
    /// its chunk says nothing about the run.
    pub(super) fn new(
        trial: &Trial,
        repeat: usize,
        mut run: Run,
        hits: Option<Vec<bool>>,
        history: &ReplicaHistory,
    ) -> Self {
        if let Some(stop) = &mut run.stopped {
            stop.replica = repeat;
        }
        let hits = hits.filter(|_| run.stopped.is_none()).unwrap_or_default();
        let hits: String = hits.iter().map(|hit| if *hit { '1' } else { '0' }).collect();
        let curves = Sampled::new(history, trial.hyper.epochs);
        Self { curves, ..Self::of(trial, run, &hits) }
    }

    /// The record of a run that was trained elsewhere, without curves; `test_hits` has a digit for each test
    /// row, or nothing.
    pub fn of(trial: &Trial, run: Run, test_hits: &str) -> Self {
        let (varying, test_hits) = (Varying::of(trial), test_hits.to_string());
        Self { varying, run, test_hits, curves: Sampled::default() }
    }

    /// Seed of weights, batches and noise, and that of the data set.
    pub fn seeds(&self) -> (u32, u64) {
        (self.run.data_seed, self.run.seed)
    }
}

impl Sampled {
    fn new(history: &ReplicaHistory, epochs: usize) -> Self {
        let epochs = sampled_epochs(epochs);
        let losses =
            |curve: &[f32]| epochs.iter().map_while(|e| curve.get(e - 1).copied()).collect();
        let score = |score: &f64| Some(*score as f32).filter(|score| score.is_finite());
        let scores =
            |curve: &[f64]| epochs.iter().map_while(|e| curve.get(e - 1).map(score)).collect();
        Self {
            train_score: scores(&history.clean.score),
            test_score: scores(&history.test.score),
            train_loss: losses(&history.clean.loss),
            test_loss: losses(&history.test.loss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampled_epochs_run_evenly_from_the_first_to_the_last() {
        assert_eq!(sampled_epochs(1), [1]);
        assert_eq!(sampled_epochs(3), [1, 2, 3]);
        assert_eq!(sampled_epochs(101), (1..=101).collect::<Vec<_>>());
        let epochs = sampled_epochs(4000);
        assert_eq!((epochs.len(), epochs[0], epochs[50], epochs[100]), (101, 1, 2001, 4000));
        assert!(epochs.windows(2).all(|pair| (39..=41).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn figures_survive_the_round_trip_and_losses_are_short() {
        let mut scores = Scores::default();
        scores.set("train_accuracy", Some(29. / 30.));
        scores.set("train_loss", Some(f64::from(0.353f32)));
        scores.set("test_f1", None);
        let json = serde_json::to_string(&scores).unwrap();
        let expected = r#"{"train_accuracy":0.9666666666666667,"train_loss":0.353,"test_f1":null}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Scores>(&json).unwrap(), scores);
    }
}
