//! A metric of your own, F1, beside the accuracy in an experiment on the shipped circles.

use anyhow::{Context, Result};
use candle_noise::experiment::{Experiment, noise_name};
use candle_noise::metric::{Margin, Metric, Predicted};
use candle_noise::task::Circles;

/// F1 of class 1, the harmonic mean of its precision and its recall.
#[derive(Debug)]
struct F1;

impl Metric for F1 {
    fn name(&self) -> &str {
        "f1"
    }

    /// Two hundredths of F1 are worth a change; one is not.
    fn margin(&self) -> Margin {
        Margin::Absolute(0.02)
    }

    /// Undefined if no row is of class 1 and none is predicted to be.
    fn score(&self, rows: &Predicted) -> Option<f64> {
        let predicted = rows.classes().filter(|class| *class == 1).count();
        let actual = rows.labels().filter(|label| *label == 1).count();
        let both = rows.classes().zip(rows.labels()).filter(|pair| *pair == (1, 1)).count();
        (predicted + actual > 0).then(|| 2. * both as f64 / (predicted + actual) as f64)
    }
}

fn main() -> Result<()> {
    let circles = Circles::default();
    let outcome =
        Experiment::new(&circles).noise("hidden:0.1,0.3".parse()?).metric(F1).repeats(5).run()?;

    let best = outcome.conclusion.as_ref().map(|conclusion| &conclusion.cell);
    for own in &outcome.cells {
        if own.cell.is_baseline() || Some(&own.cell) == best {
            let f1 = own.summary.get("test_f1").mean.context("F1 is undefined")?;
            println!("{}: test F1 {f1:.3}", noise_name(&own.cell.noise));
        }
    }
    println!("{}", outcome.sentence()); // of the accuracy, the primary metric of circles
    Ok(())
}
