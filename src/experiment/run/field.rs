//! A field of probabilities on a grid: interpolation between the grid points, and the line at 0.5.

use anyhow::{Result, ensure};

/// Probabilities of class 1 on a regular grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Lowest and highest value of the first feature.
    pub x: [f64; 2],
    /// Lowest and highest value of the second feature.
    pub y: [f64; 2],
    /// Number of grid points along the first feature.
    pub columns: usize,
    /// Number of grid points along the second feature.
    pub rows: usize,
    /// Row by row from the lowest `y`, each from the lowest `x`.
    pub probabilities: Vec<f64>,
}

impl Field {
    /// Checks the ranges and the number of values.
    ///
    /// # Errors
    /// If there are not rows x columns values, or a range is not finite or runs downwards.
    pub fn check(&self) -> Result<()> {
        let (columns, rows, values) = (self.columns, self.rows, self.probabilities.len());
        ensure!(
            columns.checked_mul(rows) == Some(values),
            "a field of {rows} rows and {columns} columns needs rows x columns values, got {values}"
        );
        for [low, high] in [self.x, self.y] {
            ensure!(
                (high - low).is_finite() && low <= high,
                "a range of the field must be finite, low before high, got {low} to {high}"
            );
        }
        Ok(())
    }

    /// Returns the value of a grid point if it is a number.
    fn value(&self, column: usize, row: usize) -> Option<f64> {
        let value = self.probabilities[row * self.columns + column];
        value.is_finite().then_some(value)
    }

    /// Returns the interpolated value at shares of the width and height.
    pub fn at(&self, across: f64, up: f64) -> Option<f64> {
        let cell = |share: f64, count: usize| {
            let place = share * count.checked_sub(1)? as f64;
            let low = (place as usize).min(count.saturating_sub(2));
            Some((low, (low + 1).min(count - 1), place - low as f64))
        };
        let (left, right, x) = cell(across, self.columns)?;
        let (low, high, y) = cell(up, self.rows)?;
        let along = |row| {
            let (a, b) = (self.value(left, row)?, self.value(right, row)?);
            Some(a + x * (b - a))
        };
        let (a, b) = (along(low)?, along(high)?);
        Some(a + y * (b - a))
    }

    /// Returns the line of probability 0.5 as segments between points in shares of the width and
    /// height. It uses marching squares; the mean of the corners decides what a saddle connects.
    pub fn contour(&self) -> Vec<[[f64; 2]; 2]> {
        let [last_column, last_row] =
            [self.columns, self.rows].map(|count| count.saturating_sub(1));
        let mut segments = Vec::new();
        for row in 0..last_row {
            for column in 0..last_column {
                let corners = [[0, 0], [1, 0], [1, 1], [0, 1]]
                    .map(|[right, up]| [column + right, row + up])
                    .map(|place| (place, self.value(place[0], place[1])));
                let [(_, Some(a)), (_, Some(b)), (_, Some(c)), (_, Some(d))] = corners else {
                    continue;
                };
                let crossing = |i: usize| {
                    let ((from, p), (to, q)) = (corners[i], corners[(i + 1) % 4]);
                    let (p, q) = (p? - 0.5, q? - 0.5);
                    let part = p / (p - q);
                    let mix = |k: usize, last: usize| {
                        (from[k] as f64 + part * (to[k] as f64 - from[k] as f64)) / last as f64
                    };
                    ((p > 0.0) != (q > 0.0)).then(|| [mix(0, last_column), mix(1, last_row)])
                };
                let crossings: Vec<[f64; 2]> = (0..4).filter_map(crossing).collect();
                match crossings[..] {
                    [p, q] => segments.push([p, q]),
                    // the centre is on the first corner's side: cut off the second and fourth corners
                    [p, q, r, s] if (a + b + c + d > 2.0) == (a > 0.5) => {
                        segments.extend([[p, q], [r, s]]);
                    }
                    [p, q, r, s] => segments.extend([[s, p], [q, r]]),
                    _ => {}
                }
            }
        }
        segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a field over the unit square, with the rows from the lowest y.
    fn field<const N: usize>(rows: &[[f64; N]]) -> Field {
        let probabilities = rows.as_flattened().to_vec();
        Field { x: [0.0, 1.0], y: [0.0, 1.0], columns: N, rows: rows.len(), probabilities }
    }

    #[test]
    fn values_are_bilinear_between_grid_points() {
        let field = field(&[[0.0, 1.0], [0.5, 0.5]]);
        assert_eq!(field.at(0.0, 0.0), Some(0.0));
        assert_eq!(field.at(1.0, 1.0), Some(0.5));
        assert_eq!(field.at(0.75, 0.0), Some(0.75));
        assert_eq!(field.at(1.0, 0.5), Some(0.75)); // (1 + 0.5) / 2
    }

    #[test]
    fn a_cell_with_a_missing_corner_has_no_value_and_no_contour() {
        let field = field(&[[0.0, 1.0, f64::NAN], [0.0, 1.0, 0.0]]);
        assert_eq!((field.at(0.25, 0.5), field.at(0.75, 0.5)), (Some(0.5), None));
        assert_eq!(field.contour(), [[[0.25, 0.0], [0.25, 1.0]]]);
    }

    #[test]
    fn the_contour_is_where_the_interpolation_is_one_half() {
        // from 0.2 to 0.6: 0.5 lies at three quarters
        assert_eq!(field(&[[0.2, 0.6], [0.2, 0.6]]).contour().len(), 1);
        for [x, y] in field(&[[0.2, 0.6], [0.2, 0.6]]).contour()[0] {
            assert!((x - 0.75).abs() < 1e-12 && (y == 0.0 || y == 1.0));
        }
        assert_eq!(field(&[[0.5, 0.5], [0.5, 0.5]]).contour().len(), 0);
    }

    #[test]
    fn a_saddle_joins_the_corners_on_the_side_of_its_centre() {
        // high at both ends of the rising diagonal; the centre is 0.6, then 0.4
        let (joined, cut) = (field(&[[1.0, 0.2], [0.2, 1.0]]), field(&[[0.8, 0.0], [0.0, 0.8]]));
        assert_eq!((joined.contour().len(), cut.contour().len()), (2, 2));
        // each segment cuts off one corner: its two ends lie on the two sides of that corner
        let corners = |field: &Field| -> Vec<[f64; 2]> {
            let side = |p: [f64; 2], q: [f64; 2], k: usize| {
                [p[k], q[k]].into_iter().find(|v| *v == v.round())
            };
            field
                .contour()
                .iter()
                .map(|[p, q]| [side(*p, *q, 0).unwrap(), side(*p, *q, 1).unwrap()])
                .collect()
        };
        assert_eq!(corners(&joined), [[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(corners(&cut), [[0.0, 0.0], [1.0, 1.0]]);
    }

    #[test]
    fn small_grids_have_values_but_no_contour() {
        assert_eq!((field(&[[0.3]]).at(0.7, 0.2), field(&[[0.3]]).contour().len()), (Some(0.3), 0));
        assert_eq!(field(&[[0.0, 1.0]]).at(0.5, 0.9), Some(0.5));
        assert_eq!(field::<0>(&[]).at(0.5, 0.5), None);
    }

    #[test]
    fn a_field_of_other_sizes_or_ranges_is_refused() {
        let good = field(&[[0.0, 1.0], [0.5, f64::NAN]]);
        good.check().unwrap();
        field::<0>(&[]).check().unwrap();
        let fails = |field: Field| field.check().unwrap_err().to_string();
        let short = fails(Field { rows: 3, ..good.clone() });
        let expected = "a field of 3 rows and 2 columns needs rows x columns values, got 4";
        assert_eq!(short, expected);
        // 2⁶³ · 2 = 0 modulo 2⁶⁴
        let endless = Field { columns: 1 << 63, probabilities: Vec::new(), ..good.clone() };
        assert!(fails(endless).contains("got 0"));
        for range in [[1.0, 0.0], [f64::NAN, 1.0], [0.0, f64::INFINITY], [f64::MIN, f64::MAX]] {
            let [across, up] =
                [Field { x: range, ..good.clone() }, Field { y: range, ..good.clone() }].map(fails);
            assert!(across.contains("must be finite, low before high"), "{across}");
            assert_eq!(across, up);
        }
    }
}
