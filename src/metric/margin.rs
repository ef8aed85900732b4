//! The smallest difference that matters.

use candle_core::{Result, bail};
use serde::{Deserialize, Serialize};

use super::named;

/// The smallest difference between two scores of a metric that matters, given the baseline's score.
///
/// ```
/// use candle_noise::metric::Margin;
///
/// assert_eq!(Margin::Absolute(0.01).of(0.8), 0.01);
/// assert_eq!(Margin::Share(0.25).of(-8.), 2.);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Margin {
    /// A difference in the metric's own units, as for an accuracy.
    Absolute(f64),
    /// A share of the size of the baseline's score, as for an error in the units of the targets.
    Share(f64),
}

impl Margin {
    /// Returns that of a metric of this crate, or of another name a hundredth of the baseline's score.
    pub fn named(metric: &str) -> Self {
        named(metric).map_or(Self::Share(0.01), |own| own.margin())
    }

    /// Checks a difference that is to matter in the place of a metric's own.
    ///
    /// # Errors
    /// If it is not finite and above 0, or no scores of a metric of this crate differ by more.
    pub fn check(metric: &str, difference: f64) -> Result<()> {
        if !(difference > 0. && difference.is_finite()) {
            bail!("margin must be finite and above 0, received {difference}")
        }
        let widest = named(metric).map_or(f64::INFINITY, |own| own.widest());
        if difference >= widest {
            bail!(
                "margin must be below {widest}, the largest difference of two scores of {metric}, received \
                 {difference}"
            )
        }
        Ok(())
    }

    /// Returns the difference for a score of the baseline.
    pub fn of(self, baseline: f64) -> f64 {
        match self {
            Self::Absolute(difference) => difference,
            Self::Share(share) => share * baseline.abs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{for_classes, for_numbers, named};

    #[test]
    fn shipped_metrics_state_their_margins() {
        let all = for_classes(2).into_iter().chain(for_numbers());
        let margins: Vec<(String, Margin)> =
            all.map(|metric| (metric.name().to_string(), metric.margin())).collect();
        let [point, percent] = [Margin::Absolute(0.01), Margin::Share(0.01)];
        let expected = [
            ("accuracy", point),
            ("balanced_accuracy", point),
            ("macro_f1", point),
            ("roc_auc", point),
            ("nll", percent),
            ("brier", point),
            ("ece", point),
            ("matthews", point),
            ("f1", point),
            ("average_precision", point),
            ("rmse", percent),
            ("mae", percent),
            ("median_absolute_error", percent),
            ("r_squared", point),
        ];
        assert_eq!(margins, expected.map(|(name, margin)| (name.to_string(), margin)));
    }

    #[test]
    fn shipped_metrics_are_found_by_their_names() {
        for metric in for_classes(3).into_iter().chain(for_classes(2)).chain(for_numbers()) {
            let found = named(metric.name()).map(|found| (format!("{found:?}"), found.better()));
            assert_eq!(found, Some((format!("{metric:?}"), metric.better())));
        }
        assert!(named("Accuracy").is_none() && named("").is_none());
    }

    /// 1 % of a baseline's error of 2.5, and of one below 0.
    #[test]
    fn a_share_is_of_the_size_of_the_baseline() {
        assert!((Margin::Share(0.01).of(2.5) - 0.025).abs() < 1e-15);
        assert!((Margin::Share(0.01).of(-2.5) - 0.025).abs() < 1e-15);
        assert_eq!(Margin::Share(0.01).of(0.), 0.);
    }

    #[test]
    fn a_margin_must_fit_the_metric() {
        let error = |metric: &str, margin| Margin::check(metric, margin).unwrap_err().to_string();
        assert!(error("accuracy", 5.).contains("below 1, the largest"), "points in a hundred");
        assert!(error("matthews", 2.).contains("received 2"));
        assert!(error("rmse", 0.).contains("above 0") && error("own", f64::NAN).contains("NaN"));
        for (metric, margin) in [
            ("accuracy", 0.99),
            ("matthews", 1.5),
            ("r_squared", 5.),
            ("rmse", 5.),
            ("nll", 1e9),
            ("own", 5.),
        ] {
            Margin::check(metric, margin).unwrap();
        }
    }

    #[test]
    fn margins_survive_the_round_trip() {
        for (margin, json) in [
            (Margin::Absolute(0.01), r#"{"absolute":0.01}"#),
            (Margin::Share(0.5), r#"{"share":0.5}"#),
        ] {
            assert_eq!(serde_json::to_string(&margin).unwrap(), json);
            assert_eq!(serde_json::from_str::<Margin>(json).unwrap(), margin);
        }
    }
}
