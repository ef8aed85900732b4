//! A labelled data set in the plane.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::axis::{Axis, drawable, extent};
use super::frame::Frame;
use super::legend::{Entry, Key};
use super::marker::{Marker, Set};
use super::scene::{Pixel, Scene};

/// Side of a square plot, and the allowed heights with equal scales, in pixels.
const SIDE: f64 = 580.0;
const HEIGHTS: RangeInclusive<f64> = 200.0..=1160.0;

/// The names of the axes.
pub(super) const NAMES: [&str; 2] = ["x1 (units of the data)", "x2 (units of the data)"];

/// A point with two features and its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelledPoint {
    /// The features; a point with a feature that is not finite is not drawn.
    pub x: [f64; 2],
    /// The class, which sets colour and shape. Both repeat after ten classes.
    pub label: u32,
    /// The rows that the point belongs to, which set how its mark is filled.
    pub set: Set,
}

/// Draws a scatter plot of a labelled data set, with a colour and a shape per class. Training points
/// are filled, validation points have a dot, test points are hollow. Both axes have the same scale,
/// unless one spans more than twice (upwards) or three times (sideways) the other.
pub fn dataset(title: &str, points: &[LabelledPoint]) -> Scene {
    let range = |feature: usize| extent(shown(points).map(|point| point.x[feature]));
    let axes = [0, 1].map(|feature| Axis::around(NAMES[feature], range(feature)));
    let mut frame = Frame::new(title, &legend(points), axes, equal_scales(&axes), 30.0);
    draw_points(&mut frame, points);
    frame.scene
}

/// Returns the width and height of a plot with equal scales.
pub(super) fn equal_scales([x, y]: &[Axis; 2]) -> Pixel {
    let height = SIDE * y.span() / x.span();
    let possible = HEIGHTS.contains(&height);
    [SIDE, if possible { height.round() } else { SIDE }]
}

/// Returns the legend: the classes, and the sets of rows if there are several.
pub(super) fn legend(points: &[LabelledPoint]) -> Vec<Entry> {
    let labels: BTreeSet<u32> = points.iter().map(|point| point.label).collect();
    let sets: BTreeSet<Set> = points.iter().map(|point| point.set).collect();
    let only = sets.first().copied().filter(|_| sets.len() == 1).unwrap_or(Set::Train);
    let class = |label| (Key::Point(Marker::of_class(label, only)), format!("class {label}"));
    let set = |set: &Set| (Key::Point(Marker::of_any_class(*set)), set.name().to_string());
    let sets = sets.iter().filter(|_| sets.len() > 1).map(set);
    labels.into_iter().map(class).chain(sets).collect()
}

/// Draws the points, with the test points last and therefore on top.
pub(super) fn draw_points(frame: &mut Frame, points: &[LabelledPoint]) {
    // smaller in narrow panels
    let radius = ((frame.area[2] - frame.area[0]) / 90.0).clamp(3.5, 6.0);
    for set in [Set::Train, Set::Validation, Set::Test] {
        for point in shown(points).filter(|point| point.set == set) {
            if frame.contains(point.x) {
                let at = frame.at(point.x[0], point.x[1]);
                Marker::of_class(point.label, set).draw(&mut frame.scene, at, radius);
            }
        }
    }
}

/// Returns the drawable points.
fn shown(points: &[LabelledPoint]) -> impl Iterator<Item = &LabelledPoint> {
    points.iter().filter(|point| point.x.into_iter().all(drawable))
}

#[cfg(test)]
pub(super) mod tests {
    use super::{super::scene::tests::assert_near, *};

    pub fn point(x: [f64; 2], label: u32, set: Set) -> LabelledPoint {
        LabelledPoint { x, label, set }
    }

    fn scene(points: &[LabelledPoint]) -> Scene {
        let scene = dataset("a title", points);
        scene.check();
        assert!(NAMES.into_iter().all(|name| scene.words().contains(name)));
        scene
    }

    #[test]
    fn points_have_the_colour_of_their_class_and_the_filling_of_their_set() {
        let (train, validation, test) = (Set::Train, Set::Validation, Set::Test);
        let points = [
            point([0.0, 0.0], 0, train),
            point([1.0, 0.0], 1, test),
            point([0.25, 1.0], 2, validation),
            point([0.5, 0.5], 1, validation),
        ];
        let scene = scene(&points);
        assert_eq!((scene.width, scene.height), (702, 732));
        for point in points {
            let want = point.x.map(|v| (v + 0.06) / 1.12);
            assert_near(&scene.marks(0, Marker::of_class(point.label, point.set), 6.0), &[want]);
        }
        let words = scene.words();
        for name in ["class 0", "class 1", "class 2", "train", "validation", "test"] {
            assert!(words.contains(name), "{name}");
        }
        // test points lie on top
        let order: Vec<_> = scene.copies().into_iter().map(|(at, _)| at).collect();
        let [_, x, ..] = scene.areas()[0];
        let drawn: Vec<_> = order.iter().filter(|at| at[1] > x).collect();
        assert!(drawn.len() == 4 && drawn[3][0] > 600.0, "{drawn:?}");
    }

    #[test]
    fn a_single_set_is_not_in_the_legend() {
        let words =
            scene(&[point([0.0, 0.0], 0, Set::Test), point([1.0, 1.0], 3, Set::Test)]).words();
        assert!(words.contains("class 3") && !words.contains("test"));
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
        assert!(scene(&[]).copies().is_empty());
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
        let bad = bad.into_iter().flat_map(|v| [[v, 0.0], [0.0, v]]);
        let bad: Vec<_> = bad.map(|x| point(x, 0, Set::Train)).collect();
        assert_eq!(scene(&bad).marks(0, Marker::of_class(0, Set::Train), 6.0), [[0.0; 2]; 0]);
        let with_one = [&bad[..], &[point([0.5, 0.5], 0, Set::Train)]].concat();
        assert_near(&scene(&with_one).marks(0, Marker::of_class(0, Set::Train), 6.0), &[[0.5; 2]]);
        let all = |xs: &[[f64; 2]], label: fn(u32) -> u32| -> Vec<LabelledPoint> {
            let points = (0..).zip(xs).map(|(i, x)| point(*x, label(i), Set::Test));
            points.collect()
        };
        scene(&all(&[[1e10, -3.0]; 5], |_| 0));
        scene(&all(&[[9e299, -9e299], [-9e299, 9e299]], |i| i));
        scene(&all(&[[0.0, 5e-324], [1e-300, 0.0]], |i| u32::MAX - i));
        scene(&all(&[[1.0; 2]; 200], |i| i));
        dataset(&"\n\u{1F600}\0 long".repeat(300), &[]).check();
    }
}
