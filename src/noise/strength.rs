//! What the one number of a kind of noise means, and which values it may have.

use candle_core::{Result, bail};

/// The name and the range of a kind's strength; at 0 there is no noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    name: &'static str,
    /// The first value that is too large.
    end: f64,
}

impl Strength {
    /// A number that is finite and at least 0, such as a standard deviation.
    pub const fn amount(name: &'static str) -> Self {
        Self { name, end: f64::INFINITY }
    }

    /// A share in [0, 1), such as that of the elements that are dropped.
    pub const fn rate(name: &'static str) -> Self {
        Self { name, end: 1. }
    }

    /// Refuses all but one value in range for each replica.
    pub(super) fn check(&self, values: &[f64], replicas: usize) -> Result<()> {
        let Self { name, end } = self;
        if values.len() != replicas {
            bail!("expected a {name} for each of {replicas} replicas, received {}", values.len())
        }
        match values.iter().find(|value| !(0.0..*end).contains(*value)) {
            Some(value) if end.is_finite() => {
                bail!("{name} must be at least 0 and below {end}, received {value}")
            }
            Some(value) => bail!("{name} must be finite and at least 0, received {value}"),
            None => Ok(()),
        }
    }
}
