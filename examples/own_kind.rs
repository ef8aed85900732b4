//! A kind of noise of your own, beside Gaussian noise of the same variance.

use anyhow::Result;
use candle_noise::experiment::Experiment;
use candle_noise::noise::{Change, Kind, NoiseSpec, Strength};
use candle_noise::rng::Address;
use candle_noise::task::Circles;

/// Rademacher noise: y = x + stddev or y = x - stddev, by the toss of a coin.
#[derive(Clone)]
struct Rademacher;

impl Kind for Rademacher {
    const STRENGTH: Strength = Strength::amount("stddev");

    /// A number in (0, 1] for each element of the row.
    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        address.fill_uniform(row, draws.len(), draws);
    }

    /// What it does to its element.
    fn at(&self, stddev: f64, _real: usize) -> impl Fn(f32) -> Change {
        move |u| Change::Add(if u <= 0.5 { stddev } else { -stddev })
    }
}

fn main() -> Result<()> {
    let circles = Circles::default();
    let rademacher = |stddev| NoiseSpec::own("input", "rademacher", Rademacher, stddev);
    let outcome = Experiment::new(&circles)
        .noise("input:gaussian:0.03,0.1".parse()?)
        .noise(rademacher(0.03)?.into())
        .noise(rademacher(0.1)?.into())
        .repeats(5)
        .run()?;
    println!("{}", outcome.sentence());
    Ok(())
}
