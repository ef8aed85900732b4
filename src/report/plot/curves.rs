//! Learning curves: values by epoch, with a band.

use super::axis::{Axis, extent, nice_step};
use super::columns::{columns, marked};
use super::ink::BLACK;
use super::legend::Key;
use super::line::{Line, Stop, draw_lines, entries};
use super::marker::{Kind, Marker};
use super::panels::arranged;
use super::scene::Scene;

/// Width and height of the data area, in pixels.
const SIZE: [f64; 2] = [780.0, 450.0];
/// Maximum number of points drawn per curve, two pixels each, so that noise does not fill the plot; and,
/// down to 101, the number of sampled values, of all curves together.
const COLUMNS: usize = 390;
const POINTS: usize = 8000;

/// One line of a learning curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// What it shows: its colour and its marks.
    pub kind: Kind,
    /// The values; a value that is not finite is a gap.
    pub mean: Vec<f64>,
    /// The standard deviation over repeats, drawn as a band `mean` ± `std`.
    pub std: Option<Vec<f64>>,
    /// The epoch of each value, in ascending order; 1, 2, 3 and so on if `None`.
    pub epochs: Option<Vec<usize>>,
}

impl Curve {
    /// Returns the values that have an epoch.
    pub(super) fn values(&self) -> &[f64] {
        let epochs = self.epochs.as_ref().map_or(usize::MAX, Vec::len);
        &self.mean[..epochs.min(self.mean.len())]
    }

    /// Returns the epoch of a value.
    pub(super) fn epoch(&self, index: usize) -> Option<f64> {
        let own = self.epochs.as_ref().map(|epochs| epochs.get(index).copied());
        own.unwrap_or(Some(index + 1)).map(|epoch| epoch as f64)
    }
}

/// The scale of the y axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From a round number below all values up to 1.
    Accuracy,
    /// Logarithmic if all values are at least 0 and the positive ones differ by a factor of 20 or
    /// more (zeros then lie on the lower edge, and the legend says so), else linear from 0.
    Loss,
}

/// Draws learning curves over epochs, in a panel for each name, all on the same axes. Curves of the
/// same name and kind in several panels share an entry of the legend.
///
/// Curves of more than 390 values, fewer if there are many curves, are drawn in columns of equally many
/// values; the line is the mean of each column. With a `std`, the band is the mean of the bands. Without
/// one, it spans the lowest to the highest value in the column, so that no value of a noisy run is
/// hidden. The legend says which band is drawn and how many values a column has.
pub fn curves<'a>(
    title: &str,
    y_label: &str,
    scale: Scale,
    panels: &'a [(String, Vec<Curve>)],
) -> Scene {
    let all = || panels.iter().flat_map(|(_, curves)| curves);
    let values = all().map(|curve| curve.values().len()).max().unwrap_or(0);
    let most = (POINTS / all().count().max(1)).clamp(101, COLUMNS);
    let width = values.div_ceil(most).max(1);
    let marks = if panels.len() > 2 { 4 } else { 8 };
    let lines = |curves: &'a [Curve]| {
        let line = |(index, curve): (usize, &'a Curve)| {
            let stops = columns(curve, width);
            let marks = marked(&stops, marks, (index as f64 + 0.5) / curves.len() as f64);
            Line { name: &curve.name, marker: Marker::of(curve.kind), stops, marks }
        };
        curves.iter().enumerate().map(line).collect()
    };
    let drawn: Vec<Vec<Line>> = panels.iter().map(|(_, curves)| lines(curves)).collect();
    let epochs = all().flat_map(|own| (0..own.values().len()).filter_map(|i| own.epoch(i)));
    let end = epochs.fold(2.0, f64::max);
    let stops = drawn.iter().flatten().flat_map(|line| line.stops.iter().flatten());
    let stops: Vec<Stop> = stops.copied().collect();
    let axes = [Axis::whole("epoch", [0.0, end]), scale.axis(y_label, &stops)];
    let mut legend = entries(drawn.iter().flatten());
    if axes[1].is_log() && stops.iter().any(|stop| stop.y == 0.0) {
        legend.push((Key::Stroke(BLACK), "lower edge: 0".into()));
    }
    if all().any(|curve| curve.std.is_some()) {
        legend.push((Key::Band, "± standard deviation of the runs".into()));
    }
    if width > 1 && all().any(|curve| curve.std.is_none()) {
        let unit = if all().any(|curve| curve.epochs.is_some()) { "values" } else { "epochs" };
        legend.push((Key::Band, format!("lowest to highest of {width} {unit}")));
    }
    let names = panels.iter().map(|(name, _)| name.as_str());
    let (mut frame, areas) = arranged(title, &legend, axes, SIZE, names, 28.0);
    for (lines, area) in drawn.iter().zip(areas) {
        frame.area = area;
        draw_lines(&mut frame, lines, |_| {});
    }
    frame.scene
}

impl Scale {
    fn axis<'a>(self, label: &'a str, columns: &[Stop]) -> Axis<'a> {
        let [lowest, highest] = extent(columns.iter().map(|column| column.y)).unwrap_or([0.0, 1.0]);
        let ends = columns.iter().flat_map(|column| column.band.into_iter().flatten());
        let [low, high] = extent(ends.chain([lowest, highest])).unwrap_or([lowest, highest]);
        match self {
            Self::Accuracy => {
                // a band may leave 0 to 1, but accuracies do not
                let (low, high) = (low.max(lowest.min(0.0)), highest.max(1.0));
                let low = low.min(high - 0.1);
                let step = nice_step((high - low) / 10.0);
                // a little room beyond both ends, so that a line on them is fully visible
                let floor = (low / step - 0.1).floor() * step;
                let floor = if low < 0.0 { floor } else { floor.max(-0.1 * step) };
                Axis::linear(label, [floor, high + 0.1 * step])
            }
            Self::Loss => {
                // a band may reach down to 0, which would stretch a log axis without limit
                let lows = |c: &Stop| c.band.map_or(c.y, |[low, _]| low.max(c.y / 10.0));
                let positive = columns.iter().map(lows).filter(|&v| v > 0.0);
                let least = extent(positive).map_or(0.0, |[least, _]| least);
                if lowest >= 0.0 && least > 0.0 && high > 1e-280 && high / least >= 20.0 {
                    return Axis::log(label, [least.max(1e-290) * 0.85, high * 1.15]);
                }
                let margin = 0.04 * (high - low.min(0.0));
                let floor = if lowest < 0.0 { low - margin } else { 0.0 };
                let top = if high > 0.0 { high + margin } else { 1.0 };
                Axis::linear(label, [floor, top])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::marker::Set, super::scene::tests::assert_near, *};

    const SETS: [Kind; 3] =
        [Kind::Set(Set::Train), Kind::Set(Set::Validation), Kind::Set(Set::Test)];

    fn curve(kind: Kind, mean: &[f64], std: Option<&[f64]>) -> Curve {
        let std = std.map(<[f64]>::to_vec);
        Curve { name: format!("{kind:?}"), kind, mean: mean.to_vec(), std, epochs: None }
    }

    fn scene(scale: Scale, curves: Vec<Curve>) -> Scene {
        let panels = [(String::new(), curves)];
        let scene = super::curves("a title", "y label", scale, &panels);
        assert!(scene.words().contains("epoch") && scene.words().contains("y label"));
        scene.check();
        scene
    }

    /// Returns the height of an accuracy if accuracies reach 0: there is a little room at both ends.
    fn height(accuracy: f64) -> f64 {
        (accuracy + 0.01) / 1.02
    }

    #[test]
    fn flat_curves_lie_at_their_heights_with_the_marks_of_their_sets() {
        let values = [0.0, 0.5, 1.0];
        let curves = [0, 1, 2].map(|i| curve(SETS[i], &[values[i]; 50], None));
        let scene = scene(Scale::Accuracy, curves.to_vec());
        // one row of legend
        assert_eq!((scene.width, scene.height), (900, 602));
        assert_eq!(scene.areas(), [[92.0, 88.0, 872.0, 538.0]]);
        for (value, marker) in values.into_iter().zip(SETS.map(Marker::of)) {
            let want: Vec<_> =
                (1..=50).map(|epoch| [f64::from(epoch) / 50.0, height(value)]).collect();
            let [line] = &scene.lines(0, marker.ink)[..] else { panic!("expected a line") };
            assert_near(line, &want);
            let marks = scene.marks(0, marker, 5.5);
            assert!(marks.len() == 8 || marks.len() == 7, "{}", marks.len());
            assert!(marks.iter().all(|[_, y]| (y - height(value)).abs() < 0.003));
        }
        // marks do not lie above each other
        let first = |i: usize| scene.marks(0, Marker::of(SETS[i]), 5.5)[0][0];
        assert!(first(0) < first(1) && first(1) < first(2));
    }

    #[test]
    fn a_band_is_as_wide_as_its_standard_deviation() {
        let (mean, std) = ([0.5; 50], [0.25; 50]);
        let curves = vec![curve(SETS[1], &mean, Some(&std)), curve(SETS[0], &[0.0; 50], None)];
        let scene = scene(Scale::Accuracy, curves);
        let [band] = &scene.fills(0, Marker::of(SETS[1]).ink.with_opacity(0.2))[..] else {
            panic!("expected a band")
        };
        let side =
            |accuracy: f64| (1..=50).map(move |epoch| [f64::from(epoch) / 50.0, height(accuracy)]);
        assert_near(band, &side(0.25).chain(side(0.75).rev()).collect::<Vec<_>>());
        assert!(scene.words().contains("± standard deviation of the runs"));
        assert!(scene.fills(0, Marker::of(SETS[0]).ink.with_opacity(0.2)).is_empty());
    }

    #[test]
    fn sampled_values_lie_at_their_epochs_and_the_axis_ends_at_the_last() {
        let of = |mean: &[f64], epochs: Option<&[usize]>| {
            let epochs = epochs.map(<[usize]>::to_vec);
            scene(Scale::Accuracy, vec![Curve { epochs, ..curve(SETS[2], mean, None) }])
        };
        let mean = [0.2, 0.4, 0.6, 0.9];
        assert_eq!(of(&mean, Some(&[1, 2, 3, 4])), of(&mean, None));
        let sampled = of(&[0.0, 0.5, 1.0], Some(&[100, 200, 1000]));
        let want = [[0.1, height(0.0)], [0.2, height(0.5)], [1.0, height(1.0)]];
        assert_near(&sampled.lines(0, Marker::of(SETS[2]).ink)[0], &want);
        of(&mean, Some(&[]));
        of(&mean, Some(&[usize::MAX, 0, 7]));
    }

    #[test]
    fn one_epoch_is_visible_and_no_value_of_long_noise_is_hidden() {
        let ink = Marker::of(SETS[0]).ink;
        let one = scene(Scale::Accuracy, vec![curve(SETS[0], &[0.5], None)]);
        assert_eq!(one.marks(0, Marker::of(SETS[0]), 5.5).len(), 1);
        let noise: Vec<f64> = (0..40_000u32).map(|i| f64::from(i * 7919 % 31) / 30.0).collect();
        let long = scene(Scale::Accuracy, vec![curve(SETS[0], &noise, None)]);
        // 40,000 / 390 = 102.6, in columns of 103: 389 of them
        assert_eq!(long.lines(0, ink)[0].len(), 389);
        assert!(long.words().contains("lowest to highest of 103 epochs"));
        let band = &long.fills(0, ink.with_opacity(0.2))[0];
        let ends = extent(band.iter().map(|[_, y]| *y)).unwrap();
        assert_near(&[ends], &[[height(0.0), height(1.0)]]);
    }

    #[test]
    fn the_scale_follows_the_values() {
        let range = |scale: Scale, means: &[f64]| {
            let column = |&y: &f64| Stop { x: 1.0, y, band: None };
            let columns: Vec<Stop> = means.iter().map(column).collect();
            let axis = scale.axis("", &columns);
            [0.0, 0.5, 1.0].map(|share| axis.share(share))
        };
        let near = |got: [f64; 3], want: [f64; 3]| {
            got.iter().zip(want).all(|(got, want)| (got - want).abs() < 0.02)
        };
        assert!(near(range(Scale::Accuracy, &[0.0, 1.0]), [0.01, 0.5, 0.99]));
        assert!(near(range(Scale::Loss, &[0.9, 0.1]), [0.0, 0.53, 1.0])); // linear to 0.936
        // three decades from 0.00085 to 0.805: 0.5 is at 0.93
        assert!(near(range(Scale::Loss, &[0.7, 0.001, 0.0]), [0.0, 0.93, 1.0]));
        let [_, half, _] = range(Scale::Loss, &[1e-20, 0.5]);
        assert!((half - 1.0).abs() < 0.02, "no depth is too large for the axis: {half}");
        let [zero, ..] = range(Scale::Loss, &[-1.0, 1.0]);
        assert!((zero - 0.5).abs() < 0.02, "negative losses are linear: {zero}");
        let [_, half, one] = range(Scale::Accuracy, &[0.97, 0.99]);
        assert!(half == 0.0 && one > 0.95, "accuracies near 1 fill the plot");
    }

    #[test]
    fn the_legend_says_where_a_zero_is_on_a_logarithmic_axis() {
        let says = |values: &[f64]| {
            scene(Scale::Loss, vec![curve(SETS[0], values, None)]).words().contains("lower edge: 0")
        };
        assert_eq!(
            [&[1.0, 0.01, 0.0][..], &[1.0, 0.01], &[1.0, 0.5, 0.0]].map(says),
            [true, false, false]
        );
    }

    #[test]
    fn panels_have_the_same_axes_and_one_legend() {
        let panel = |name: &str, value| (name.into(), vec![curve(SETS[0], &[value; 10], None)]);
        let scene = curves("", "y", Scale::Accuracy, &[panel("left", 0.0), panel("right", 1.0)]);
        for (area, value) in [(0, 0.0), (1, 1.0)] {
            let line = &scene.lines(area, Marker::of(SETS[0]).ink)[0];
            assert_near(&[line[0], line[9]], &[[0.1, height(value)], [1.0, height(value)]]);
        }
        assert_eq!(scene.words().matches("Set(Train)").count(), 1);
    }

    #[test]
    fn a_panel_without_finite_values_says_so() {
        let nan = (String::from("empty"), vec![curve(SETS[0], &[f64::NAN; 3], None)]);
        let full = (String::from("full"), vec![curve(SETS[0], &[0.5; 3], None)]);
        let scene = curves("", "y", Scale::Loss, &[full, nan]);
        let texts = scene.texts();
        let note = texts.iter().filter(|(text, _)| *text == "no finite values to draw");
        let places: Vec<f64> = note.map(|(_, [l, _, r, _])| l.midpoint(*r)).collect();
        let [l, _, r, _] = scene.areas()[1];
        assert!(places.len() == 1 && (places[0] - l.midpoint(r)).abs() < 1.0, "{places:?}");
    }

    #[test]
    fn curves_accept_degenerate_input() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN];
        let cases: [&[f64]; 12] = [
            &[],
            &bad,
            &[0.0; 3],
            &[1.0; 1000],
            &[0.5, f64::NAN, 0.7],
            &[0.7, 0.0, 1e-4],
            &[1e-320, 1.0],
            &[-9e299, 9e299],
            &[9e299; 2],
            &[-9e299; 2],
            &[1e-300, 1e-299],
            &[-1e-300, 0.0],
        ];
        for scale in [Scale::Accuracy, Scale::Loss] {
            curves("", "", scale, &[]).check();
            for (a, b) in cases.iter().zip(cases.iter().cycle().skip(1)) {
                let lines = [(a, Some(b)), (b, Some(a)), (a, None)];
                scene(scale, lines.map(|(a, b)| curve(SETS[0], a, b.map(|b| &**b))).to_vec());
            }
        }
        scene(Scale::Loss, vec![curve(SETS[0], &[0.5, 0.6], None); 50]);
        let long = "long \u{1F600}\n".repeat(300);
        let panel =
            |i: u32| (format!("{long} {i}"), vec![curve(Kind::Series(i), &[0.5], None); 50]);
        curves(&long, &long, Scale::Loss, &(0..24).map(panel).collect::<Vec<_>>()).check();
    }

    #[test]
    fn many_curves_have_fewer_points_but_sampled_ones_keep_all() {
        let lengths = |lines: usize, values: usize| -> Vec<usize> {
            let curve = curve(SETS[0], &vec![0.5; values], None);
            let panels = vec![(String::from("a name"), vec![curve; lines]); 24];
            let scene = curves("", "y", Scale::Accuracy, &panels);
            let marker = Marker::of(SETS[0]);
            assert!(scene.marks(23, marker, 5.5).len() <= 4 * lines, "half as many marks");
            scene.lines(23, marker.ink).iter().map(Vec::len).collect()
        };
        // 8000 / 96 < 101; 4000 values in columns of 40
        assert_eq!((lengths(4, 4000), lengths(10, 101)), (vec![100; 4], vec![101; 10]));
    }
}
