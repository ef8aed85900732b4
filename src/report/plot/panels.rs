//! Several areas of data with the same axes.

use super::axis::Axis;
use super::font::fit;
use super::frame::Frame;
use super::ink::BLACK;
use super::legend::Entry;
use super::scene::{Anchor, Pixel, TEXT};

/// Space between two areas, so that the numbers below them do not touch, and above each area for
/// its name, in pixels.
const GAP: Pixel = [48.0, 32.0];
const NAME: f64 = 28.0;
/// Width of each area with one, two or three side by side, as a share of the width of one alone, so
/// that pictures are about equally wide.
const SHARES: [f64; 3] = [1.0, 0.57, 0.385];

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
    let columns = [1, 1, 2, 3, 2].get(names.len()).copied().unwrap_or(3);
    let size = size.map(|way| (way * SHARES[columns - 1]).round());
    let rows = names.len().div_ceil(columns).max(1);
    let name = if names.iter().all(|name| name.is_empty()) { 0.0 } else { NAME };
    let pitch = [size[0] + GAP[0], name + size[1] + GAP[1]];
    let whole = [0, 1].map(|i| [columns, rows][i] as f64 * pitch[i] - GAP[i]);
    let (mut frame, labels) = Frame::bare(title, legend, axes, [size, whole], right);
    let [left, top, ..] = frame.area;
    let mut areas = Vec::new();
    for (index, text) in names.iter().enumerate() {
        let place = [index % columns, index / columns].map(|place| place as f64);
        let [left, top] = [left + place[0] * pitch[0], top + place[1] * pitch[1] + name];
        frame.area = [left, top, left + size[0], top + size[1]];
        frame.grid(&labels, [index + columns >= names.len(), index % columns == 0]);
        let at = [left + size[0] / 2.0, top - name / 2.0];
        frame.scene.text(BLACK, &fit(text, TEXT, size[0]), at, Anchor::Center, TEXT);
        areas.push(frame.area);
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
