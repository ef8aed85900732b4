//! The legend: rows of small pictures with their texts.

use anyhow::Result;

use super::{
    canvas::{Anchor, BLACK, Canvas, Ink, Pixel, TEXT, WHITE, blend, fit, text_width},
    marker::Marker,
};

const ROW: f64 = 26.0;
/// Maximum number of rows; further rows are left out.
const ROWS: usize = 6;
/// Space between a picture and its text, and between two entries.
const SPACE: f64 = 8.0;
const GAP: f64 = 26.0;

/// The picture before a text.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// A mark.
    Point(Marker),
    /// A line with its mark.
    Line(Marker),
    /// A shaded area.
    Band,
    /// A line.
    Stroke(Ink),
    /// A reference level with its mark.
    Level(Marker),
}

impl Key {
    fn width(self) -> f64 {
        if matches!(self, Key::Point(_)) { 14.0 } else { 32.0 }
    }

    /// Draws the picture with its left end, at half its height, at `at`.
    fn draw(self, canvas: &mut Canvas, at: Pixel) -> Result<()> {
        let right = at[0] + self.width();
        let middle = [(at[0] + right) / 2.0, at[1]];
        let ends = [at, [right, at[1]]];
        match self {
            Key::Point(marker) => marker.draw(canvas, middle, 6.0),
            Key::Line(marker) => {
                canvas.line(&ends, 2.5, marker.ink)?;
                marker.draw(canvas, middle, 5.5)
            }
            Key::Band => {
                let (low, high) = ([at[0], at[1] - 7.0], [right, at[1] + 7.0]);
                canvas.rectangle(low, high, blend(WHITE, BLACK, 0.2))
            }
            Key::Stroke(ink) => canvas.line(&ends, 2.0, ink),
            Key::Level(marker) => {
                canvas.dashes(ends, 1.5, marker.ink)?;
                marker.draw(canvas, middle, 5.5)
            }
        }
    }
}

/// An entry: its picture and its text.
pub(super) type Entry = (Key, String);

/// Entries side by side, in rows up to a maximum width.
pub(super) struct Legend {
    /// The entries of each row with their left ends, and the width of the row.
    rows: Vec<(Vec<(f64, Entry)>, f64)>,
}

impl Legend {
    pub fn new(entries: &[Entry], width: f64) -> Result<Self> {
        let mut rows: Vec<(Vec<(f64, Entry)>, f64)> = Vec::new();
        // more entries than rows: at least two must fit side by side
        let most = if entries.len() > ROWS { (width - GAP) / 2.0 } else { width };
        for (key, text) in entries {
            let text = fit(text, TEXT, most - key.width() - SPACE)?;
            let needed = key.width() + SPACE + text_width(&text, TEXT)?;
            let full = rows.len() == ROWS;
            match rows.last_mut() {
                Some((row, used)) if *used + GAP + needed <= width => {
                    row.push((*used + GAP, (*key, text)));
                    *used += GAP + needed;
                }
                _ if full => break,
                _ => rows.push((vec![(0.0, (*key, text))], needed)),
            }
        }
        Ok(Self { rows })
    }

    pub fn height(&self) -> f64 {
        self.rows.len() as f64 * ROW
    }

    /// Draws the legend below `top`, with its rows centred on `middle`.
    pub fn draw(&self, canvas: &mut Canvas, middle: f64, top: f64) -> Result<()> {
        for (index, (row, used)) in self.rows.iter().enumerate() {
            let y = top + (index as f64 + 0.5) * ROW;
            for (left, (key, text)) in row {
                let x = middle - used / 2.0 + left;
                key.draw(canvas, [x, y])?;
                canvas.text(text, [x + key.width() + SPACE, y], Anchor::Left, TEXT)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_wrap_to_the_next_row_and_rows_are_limited() {
        let entries = |count: u32| -> Vec<Entry> {
            (0..count).map(|i| (Key::Point(Marker::of(i)), format!("class {i}"))).collect()
        };
        let rows = |count| -> Vec<usize> {
            let legend = Legend::new(&entries(count), 330.0).unwrap();
            legend.rows.iter().map(|(row, _)| row.len()).collect()
        };
        // "class 0" is about 54 pixels wide: 76 with its mark, three fit into 330 with their gaps
        assert_eq!(rows(0), Vec::<usize>::new());
        assert_eq!(rows(3), [3]);
        assert_eq!(rows(7), [3, 3, 1]);
        assert_eq!(rows(1000), [3; 6]);
    }

    #[test]
    fn ten_long_names_and_a_band_all_fit() {
        let mut entries = vec![(Key::Line(Marker::of(0)), "long ".repeat(50)); 10];
        entries.push((Key::Band, "± standard deviation".into()));
        let legend = Legend::new(&entries, 860.0).unwrap();
        assert_eq!(legend.rows.iter().map(|(row, _)| row.len()).sum::<usize>(), 11);
        assert!(legend.rows.iter().all(|(_, used)| *used <= 860.0));
        let alone = Legend::new(&entries[..6], 860.0).unwrap();
        assert!(alone.rows.len() == 6 && alone.rows[0].1 > 800.0);
    }
}
