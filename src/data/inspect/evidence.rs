//! How improbable a pattern of the target is by chance.

use super::key::Keys;

/// ln of a million: a pattern as rare as that is no chance.
const RARE: f64 = 13.8;

/// The values of a target in some rows.
#[derive(Clone, Copy)]
pub struct Counts {
    /// The number of different values.
    pub values: usize,
    /// The logarithm of the number of different orders: the multinomial coefficient.
    ln_orders: f64,
}

impl Counts {
    pub fn of(target: impl Iterator<Item = u64>) -> Self {
        let mut rows: Keys<usize> = Keys::default();
        target.for_each(|key| *rows.entry(key).or_default() += 1);
        let all: usize = rows.values().sum();
        // In a map the order of a sum is not fixed.
        let mut rows: Vec<usize> = rows.into_values().collect();
        rows.sort_unstable();
        let same: f64 = rows.iter().map(|count| ln_factorial(*count)).sum();
        Self { values: rows.len(), ln_orders: ln_factorial(all) - same }
    }

    /// Returns whether one of some orders, given by the logarithm of their number, is no chance: random
    /// orders are one of them in at most one of a million cases.
    pub fn exclude_chance(self, ln_ways: f64) -> bool {
        self.ln_orders - ln_ways >= RARE
    }
}

/// Returns ln n! to 3 digits after the point by Stirling's series.
pub fn ln_factorial(n: usize) -> f64 {
    let x = n.max(1) as f64;
    x * x.ln() - x + (2. * std::f64::consts::PI * x).ln() / 2. + 1. / (12. * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_counted() {
        // 4! / (2! 1! 1!) = 12
        let counts = Counts::of([7, 7, 8, 9].into_iter());
        assert_eq!(counts.values, 3);
        assert!((counts.ln_orders - 12f64.ln()).abs() < 0.01, "{}", counts.ln_orders);
        assert!((ln_factorial(20) - 42.335_616).abs() < 1e-3, "ln 20!");
    }
}
