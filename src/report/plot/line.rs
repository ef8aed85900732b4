//! Lines with bands, gaps and marks.

use super::frame::Frame;
use super::ink::Ink;
use super::legend::{Entry, Key};
use super::marker::Marker;
use super::scene::Pixel;

/// A point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stop {
    pub x: f64,
    pub y: f64,
    /// Low and high sides of the band.
    pub band: Option<[f64; 2]>,
}

/// A line: its points, with gaps where it has none, and those with a mark.
pub(super) struct Line<'a> {
    pub name: &'a str,
    pub marker: Marker,
    pub stops: Vec<Option<Stop>>,
    pub marks: Vec<Stop>,
}

/// Minimum distance across of two marks of a line, and of two points from each other, in pixels.
const APART: f64 = 13.0;
const CLOSE: f64 = 0.5;

/// Draws the bands, then what lies `between`, then the lines, then the marks. A mark that would touch the
/// last one of its line is left out. Without any point it says so.
pub(super) fn draw_lines(frame: &mut Frame, lines: &[Line], between: impl FnOnce(&mut Frame)) {
    if lines.iter().all(|line| line.stops.iter().all(Option::is_none)) {
        frame.note();
    }
    for line in lines {
        draw_band(frame, &line.stops, line.marker.ink);
    }
    between(frame);
    for line in lines {
        draw_line(frame, &line.stops, line.marker.ink);
    }
    frame.border();
    for line in lines {
        let mut free = f64::NEG_INFINITY;
        for at in line.marks.iter().map(|stop| frame.at(stop.x, stop.y)).collect::<Vec<_>>() {
            if at[0] >= free {
                line.marker.draw(&mut frame.scene, at, 5.5);
                free = at[0] + APART;
            }
        }
    }
}

/// Returns the entries of lines in a legend, one for each mark. Lines of several panels share it; if
/// their names differ, it has all of them in the order of the panels.
pub(super) fn entries<'a>(lines: impl IntoIterator<Item = &'a Line<'a>>) -> Vec<Entry> {
    let mut known: Vec<(Marker, Vec<&str>)> = Vec::new();
    for line in lines {
        match known.iter_mut().find(|(marker, _)| *marker == line.marker) {
            Some((_, names)) if names.contains(&line.name) => {}
            Some((_, names)) => names.push(line.name),
            None => known.push((line.marker, vec![line.name])),
        }
    }
    known.into_iter().map(|(marker, names)| (Key::Line(marker), names.join(" | "))).collect()
}

/// Draws a line through neighbouring stops, without those that lie within half a pixel of the last one; a
/// stop between two gaps is a dot.
fn draw_line(frame: &mut Frame, stops: &[Option<Stop>], ink: Ink) {
    for run in stops.split(Option::is_none).filter(|run| !run.is_empty()) {
        let mut line: Vec<Pixel> =
            run.iter().flatten().map(|stop| frame.at(stop.x, stop.y)).collect();
        let end = line.last().copied();
        line.dedup_by(|next, last| (next[0] - last[0]).hypot(next[1] - last[1]) < CLOSE);
        line.extend(end.filter(|end| line.last() != Some(end)));
        frame.scene.line(&line, 2.0, ink);
    }
}

/// Draws the band of neighbouring stops that have one; a stop between two gaps has a bar.
fn draw_band(frame: &mut Frame, stops: &[Option<Stop>], ink: Ink) {
    let ink = Ink { opacity: 0.2, ..ink };
    let with_band = |stop: &Option<Stop>| stop.and_then(|s| Some((s.x, s.band?)));
    let bands: Vec<Option<(f64, [f64; 2])>> = stops.iter().map(with_band).collect();
    for run in bands.split(Option::is_none).filter(|run| !run.is_empty()) {
        let side = |end: usize| run.iter().flatten().map(move |(x, band)| (*x, band[end]));
        let outline = side(0).chain(side(1).rev());
        let outline: Vec<Pixel> = outline.map(|(x, y)| frame.at(x, y)).collect();
        match outline[..] {
            [_, _] => frame.scene.line(&outline, 12.0, ink),
            _ => frame.scene.polygon(&outline, ink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            axis::Axis,
            marker::Kind,
            scene::{Scene, tests::assert_near},
        },
        *,
    };

    fn stop(x: f64, band: Option<[f64; 2]>) -> Option<Stop> {
        Some(Stop { x, y: 0.5, band })
    }

    fn drawn(stops: &[Option<Stop>]) -> Scene {
        let axis = Axis::linear("", [0.0, 1.0]);
        let mut frame = Frame::new("", &[], [axis; 2], [300.0, 200.0], 28.0);
        let marker = Marker::of(Kind::Series(1));
        let line = Line { name: "", marker, stops: stops.to_vec(), marks: Vec::new() };
        draw_lines(&mut frame, &[line], |_| {});
        frame.scene
    }

    #[test]
    fn a_gap_breaks_the_line_and_a_stop_between_gaps_is_a_dot_with_a_bar() {
        let band = Some([0.3, 0.9]);
        let stops =
            [stop(0.1, band), stop(0.2, band), None, stop(0.5, band), None, stop(0.8, None)];
        let scene = drawn(&stops);
        let ink = Marker::of(Kind::Series(1)).ink;
        let [whole, dot, alone] = &scene.lines(0, ink)[..] else { panic!("expected three lines") };
        assert_near(whole, &[[0.1, 0.5], [0.2, 0.5]]);
        assert_near(dot, &[[0.5, 0.5]; 2]);
        assert_near(alone, &[[0.8, 0.5]; 2]);
        let ink = Ink { opacity: 0.2, ..ink };
        assert_near(&scene.fills(0, ink)[0], &[[0.1, 0.3], [0.2, 0.3], [0.2, 0.9], [0.1, 0.9]]);
        assert_near(&scene.lines(0, ink)[0], &[[0.5, 0.3], [0.5, 0.9]]);
        assert!(!scene.words().contains("no finite values"));
    }

    #[test]
    fn lines_without_a_stop_say_so() {
        assert!(drawn(&[None, None]).words().contains("no finite values to draw"));
        assert!(drawn(&[]).words().contains("no finite values to draw"));
    }

    #[test]
    fn lines_of_one_mark_share_an_entry_with_all_their_names() {
        let line = |name, kind| Line {
            name,
            marker: Marker::of(kind),
            stops: Vec::new(),
            marks: Vec::new(),
        };
        let (a, b) = (Kind::Series(0), Kind::Series(1));
        let lines = [line("x", a), line("y", b), line("x", a), line("x", b)];
        let names: Vec<String> = entries(&lines).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["x", "y | x"]);
    }

    #[test]
    fn marks_that_would_touch_and_points_within_half_a_pixel_are_left_out() {
        // a thousand steps of 0.3 pixels
        let stops: Vec<Option<Stop>> =
            (0..=1000).map(|i| stop(f64::from(i) / 1000.0, None)).collect();
        let axis = Axis::linear("", [0.0, 1.0]);
        let mut frame = Frame::new("", &[], [axis; 2], [300.0, 200.0], 28.0);
        let marker = Marker::of(Kind::Series(1));
        let marks = stops.iter().flatten().copied().collect();
        draw_lines(&mut frame, &[Line { name: "", marker, stops, marks }], |_| {});
        let line = &frame.scene.lines(0, marker.ink)[0];
        assert_eq!((line.len(), line[500]), (501, [1.0, 0.5]));
        // every 44th: 13.2 pixels
        let marks = frame.scene.marks(0, marker, 5.5);
        assert_near(&marks[..2], &[[0.0, 0.5], [0.044, 0.5]]);
        assert_eq!(marks.len(), 23);
    }
}
