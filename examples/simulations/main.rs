//! Simulates what docs/statistics.md promises: how often intervals hold what is true, and how often answers are
//! wrong. It prints the tables of that page, with the same figures on every machine:
//!
//! ```text
//! cargo run --release --example simulations
//! ```

mod answers;
mod draws;
mod grid;
mod headline;
mod intervals;
mod learners;
mod looks;
mod tables;

use anyhow::Result;

fn main() -> Result<()> {
    intervals::independent();
    intervals::folds();
    answers::wrong()?;
    looks::wrong()?;
    headline::coverage()?;
    headline::useless_noises()
}
