//! The figures of a box plot.

/// Quartiles and whiskers (Tukey, "Exploratory Data Analysis", 1977).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxPlot {
    /// The values with a quarter, a half and three quarters of the values below them.
    pub quartiles: [f64; 3],
    /// The lowest and highest values within 1.5 times the height of the box from it.
    pub whiskers: [f64; 2],
}

impl BoxPlot {
    /// Summarizes finite values in ascending order, if there are any.
    pub fn of(sorted: &[f64]) -> Option<Self> {
        let (&lowest, &highest) = (sorted.first()?, sorted.last()?);
        let quartiles = [0.25, 0.5, 0.75].map(|share| quantile(sorted, share));
        let [low, _, high] = quartiles;
        let reach = 1.5 * (high - low);
        // a whisker does not end inside the box
        let least = sorted.iter().copied().find(|v| *v >= low - reach).unwrap_or(lowest);
        let most = sorted.iter().copied().rfind(|v| *v <= high + reach).unwrap_or(highest);
        Some(Self { quartiles, whiskers: [least.min(low), most.max(high)] })
    }
}

/// Returns the quantile of ascending values, interpolated between neighbours: definition 7 of
/// Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996). There must be a value.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + place.fract() * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        // places 1.25, 2.5 and 3.75 of 0 to 5
        let summary = BoxPlot::of(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]).unwrap();
        assert_eq!(summary.quartiles, [2.5, 6.0, 14.0]);
        // 14 + 1.5 * 11.5 = 31.25 < 32
        assert_eq!(summary.whiskers, [1.0, 16.0]);
    }

    #[test]
    fn whiskers_end_at_values_but_never_inside_the_box() {
        let far = BoxPlot::of(&[-9.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 12.0]).unwrap();
        assert_eq!((far.quartiles, far.whiskers), ([1.0, 1.5, 2.0], [1.0, 2.0]));
        let flat = BoxPlot::of(&[0.5; 9]).unwrap();
        assert_eq!((flat.quartiles, flat.whiskers), ([0.5; 3], [0.5; 2]));
        // the upper quartile is at place 2.25; no value lies between it and 62.5
        let gap = BoxPlot::of(&[0.0, 0.0, 0.0, 100.0]).unwrap();
        assert_eq!((gap.quartiles, gap.whiskers), ([0.0, 0.0, 25.0], [0.0, 25.0]));
    }

    #[test]
    fn few_values_have_a_box_and_no_values_have_none() {
        let one = BoxPlot::of(&[3.0]).unwrap();
        assert_eq!((one.quartiles, one.whiskers), ([3.0; 3], [3.0; 2]));
        assert_eq!(BoxPlot::of(&[1.0, 3.0]).unwrap().quartiles, [1.5, 2.0, 2.5]);
        assert_eq!(BoxPlot::of(&[]), None);
    }
}
