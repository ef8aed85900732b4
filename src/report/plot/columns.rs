//! Reduces a curve of many values to as many points as can be distinguished.

use super::axis::{drawable, extent};
use super::curves::Curve;
use super::line::Stop;

/// Reduces the curve `width` values at a time to columns at the middle of their epochs. A column
/// without a drawable value is `None`.
pub(super) fn columns(curve: &Curve, width: usize) -> Vec<Option<Stop>> {
    let column = |(index, values): (usize, &[f64])| {
        let first = index * width;
        let x = (curve.epoch(first)? + curve.epoch(first + values.len() - 1)?) / 2.0;
        let y = mean(values.iter().copied())?;
        let band = match &curve.std {
            Some(std) => {
                let pairs = || values.iter().zip(std.iter().skip(first));
                let low = self::mean(pairs().map(|(mean, std)| mean - std.abs()));
                let high = self::mean(pairs().map(|(mean, std)| mean + std.abs()));
                low.zip(high).map(|(low, high)| [low, high])
            }
            None => extent(values.iter().copied()).filter(|_| width > 1),
        };
        Some(Stop { x, y, band })
    };
    curve.values().chunks(width).enumerate().map(column).collect()
}

/// Returns the mean of the drawable values, of which the sum is finite, too.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let add = |(count, sum): (f64, f64), v: f64| (count + 1.0, sum + v);
    let (count, sum) = values.filter(|&v| drawable(v)).fold((0.0, 0.0), add);
    (count > 0.0).then(|| sum / count)
}

/// Returns the columns with a mark, about `most`, spaced evenly along the curve, with an offset of
/// `shift` steps so that curves do not cover each other's marks. Isolated columns also have a mark,
/// because no line shows them.
pub(super) fn marked(columns: &[Option<Stop>], most: usize, shift: f64) -> Vec<Stop> {
    let step = columns.len().div_ceil(most).max(1);
    let first = (shift * step as f64) as usize;
    let alone = |i: usize| {
        let gap = |i: Option<usize>| i.and_then(|i| columns.get(i)).is_none_or(Option::is_none);
        gap(i.checked_sub(1)) && gap(i.checked_add(1))
    };
    let chosen = |&i: &usize| (i >= first && (i - first).is_multiple_of(step)) || alone(i);
    (0..columns.len()).filter(chosen).filter_map(|i| columns[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::marker::Kind, *};

    const NAN: f64 = f64::NAN;

    fn curve(mean: &[f64]) -> Curve {
        let kind = Kind::Series(0);
        Curve { name: String::new(), kind, mean: mean.to_vec(), std: None, epochs: None }
    }

    fn reduce(mean: &[f64], std: Option<&[f64]>, width: usize) -> Vec<Option<Stop>> {
        columns(&Curve { std: std.map(<[f64]>::to_vec), ..curve(mean) }, width)
    }

    #[test]
    fn a_short_curve_is_unchanged() {
        let column = |x, y| Some(Stop { x, y, band: None });
        let expected = [column(1.0, 0.5), None, column(3.0, 0.7), None];
        assert_eq!(reduce(&[0.5, NAN, 0.7, f64::INFINITY], None, 1), expected);
        assert_eq!(reduce(&[], None, 1), []);
    }

    #[test]
    fn a_single_run_keeps_its_mean_and_its_extremes() {
        let got = reduce(&[1.0, 3.0, 8.0, NAN, 2.0, 4.0, 7.0], None, 3);
        let column = |x, y, band| Some(Stop { x, y, band: Some(band) });
        // the last column has one epoch, the seventh
        let expected = [
            column(2.0, 4.0, [1.0, 8.0]),
            column(5.0, 3.0, [2.0, 4.0]),
            column(7.0, 7.0, [7.0, 7.0]),
        ];
        assert_eq!(got, expected);
    }

    #[test]
    fn a_known_standard_deviation_is_a_band_around_the_mean() {
        let got = reduce(&[1.0, 3.0, 5.0, 5.0], Some(&[0.5, 1.5, NAN]), 2);
        assert_eq!(got[0].unwrap().band, Some([1.0, 3.0])); // 2 ± 1
        assert_eq!(got[1].unwrap().band, None);
    }

    #[test]
    fn sampled_values_lie_at_their_epochs_and_others_are_left_out() {
        let sampled = |epochs: &[usize], width| -> Vec<f64> {
            let curve = Curve { epochs: Some(epochs.to_vec()), ..curve(&[0.1, 0.2, 0.3, 0.4]) };
            columns(&curve, width).iter().flatten().map(|column| column.x).collect()
        };
        assert_eq!(sampled(&[1, 10, 20, 30, 40], 1), [1.0, 10.0, 20.0, 30.0]);
        assert_eq!(sampled(&[1, 10, 21], 2), [5.5, 21.0]);
        assert_eq!(sampled(&[usize::MAX; 4], 4).len(), 1);
        assert!(sampled(&[], 1).is_empty());
    }

    #[test]
    fn marks_are_spread_and_isolated_values_have_their_own() {
        let marks = |columns: &[Option<Stop>], shift| -> Vec<f64> {
            marked(columns, 8, shift).iter().map(|column| column.x).collect()
        };
        let long = reduce(&[0.5; 80], None, 1);
        assert_eq!(marks(&long, 0.5), [6.0, 16.0, 26.0, 36.0, 46.0, 56.0, 66.0, 76.0]);
        let mut values = [NAN; 80];
        values[2] = 1.0;
        assert_eq!(marks(&reduce(&values, None, 1), 0.5), [3.0]);
        assert_eq!(marks(&reduce(&[0.5], None, 1), 0.9), [1.0]);
    }
}
