//! Several areas of data with the same axes.

use anyhow::Result;

use super::{
    axis::Axis,
    canvas::{Anchor, Pixel, TEXT, fit},
    frame::Frame,
    legend::Entry,
};

/// Width and height of an area with one, two or three side by side, in pixels.
const SIZES: [Pixel; 3] = [[780.0, 450.0], [444.0, 280.0], [300.0, 200.0]];
/// Space between two areas, so that the numbers below them do not touch, and above each area for
/// its name, in pixels.
const GAP: Pixel = [40.0, 32.0];
const NAME: f64 = 28.0;

/// Creates a frame with an area for each name, in rows of up to three, and returns it with the
/// areas. Tick texts are left of each row and below each column. To draw in an area, make it the
/// area of the frame.
pub(super) fn panels<'a>(
    title: &str,
    legend: &[Entry],
    axes: [Axis<'a>; 2],
    names: &[&str],
) -> Result<(Frame<'a>, Vec<[f64; 4]>)> {
    let columns = match names.len() {
        0 | 1 => 1,
        2 | 4 => 2,
        _ => 3,
    };
    let size = SIZES[columns - 1];
    let rows = names.len().div_ceil(columns).max(1);
    let pitch = [size[0] + GAP[0], NAME + size[1] + GAP[1]];
    let whole = [0, 1].map(|i| [columns, rows][i] as f64 * pitch[i] - GAP[i]);
    let (mut frame, labels) = Frame::bare(title, legend, axes, [size, whole], 28.0)?;
    let [left, top, ..] = frame.area;
    let mut areas = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let place = [index % columns, index / columns].map(|place| place as f64);
        let [left, top] = [left + place[0] * pitch[0], top + place[1] * pitch[1] + NAME];
        frame.area = [left, top, left + size[0], top + size[1]];
        frame.grid(&labels, [index + columns >= names.len(), index % columns == 0])?;
        let at = [left + size[0] / 2.0, top - NAME / 2.0];
        frame.canvas.text(&fit(name, TEXT, size[0])?, at, Anchor::Center, TEXT)?;
        areas.push(frame.area);
    }
    Ok((frame, areas))
}

#[cfg(test)]
mod tests {
    use super::{
        super::canvas::{BLACK, WHITE, tests::Picture},
        *,
    };

    fn some(count: usize) -> (Picture, Vec<[f64; 4]>) {
        let axes = [Axis::linear("x", [0.0, 1.0]), Axis::linear("y", [0.0, 1.0])];
        let (frame, areas) = panels("a title", &[], axes, &vec!["a name"; count]).unwrap();
        (Picture::decode(&frame.canvas.png().unwrap()), areas)
    }

    #[test]
    fn areas_are_in_rows_and_do_not_overlap() {
        for (count, columns) in [(0, 1), (1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (9, 3), (10, 3)] {
            let (picture, areas) = some(count);
            assert_eq!(areas.len(), count);
            for (index, [left, top, right, bottom]) in areas.iter().enumerate() {
                let beside = areas.get(index + 1).filter(|_| (index + 1) % columns > 0);
                assert!(beside.is_none_or(|next| next[0] > *right && next[1] == *top));
                let under = areas.get(index + columns);
                assert!(under.is_none_or(|next| next[1] > *bottom && next[0] == *left));
                assert!(*right < f64::from(picture.width) && *bottom < f64::from(picture.height));
            }
        }
    }

    #[test]
    fn tick_texts_are_left_of_rows_and_below_columns_only() {
        let (picture, areas) = some(5);
        for (index, [left, _, right, bottom]) in areas.into_iter().enumerate() {
            let beside = picture.is([left - 3.0, bottom], BLACK);
            let below = picture.is([right, bottom + 3.0], BLACK);
            assert_eq!((beside, below), (index % 3 == 0, index >= 2), "{index}");
            assert!(picture.is([left + 5.0, bottom - 5.0], WHITE));
        }
    }
}
