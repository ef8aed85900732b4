//! A table of values as colours.

use anyhow::{Result, ensure};

use super::{
    axis::{Axis, drawable, extent},
    bar::{BESIDE, colour_bar},
    canvas::{Anchor, BLACK, Canvas, Pixel, TEXT, WHITE, blend, text_width},
    frame::Frame,
    ramp::{legible_on, ramp},
};

/// Width and height that a cell asks for, and least and greatest of the whole table, in pixels.
const CELL: Pixel = [104.0, 60.0];
const WIDTHS: [f64; 2] = [416.0, 1560.0];
const HEIGHTS: [f64; 2] = [180.0, 1160.0];
/// Sizes of the numbers: the larger one that fits.
const SIZES: [f64; 2] = [TEXT, 11.0];

/// A table of values, `rows` below each other and `columns` side by side: `values` holds the first
/// row, then the second and so on. Each cell has the colour of its value, with a bar beside the
/// table to tell which, and its number where it fits. The highest value has a black border unless
/// all are equal; a cell whose value is not finite is hatched.
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
    let bar = Axis::linear(value_label, ends.unwrap_or([0.0, 1.0]));
    let middles = |count: usize| (0..count).map(|index| index as f64 + 0.5);
    let across: Vec<_> = middles(columns.len()).zip(columns.iter().cloned()).collect();
    let names = rows.iter().rev().map(|name| name.to_string());
    let up: Vec<_> = middles(rows.len()).zip(names).collect();
    let counts = [columns.len(), rows.len()].map(|count| count.max(1) as f64);
    let axes = [Axis::named("", [0.0, counts[0]], &across), Axis::named("", [0.0, counts[1]], &up)];
    let mut frame = Frame::new(title, &[], axes, size(counts), BESIDE)?;
    clear(&mut frame)?;
    let corners = |index: usize| {
        let place = [index % columns.len(), index / columns.len()].map(|place| place as f64);
        let corner = |next: f64| {
            frame.on((place[0] + next) / counts[0], 1.0 - (place[1] + next) / counts[1])
        };
        Cell([corner(0.0), corner(1.0)].map(|corner| corner.map(f64::round)))
    };
    let cells: Vec<_> = values.iter().enumerate().map(|(i, &v)| (corners(i), v)).collect();
    for (cell, value) in &cells {
        cell.draw(&mut frame.canvas, *value, &bar)?;
    }
    frame.border()?;
    for (cell, value) in &cells {
        if ends.is_some_and(|[low, high]| low < high && *value == high) {
            cell.outline(&mut frame.canvas)?;
        }
    }
    colour_bar(&mut frame, &bar, ramp)?;
    frame.canvas.png()
}

/// Width and height of a table of so many columns and rows.
fn size(counts: [f64; 2]) -> Pixel {
    [
        (counts[0] * CELL[0]).clamp(WIDTHS[0], WIDTHS[1]),
        (counts[1] * CELL[1]).clamp(HEIGHTS[0], HEIGHTS[1]),
    ]
}

/// Paint over the grid.
fn clear(frame: &mut Frame) -> Result<()> {
    let [left, top, right, bottom] = frame.area;
    frame.canvas.rectangle([left, top], [right, bottom], WHITE)
}

/// The upper left and the lower right corner of a cell.
struct Cell([Pixel; 2]);

impl Cell {
    fn size(&self) -> Pixel {
        [0, 1].map(|i| self.0[1][i] - self.0[0][i])
    }

    fn draw(&self, canvas: &mut Canvas, value: f64, bar: &Axis) -> Result<()> {
        if !drawable(value) {
            return self.hatch(canvas);
        }
        let colour = ramp(bar.share(value));
        canvas.rectangle(self.0[0], self.0[1], colour)?;
        let [width, height] = self.size();
        let middle = [self.0[0][0] + width / 2.0, self.0[0][1] + height / 2.0];
        for size in SIZES {
            for text in [format!("{value:.3}"), format!("{value:.1e}")] {
                if size + 6.0 <= height && text_width(&text, size)? + 6.0 <= width {
                    let ink = legible_on(colour);
                    return canvas.text_in(ink, &text, middle, Anchor::Center, size);
                }
            }
        }
        Ok(())
    }

    /// Grey with stripes from the lower left to the upper right.
    fn hatch(&self, canvas: &mut Canvas) -> Result<()> {
        const STEP: f64 = 9.0;
        let [[left, top], [width, height]] = [self.0[0], self.size()];
        canvas.rectangle(self.0[0], self.0[1], blend(WHITE, BLACK, 0.06))?;
        // stripes continue from cell to cell
        let first = STEP - (left + top).rem_euclid(STEP);
        for index in 0..((width + height - first) / STEP).ceil() as usize {
            // where the stripe leaves the upper or the right side, and the left or the lower one
            let way = first + index as f64 * STEP;
            let end = [left + way.min(width), top + (way - width).max(0.0)];
            let start = [left + (way - height).max(0.0), top + way.min(height)];
            canvas.line(&[start, end], 1.0, blend(WHITE, BLACK, 0.3))?;
        }
        Ok(())
    }

    /// A black border that lies inside.
    fn outline(&self, canvas: &mut Canvas) -> Result<()> {
        let [[left, top], [right, bottom]] = self.0;
        let width = (right - left).min(bottom - top).min(24.0) / 6.0;
        let [left, top] = [left, top].map(|edge| edge + width / 2.0);
        let [right, bottom] = [right, bottom].map(|edge| edge - width / 2.0);
        let corners = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
        canvas.line(&corners, width, BLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

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

    /// A pixel of a cell, at shares of its width and height, in a table of 2 rows and 4 columns.
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
    fn numbers_stand_in_their_cells_in_black_or_white() {
        let picture = picture(2, 4, &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        let pixels = |column, ink| {
            let all = (0..40).flat_map(|x| (0..30).map(move |y| [x, y].map(f64::from)));
            let inside = all.map(|[x, y]| pixel(0, column, [0.3 + x / 104.0, 0.35 + y / 104.0]));
            inside.filter(|at| picture.is(*at, ink)).count()
        };
        assert!(pixels(0, WHITE) > 5 && pixels(0, BLACK) == 0);
        assert!(pixels(1, BLACK) > 5 && pixels(1, WHITE) == 0);
    }

    #[test]
    fn a_cell_without_a_number_is_hatched() {
        let picture = picture(2, 4, &[f64::NAN; 8]);
        let (light, dark) = (blend(WHITE, BLACK, 0.06), blend(WHITE, BLACK, 0.3));
        let row: Vec<Pixel> = (2..100).map(|x| pixel(0, 0, [f64::from(x) / 104.0, 0.5])).collect();
        let count = |ink| row.iter().filter(|at| picture.is(**at, ink)).count();
        assert!(count(light) > 60 && count(WHITE) == 0 && count(dark) < 20);
    }

    #[test]
    fn a_table_that_contradicts_itself_is_an_error() {
        let message = |values: &[f64]| {
            let error = heatmap("", "", &["a", "b"], &names(3), values).unwrap_err();
            error.to_string()
        };
        let got = message(&[0.5; 5]);
        assert!(got.contains("2 rows and 3 columns") && got.contains("got 5"), "{got}");
        message(&[]);
    }

    #[test]
    fn nothing_else_makes_it_fail() {
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
