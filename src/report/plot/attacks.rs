//! Attacked points in the plane: where each was moved, and how far around it a class is certified.

use std::f64::consts::TAU;

use anyhow::Result;

use super::axis::drawable;
use super::boundary::{POINTS, one_of, planes};
use super::dataset::{LabelledPoint, draw_points, legend};
use super::frame::Frame;
use super::ink::{BLACK, Ink, WHITE};
use super::legend::{Entry, Key};
use super::marker::{Kind, Marker, Set};
use super::scene::{Pixel, Scene};
use crate::experiment::Field;

/// Maximum number of arrows and discs in all panels together, and number of corners of a disc.
const CHOSEN: usize = 240;
const CORNERS: usize = 72;
/// The number of the series with the colour of a changed class.
const FOOLED: u32 = 7;

/// What an attack does to one model: a panel.
#[derive(Clone, Debug)]
pub struct PlaneOfAttack {
    /// The name of the model.
    pub name: String,
    /// The probability that it gives to class 1.
    pub field: Field,
    /// The rows that it was tested on.
    pub points: Vec<AttackedPoint>,
}

/// A point in the plane, as it is and after an attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttackedPoint {
    /// Where it is.
    pub clean: [f64; 2],
    /// Where the attack moved it, if that is to be drawn.
    pub moved: Option<[f64; 2]>,
    /// Its true class.
    pub label: u32,
    /// Whether the attack changed the predicted class.
    pub fooled: bool,
    /// The radius in which the predicted class is certified, if that is to be drawn; `None` for an abstention.
    pub radius: Option<f64>,
}

impl AttackedPoint {
    fn is_chosen(&self) -> bool {
        self.moved.is_some() || self.radius.is_some()
    }
}

/// Draws the predicted probabilities of models with their test points, as in [`boundary`](super::boundary()), an
/// arrow from each attacked point to where it was moved, and a dashed circle of its certified radius. Arrows to
/// another predicted class are red with a filled head, the others grey with a white one. An end outside the plane
/// lies on its edge. Of more than 240 arrows or circles in all panels together, every second, third or so is shown,
/// and likewise of more than 1,500 other points, as the title then says.
///
/// # Errors
/// If there is no panel, a field does not have `rows` x `columns` values, a range is not finite or runs downwards,
/// or the ranges differ.
pub fn attacks(title: &str, panels: &[PlaneOfAttack]) -> Result<Scene> {
    let all = || panels.iter().flat_map(|own| &own.points);
    let count = |chosen: bool| all().filter(|point| point.is_chosen() == chosen).count();
    let [others, chosen] =
        [count(false).div_ceil(POINTS), count(true).div_ceil(CHOSEN)].map(|n| n.max(1));
    let title = format!("{title}{}{}", one_of(others, "points"), one_of(chosen, "attacked points"));
    let fields: Vec<(&str, &Field)> = panels.iter().map(|own| (&*own.name, &own.field)).collect();
    planes(&title, &fields, entries(&all().copied().collect::<Vec<_>>()), |frame, index| {
        let of =
            |chosen: bool| panels[index].points.iter().filter(move |own| own.is_chosen() == chosen);
        let shown: Vec<&AttackedPoint> = of(true).step_by(chosen).collect();
        let points: Vec<LabelledPoint> =
            of(false).step_by(others).chain(shown.iter().copied()).map(labelled).collect();
        shown.iter().for_each(|point| draw_disc(frame, point));
        draw_points(frame, &points);
        shown.iter().for_each(|point| draw_arrow(frame, point));
    })
}

/// Returns the legend of what some point has.
fn entries(points: &[AttackedPoint]) -> Vec<Entry> {
    let mut entries = legend(&points.iter().map(labelled).collect::<Vec<_>>());
    for (fooled, name) in [(true, "attacked: class changed"), (false, "attacked: class kept")] {
        if points.iter().any(|own| own.moved.is_some() && own.fooled == fooled) {
            entries.push((Key::Arrow(inks(fooled)), name.into()));
        }
    }
    if points.iter().any(|own| own.radius.is_some()) {
        entries.push((Key::Dashes(BLACK, None), "certified radius".into()));
    }
    entries
}

/// Returns the colours of an arrow: of its line, and inside its head.
fn inks(fooled: bool) -> [Ink; 2] {
    let kind = if fooled { Kind::Series(FOOLED) } else { Kind::Baseline };
    let ink = Marker::of(kind).ink;
    [ink, if fooled { ink } else { WHITE }]
}

fn labelled(point: &AttackedPoint) -> LabelledPoint {
    LabelledPoint { x: point.clean, label: point.label, set: Set::Test }
}

fn draw_arrow(frame: &mut Frame, point: &AttackedPoint) {
    let Some(moved) = point.moved.filter(|to| to.iter().copied().all(drawable)) else { return };
    if frame.contains(point.clean) {
        let ends = [point.clean, moved].map(|[x, y]| frame.at(x, y));
        frame.scene.arrow(ends, inks(point.fooled));
    }
}

/// Draws the part of a circle that lies in the plane.
fn draw_disc(frame: &mut Frame, point: &AttackedPoint) {
    let Some(radius) = point.radius.filter(|radius| drawable(*radius) && *radius > 0.0) else {
        return;
    };
    if !frame.contains(point.clean) {
        return;
    }
    let corner = |i: usize| {
        let angle = i as f64 / CORNERS as f64 * TAU;
        let [x, y] = point.clean;
        [x + radius * angle.cos(), y + radius * angle.sin()]
    };
    let corners: Vec<[f64; 2]> = (0..=CORNERS).map(corner).collect();
    let runs: Vec<&[[f64; 2]]> = corners.split(|corner| !frame.contains(*corner)).collect();
    for run in runs.into_iter().filter(|run| !run.is_empty()) {
        let run: Vec<Pixel> = run.iter().map(|[x, y]| frame.at(*x, *y)).collect();
        frame.scene.dashes(&run, 1.2, BLACK);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::scene::tests::assert_near, *};

    fn field(high: f64) -> Field {
        let probabilities = vec![0.0, 1.0, 0.0, 1.0];
        Field { x: [-1.0, 1.0], y: [-1.0, high], columns: 2, rows: 2, probabilities }
    }

    fn point(clean: [f64; 2]) -> AttackedPoint {
        AttackedPoint { clean, moved: None, label: 0, fooled: false, radius: None }
    }

    fn panel(name: &str, points: &[AttackedPoint]) -> PlaneOfAttack {
        PlaneOfAttack { name: name.into(), field: field(1.0), points: points.to_vec() }
    }

    fn scene(panels: &[PlaneOfAttack]) -> Scene {
        let scene = attacks("a title", panels).unwrap();
        scene.check();
        scene
    }

    /// Returns the share of the area for a feature.
    fn share([x, y]: [f64; 2]) -> [f64; 2] {
        [(1.0 + x) / 2.0, (1.0 + y) / 2.0]
    }

    #[test]
    fn an_arrow_leads_to_the_attacked_point_in_the_colour_of_its_end() {
        let fooled = AttackedPoint { moved: Some([0.5, 0.0]), fooled: true, ..point([-0.5, 0.0]) };
        let kept = AttackedPoint { moved: Some([0.0, 0.5]), ..point([0.0, -0.5]) };
        let scene = scene(&[panel("", &[fooled, kept])]);
        for own in [fooled, kept] {
            let [ink, inside] = inks(own.fooled);
            let [line] = &scene.lines(0, ink)[..] else { panic!("expected a line") };
            assert_near(&line[..1], &[share(own.clean)]);
            let heads = scene.fills(0, inside);
            let head = heads.iter().find(|own| own.len() == 3).unwrap();
            assert_near(&head[..1], &[share(own.moved.unwrap())]);
            // the line ends in the middle of the head's back
            let middle = [0, 1].map(|i| head[1][i].midpoint(head[2][i]));
            assert_near(&line[1..], &[middle]);
        }
        let words = scene.words();
        assert!(words.contains("class changed") && words.contains("class kept"), "{words}");
        assert!(!words.contains("certified radius"));
    }

    #[test]
    fn a_certified_circle_is_round_and_ends_at_the_edge_of_the_plane() {
        let inside = AttackedPoint { radius: Some(0.25), ..point([0.5, -0.5]) };
        let cut = AttackedPoint { radius: Some(0.5), ..point([-1.0, 0.0]) };
        let drawn = scene(&[panel("", &[inside]), panel("", &[cut])]);
        let [left, top, right, bottom] = drawn.areas()[0];
        assert_eq!(right - left, bottom - top, "equal scales");
        let [circle] = &drawn.dashed(0)[..] else { panic!("expected a circle") };
        let [x, y] = share(inside.clean);
        assert!(circle.iter().all(|at| ((at[0] - x).hypot(at[1] - y) - 0.125).abs() < 1e-3));
        assert_eq!(circle.len(), CORNERS + 1);
        let parts = drawn.dashed(1);
        let [x, y] = share(cut.clean);
        let on_circle = |at: &[f64; 2]| ((at[0] - x).hypot(at[1] - y) - 0.25).abs() < 1e-3;
        assert!(!parts.is_empty() && parts.iter().flatten().all(on_circle), "{parts:?}");
        assert!(drawn.words().contains("certified radius") && !drawn.words().contains("attacked"));
        // an abstention has no circle
        assert!(scene(&[panel("", &[point([0.0, 0.0])])]).dashed(0).is_empty());
    }

    #[test]
    fn of_many_points_a_share_is_shown_and_the_title_says_so() {
        let many = |count: usize, moved| {
            let own = |i: usize| [0.0, i as f64 / count as f64 - 0.5];
            let points = (0..count).map(|i| AttackedPoint { moved, ..point(own(i)) });
            points.collect::<Vec<_>>()
        };
        let points = [many(750, None), many(200, Some([0.9, 0.0]))].concat();
        let scene = scene(&[panel("a", &points), panel("b", &points), panel("c", &points)]);
        assert_eq!(scene.title, "a title, 1 of 2 points, 1 of 3 attacked points");
        for area in 0..3 {
            assert_eq!(scene.lines(area, inks(false)[0]).len(), 67);
        }
    }

    #[test]
    fn attacks_accept_degenerate_input() {
        assert!(attacks("", &[]).is_err());
        let bad = [f64::NAN, f64::INFINITY, f64::MIN, -5.0, 0.0, 5e-324, 9e299];
        let own = |a: f64, b: f64| AttackedPoint {
            clean: [0.0, a],
            moved: Some([b, a]),
            label: u32::MAX,
            fooled: a > 0.0,
            radius: Some(b),
        };
        let points: Vec<_> = bad.iter().flat_map(|&a| bad.map(|b| own(a, b))).collect();
        let long = "long \u{1F600}\n".repeat(300);
        attacks(&long, &vec![panel(&long, &points); 6]).unwrap().check();
        let other = PlaneOfAttack { field: field(2.0), ..panel("", &[]) };
        let found = attacks("", &[panel("", &[]), other]).unwrap_err().to_string();
        assert!(found.contains("the same plane"), "{found}");
    }
}
