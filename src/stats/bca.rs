//! The quantiles at which BCa reads the ends of an interval; [`super::bootstrap_interval`] gives
//! the formulas.

use statrs::distribution::{ContinuousCDF, Normal};

/// Returns `z0`: Φ⁻¹ of the share of resampled deviations below 0, in which an equal one counts
/// half.
///
/// The share is kept half a resample away from 0 and 1, at which `z0` would be infinite.
pub fn bias(means: &[f64], tolerance: f64) -> f64 {
    let below = means.iter().filter(|&&x| x < -tolerance).count() as f64;
    let equal = means.iter().filter(|x| x.abs() <= tolerance).count() as f64;
    let count = means.len() as f64;
    let share = (below + equal / 2.0).clamp(0.5, count - 0.5) / count;
    Normal::standard().inverse_cdf(share)
}

/// Returns `a`, from deviations in units of `std` so that no power overflows.
pub fn acceleration(deviations: &[f64], std: f64) -> f64 {
    let cubes: f64 = deviations.iter().map(|d| d / std).map(|d| d * d * d).sum();
    let df = (deviations.len() - 1) as f64;
    cubes / (6.0 * df * df.sqrt())
}

/// Returns the shares of resampled means below the lower and the upper end.
pub fn shares(level: f64, bias: f64, acceleration: f64) -> [f64; 2] {
    let z = Normal::standard().inverse_cdf((1.0 - level) / 2.0);
    [z, -z].map(|z| corrected(bias + z, bias, acceleration))
}

/// Returns the share for a `z` that includes the bias.
fn corrected(z: f64, bias: f64, acceleration: f64) -> f64 {
    let slope = 1.0 - acceleration * z;
    if slope > 0.0 {
        Normal::standard().cdf(bias + z / slope)
    } else {
        // Past its pole the formula would return from the other side.
        f64::from(z > 0.0)
    }
}

/// Returns the quantile at `share`, interpolated between the two neighbouring values. Reorders the
/// values.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    let position = share * (values.len() - 1) as f64;
    let (_, &mut low, above) = values.select_nth_unstable_by(position as usize, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    let part = position.fract();
    if part > 0.0 { low + part * (high - low) } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.norm.ppf([0.005, 0.625])`.
    #[test]
    fn bias_is_finite_and_an_equal_mean_counts_half() {
        for (means, expected) in [
            (&[1.0; 100][..], -2.575829303548901),
            (&[-1.0; 100], 2.575829303548901),
            (&[-1.0, -1.0, 0.05, 1.0], 0.31863936396437514),
            (&[0.05, -0.05], 0.0),
        ] {
            let found = bias(means, 0.1);
            assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        }
    }

    /// `scipy.stats.skew(x) / (6 * np.sqrt(len(x)))` of 0, 0, 0, 0, 1: 1.5 / (6 √5).
    #[test]
    fn acceleration_is_the_skewness_over_six_roots() {
        let deviations = [-0.2, -0.2, -0.2, -0.2, 0.8];
        let found = acceleration(&deviations, 0.2f64.sqrt());
        assert!((found - 0.25 / 5f64.sqrt()).abs() < 1e-15, "{found}");
    }

    #[test]
    fn without_bias_and_acceleration_the_shares_are_those_of_the_level() {
        let [low, high] = shares(0.95, 0.0, 0.0);
        assert!((low - 0.025).abs() < 1e-10 && (high - 0.975).abs() < 1e-10, "{low}, {high}");
    }

    #[test]
    fn past_its_pole_the_correction_stays_at_the_end() {
        assert_eq!(corrected(10.0, 0.0, 0.1), 1.0);
        assert_eq!(corrected(20.0, 0.0, 0.1), 1.0);
        assert_eq!(corrected(-20.0, 0.0, -0.1), 0.0);
        assert_eq!(corrected(0.0, 0.0, 0.1), 0.5);
    }

    /// `np.quantile([3.0, 1.0, 10.0, 2.0], share)`.
    #[test]
    fn quantiles_are_those_of_numpy() {
        for (share, expected) in [(0.0, 1.0), (0.4, 2.2), (0.5, 2.5), (0.9, 7.9), (1.0, 10.0)] {
            let found = quantile(&mut [3.0, 1.0, 10.0, 2.0], share);
            assert!((found - expected).abs() < 1e-14, "{share}: {found}, not {expected}");
        }
    }
}
