//! A table of coloured cells with names beside its rows and below its columns.

use anyhow::Result;

use super::{
    axis::{Axis, drawable},
    bar::{BESIDE, colour_bar},
    canvas::{Anchor, BLACK, Canvas, Ink, Pixel, TEXT, WHITE, blend, text_width},
    frame::Frame,
    ramp::{legible_on, ramp},
};

/// Text sizes of cells. The larger one that fits is used.
const SIZES: [f64; 2] = [TEXT, 11.0];

/// A table without its cells.
pub(super) struct Table<'a> {
    /// The labels of the columns and of the rows.
    pub labels: [&'a str; 2],
    /// The names of the columns and of the rows.
    pub names: [Vec<&'a str>; 2],
    /// Width and height of all cells together, in pixels.
    pub size: Pixel,
    /// The values represented by the colours.
    pub bar: Axis<'a>,
}

/// The content of a cell.
pub(super) struct Content {
    /// The value represented by its colour; the cell is hatched if that is not finite.
    pub value: f64,
    /// Its possible texts; the first one that fits is shown.
    pub texts: Vec<String>,
    /// Whether it has a black border.
    pub marked: bool,
}

impl Table<'_> {
    /// Draws the table: the cells of the first row, then of the second and so on, and the colour
    /// bar.
    pub fn png(&self, title: &str, contents: &[Content]) -> Result<Vec<u8>> {
        let [columns, rows] = &self.names;
        let middles = || (0..).map(|index| f64::from(index) + 0.5);
        let across: Vec<_> = middles().zip(columns.iter().map(|n| n.to_string())).collect();
        let up: Vec<_> = middles().zip(rows.iter().rev().map(|n| n.to_string())).collect();
        let counts = [columns.len(), rows.len()].map(|count| count.max(1) as f64);
        let axis = |i: usize, ticks| Axis::named(self.labels[i], [0.0, counts[i]], ticks);
        let axes = [axis(0, &across), axis(1, &up)];
        let mut frame = Frame::new(title, &[], axes, self.size, BESIDE)?;
        let [left, top, right, bottom] = frame.area;
        frame.canvas.rectangle([left, top], [right, bottom], WHITE)?; // over the grid
        let cell = |index: usize| {
            let place = [index % columns.len(), index / columns.len()].map(|place| place as f64);
            let corner = |next: f64| {
                frame.on((place[0] + next) / counts[0], 1.0 - (place[1] + next) / counts[1])
            };
            Cell([corner(0.0), corner(1.0)].map(|corner| corner.map(f64::round)))
        };
        let cells: Vec<_> = (0..contents.len()).map(cell).collect();
        for (cell, content) in cells.iter().zip(contents) {
            if drawable(content.value) {
                let colour = ramp(self.bar.share(content.value));
                cell.draw(&mut frame.canvas, colour, &content.texts)?;
            } else {
                cell.hatch(&mut frame.canvas)?;
            }
        }
        frame.border()?;
        for (cell, _) in cells.iter().zip(contents).filter(|(_, content)| content.marked) {
            cell.outline(&mut frame.canvas)?;
        }
        colour_bar(&mut frame, &self.bar, ramp)?;
        frame.canvas.png()
    }
}

/// The upper left and the lower right corner of a cell.
struct Cell([Pixel; 2]);

impl Cell {
    fn size(&self) -> Pixel {
        [0, 1].map(|i| self.0[1][i] - self.0[0][i])
    }

    fn draw(&self, canvas: &mut Canvas, colour: Ink, texts: &[String]) -> Result<()> {
        canvas.rectangle(self.0[0], self.0[1], colour)?;
        let [width, height] = self.size();
        let middle = [self.0[0][0] + width / 2.0, self.0[0][1] + height / 2.0];
        for size in SIZES {
            for text in texts {
                if size + 6.0 <= height && text_width(text, size)? + 6.0 <= width {
                    let ink = legible_on(colour);
                    return canvas.text_in(ink, text, middle, Anchor::Center, size);
                }
            }
        }
        Ok(())
    }

    /// Fills the cell with grey and stripes from the lower left to the upper right.
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

    /// Draws a black border inside the cell.
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

    /// Draws one row of cells of 100 x 60 pixels from (68, 62), as wide as their number.
    fn picture(cells: &[(f64, &[&str])]) -> Picture {
        let names = [vec![""; cells.len()], vec![""]];
        let size = [100.0 * cells.len() as f64, 60.0];
        let bar = Axis::linear("", [0.0, 1.0]);
        let texts = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect();
        let content = |&(value, all): &_| Content { value, texts: texts(all), marked: false };
        let contents: Vec<_> = cells.iter().map(content).collect();
        let table = Table { labels: [""; 2], names, size, bar };
        Picture::decode(&table.png("", &contents).unwrap())
    }

    /// Returns the number of pixels of a colour inside a cell, away from its edges.
    fn count(picture: &Picture, column: u32, ink: Ink) -> usize {
        let left = 70 + 100 * column;
        let all = (left..left + 96).flat_map(|x| (64..120).map(move |y| [x, y].map(f64::from)));
        all.filter(|at| picture.is(*at, ink)).count()
    }

    #[test]
    fn cells_show_their_numbers_in_black_or_white() {
        let picture = picture(&[(0.0, &["0.000"]), (1.0, &["1.000"])]);
        assert!(count(&picture, 0, WHITE) > 5 && count(&picture, 0, BLACK) == 0);
        assert!(count(&picture, 1, BLACK) > 5 && count(&picture, 1, WHITE) == 0);
    }

    #[test]
    fn long_texts_are_replaced_by_shorter_ones_or_none() {
        let long = "a text much too long for the cell";
        let picture = picture(&[(1.0, &[long, "|"]), (1.0, &["|"]), (1.0, &[long, long])]);
        let drawn = |column| 96 * 56 - count(&picture, column, ramp(1.0));
        assert!(drawn(0) == drawn(1) && drawn(0) > 10 && drawn(2) == 0);
    }

    #[test]
    fn a_cell_without_a_value_is_hatched_and_has_no_text() {
        let picture = picture(&[(f64::NAN, &["nan"])]);
        let drawn = [0.06, 0.0, 1.0].map(|share| count(&picture, 0, blend(WHITE, BLACK, share)));
        assert!((3000..5000).contains(&drawn[0]) && drawn[1..] == [0, 0], "{drawn:?}");
    }
}
