//! What is reached without a network.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::trial::Subject;
use crate::stats::{Digits, Statistic, statistic};
use crate::task::Draw;

/// What is reached without a network, on the same test rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// What predicts: `majority class`, `ridge regression`.
    pub name: String,
    /// The scores of the primary metric over the splits.
    #[serde(flatten)]
    pub score: Statistic,
}

impl Reference {
    /// Returns what predicts and its mean score: `ridge regression 2.960`; `None` without a score.
    pub fn words(&self) -> Option<String> {
        let mean = self.score.mean?;
        Some(format!("{} {}", self.name, Digits::of(mean).text(mean)))
    }
}

/// Returns the scores of a task's references on the splits of a plan's first cell.
///
/// # Errors
/// If a draw does not fit the data.
pub fn references(subject: &Subject, plan: &Plan) -> Result<Vec<Reference>> {
    let first = plan.cells().into_iter().take(1).flat_map(|cell| plan.trials_of(cell));
    let mut draws: Vec<Draw> = first.map(|trial| trial.draw).collect();
    draws.dedup();
    let mut all: Vec<(&'static str, Vec<f64>)> = Vec::new();
    for draw in &draws {
        for (place, (name, rows)) in subject.task().references(draw)?.into_iter().enumerate() {
            if place == all.len() {
                all.push((name, Vec::new()));
            }
            all[place].1.extend(subject.primary().score(&rows));
        }
    }
    let of = |(name, scores): (&'static str, Vec<f64>)| Reference {
        name: name.to_string(),
        score: statistic(scores),
    };
    Ok(all.into_iter().map(of).collect())
}
