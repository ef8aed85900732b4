//! What repeated looks at growing data cost.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Returns the probability that a two-sided test at level `alpha`, repeated after each of these numbers of
/// independent observations and stopped at the first rejection, rejects a true hypothesis: Armitage,
/// McPherson and Rowe 1969, "Repeated Significance Tests on Accumulating Data", Journal of the Royal
/// Statistical Society A 132. Their variance is taken as known.
///
/// The sum S of the observations continues as long as |S| < z √n at every look; its density is integrated
/// from look to look by Simpson's rule.
///
/// Numbers that do not grow are skipped. Without any, it is 0.
pub fn error_of_looks(looks: &[usize], alpha: f64) -> f64 {
    let z = Normal::standard().inverse_cdf(1. - alpha / 2.);
    let bound = |n: usize| z * (n as f64).sqrt();
    let mut looks = looks.iter().copied().filter(|n| *n > 0);
    let Some(mut n) = looks.next() else { return 0. };
    let first = Normal::new(0., (n as f64).sqrt());
    let mut density = Density::of(bound(n), |s| first.as_ref().map_or(f64::NAN, |law| law.pdf(s)));
    for next in looks {
        if next <= n {
            continue;
        }
        let Ok(step) = Normal::new(0., ((next - n) as f64).sqrt()) else { return f64::NAN };
        density = Density::of(bound(next), |s| density.integral(|u| step.pdf(s - u)));
        n = next;
    }
    1. - density.integral(|_| 1.)
}

/// A function at equal steps from -bound to bound.
struct Density {
    bound: f64,
    values: Vec<f64>,
}

impl Density {
    /// Number of steps, which is even.
    const STEPS: usize = 400;

    fn of(bound: f64, value: impl Fn(f64) -> f64) -> Self {
        let at = |i: usize| bound * (2. * i as f64 / Self::STEPS as f64 - 1.);
        Self { bound, values: (0..=Self::STEPS).map(|i| value(at(i))).collect() }
    }

    /// Returns the integral of its product with a function, by Simpson's rule.
    fn integral(&self, factor: impl Fn(f64) -> f64) -> f64 {
        let step = 2. * self.bound / Self::STEPS as f64;
        let term = |(i, value): (usize, &f64)| {
            let weight = match i {
                0 | Self::STEPS => 1.,
                i if i % 2 == 1 => 4.,
                _ => 2.,
            };
            weight * value * factor(i as f64 * step - self.bound)
        };
        self.values.iter().enumerate().map(term).sum::<f64>() * step / 3.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 2 of Armitage, McPherson and Rowe (1969) for z = 1.96 and looks after equal groups.
    #[test]
    fn looks_after_equal_groups_cost_what_the_table_says() {
        for (looks, expected) in
            [(1, 0.050), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)]
        {
            let numbers: Vec<usize> = (1..=looks).map(|k| 10 * k).collect();
            let found = error_of_looks(&numbers, 0.05);
            assert!((found - expected).abs() < 6e-4, "{looks}: {found}, not {expected}");
        }
    }

    #[test]
    fn a_look_at_nothing_new_costs_nothing() {
        let once = error_of_looks(&[30], 0.05);
        assert!((once - 0.05).abs() < 1e-9, "{once}");
        assert_eq!(error_of_looks(&[30, 30, 20], 0.05), once);
        assert_eq!(error_of_looks(&[], 0.05), 0.);
        let more = error_of_looks(&[1000, 1001], 0.05);
        assert!(more > once && more < 0.055, "{more}");
    }
}
