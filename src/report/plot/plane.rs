//! Lines and points beside a straight line that would be ideal.

use super::axis::{Axis, drawable, extent};
use super::columns::marked;
use super::frame::Frame;
use super::ink::{BLACK, Ink};
use super::legend::{Entry, Key};
use super::line::{Line, Stop, draw_lines, entries};
use super::marker::{Kind, Marker, Set};
use super::scene::{Pixel, Scene};

/// Side of the data area, and its width and height if it is no square, in pixels.
const SIDE: f64 = 500.0;
const SIZE: Pixel = [780.0, 400.0];
const DIAGONAL: [[f64; 2]; 2] = [[0.0, 0.0], [1.0, 1.0]];
/// Maximum number of points drawn.
const POINTS: usize = 2000;

/// A line between 0 and 1 each way.
#[derive(Clone, Debug)]
pub struct ShareLine {
    /// Its name in the legend.
    pub name: String,
    /// What it shows: its colour and its marks.
    pub kind: Kind,
    /// Its points with ascending x, each with the low and high sides of its band if it has one.
    pub points: Vec<([f64; 2], Option<[f64; 2]>)>,
}

/// Draws ROC curves, and the diagonal of a classifier that guesses. `of` says what they are the mean of.
pub fn roc<'a>(title: &str, of: &str, lines: &'a [ShareLine]) -> Scene {
    let up = format!("true positive rate (share of its rows){of}");
    let axes = [
        Axis::linear("false positive rate (share of the other rows)", [0.0, 1.0]),
        Axis::linear(&up, [0.0, 1.0]),
    ];
    let drawn = |(index, line): (usize, &'a ShareLine)| {
        let line = line.drawn();
        Line { marks: marked(&line.stops, 5, (index as f64 + 0.5) / lines.len() as f64), ..line }
    };
    let drawn: Vec<Line> = lines.iter().enumerate().map(drawn).collect();
    let mut legend = entries(&drawn);
    if lines.iter().flat_map(|line| &line.points).any(|(_, band)| band.is_some()) {
        legend.push((Key::Band, "± standard deviation of the runs".into()));
    }
    let mut frame = beside(title, legend, axes, [SIDE; 2], DIAGONAL, "guessing");
    draw_lines(&mut frame, &drawn, |_| {});
    frame.scene
}

/// Draws a reliability diagram: the accuracy of predictions by their confidence, and the diagonal of a
/// classifier whose confidences are right. `bars` are the share of the rows between two confidences.
pub fn reliability(title: &str, lines: &[ShareLine], bars: &[([f64; 2], f64)]) -> Scene {
    let axes = [
        Axis::linear("confidence (probability of the predicted class)", [0.0, 1.0]),
        Axis::linear("accuracy (share of rows)", [0.0, 1.0]),
    ];
    let lines: Vec<Line> = lines.iter().map(ShareLine::drawn).collect();
    let legend = entries(&lines).into_iter().chain([(Key::Band, "share of all rows".into())]);
    let legend = legend.collect();
    let mut frame = beside(title, legend, axes, [SIDE; 2], DIAGONAL, "calibrated");
    for ([low, high], share) in bars {
        let corners = [frame.at(*low, 0.0), frame.at(*high, *share)];
        frame.scene.rectangle(corners[0], corners[1], Ink { opacity: 0.2, ..BLACK });
    }
    draw_lines(&mut frame, &lines, |_| {});
    frame.scene
}

impl ShareLine {
    fn drawn(&self) -> Line<'_> {
        let stop = |(at, band): &([f64; 2], Option<[f64; 2]>)| {
            let band = band.filter(|ends| ends.iter().copied().all(drawable));
            at.iter().copied().all(drawable).then_some(Stop { x: at[0], y: at[1], band })
        };
        let stops: Vec<Option<Stop>> = self.points.iter().map(stop).collect();
        let marks = stops.iter().flatten().copied().collect();
        Line { name: &self.name, marker: Marker::of(self.kind), stops, marks }
    }
}

/// The prediction for a row, with its standard deviation over the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// The target.
    pub target: f64,
    /// The prediction, or the mean of several.
    pub predicted: f64,
    /// The standard deviation of the predictions, if there are several.
    pub std: Option<f64>,
}

/// Draws predictions against targets on the same scale, with the line of equal values, and residuals
/// (target - prediction) against predictions, with the line at 0; with standard deviations upwards.
/// `name` is that of the target with its unit, `point` says what a point is.
pub fn forecasts(title: &str, name: &str, point: &str, rows: &[Forecast]) -> [Scene; 2] {
    let marker = Marker::of_class(0, Set::Test);
    let mut legend = vec![(Key::Point(marker), point.to_string())];
    if rows.iter().any(|row| row.std.is_some()) {
        legend.push((Key::Stroke(marker.ink), "± standard deviation of the runs".into()));
    }
    let scatter = |mut frame: Frame, at: &dyn Fn(&Forecast) -> [f64; 2]| {
        let shown = rows.iter().filter(|row| at(row).into_iter().all(drawable)).take(POINTS);
        let shown: Vec<_> = shown.map(|row| (at(row), row.std)).collect();
        if shown.is_empty() {
            frame.note();
        }
        for ([x, y], std) in &shown {
            let std = std.filter(|std| drawable(*std)).unwrap_or(0.0);
            frame.scene.line(&[y - std, y + std].map(|y| frame.at(*x, y)), 1.5, marker.ink);
        }
        for ([x, y], _) in &shown {
            let at = frame.at(*x, *y);
            marker.draw(&mut frame.scene, at, 5.0);
        }
        frame.scene
    };
    let labels = ["true", "predicted", "true - predicted"].map(|word| format!("{word} {name}"));
    let equal = |row: &Forecast| [row.target, row.predicted];
    let range = extent(rows.iter().flat_map(equal));
    let axes = [0, 1].map(|i| Axis::around(&labels[i], range));
    let [low, high] = axes[0].ends();
    let line = [[low, low], [high, high]];
    let predicted = beside(title, legend.clone(), axes, [SIDE; 2], line, "equal");
    let residual = |row: &Forecast| [row.predicted, row.target - row.predicted];
    let range = |i: usize| extent(rows.iter().map(|row| residual(row)[i]).chain(vec![0.0; i]));
    let axes = [0, 1].map(|i| Axis::around(&labels[i + 1], range(i)));
    let line = axes[0].ends().map(|end| [end, 0.0]);
    let residuals = beside(title, legend.clone(), axes, SIZE, line, "no error");
    [scatter(predicted, &equal), scatter(residuals, &residual)]
}

/// Returns a frame with a dashed line between two points.
fn beside<'a>(
    title: &str,
    mut legend: Vec<Entry>,
    axes: [Axis<'a>; 2],
    size: Pixel,
    line: [[f64; 2]; 2],
    name: &str,
) -> Frame<'a> {
    let ink = Marker::of(Kind::Baseline).ink;
    legend.push((Key::Dashes(ink, None), name.into()));
    let mut frame = Frame::new(title, &legend, axes, size, 28.0);
    let ends = line.map(|[x, y]| frame.at(x, y));
    frame.scene.dashes(&ends, 1.5, ink);
    frame
}

#[cfg(test)]
mod tests {
    use super::{super::scene::tests::assert_near, *};

    const TEST: Kind = Kind::Set(Set::Test);

    fn line(points: &[[f64; 2]], band: Option<[f64; 2]>) -> ShareLine {
        let points = points.iter().map(|at| (*at, band)).collect();
        ShareLine { name: "a line".into(), kind: TEST, points }
    }

    fn forecast(target: f64, predicted: f64, std: Option<f64>) -> Forecast {
        Forecast { target, predicted, std }
    }

    #[test]
    fn roc_runs_from_corner_to_corner_above_the_dashed_diagonal() {
        let corners = [[0.0, 0.0], [0.0, 0.5], [0.25, 0.75], [1.0, 1.0]];
        let scene = roc("a title", ", mean of the classes", &[line(&corners, None)]);
        scene.check();
        let [left, top, right, bottom] = scene.areas()[0];
        assert_eq!([right - left, bottom - top], [500.0; 2]);
        assert_near(&scene.lines(0, Marker::of(TEST).ink)[0], &corners);
        assert_near(&scene.dashed(0)[0], &DIAGONAL);
        let words = scene.words();
        for name in ["guessing", "a line", "false positive rate", "mean of the classes"] {
            assert!(words.contains(name), "{name}: {words}");
        }
        assert!(!words.contains("standard deviation"));
        let scene = roc("", "", &[line(&corners, Some([0.25, 0.75]))]);
        assert!(scene.words().contains("± standard deviation of the runs"));
        let band = &scene.fills(0, Marker::of(TEST).ink.with_opacity(0.2))[0];
        assert!(band.iter().all(|[_, y]| (y - 0.25).abs() < 0.003 || (y - 0.75).abs() < 0.003));
    }

    #[test]
    fn reliability_has_bars_of_shares_below_marks_of_accuracies() {
        let points = [[0.3, 0.2], [0.9, 1.0]];
        let bars = [([0.2, 0.4], 0.25), ([0.8, 1.0], 0.75)];
        let scene = reliability("a title", &[line(&points, None)], &bars);
        scene.check();
        assert_near(&scene.marks(0, Marker::of(TEST), 5.5), &points);
        assert_near(&scene.dashed(0)[0], &DIAGONAL);
        let drawn = scene.fills(0, BLACK.with_opacity(0.2));
        assert_eq!(drawn.len(), 2);
        for (bar, ([low, high], share)) in drawn.iter().zip(bars) {
            assert_near(bar, &[[low, 0.0], [high, 0.0], [high, share], [low, share]]);
        }
        let words = scene.words();
        for name in ["calibrated", "share of all rows", "confidence", "accuracy"] {
            assert!(words.contains(name), "{name}: {words}");
        }
    }

    #[test]
    fn a_residual_is_the_target_minus_the_prediction() {
        let rows = [forecast(0.0, 100.0, None), forecast(100.0, 0.0, Some(50.0))];
        let [predicted, residuals] = forecasts("a title", "price (dollars)", "a test row", &rows);
        predicted.check();
        residuals.check();
        let marker = Marker::of_class(0, Set::Test);
        // from -6 to 106, and from -112 to 112
        let share = |value: f64| (value + 6.0) / 112.0;
        let around = |value: f64| (value + 112.0) / 224.0;
        let ends = [[share(0.0), share(100.0)], [share(100.0), share(0.0)]];
        assert_near(&predicted.marks(0, marker, 5.0), &ends);
        assert_near(&predicted.dashed(0)[0], &DIAGONAL);
        let residual = [[share(100.0), around(-100.0)], [share(0.0), around(100.0)]];
        assert_near(&residuals.marks(0, marker, 5.0), &residual);
        assert_near(&residuals.dashed(0)[0], &[[0.0, 0.5], [1.0, 0.5]]);
        // with its standard deviation, as far as the axis reaches
        let bar = |scene: &Scene| scene.lines(0, marker.ink)[1].clone();
        assert_near(&bar(&predicted), &[[share(100.0), 0.0], [share(100.0), share(50.0)]]);
        assert_near(&bar(&residuals), &[[share(0.0), around(50.0)], [share(0.0), 1.0]]);
        for (scene, labels) in [
            (&predicted, ["true price (dollars)", "predicted price (dollars)", "equal"]),
            (&residuals, ["predicted price (dollars)", "true - predicted price", "no error"]),
        ] {
            let words = scene.words();
            assert!(labels.iter().all(|label| words.contains(label)), "{words}");
            assert!(words.contains("a test row") && words.contains("± standard deviation"));
        }
    }

    #[test]
    fn both_axes_of_predictions_have_the_same_range() {
        let rows = [forecast(5.0, 7.0, None), forecast(6.0, 1000.0, None)];
        let [scene, _] = forecasts("", "y", "row", &rows);
        let marker = Marker::of_class(0, Set::Test);
        let share = |value: f64| (value - 5.0 + 0.06 * 995.0) / (1.12 * 995.0);
        let want = [[share(5.0), share(7.0)], [share(6.0), share(1000.0)]];
        assert_near(&scene.marks(0, marker, 5.0), &want);
    }

    #[test]
    fn planes_accept_degenerate_input() {
        let note = "no finite values to draw";
        roc("", "", &[]).check();
        assert!(roc("", "", &[line(&[[0.5, f64::NAN]], None)]).words().contains(note));
        assert!(reliability("", &[], &[]).words().contains(note));
        let bad = [f64::NAN, f64::INFINITY, f64::MIN, -9e299, 9e299, 0.5, -0.0, 1e-300];
        let pairs = || bad.iter().flat_map(|a| bad.map(|b| [*a, b]));
        let points: Vec<[f64; 2]> = pairs().collect();
        roc("", "", &[line(&points, Some([f64::NAN, 2.0]))]).check();
        let bars: Vec<_> = points.iter().map(|at| (*at, at[0])).collect();
        reliability("", &vec![line(&points, None); 50], &bars).check();
        let row = |[a, b]: [f64; 2]| [forecast(a, b, Some(b)), forecast(b, 1.0, Some(a))];
        let rows: Vec<Forecast> = pairs().flat_map(row).collect();
        let long = "long \u{1F600}\n".repeat(300);
        forecasts(&long, &long, &long, &rows).iter().for_each(Scene::check);
        for rows in [&[][..], &[forecast(f64::NAN, 1.0, None)], &[forecast(3.0, 3.0, None)]] {
            let scenes = forecasts("", "y", "row", rows);
            scenes.iter().for_each(Scene::check);
            let empty = rows.iter().all(|row| row.target.is_nan());
            assert!(scenes.iter().all(|scene| scene.words().contains(note) == empty));
        }
    }
}
