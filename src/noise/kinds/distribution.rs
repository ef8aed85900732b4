//! Noise of any distribution that `rand_distr` knows.

use rand_distr::Distribution;

use crate::noise::kind::{Change, Kind};
use crate::noise::strength::Strength;
use crate::rng::Address;

/// y = x + scale · d; see [`DistributionNoise`](crate::noise::DistributionNoise).
///
/// A row's draws are taken one after another from the row's own stream of words, of which some
/// distributions eat a varying number; they may also use the platform's functions, whose last bits
/// differ between platforms.
#[derive(Clone, Debug)]
pub struct Drawn<D>(
    /// What d is drawn from.
    pub D,
);

impl<D: Distribution<f32> + Clone + Send + Sync + 'static> Kind for Drawn<D> {
    const STRENGTH: Strength = Strength::amount("scale");
    const IS_ADDITIVE: bool = true;

    fn fill(&self, address: &Address, row: u32, draws: &mut [f32]) {
        let mut rng = address.rng(row);
        draws.fill_with(|| self.0.sample(&mut rng));
    }

    fn at(&self, scale: f64, _real: usize) -> impl Fn(f32) -> Change {
        move |d| Change::Add(scale * f64::from(d))
    }
}
