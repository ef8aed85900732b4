//! Schedules of the learning rate.

use std::fmt;
use std::str::FromStr;

use candle_core::{Error, Result, bail};
use serde::{Deserialize, Serialize};

/// A schedule of the learning rate: a factor of the optimizer's own rate for each epoch.
///
/// After `warmup` epochs, in which the factor rises from 1 / (`warmup` + 1) in equal steps, the
/// factor decays. The factor follows from the number of the epoch and, for some, from the total number or
/// the curves, so a checkpoint needs no further state.
///
/// The text form has the parts separated by commas: `constant`, `cosine`, `warmup:10,cosine:0.01`,
/// `step:30:0.1`, `plateau:10:0.5`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub struct LrSchedule {
    /// Number of epochs in which the rate rises. In a shorter run it rises to the end.
    pub warmup: usize,
    /// The decay after them.
    pub decay: LrDecay,
}

/// How the learning rate decays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum LrDecay {
    /// It does not.
    #[default]
    Constant,
    /// Multiplied by `factor` after every `every` epochs, as PyTorch's `StepLR`.
    Step {
        /// Number of epochs, at least 1.
        every: usize,
        /// In (0, 1].
        factor: f64,
    },
    /// Half a cosine from 1 to `floor` over the epochs after the warm-up, as PyTorch's
    /// `CosineAnnealingLR`. Loshchilov & Hutter 2017, "SGDR" (arXiv 1608.03983).
    Cosine {
        /// In [0, 1].
        floor: f64,
    },
    /// Multiplied by `factor` after every `patience` epochs in a row whose validation loss is not below
    /// the lowest one by more than 1e-4, as Keras' `ReduceLROnPlateau`.
    Plateau {
        /// Number of epochs, at least 1.
        patience: usize,
        /// In (0, 1].
        factor: f64,
    },
}

impl LrSchedule {
    /// The smallest decrease of the validation loss that is one.
    const MIN_DELTA: f64 = 1e-4;

    /// Creates a schedule without a warm-up.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn new(decay: LrDecay) -> Result<Self> {
        let schedule = Self { warmup: 0, decay };
        schedule.check()?;
        Ok(schedule)
    }

    /// Checks the numbers, which may have been set one by one.
    pub(super) fn check(&self) -> Result<()> {
        let (count, share, least) = match self.decay {
            LrDecay::Constant => (1, 1., 0.),
            LrDecay::Step { every, factor } => (every, factor, f64::MIN_POSITIVE),
            LrDecay::Cosine { floor } => (1, floor, 0.),
            LrDecay::Plateau { patience, factor } => (patience, factor, f64::MIN_POSITIVE),
        };
        if count == 0 {
            bail!("a schedule of the learning rate expects at least 1 epoch, received 0")
        }
        if !(least..=1.).contains(&share) {
            let least = if least > 0. { "above 0" } else { "from 0" };
            bail!("a schedule of the learning rate expects a factor {least} to 1, received {share}")
        }
        Ok(())
    }

    /// Sets the number of epochs in which the rate rises.
    #[must_use]
    pub fn warmup(self, warmup: usize) -> Self {
        Self { warmup, ..self }
    }

    /// Returns the factor of an epoch, from 1. `losses` are the validation losses of the epochs before
    /// it.
    pub fn factor(&self, epoch: usize, epochs: usize, losses: &[f32]) -> f64 {
        let Self { warmup, decay } = *self;
        if epoch <= warmup {
            return epoch as f64 / (warmup as f64 + 1.);
        }
        let (done, total) = (epoch - warmup - 1, epochs.saturating_sub(warmup).max(1));
        match decay {
            LrDecay::Constant => 1.,
            LrDecay::Step { every, factor } => libm::pow(factor, (done / every.max(1)) as f64),
            LrDecay::Cosine { floor } => {
                let turn = std::f64::consts::PI * done as f64 / total as f64;
                floor + (1. - floor) * (1. + libm::cos(turn)) / 2.
            }
            LrDecay::Plateau { patience, factor } => {
                let losses = losses.get(warmup..).unwrap_or_default();
                libm::pow(factor, plateaus(losses, patience) as f64)
            }
        }
    }

    /// Returns whether the factor depends on the validation loss, and so on the replica.
    pub fn needs_validation(&self) -> bool {
        matches!(self.decay, LrDecay::Plateau { .. })
    }

    /// Returns whether the factor depends on the total number of epochs.
    pub fn needs_total(&self) -> bool {
        matches!(self.decay, LrDecay::Cosine { .. })
    }

    /// Returns whether the factor is always 1.
    pub fn is_constant(&self) -> bool {
        *self == Self::default()
    }
}

/// Counts the plateaus of a loss: each is `patience` epochs in a row without a decrease.
fn plateaus(losses: &[f32], patience: usize) -> usize {
    let (mut lowest, mut waited, mut count) = (f64::INFINITY, 0, 0);
    for loss in losses.iter().map(|loss| f64::from(*loss)) {
        if loss < lowest - LrSchedule::MIN_DELTA {
            (lowest, waited) = (loss, 0);
            continue;
        }
        waited += 1;
        if waited == patience {
            (waited, count) = (0, count + 1);
        }
    }
    count
}

impl fmt::Display for LrSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.warmup > 0 {
            write!(f, "warmup:{}", self.warmup)?;
            match self.decay {
                LrDecay::Constant => return Ok(()),
                _ => f.write_str(",")?,
            }
        }
        match self.decay {
            LrDecay::Constant => f.write_str("constant"),
            LrDecay::Step { every, factor } => write!(f, "step:{every}:{factor}"),
            LrDecay::Cosine { floor } => write!(f, "cosine:{floor}"),
            LrDecay::Plateau { patience, factor } => write!(f, "plateau:{patience}:{factor}"),
        }
    }
}

impl FromStr for LrSchedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            Error::Msg(format!(
                "expected constant, step:EVERY:FACTOR, cosine[:FLOOR] or plateau:PATIENCE:FACTOR, alone or \
                 after warmup:EPOCHS and a comma, received '{text}'"
            ))
        };
        let (warmup, decay) = match text.trim().strip_prefix("warmup:") {
            None => (0, text.trim()),
            Some(rest) => {
                let (epochs, decay) = rest.split_once(',').unwrap_or((rest, "constant"));
                (epochs.trim().parse().map_err(|_| refused())?, decay.trim())
            }
        };
        let parts: Vec<&str> = decay.split(':').map(str::trim).collect();
        let count = |text: &str| text.parse::<usize>().map_err(|_| refused());
        // -0 is 0.
        let number = |text: &str| text.parse().map(|x: f64| x + 0.).map_err(|_| refused());
        let decay = match parts[..] {
            ["constant"] => LrDecay::Constant,
            ["step", every, factor] => {
                LrDecay::Step { every: count(every)?, factor: number(factor)? }
            }
            ["cosine"] => LrDecay::Cosine { floor: 0. },
            ["cosine", floor] => LrDecay::Cosine { floor: number(floor)? },
            ["plateau", patience, factor] => {
                LrDecay::Plateau { patience: count(patience)?, factor: number(factor)? }
            }
            _ => return Err(refused()),
        };
        Ok(Self::new(decay)?.warmup(warmup))
    }
}

impl TryFrom<String> for LrSchedule {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<LrSchedule> for String {
    fn from(schedule: LrSchedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(text: &str, epochs: usize, losses: &[f32]) -> Vec<f64> {
        let schedule: LrSchedule = text.parse().unwrap();
        let before = |epoch: usize| &losses[..losses.len().min(epoch - 1)];
        (1..=epochs).map(|epoch| schedule.factor(epoch, epochs, before(epoch))).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{found:?} {expected:?}");
        }
    }

    /// PyTorch 2.15:
    ///
    /// ```python
    /// import torch
    /// def rates(make, epochs):
    ///     sgd = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    ///     schedule, rates = make(sgd), []
    ///     for _ in range(epochs):
    ///         rates.append(sgd.param_groups[0]["lr"]); sgd.step(); schedule.step()
    ///     print(rates)
    /// s = torch.optim.lr_scheduler
    /// rates(lambda sgd: s.StepLR(sgd, 3, 0.5), 8)
    /// rates(lambda sgd: s.CosineAnnealingLR(sgd, 6, 0.1), 6)
    /// ```
    #[test]
    fn steps_and_cosines_are_those_of_pytorch() {
        assert_close(&factors("step:3:0.5", 8, &[]), &[1., 1., 1., 0.5, 0.5, 0.5, 0.25, 0.25]);
        let expected = [
            1.0,
            0.939_711_431_702_997_4,
            0.775,
            0.55,
            0.325_000_000_000_000_1,
            0.160_288_568_297_002_7,
        ];
        assert_close(&factors("cosine:0.1", 6, &[]), &expected);
    }

    #[test]
    fn a_warm_up_rises_in_equal_steps_and_the_decay_begins_after_it() {
        assert_close(&factors("warmup:3", 5, &[]), &[0.25, 0.5, 0.75, 1., 1.]);
        assert_close(&factors("warmup:1,step:1:0.5", 4, &[]), &[0.5, 1., 0.5, 0.25]);
        assert_close(&factors("warmup:2,cosine", 4, &[])[2..], &factors("cosine", 2, &[]));
        assert_close(&factors("warmup:9,cosine", 4, &[]), &[0.1, 0.2, 0.3, 0.4]);
    }

    /// By hand: the loss falls to 0.4, rises twice, falls by too little, falls.
    #[test]
    fn a_plateau_lowers_the_rate_after_it() {
        let losses = [1., 0.4, 0.5, 0.45, 0.39995, 0.3, 0.3, 0.3, f32::NAN];
        let expected = [1., 1., 1., 1., 0.5, 0.5, 0.5, 0.5, 0.25, 0.25];
        assert_close(&factors("plateau:2:0.5", 10, &losses), &expected);
        // Losses of the warm-up do not count.
        assert_close(
            &factors("warmup:2,plateau:1:0.5", 5, &[0., 0., 1., 1.]),
            &[1. / 3., 2. / 3., 1., 1., 0.5],
        );
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        for text in ["constant", "warmup:5", "step:10:0.1", "warmup:5,cosine:0.01", "plateau:3:0.5"]
        {
            assert_eq!(text.parse::<LrSchedule>().unwrap().to_string(), text);
        }
        for (text, expected) in [
            ("linear", "expected constant, step:EVERY:FACTOR"),
            ("step:0:0.5", "at least 1 epoch, received 0"),
            ("step:3:0", "a factor above 0 to 1, received 0"),
            ("cosine:1.5", "a factor from 0 to 1, received 1.5"),
            ("plateau:3:NaN", "received NaN"),
            ("warmup:x,cosine", "received 'warmup:x,cosine'"),
            ("", "received ''"),
        ] {
            let error = text.parse::<LrSchedule>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
