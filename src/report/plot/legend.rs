//! The legend: rows of small pictures with their texts.

use super::font::{fit, text_width};
use super::ink::{BLACK, Ink, WHITE, blend};
use super::marker::Marker;
use super::scene::{Anchor, Pixel, Scene, TEXT};

const ROW: f64 = 26.0;
/// Space between a picture and its text, and between two entries.
const SPACE: f64 = 8.0;
const GAP: f64 = 26.0;

/// The picture before a text.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Point(Marker),
    Line(Marker),
    Band,
    Stroke(Ink),
    /// A dashed line, and its mark if it has one.
    Dashes(Ink, Option<Marker>),
    /// An arrow, whose head has the second colour.
    Arrow([Ink; 2]),
}

impl Key {
    fn width(self) -> f64 {
        if matches!(self, Key::Point(_)) { 14.0 } else { 32.0 }
    }

    /// Draws the picture with its left end, at half its height, at `at`.
    fn draw(self, scene: &mut Scene, at: Pixel) {
        let ends = [at, [at[0] + self.width(), at[1]]];
        let middle = [(ends[0][0] + ends[1][0]) / 2.0, at[1]];
        match self {
            Key::Point(marker) => marker.draw(scene, middle, 6.0),
            Key::Line(marker) => {
                scene.line(&ends, 2.5, marker.ink);
                marker.draw(scene, middle, 5.5);
            }
            Key::Band => {
                let inside = [-10.0, 10.0].map(|x| [middle[0] + x, middle[1]]); // the ends are round
                scene.line(&inside, 12.0, blend(WHITE, BLACK, 0.2));
            }
            Key::Stroke(ink) => scene.line(&ends, 2.0, ink),
            Key::Arrow(inks) => scene.arrow(ends, inks),
            Key::Dashes(ink, marker) => {
                scene.dashes(&ends, 1.5, ink);
                marker.into_iter().for_each(|marker| marker.draw(scene, middle, 5.5));
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
    pub fn new(entries: &[Entry], width: f64) -> Self {
        let mut rows: Vec<(Vec<(f64, Entry)>, f64)> = Vec::new();
        for (key, text) in entries {
            let text = fit(text, TEXT, width - key.width() - SPACE);
            let needed = key.width() + SPACE + text_width(&text, TEXT);
            match rows.last_mut() {
                Some((row, used)) if *used + GAP + needed <= width => {
                    row.push((*used + GAP, (*key, text)));
                    *used += GAP + needed;
                }
                _ => rows.push((vec![(0.0, (*key, text))], needed)),
            }
        }
        Self { rows }
    }

    pub fn height(&self) -> f64 {
        self.rows.len() as f64 * ROW
    }

    /// Draws the legend below `top`, with its rows centred on `middle`.
    pub fn draw(&self, scene: &mut Scene, middle: f64, top: f64) {
        for (index, (row, used)) in self.rows.iter().enumerate() {
            let y = top + (index as f64 + 0.5) * ROW;
            for (left, (key, text)) in row {
                let x = middle - used / 2.0 + left;
                key.draw(scene, [x, y]);
                scene.text(BLACK, text, [x + key.width() + SPACE, y], Anchor::Left, TEXT);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            marker::{Kind, Set},
            scene::Item,
        },
        *,
    };

    fn rows(entries: &[Entry], width: f64) -> Vec<usize> {
        let legend = Legend::new(entries, width);
        assert!(legend.rows.iter().all(|(_, used)| *used <= width));
        legend.rows.iter().map(|(row, _)| row.len()).collect()
    }

    #[test]
    fn entries_wrap_to_the_next_row_and_none_is_left_out() {
        let entry = |i| (Key::Point(Marker::of(Kind::Series(i))), format!("class {i}"));
        let entries = |count: u32| -> Vec<Entry> { (0..count).map(entry).collect() };
        // "class 0" is about 54 pixels wide: 76 with its mark, three fit into 330 with their gaps
        assert_eq!(rows(&entries(0), 330.0), Vec::<usize>::new());
        assert_eq!(rows(&entries(3), 330.0), [3]);
        assert_eq!(rows(&entries(7), 330.0), [3, 3, 1]);
        assert_eq!(rows(&entries(40), 330.0).iter().sum::<usize>(), 40);
        let long =
            |i| (Key::Line(Marker::of(Kind::Series(i))), "long ".repeat(50) + &i.to_string());
        assert_eq!(rows(&(0..40).map(long).collect::<Vec<_>>(), 860.0), [1; 40]);
    }

    #[test]
    fn an_entry_shows_the_mark_of_its_line() {
        let mut scene = Scene::new("", 500.0, 100.0);
        let marker = Marker::of(Kind::Set(Set::Validation));
        let keys = [Key::Line(marker), Key::Point(marker), Key::Dashes(marker.ink, Some(marker))];
        let entries = [keys[0], keys[1], keys[2], Key::Dashes(marker.ink, None), Key::Band];
        let entries: Vec<Entry> = entries.into_iter().map(|key| (key, "a name".into())).collect();
        Legend::new(&entries, 1000.0).draw(&mut scene, 250.0, 10.0);
        let marks = scene.copies();
        assert_eq!(marks.len(), 3);
        assert!(marks.iter().all(|([_, y], run)| *y == 10.0 + ROW / 2.0 && run.len() == 2));
        let texts = scene.texts();
        assert_eq!(texts.len(), 5);
        // a band ends well before its text
        let band = scene.items.iter().find_map(|item| match item {
            Item::Shape(shape) if shape.line?.0 == 12.0 => Some(shape.path.as_ref()?.bounds()),
            _ => None,
        });
        assert!(f64::from(band.unwrap().right()) + 6.0 + SPACE <= texts[4].1[0]);
    }
}
