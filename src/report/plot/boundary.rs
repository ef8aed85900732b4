//! Decision boundaries: the probability of class 1 as colour over the plane.

use anyhow::{Context, Result, ensure};

use super::axis::Axis;
use super::bar::{BESIDE, colour_bar};
use super::dataset::{LabelledPoint, NAMES, draw_points, equal_scales, legend};
use super::frame::Frame;
use super::ink::{BLACK, Ink, WHITE, blend};
use super::legend::{Entry, Key};
use super::marker::{Kind, Marker};
use super::panels::arranged;
use super::scene::Scene;
use crate::experiment::Field;

/// How strongly the class colours tint the field. The points must stand out from it.
const TINT: f64 = 0.45;
/// Maximum number of points drawn in all fields together.
pub(super) const POINTS: usize = 1500;

/// Draws fields over the same plane, each with its name above it: the colours of class 0 (probability
/// 0) and class 1 (probability 1), with white between them, the line of probability 0.5 and the
/// points. The field is interpolated between grid points; points outside it are not shown. Of more
/// than 1,500 points in all fields together, every second, third or so is shown, which the title says. Scales are equal
/// under the same condition as in [`dataset`](super::dataset()).
///
/// # Errors
/// If there is no field, a field does not have `rows` x `columns` values, a range is not finite or
/// runs downwards, or the ranges differ.
pub fn boundary(
    title: &str,
    fields: &[(String, &Field)],
    points: &[LabelledPoint],
) -> Result<Scene> {
    let every = (points.len() * fields.len()).div_ceil(POINTS).max(1);
    let shown: Vec<LabelledPoint> = points.iter().step_by(every).copied().collect();
    let title = title.to_string() + &one_of(every, "points");
    let fields: Vec<(&str, &Field)> = fields.iter().map(|(name, own)| (&**name, *own)).collect();
    planes(&title, &fields, legend(points), |frame, _| draw_points(frame, &shown))
}

/// Returns what a title says if one of `every` things is shown.
pub(super) fn one_of(every: usize, what: &str) -> String {
    if every > 1 { format!(", 1 of {every} {what}") } else { String::new() }
}

/// Draws fields over the same plane, and what `over` draws on each; `legend` is what that means.
///
/// # Errors
/// If there is no field, a field is malformed, or the ranges differ.
pub(super) fn planes(
    title: &str,
    fields: &[(&str, &Field)],
    mut legend: Vec<Entry>,
    mut over: impl FnMut(&mut Frame, usize),
) -> Result<Scene> {
    let (_, first) = fields.first().context("expected a field to draw, received none")?;
    for (_, field) in fields {
        field.check()?;
        ensure!((field.x, field.y) == (first.x, first.y), "expected fields over the same plane");
    }
    let axes = [Axis::linear(NAMES[0], first.x), Axis::linear(NAMES[1], first.y)];
    legend.push((Key::Stroke(BLACK), "p = 0.5".into()));
    let (size, names) = (equal_scales(&axes), fields.iter().map(|(name, _)| *name));
    let (mut frame, areas) = arranged(title, &legend, axes, size, names, BESIDE);
    for (index, ((_, field), area)) in fields.iter().zip(areas).enumerate() {
        frame.area = area;
        paint(&mut frame, field);
        for segment in field.contour() {
            let ends = segment.map(|[x, y]| frame.on(x, y));
            frame.scene.line(&ends, 2.0, BLACK);
        }
        over(&mut frame, index);
        frame.border();
    }
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share: f64| (share, share.to_string()));
    let bar = Axis::named("probability of class 1", [0.0, 1.0], &ticks);
    colour_bar(&mut frame, &bar, colour);
    Ok(frame.scene)
}

/// Returns the colour of a probability.
fn colour(probability: f64) -> Ink {
    let distance = (2.0 * probability.clamp(0.0, 1.0) - 1.0).abs();
    let class = u32::from(probability > 0.5);
    blend(WHITE, Marker::of(Kind::Series(class)).ink, TINT * distance)
}

fn paint(frame: &mut Frame, field: &Field) {
    let [left, top, right, bottom] = frame.area;
    let size = [right - left, bottom - top];
    let at = |column: usize, row: usize| {
        // in squares of two pixels: smaller files
        let [across, down] = [0, 1].map(|i| ([column, row][i] / 2 * 2 + 1) as f64 / size[i]);
        field.at(across, 1.0 - down).map(colour)
    };
    frame.scene.raster([left, top], size, at);
}

#[cfg(test)]
mod tests {
    use super::{
        super::{dataset::tests::point, marker::Set, scene::tests::assert_near},
        *,
    };

    fn field<const N: usize>(rows: &[[f64; N]]) -> Field {
        let probabilities = rows.as_flattened().to_vec();
        Field { x: [-1.0, 1.0], y: [-1.0, 1.0], columns: N, rows: rows.len(), probabilities }
    }

    fn scene(field: &Field, points: &[LabelledPoint]) -> Scene {
        let scene = boundary("a title", &[(String::new(), field)], points).unwrap();
        scene.check();
        let words = scene.words();
        assert!(NAMES.into_iter().all(|name| words.contains(name)), "{words}");
        assert!(words.contains("probability of class 1") && words.contains("p = 0.5"));
        scene
    }

    /// Returns the share of the area for a feature.
    fn share([x, y]: [f64; 2]) -> [f64; 2] {
        [(1.0 + x) / 2.0, (1.0 + y) / 2.0]
    }

    #[test]
    fn each_side_has_the_colour_of_its_class_and_a_line_between() {
        let scene = scene(&field(&[[0.0, 0.0, 1.0, 1.0]; 2]), &[]);
        assert_eq!((scene.width, scene.height), (812, 732));
        let [a, b] = [0, 1].map(|class| Marker::of(Kind::Series(class)).ink);
        for y in [-0.9, 0.0, 0.9] {
            let colour = |x| scene.colour(0, share([x, y])).unwrap();
            assert_eq!(colour(-0.8), blend(WHITE, a, TINT).rgb);
            assert_eq!(colour(0.8), blend(WHITE, b, TINT).rgb);
            // halfway between the middle and probability 1
            let want = blend(WHITE, b, TINT / 2.0).rgb;
            assert!((0..3).all(|i| colour(1.0 / 6.0)[i].abs_diff(want[i]) <= 2));
        }
        let contour = scene.lines(0, BLACK).into_iter().filter(|line| line.len() == 2);
        assert_near(&contour.flatten().collect::<Vec<_>>(), &[[0.5, 0.0], [0.5, 1.0]]);
    }

    #[test]
    fn the_first_row_is_the_lowest() {
        let scene = scene(&field(&[[0.0], [1.0]]), &[]);
        for up in [0.01, 0.99] {
            let (got, want) = (scene.colour(0, [0.5, up]).unwrap(), colour(up).rgb);
            assert!((0..3).all(|i| got[i].abs_diff(want[i]) <= 1), "{got:?}");
        }
    }

    #[test]
    fn points_of_all_sets_lie_on_each_field_and_those_outside_are_left_out() {
        let points = [
            point([0.5, 0.5], 0, Set::Train),
            point([0.5, -0.5], 1, Set::Validation),
            point([-0.5, 0.0], 1, Set::Test),
            point([-3.0, 0.0], 2, Set::Train),
        ];
        let (high, low) = (field(&[[1.0; 2]; 2]), field(&[[0.0; 2]; 2]));
        let fields = [("first".to_string(), &high), ("second".to_string(), &low)];
        let scene = boundary("a title", &fields, &points).unwrap();
        scene.check();
        let radius = (331.0f64 / 90.0).clamp(3.5, 6.0);
        for (area, probability) in [(0, 1.0), (1, 0.0)] {
            let marks =
                |p: &LabelledPoint| scene.marks(area, Marker::of_class(p.label, p.set), radius);
            for point in &points[..3] {
                assert_near(&marks(point), &[share(point.x)]);
            }
            assert!(marks(&points[3]).is_empty());
            assert_eq!(scene.colour(area, [0.1, 0.1]).unwrap(), colour(probability).rgb);
        }
        let words = scene.words();
        for name in ["first", "second", "train", "validation", "test"] {
            assert_eq!(words.matches(name).count(), 1, "{name}");
        }
    }

    #[test]
    fn of_many_points_a_share_of_each_set_is_shown() {
        let sets = [Set::Train, Set::Validation, Set::Test];
        let point = |i: usize| point([0.0, i as f64 / 3000.0], 1, sets[i / 1000]);
        let (points, own) = ((0..3000).map(point).collect::<Vec<_>>(), field(&[[0.5; 2]; 2]));
        let fields = vec![(String::from("a name"), &own); 2];
        let scene = boundary("", &fields, &points).unwrap();
        for (area, set) in [0, 1].into_iter().flat_map(|area| sets.map(|set| (area, set))) {
            let marks = scene.marks(area, Marker::of_class(1, set), 331.0 / 90.0);
            assert!((249..=251).contains(&marks.len()), "{set:?}: {}", marks.len());
        }
    }

    #[test]
    fn boundary_rejects_an_inconsistent_field() {
        let good = field(&[[0.5; 3]; 2]);
        let message =
            |field: Field| boundary("", &[(String::new(), &field)], &[]).unwrap_err().to_string();
        let got = message(Field { columns: 4, ..good.clone() });
        assert!(got.contains("2 rows and 4 columns") && got.contains("got 6"), "{got}");
        message(Field { columns: usize::MAX, rows: 3, ..good.clone() });
        message(Field { x: [0.0, f64::NAN], ..good.clone() });
        assert!(message(Field { y: [1.0, -1.0], ..good.clone() }).contains("got 1 to -1"));
        let other = Field { x: [0.0, 1.0], ..good.clone() };
        let fields = [(String::new(), &good), (String::new(), &other)];
        assert!(boundary("", &fields, &[]).unwrap_err().to_string().contains("the same plane"));
        assert!(boundary("", &[], &[]).is_err());
    }

    #[test]
    fn boundary_accepts_degenerate_input() {
        let bad = [f64::NAN, f64::INFINITY, -5.0, f64::MIN, 0.5];
        let points = bad.map(|v| point([v, 0.0], 1, Set::Validation));
        scene(&field(&[bad, bad]), &points);
        scene(&field::<0>(&[]), &points);
        scene(&Field { x: [3.0, 3.0], y: [1e9, 1e9], ..field(&[[0.5; 2]; 2]) }, &points);
        scene(&Field { x: [-9e299, 9e299], ..field(&[[0.2, 0.9]]) }, &points);
        scene(&field(&[[f64::NAN; 3]; 3]), &[]);
        let (name, own) = ("long \u{1F600}\n".repeat(300), field(&[[0.5; 2]; 2]));
        boundary(&name, &vec![(name.clone(), &own); 9], &points).unwrap().check();
    }
}
