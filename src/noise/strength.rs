//! The meaning and the range of the strength of a kind of noise.

use candle_core::{Error, Result, bail};

/// The name and the range of a kind's strength; at 0 there is no noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    name: &'static str,
    /// The first value that is too large.
    end: f64,
    /// Whether values are whole numbers.
    is_count: bool,
}

impl Strength {
    /// Returns the range of finite numbers of at least 0, such as a standard deviation.
    pub const fn amount(name: &'static str) -> Self {
        Self { name, end: f64::INFINITY, is_count: false }
    }

    /// Returns the range of whole numbers of at least 0, such as a number of pixels.
    pub const fn count(name: &'static str) -> Self {
        Self { name, end: f64::INFINITY, is_count: true }
    }

    /// Returns the range of shares in [0, 1), such as the share of dropped elements.
    pub const fn rate(name: &'static str) -> Self {
        Self { name, end: 1., is_count: false }
    }

    /// Checks that there is one value in range for each replica.
    pub(super) fn check(&self, values: &[f64], replicas: usize) -> Result<()> {
        let Self { name, .. } = self;
        if values.len() != replicas {
            bail!("expected a {name} for each of {replicas} replicas, received {}", values.len())
        }
        values.iter().try_for_each(|value| self.check_value(*value))
    }

    /// Checks that values between whole numbers are in range, as a schedule takes them.
    pub(super) fn check_scheduled(&self) -> Result<()> {
        let Self { name, is_count, .. } = self;
        match is_count {
            // A single line, without a backtrace, because the value caused the error.
            true => {
                Err(Error::Msg(format!("{name} is a whole number: expected no schedule of it")))
            }
            false => Ok(()),
        }
    }

    /// Checks that a value is in range.
    pub(super) fn check_value(&self, value: f64) -> Result<()> {
        let Self { name, end, is_count } = self;
        if (0.0..*end).contains(&value) && (!is_count || value.fract() == 0.) {
            return Ok(());
        }
        let range = if *is_count {
            "a whole number of at least 0".to_string()
        } else if end.is_finite() {
            format!("at least 0 and below {end}")
        } else {
            "finite and at least 0".to_string()
        };
        // A single line, without a backtrace, because the value caused the error.
        Err(Error::Msg(format!("{name} must be {range}, received {value}")))
    }
}
