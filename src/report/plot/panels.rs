//! Several areas of data with the same axis up.

use super::axis::Axis;
use super::font::fit;
use super::frame::Frame;
use super::ink::BLACK;
use super::labels::Labels;
use super::legend::Entry;
use super::scene::{Anchor, Pixel, TEXT};

/// Space between two areas, so that the numbers below them do not touch, and above each area for
/// its name, in pixels.
const GAP: Pixel = [48.0, 32.0];
const NAME: f64 = 28.0;
/// If each area has its own horizontal axis: how much more space is between two areas, the height of a label,
/// how far its middle is from the area, and the space between two labels.
const OWN: f64 = 34.0;
const LABEL: f64 = 24.0;
const BELOW: f64 = 46.0;
const BESIDE: f64 = 16.0;
/// Width of each area with one, two or three side by side, as a share of the width of one alone, so
/// that pictures are about equally wide.
const SHARES: [f64; 3] = [1.0, 0.57, 0.385];

/// Where the areas of a picture are: in rows of up to three.
struct Places {
    columns: usize,
    rows: usize,
    /// Width and height of an area, and the distances of two from corner to corner.
    size: Pixel,
    pitch: Pixel,
    /// Height of the names, and what lies between two areas.
    name: f64,
    gap: Pixel,
}

impl Places {
    /// Arranges an area for each name, as large as `size` if it is alone, with `more` space below each.
    fn new(names: &[&str], size: Pixel, more: f64) -> Self {
        let columns = [1, 1, 2, 3, 2].get(names.len()).copied().unwrap_or(3);
        let size = size.map(|way| (way * SHARES[columns - 1]).round());
        let rows = names.len().div_ceil(columns).max(1);
        let name = if names.iter().all(|name| name.is_empty()) { 0.0 } else { NAME };
        let gap = [GAP[0], GAP[1] + more];
        let pitch = [size[0] + gap[0], name + size[1] + gap[1]];
        Self { columns, rows, size, pitch, name, gap }
    }

    /// Returns the width and height of all areas together.
    fn whole(&self) -> Pixel {
        [0, 1].map(|i| [self.columns, self.rows][i] as f64 * self.pitch[i] - self.gap[i])
    }

    /// Returns the area of an index; the first name begins at a corner.
    fn area(&self, [left, top, ..]: [f64; 4], index: usize) -> [f64; 4] {
        let place = [index % self.columns, index / self.columns].map(|place| place as f64);
        let [left, top] =
            [left + place[0] * self.pitch[0], top + place[1] * self.pitch[1] + self.name];
        [left, top, left + self.size[0], top + self.size[1]]
    }

    /// Writes a name above the area of the frame.
    fn write(&self, frame: &mut Frame, name: &str) {
        let [left, top, ..] = frame.area;
        let at = [left + self.size[0] / 2.0, top - self.name / 2.0];
        frame.scene.text(BLACK, &fit(name, TEXT, self.size[0]), at, Anchor::Center, TEXT);
    }
}

/// Creates a frame with an area for each name, in rows of up to three, and returns it with the
/// areas. `size` is that of a single area; more of them are smaller. Tick texts are left of each row
/// and below each column. To draw in an area, make it the area of the frame.
pub(super) fn arranged<'a>(
    title: &str,
    legend: &[Entry],
    axes: [Axis<'a>; 2],
    size: Pixel,
    names: impl Iterator<Item = &'a str>,
    right: f64,
) -> (Frame<'a>, Vec<[f64; 4]>) {
    let names: Vec<&str> = names.collect();
    let places = Places::new(&names, size, 0.0);
    let (columns, sizes) = (places.columns, [places.size, places.whole()]);
    let (mut frame, labels) = Frame::bare(title, legend, axes, sizes, right);
    let whole = frame.area;
    let areas = (0..names.len()).map(|index| places.area(whole, index)).collect::<Vec<_>>();
    for (index, (name, area)) in names.iter().zip(&areas).enumerate() {
        frame.area = *area;
        frame.grid(labels.each_ref(), [index + columns >= names.len(), index % columns == 0]);
        places.write(&mut frame, name);
    }
    (frame, areas)
}

/// Creates the same with an axis across for each name, which has its ticks and its label below its area. To
/// draw in an area, enter it with its axis.
pub(super) fn with_own_axes<'a>(
    title: &str,
    legend: &[Entry],
    panels: &[(&str, Axis<'a>)],
    y: Axis<'a>,
    size: Pixel,
) -> (Frame<'a>, Vec<[f64; 4]>) {
    let names: Vec<&str> = panels.iter().map(|(name, _)| *name).collect();
    let places = Places::new(&names, size, OWN);
    let [width, height] = places.whole();
    let sizes = [places.size, [width, height + LABEL]];
    let x = Axis::linear("", [0.0, 1.0]);
    let (mut frame, [_, beside]) = Frame::bare(title, legend, [x, y], sizes, 28.0);
    let whole = frame.area;
    let areas = (0..names.len()).map(|index| places.area(whole, index)).collect::<Vec<_>>();
    for (index, ((name, x), area)) in panels.iter().zip(&areas).enumerate() {
        frame.enter(*area, *x);
        let below = Labels::below(x, places.size[0]);
        frame.grid([&below, &beside], [true, index % places.columns == 0]);
        places.write(&mut frame, name);
        let at = [area[0] + places.size[0] / 2.0, area[3] + BELOW];
        let label = fit(x.label, TEXT, places.pitch[0] - BESIDE);
        frame.scene.text(BLACK, &label, at, Anchor::Center, TEXT);
    }
    (frame, areas)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Pixel = [780.0, 450.0];

    fn frame<'a>(names: &[&'a str]) -> (Frame<'a>, Vec<[f64; 4]>) {
        let axes = [Axis::linear("x label", [0.0, 1.0]), Axis::linear("y label", [0.0, 1.0])];
        arranged("", &[], axes, SIZE, names.iter().copied(), 28.0)
    }

    #[test]
    fn one_panel_without_a_name_is_as_large_as_alone() {
        let axes = [Axis::linear("x label", [0.0, 1.0]), Axis::linear("y label", [0.0, 1.0])];
        let alone = Frame::new("", &[], axes, SIZE, 28.0);
        let (panel, areas) = frame(&[""]);
        assert_eq!(areas, [alone.area]);
        assert_eq!(panel.scene.areas(), alone.scene.areas());
        assert_eq!(
            (panel.scene.width, panel.scene.height),
            (alone.scene.width, alone.scene.height)
        );
        assert_eq!(panel.scene.words(), alone.scene.words());
        assert_eq!(frame(&[]).1.len(), 0);
    }

    #[test]
    fn panels_are_equally_large_and_do_not_overlap() {
        for count in [1, 2, 3, 4, 5, 7, 24] {
            let (frame, areas) = frame(&vec!["a name"; count]);
            frame.scene.check();
            assert_eq!(frame.scene.areas().len(), count);
            for (index, [l, t, r, b]) in areas.iter().enumerate() {
                assert_eq!([r - l, b - t], [areas[0][2] - areas[0][0], areas[0][3] - areas[0][1]]);
                let apart = |other: &[f64; 4]| *l >= other[2] + 20.0 || *t >= other[3] + 20.0;
                assert!(areas[..index].iter().all(|other| apart(other) || other[0] > *r));
                assert!(*r < frame.scene.width.into() && *b < frame.scene.height.into());
            }
            let columns = areas.iter().filter(|area| area[1] == areas[0][1]).count();
            assert_eq!(
                columns,
                match count {
                    1 => 1,
                    2 | 4 => 2,
                    _ => 3,
                }
            );
            assert!((890..=1120).contains(&frame.scene.width), "{}", frame.scene.width);
        }
    }

    #[test]
    fn panels_with_their_own_axes_have_numbers_and_a_label_below_each() {
        for count in [1, 2, 3, 4, 5, 24] {
            let labels: Vec<String> = (0..count).map(|i| format!("strength {i}")).collect();
            let axis = |(i, label)| Axis::linear(label, [0.0, i as f64 + 1.0]);
            let axes = labels.iter().map(String::as_str).enumerate().map(axis);
            let panels: Vec<(&str, Axis)> = axes.map(|axis| ("a name", axis)).collect();
            let y = Axis::linear("y label", [0.0, 1.0]);
            let (mut frame, areas) = with_own_axes("", &[], &panels, y, SIZE);
            frame.scene.check();
            assert_eq!(frame.scene.areas(), areas);
            for ((_, x), [left, top, right, bottom]) in panels.iter().zip(areas) {
                let texts = frame.scene.texts();
                let (_, [l, t, r, b]) = texts.iter().find(|(text, _)| *text == x.label).unwrap();
                assert!((l.midpoint(*r) - left.midpoint(right)).abs() < 0.1);
                assert!(*t > bottom + 26.0 && *b < bottom + 60.0, "{}", x.label);
                frame.enter([left, top, right, bottom], *x);
                assert_eq!(frame.at(x.ends()[1], 0.0), [right, bottom]);
            }
        }
    }

    #[test]
    fn names_are_above_their_panels_and_numbers_outside() {
        let names = ["first", "second", "third", "fourth", "fifth"];
        let (frame, areas) = frame(&names);
        let texts = frame.scene.texts();
        for (name, [left, top, right, _]) in names.iter().zip(&areas) {
            let [l, _, r, b] = texts.iter().find(|(text, _)| text == name).unwrap().1;
            assert!((l.midpoint(r) - left.midpoint(*right)).abs() < 0.1, "{name}");
            assert!(b <= *top && b > top - NAME, "{name}");
        }
        // "0.0" below each column, and beside each row
        assert_eq!(texts.iter().filter(|(text, _)| *text == "0.0").count(), 3 + 2);
        let words = frame.scene.words();
        assert!(words.matches("x label").count() == 1 && words.matches("y label").count() == 1);
    }

    #[test]
    fn long_names_of_panels_are_shown_differently_and_not_cut() {
        let names: Vec<String> = (0..24).map(|i| "long ".repeat(50) + &i.to_string()).collect();
        let (frame, _) = frame(&names.iter().map(String::as_str).collect::<Vec<_>>());
        frame.scene.check();
        let texts = frame.scene.texts();
        let mut shown: Vec<_> = texts.iter().filter(|(text, _)| text.contains('…')).collect();
        shown.sort_by(|a, b| a.0.cmp(b.0));
        shown.dedup_by(|a, b| a.0 == b.0);
        assert_eq!(shown.len(), 24);
    }
}
