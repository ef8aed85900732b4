//! A labelled data set in the plane.

use std::{collections::BTreeSet, ops::RangeInclusive};

use anyhow::Result;

use super::{
    axis::{Axis, drawable, extent},
    canvas::{BLACK, Pixel, WHITE, blend},
    frame::Frame,
    legend::{Entry, Key},
    marker::Marker,
};

/// Side of a square plot, and the allowed heights with equal scales, in pixels.
const SIDE: f64 = 580.0;
const HEIGHTS: RangeInclusive<f64> = 200.0..=1160.0;

/// A point with two features and its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelledPoint {
    /// The features; a point with a feature that is not finite is not drawn.
    pub x: [f64; 2],
    /// The class, which sets colour and shape. Both repeat after ten classes.
    pub label: u32,
}

/// Draws a scatter plot of a labelled data set, with a colour and a shape per class. The first
/// `train` points are filled, the others (test points) hollow. Both axes have the same scale,
/// unless one spans more than twice (upwards) or three times (sideways) the other.
///
/// # Errors
/// If plotters or the PNG encoder fails. Without points the plot is empty.
pub fn dataset(title: &str, points: &[LabelledPoint], train: usize) -> Result<Vec<u8>> {
    let axis = |label, feature: usize| {
        let [low, high] = extent(shown(points).map(|(_, p)| p.x[feature])).unwrap_or([-1.0, 1.0]);
        let margin = 0.06 * (high - low);
        Axis::linear(label, [low - margin, high + margin])
    };
    let axes = [axis("x1", 0), axis("x2", 1)];
    let legend = legend(points, train);
    let mut frame = Frame::new(title, &legend, axes, equal_scales(&axes), 30.0)?;
    draw_points(&mut frame, points, train)?;
    frame.canvas.png()
}

/// Returns the width and height of a plot with equal scales.
pub(super) fn equal_scales([x, y]: &[Axis; 2]) -> Pixel {
    let height = SIDE * y.span() / x.span();
    let possible = HEIGHTS.contains(&height);
    [SIDE, if possible { height.round() } else { SIDE }]
}

/// Returns the legend: the classes, and the meaning of filled and hollow if there are test points.
pub(super) fn legend(points: &[LabelledPoint], train: usize) -> Vec<Entry> {
    let labels: BTreeSet<u32> = points.iter().map(|point| point.label).collect();
    let class = |label| (Key::Point(Marker::of(label)), format!("class {label}"));
    let mut legend: Vec<Entry> = labels.into_iter().map(class).collect();
    if train < points.len() {
        let filled = Marker { ink: blend(BLACK, WHITE, 0.4), ..Marker::of(0) };
        legend.push((Key::Point(filled), "train".into()));
        legend.push((Key::Point(Marker { hollow: true, ..filled }), "test".into()));
    }
    legend
}

/// Draws the points in order, with the test points last and therefore on top.
pub(super) fn draw_points(frame: &mut Frame, points: &[LabelledPoint], train: usize) -> Result<()> {
    for (index, point) in shown(points) {
        let marker = Marker { hollow: index >= train, ..Marker::of(point.label) };
        if frame.contains(point.x) {
            let at = frame.at(point.x[0], point.x[1]);
            marker.draw(&mut frame.canvas, at, 6.0)?;
        }
    }
    Ok(())
}

/// Returns the drawable points with their indices.
fn shown(points: &[LabelledPoint]) -> impl Iterator<Item = (usize, &LabelledPoint)> {
    points.iter().enumerate().filter(|(_, point)| point.x.into_iter().all(drawable))
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    /// Returns the pixel of a point in a plot of points that span 0 to 1 in both features.
    fn pixel([x, y]: [f64; 2]) -> Pixel {
        let place = |share: f64| (share + 0.06) / 1.12 * SIDE;
        // one row of legend: the area starts at 92, 54 + 26 + 8
        [92.0 + place(x), 88.0 + SIDE - place(y)]
    }

    fn points(xs: &[([f64; 2], u32)]) -> Vec<LabelledPoint> {
        xs.iter().map(|&(x, label)| LabelledPoint { x, label }).collect()
    }

    fn picture(points: &[LabelledPoint], train: usize) -> Picture {
        let png = dataset("a title", points, train).unwrap();
        assert_eq!(png, dataset("a title", points, train).unwrap(), "same input, same bytes");
        Picture::decode(&png)
    }

    #[test]
    fn points_have_the_colour_of_their_class_at_their_place() {
        let xs = [([0.0, 0.0], 0), ([1.0, 0.0], 1), ([0.25, 1.0], 2), ([0.25, 0.5], 1)];
        let picture = picture(&points(&xs), 3);
        assert_eq!((picture.width, picture.height), (702, 732));
        for (x, label) in &xs[..3] {
            assert!(picture.is(pixel(*x), Marker::of(*label).ink), "{x:?}");
        }
        // the test point is hollow: white inside, its colour 6 pixels beside (a square of 1.25 / √2)
        let [x, y] = pixel(xs[3].0);
        assert!(picture.is([x, y], WHITE));
        assert!(picture.is([x - 6.0 * 1.25 / 2f64.sqrt(), y], Marker::of(1).ink));
    }

    #[test]
    fn scales_are_equal_unless_the_plot_would_be_a_strip() {
        let size = |xs: &[f64; 4]| {
            let axes = [Axis::linear("", [xs[0], xs[1]]), Axis::linear("", [xs[2], xs[3]])];
            equal_scales(&axes)
        };
        assert_eq!(size(&[0.0, 2.0, 5.0, 6.0]), [SIDE, SIDE / 2.0]);
        assert_eq!(size(&[0.0, 1.0, 0.0, 1.5]), [SIDE, SIDE * 1.5]);
        assert_eq!(size(&[0.0, 1.0, 0.0, 1e6]), [SIDE, SIDE]);
        assert_eq!(size(&[-9e299, 9e299, 0.0, 1e-280]), [SIDE, SIDE]);
    }

    #[test]
    fn dataset_accepts_degenerate_input() {
        let empty = picture(&[], 0);
        assert_eq!(empty.count(Marker::of(0).ink), 0);
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
        let bad: Vec<_> = bad.into_iter().flat_map(|v| [([v, 0.0], 0), ([0.0, v], 0)]).collect();
        let in_legend = picture(&points(&bad), 9).count(Marker::of(0).ink);
        let with_one = [&bad[..], &[([0.5, 0.5], 0)]].concat();
        let in_both = picture(&points(&with_one), 9).count(Marker::of(0).ink);
        let shown = in_both as f64 / in_legend as f64;
        assert!((shown - 2.0).abs() < 0.1, "only the finite point is shown, not {shown}");

        picture(&points(&[([1e10, -3.0], 0); 5]), 2);
        picture(&points(&[([9e299, -9e299], 0), ([-9e299, 9e299], 1)]), 1);
        picture(&points(&[([0.0, 5e-324], u32::MAX), ([1e-300, 0.0], 4)]), usize::MAX);
        let many: Vec<_> = (0..200).map(|i| ([f64::from(i), 0.0], i)).collect();
        picture(&points(&many), 100);
        dataset(&"\n\u{1F600}\0 long".repeat(1000), &[], 0).unwrap();
    }
}
