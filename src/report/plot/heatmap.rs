//! A table of values as colours.

use anyhow::{Result, ensure};

use super::{
    axis::{Axis, extent},
    canvas::Pixel,
    table::{Content, Table},
};

/// Preferred width and height of a cell, and minimum and maximum size of the whole table, in
/// pixels.
const CELL: Pixel = [104.0, 60.0];
const WIDTHS: [f64; 2] = [416.0, 1560.0];
const HEIGHTS: [f64; 2] = [180.0, 1160.0];

/// Draws a table of values, with `rows` from top to bottom and `columns` side by side. `values`
/// holds the first row, then the second and so on. Each cell has the colour of its value and its
/// number, if that fits. A bar beside the table explains the colours. The highest value has a black
/// border unless all values are equal; a cell with a value that is not finite is hatched.
///
/// # Errors
/// If there are not rows x columns values.
pub fn heatmap(
    title: &str,
    value_label: &str,
    rows: &[&str],
    columns: &[String],
    values: &[f64],
) -> Result<Vec<u8>> {
    ensure!(
        values.len() == rows.len() * columns.len(),
        "a table of {} rows and {} columns needs rows x columns values, got {}",
        rows.len(),
        columns.len(),
        values.len()
    );
    let ends = extent(values.iter().copied());
    let content = |&value: &f64| Content {
        value,
        texts: vec![format!("{value:.3}"), format!("{value:.1e}")],
        marked: ends.is_some_and(|[low, high]| low < high && value == high),
    };
    let table = Table {
        labels: [""; 2],
        names: [columns.iter().map(String::as_str).collect(), rows.to_vec()],
        size: size([columns.len(), rows.len()]),
        bar: Axis::linear(value_label, ends.unwrap_or([0.0, 1.0])),
    };
    table.png(title, &values.iter().map(content).collect::<Vec<_>>())
}

/// Returns the width and height of a table with the given numbers of columns and rows.
fn size(counts: [usize; 2]) -> Pixel {
    [
        (counts[0] as f64 * CELL[0]).clamp(WIDTHS[0], WIDTHS[1]),
        (counts[1] as f64 * CELL[1]).clamp(HEIGHTS[0], HEIGHTS[1]),
    ]
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            canvas::{BLACK, tests::Picture},
            ramp::ramp,
        },
        *,
    };

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| i.to_string()).collect()
    }

    fn picture(rows: usize, columns: usize, values: &[f64]) -> Picture {
        let (rows, columns) = (names(rows), names(columns));
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let png = heatmap("a title", "value", &rows, &columns, values).unwrap();
        let again = heatmap("a title", "value", &rows, &columns, values).unwrap();
        assert_eq!(png, again, "same input, same bytes");
        Picture::decode(&png)
    }

    /// Returns a pixel of a cell, at shares of its width and height, in a table of 2 rows and 4
    /// columns.
    fn pixel(row: usize, column: usize, [across, down]: Pixel) -> Pixel {
        [68.0 + 104.0 * (column as f64 + across), 62.0 + 90.0 * (row as f64 + down)]
    }

    #[test]
    fn cells_have_the_colours_of_their_values_row_by_row() {
        let values = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0, 0.7];
        let picture = picture(2, 4, &values);
        assert_eq!((picture.width, picture.height), (68 + 416 + 124, 62 + 180 + 40));
        for (index, value) in values.into_iter().enumerate() {
            let at = pixel(index / 4, index % 4, [0.15, 0.2]);
            assert!(picture.is(at, ramp(value)), "{value}");
        }
        // the highest value has a border, its neighbours have none
        let edges = [[0.5, 0.015], [0.5, 0.985], [0.015, 0.5], [0.985, 0.5]];
        assert!(edges.iter().all(|edge| picture.is(pixel(1, 2, *edge), BLACK)));
        assert!(edges[..3].iter().all(|edge| picture.is(pixel(1, 1, *edge), ramp(0.5))));
    }

    #[test]
    fn heatmap_rejects_a_wrong_number_of_values() {
        let message = |values: &[f64]| {
            let error = heatmap("", "", &["a", "b"], &names(3), values).unwrap_err();
            error.to_string()
        };
        let got = message(&[0.5; 5]);
        assert!(got.contains("2 rows and 3 columns") && got.contains("got 5"), "{got}");
        message(&[]);
    }

    #[test]
    fn heatmap_accepts_degenerate_input() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -9e299, 9e299, 0.5, -0.0];
        picture(2, 4, &bad);
        picture(0, 0, &[]);
        picture(5, 0, &[]);
        picture(0, 5, &[]);
        picture(1, 1, &[1e-300]);
        picture(3, 700, &[0.5; 2100]);
        picture(700, 3, &[-1e9; 2100]);
        let name = "long \u{1F600}\n".repeat(1000);
        heatmap(&name, &name, &[name.as_str(); 2], &[name.clone(), String::new()], &[1.0; 4])
            .unwrap();
    }
}
