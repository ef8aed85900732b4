//! What noise and corruptions do to a row.

use std::fmt::Debug;

use candle_core::{Result, bail};

use super::Row;

/// What noise or a corruption does to a row.
///
/// ```
/// use candle_core::Result;
/// use candle_noise::robust::{Change, Row};
///
/// /// Rounds values to multiples of an amount.
/// #[derive(Debug)]
/// struct Rounded;
///
/// impl Change for Rounded {
///     fn change(&self, row: &mut Row, amount: f64) -> Result<()> {
///         row.for_each_free(|_, x, _| ((f64::from(x) / amount).round() * amount) as f32);
///         Ok(())
///     }
/// }
/// ```
pub trait Change: Debug + Send + Sync {
    /// Changes a row by an amount above 0.
    ///
    /// # Errors
    /// If rows of this form cannot be changed so.
    fn change(&self, row: &mut Row, amount: f64) -> Result<()>;

    /// Returns whether the amount is the share of what changes, at most 1.
    fn is_rate(&self) -> bool {
        false
    }
}

/// Refuses an amount that is negative, not finite, or a share above 1.
pub(super) fn check(change: &dyn Change, amount: f64) -> Result<()> {
    match (change.is_rate(), amount) {
        (true, 0.0..=1.0) => Ok(()),
        (true, _) => bail!("expected a share from 0 to 1, received {amount}"),
        (false, 0.0..=f64::MAX) => Ok(()),
        (false, _) => bail!("expected a finite strength of at least 0, received {amount}"),
    }
}
