//! Flags for noise in the test.

use clap::{Args, ValueEnum};

use super::parse::{noise, within};
use crate::experiment::TestNoise;
use crate::noise::{NoiseSpec, Per};

/// Flags for noise in the test.
#[derive(Args, Clone, Debug)]
pub struct TestNoiseArgs {
    /// Noise that is on while the trained networks are tested once more, as in --noise; repeat the flag to
    /// combine several
    #[arg(long, value_name = "NOISE", value_parser = noise::<NoiseSpec>)]
    test_noise: Vec<NoiseSpec>,
    /// Number of draws over which the score with this noise is averaged
    #[arg(long, value_name = "N", default_value_t = 10, requires = "test_noise", value_parser = within(1..=100_000usize))]
    test_draws: usize,
    /// What has one draw of this noise; of noise on weights a batch or a device
    #[arg(long, value_name = "WHAT", default_value = "row", requires = "test_noise")]
    test_per: PerArg,
}

/// What has one draw of noise.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PerArg {
    /// Each row, as in training
    Row,
    /// A batch of 1024 rows
    Batch,
    /// A device: the same perturbed networks for all rows
    Device,
}

impl From<PerArg> for Per {
    fn from(own: PerArg) -> Self {
        match own {
            PerArg::Row => Self::Row,
            PerArg::Batch => Self::Batch,
            PerArg::Device => Self::Device,
        }
    }
}

impl TestNoiseArgs {
    /// Returns the noise, if there is some.
    pub(super) fn test_noise(&self) -> Option<TestNoise> {
        let (noise, draws, per) = (self.test_noise.clone(), self.test_draws, self.test_per.into());
        (!noise.is_empty()).then_some(TestNoise { noise, draws, per })
    }
}
