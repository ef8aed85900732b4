//! The values of several groups, each as a box with a swarm of points.

use anyhow::Result;

use super::{
    axis::{Axis, drawable, extent},
    canvas::{BLACK, Ink, WHITE, blend},
    frame::Frame,
    marker::Marker,
    summary::Summary,
    swarm::swarm,
};

/// The data area in pixels: its height, its minimum and maximum width, and the preferred width of a
/// group.
const HEIGHT: f64 = 450.0;
const WIDTHS: [f64; 2] = [780.0, 1960.0];
const SLOT: f64 = 64.0;
/// Maximum width of a box, the white edge of a point, and the minimum distance of two points in a
/// row, in pixels.
const BOX: f64 = 100.0;
const EDGE: f64 = 0.6;
const STEP: f64 = 1.6;
/// How much lighter than the box the points are, so that the median stays visible.
const LIGHT: f64 = 0.3;
/// Maximum number of points drawn per group.
const POINTS: usize = 600;

/// A group of values.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Its name, shown below it.
    pub name: &'a str,
    /// The number of its colour. Colours repeat after ten.
    pub kind: u32,
    /// Its values, in any order; values that are not finite are not drawn.
    pub values: &'a [f64],
}

/// Draws the values of groups side by side: a box from the lower to the upper quartile with a line
/// at the median, whiskers to the last value within 1.5 times the height of the box, and a point
/// per value. Equal values lie side by side. A group of more than 600 values shows points for 600
/// evenly ranked ones. A row of equal values shows as many as fit.
///
/// The picture is wider for many groups. If there are too many for its maximum width, some names
/// are left out.
///
/// # Errors
/// If plotters or the PNG encoder fails. Without groups the plot is empty.
pub fn distribution(title: &str, y_label: &str, groups: &[Group]) -> Result<Vec<u8>> {
    let count = groups.len().max(1) as f64;
    let width = (count * SLOT).clamp(WIDTHS[0], WIDTHS[1]);
    let middles = || (0..groups.len()).map(|index| index as f64 + 0.5);
    let names: Vec<_> = middles().zip(groups.iter().map(|group| group.name.into())).collect();
    let all = groups.iter().flat_map(|group| group.values).copied();
    let axes = [Axis::named("", [0.0, count], &names), Axis::around(y_label, extent(all))];
    let mut frame = Frame::new(title, &[], axes, [width, HEIGHT], 28.0)?;
    let sorted: Vec<Vec<f64>> = groups.iter().map(sorted).collect();
    let rows = sorted.iter().flat_map(|values| values.chunk_by(|a, b| a == b));
    let longest = rows.map(<[f64]>::len).max().unwrap_or(1);
    for ((middle, group), values) in middles().zip(groups).zip(&sorted) {
        let column = Column { middle, slot: width / count, ink: Marker::of(group.kind).ink };
        if let Some(summary) = Summary::of(values) {
            column.draw_box(&mut frame, &summary)?;
            column.draw_points(&mut frame, values, column.radius(longest))?;
            column.draw_median(&mut frame, &summary)?;
        }
    }
    frame.border()?;
    frame.canvas.png()
}

/// Returns the drawable values in ascending order.
fn sorted(group: &Group) -> Vec<f64> {
    let mut values: Vec<f64> = group.values.iter().copied().filter(|&v| drawable(v)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The position of a group on the axis, its width in pixels, and its colour.
struct Column {
    middle: f64,
    slot: f64,
    ink: Ink,
}

impl Column {
    /// Returns half the width of the box.
    fn half(&self) -> f64 {
        (0.84 * self.slot).min(BOX) / 2.0
    }

    /// Returns the width for points inside the box.
    fn room(&self) -> f64 {
        2.0 * self.half() - 4.0
    }

    /// Returns the radius of the points, smaller for narrow groups and for long rows of equal
    /// values.
    fn radius(&self, longest: usize) -> f64 {
        let least = (0.055 * self.slot).clamp(1.0, 2.4);
        ((self.room() / longest as f64 - 2.0 * EDGE) / 2.0).clamp(least, 3.5)
    }

    fn draw_box(&self, frame: &mut Frame, summary: &Summary) -> Result<()> {
        let half = self.half();
        let [low, _, high] = summary.quartiles.map(|value| frame.at(self.middle, value));
        let x = low[0];
        let corners = [[x - half, low[1]], [x + half, high[1]]];
        for (end, side) in summary.whiskers.into_iter().zip([low, high]) {
            let [_, y] = frame.at(self.middle, end);
            frame.canvas.line(&[side, [x, y]], 1.5, self.ink)?;
            frame.canvas.line(&[[x - half / 2.0, y], [x + half / 2.0, y]], 1.5, self.ink)?;
        }
        frame.canvas.rectangle(corners[0], corners[1], blend(WHITE, self.ink, 0.2))?;
        let [[left, bottom], [right, top]] = corners;
        let outline = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]];
        frame.canvas.line(&outline, 1.5, self.ink)
    }

    fn draw_points(&self, frame: &mut Frame, sorted: &[f64], radius: f64) -> Result<()> {
        let shown = sorted.len().min(POINTS);
        let ranked: Vec<f64> = (0..shown).map(|i| sorted[i * sorted.len() / shown]).collect();
        let longest = (self.room() / STEP).max(1.0) as usize;
        let rows = ranked.chunk_by(|a, b| a == b).map(|row| &row[..row.len().min(longest)]);
        let places: Vec<_> = rows.flatten().map(|value| frame.at(self.middle, *value)).collect();
        // heights grow upwards, pixels downwards
        let heights: Vec<f64> = places.iter().map(|place| -place[1]).collect();
        let aside = swarm(&heights, 2.0 * (radius + EDGE), self.room());
        for ([x, y], aside) in places.into_iter().zip(aside) {
            let at = [[x + aside, y]];
            frame.canvas.line(&at, 2.0 * (radius + EDGE), WHITE)?;
            frame.canvas.line(&at, 2.0 * radius, blend(self.ink, WHITE, LIGHT))?;
        }
        Ok(())
    }

    fn draw_median(&self, frame: &mut Frame, summary: &Summary) -> Result<()> {
        let [x, y] = frame.at(self.middle, summary.quartiles[1]);
        frame.canvas.line(&[[x - self.half(), y], [x + self.half(), y]], 2.0, BLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    fn group(kind: u32, values: &[f64]) -> Group<'_> {
        Group { name: "a group", kind, values }
    }

    fn picture(groups: &[Group]) -> Picture {
        let png = distribution("a title", "y", groups).unwrap();
        let again = distribution("a title", "y", groups).unwrap();
        assert_eq!(png, again, "same input, same bytes");
        Picture::decode(&png)
    }

    /// Returns the pixel of a value in the middle of one of `count` groups with values from 0 to 1.
    fn pixel(index: usize, count: usize, value: f64) -> [f64; 2] {
        let across = (index as f64 + 0.5) / count as f64;
        [92.0 + WIDTHS[0] * across, 62.0 + HEIGHT * (1.0 - (value + 0.06) / 1.12)]
    }

    #[test]
    fn a_box_reaches_from_quartile_to_quartile_with_a_line_at_the_median() {
        let values = [0.0, 0.2, 0.3, 0.6, 1.0];
        let picture = picture(&[group(0, &[0.5]), group(1, &values)]);
        let ink = Marker::of(1).ink;
        assert_eq!((picture.width, picture.height), (900, 552));
        let beside = |value| {
            let [x, y] = pixel(1, 2, value);
            [x + 30.0, y]
        };
        for value in [0.22, 0.4, 0.58] {
            assert!(picture.is(beside(value), blend(WHITE, ink, 0.2)), "{value}");
        }
        assert!(picture.is(beside(0.15), WHITE) && picture.is(beside(0.65), WHITE));
        assert!(picture.is(beside(0.3), BLACK));
        // the whisker and the values
        assert!([0.1, 0.8].into_iter().all(|value| picture.is(pixel(1, 2, value), ink)));
        let light = blend(ink, WHITE, LIGHT);
        assert!(
            values.into_iter().filter(|v| *v != 0.3).all(|v| picture.is(pixel(1, 2, v), light))
        );
    }

    #[test]
    fn equal_values_are_points_side_by_side() {
        let picture = picture(&[group(2, &[0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 1.0])]);
        let light = blend(Marker::of(2).ink, WHITE, LIGHT);
        let dots = |value: f64, y: f64| {
            let [x, at] = pixel(0, 1, value);
            let row = (-60..60).map(|dx| [x + f64::from(dx), at + y]);
            let on: Vec<bool> = row.map(|at| picture.is(at, light)).collect();
            on.windows(2).filter(|pair| pair[1] && !pair[0]).count()
        };
        assert_eq!((dots(0.0, 2.0), dots(1.0, -2.0)), (4, 1));
    }

    #[test]
    fn many_groups_make_the_picture_wider_up_to_a_limit() {
        let width = |count: usize| picture(&vec![group(0, &[0.5]); count]).width;
        assert_eq!([width(1), width(13), width(20), width(500)], [900, 952, 1400, 2080]);
    }

    #[test]
    fn distribution_accepts_degenerate_input() {
        picture(&[]);
        picture(&[group(0, &[]), group(1, &[f64::NAN; 3])]);
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -9e299, 9e299, 0.5, -0.0];
        picture(&[group(u32::MAX, &bad), group(3, &[1e-300, 5e-324])]);
        picture(&[group(0, &[0.8; 10_000]), group(1, &[0.8])]);
        let smooth: Vec<f64> = (0..10_000).map(f64::from).collect();
        picture(&vec![group(0, &smooth); 100]);
        let name = "long \u{1F600}\n".repeat(1000);
        let long = Group { name: &name, kind: 0, values: &[0.1, 0.2] };
        distribution(&name, &name, &vec![long; 100]).unwrap();
    }
}
