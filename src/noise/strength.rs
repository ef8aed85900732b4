//! What the one number of a kind of noise means, and which values it may have.

use candle_core::{Error, Result, bail};

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
        let Self { name, .. } = self;
        if values.len() != replicas {
            bail!("expected a {name} for each of {replicas} replicas, received {}", values.len())
        }
        values.iter().try_for_each(|value| self.check_value(*value))
    }

    /// Refuses a value out of range.
    pub(super) fn check_value(&self, value: f64) -> Result<()> {
        let Self { name, end } = self;
        if (0.0..*end).contains(&value) {
            return Ok(());
        }
        let range = if end.is_finite() {
            format!("at least 0 and below {end}")
        } else {
            "finite and at least 0".to_string()
        };
        // A single line, without a backtrace: it is the value's fault.
        Err(Error::Msg(format!("{name} must be {range}, received {value}")))
    }
}
