//! Flags for the answer of a grid: what matters, and when it is found.

use anyhow::{Result, anyhow};
use clap::Args;

use super::exit::Failure;
use super::parse::{positive, within};
use crate::experiment::{Plan, Unit};
use crate::metric::Margin;

/// Flags for the answer of a grid.
#[derive(Args, Clone, Debug)]
pub struct AnswerArgs {
    #[command(flatten)]
    pub(super) margin: MarginArgs,
    /// Add repeats, or data seeds if there are several, until the answer is found; the interval then
    /// holds at every look. Folds cannot be added to: they share rows
    #[arg(long, conflicts_with_all = ["shard", "shards"])]
    pub(super) until_decided: bool,
    /// Most repeats, or data seeds, that --until-decided adds up to
    #[arg(long, value_name = "N", default_value_t = 300, requires = "until_decided", value_parser = within(1..=10_000usize))]
    pub(super) max_repeats: usize,
}

/// Flag for what matters.
#[derive(Args, Clone, Copy, Debug)]
pub struct MarginArgs {
    /// Smallest difference in the primary metric that matters [default: 0.01, or 1 % of the
    /// baseline's score for errors and the NLL]
    #[arg(long, value_name = "X", value_parser = positive, allow_hyphen_values = true)]
    pub(super) margin: Option<f64>,
}

impl MarginArgs {
    /// Returns the smallest difference that matters, if it is not left to the metric.
    ///
    /// # Errors
    /// If no scores of the metric differ by as much.
    pub(super) fn of(self, metric: &str) -> Result<Option<f64>, Failure> {
        let checked = self.margin.map(|own| Margin::check(metric, own).map(|()| own)).transpose();
        checked.map_err(|error| Failure::Usage(anyhow::Error::new(error).context("--margin")))
    }
}

impl AnswerArgs {
    /// Returns a plan with these flags.
    ///
    /// # Errors
    /// If there are more repeats or data seeds than it may have.
    pub(super) fn applied_to(&self, plan: Plan) -> Result<Plan, Failure> {
        let plan = Plan { margin: self.margin.margin, until_decided: self.until_decided, ..plan };
        if !self.until_decided {
            return Ok(plan);
        }
        let (count, name) = match Unit::of(&plan) {
            Unit::DataSeed => (plan.data_seeds.len(), "data seeds"),
            _ => (plan.repeats, "repeats"),
        };
        match count <= self.max_repeats {
            true => Ok(plan),
            false => Err(Failure::Usage(anyhow!(
                "--max-repeats: expected at least the {count} {name} to begin with, received {}",
                self.max_repeats
            ))),
        }
    }
}
