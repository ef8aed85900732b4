//! Named figures, of a run and over runs.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Run;
use crate::stats::{Statistic, statistic};

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
    pub(in crate::experiment) fn names(metrics: &[&str], validated: bool) -> Vec<String> {
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

/// Mean and standard deviation of each figure over the runs that have it.
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

#[cfg(test)]
mod tests {
    use super::*;

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
