//! Every chart with awkward texts and at its largest: laws that all of them obey.

use std::collections::BTreeSet;

use super::svg::tests::checked;
use super::*;
use crate::experiment::Field;
use crate::metric::Better;

/// A title, names and labels that are too long; the names differ at their ends only.
const TITLE: &str = "a title of many words that fit on no line <&\"\u{1}\u{fffe}> ";
const NAME: &str = "a name that is longer than any room for it, whatever the picture, number ";
const LABEL: &str = "the label of an axis with more words than its length has room for ";

/// What to draw: awkward texts, or as much as a chart takes.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    Awkward,
    Largest,
}

/// A chart with the name of its file, the number of its names, and whether the axes across and up have a label.
struct Chart {
    kind: &'static str,
    scene: Scene,
    names: usize,
    labels: [bool; 2],
}

impl Case {
    fn of<T>(self, awkward: T, largest: T) -> T {
        if self == Self::Awkward { awkward } else { largest }
    }

    fn title(self) -> String {
        self.of(TITLE.repeat(5), "grid_search: 30 repeats, each on 10 data seeds".to_string())
    }

    fn label(self) -> String {
        self.of(LABEL.repeat(3), "the label, mean of 300 runs, 95 % interval".to_string())
    }

    fn name(self, index: usize) -> String {
        self.of(format!("{NAME}{index}"), format!("input & hidden, n={index}"))
    }

    fn names(self, first: usize, count: usize) -> Vec<String> {
        (first..first + count).map(|index| self.name(index)).collect()
    }
}

/// Returns numbers from 0 to 1 from SplitMix64 (Steele, Lea & Flood 2014).
fn noise(seed: usize, count: usize) -> Vec<f64> {
    let number = |i: usize| {
        let mut z = ((seed << 32) + i + 1) as u64;
        z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(number).collect()
}

/// Returns panels of as many curves, each of as many values.
fn panels(
    case: Case,
    [count, lines, values]: [usize; 3],
    with_std: bool,
) -> Vec<(String, Vec<Curve>)> {
    // sampled curves rise, and as means of runs they have less noise
    let value = |(k, v): (usize, &f64)| match with_std {
        true => *v,
        false => 0.5 + 0.4 * (k as f64 / values as f64) + v / 20.0,
    };
    let curve = |i: usize| Curve {
        name: case.name(i),
        kind: Kind::Series(i as u32),
        mean: noise(i, values).iter().enumerate().map(value).collect(),
        std: with_std.then(|| noise(i + 50, values)),
        epochs: None,
    };
    (0..count).map(|i| (case.name(100 + i), (0..lines).map(curve).collect())).collect()
}

fn curve_charts(case: Case) -> Vec<Chart> {
    let (title, label) = (case.title(), case.label());
    let shapes = [
        ("curves_of_two", [2, 10, case.of(30, 390)], true),
        ("learning_curves", [24, 10, case.of(3, 101)], false),
        ("accuracy", [24, 4, case.of(3, 4000)], true),
    ];
    let draw = |(kind, shape, with_std): (_, [usize; 3], _)| {
        let scene = curves(&title, &label, Scale::Accuracy, &panels(case, shape, with_std));
        Chart { kind, scene, names: shape[0] + shape[1], labels: [true; 2] }
    };
    shapes.map(draw).into()
}

fn spread_chart(case: Case) -> Chart {
    let line = |i: usize| {
        let point = |(mean, k): (f64, i32)| {
            let stddev = if k == 0 { 0.0 } else { 0.5f64.powi(k) };
            SpreadPoint { stddev, mean, low: mean - 0.1, high: mean + 0.2 }
        };
        let points = noise(i, case.of(4, 9)).into_iter().zip(0..).map(point).collect();
        SpreadLine { name: case.name(i), series: i as u32, points }
    };
    let panels: Vec<_> =
        (0..24).map(|i| (case.name(100 + i), (0..10).map(line).collect())).collect();
    let label = case.label();
    let scene = spreads(&case.title(), [&label; 2], &panels);
    Chart { kind: "accuracy_by_stddev", scene, names: 34, labels: [true; 2] }
}

fn strength_charts(case: Case) -> Vec<Chart> {
    let line = |i: usize| {
        let point = |(mean, k): (f64, u32)| SpreadPoint {
            stddev: f64::from(k) / 255.0,
            mean,
            low: mean - 0.1,
            high: mean + 0.2,
        };
        let points = noise(i, case.of(1, 9)).into_iter().zip(0..).map(point).collect();
        SpreadLine { name: case.name(i), series: i as u32, points }
    };
    let panel = |i: usize| StrengthPanel {
        name: case.name(100 + i),
        x_label: case.label(),
        lines: (0..6).map(line).collect(),
    };
    let (count, title, label) = (case.of(3, 24), case.title(), case.label());
    let panels: Vec<StrengthPanel> = (0..count).map(panel).collect();
    let chart = |range| Chart {
        kind: "robustness",
        scene: strengths(&title, &label, range, &panels),
        names: count + 6,
        labels: [true; 2],
    };
    [Range::Share, Range::Values, Range::Differences].map(chart).into()
}

fn attack_chart(case: Case) -> Chart {
    let field =
        Field { x: [0.0, 1.0], y: [0.0, 1.0], columns: 2, rows: 1, probabilities: vec![0.0, 1.0] };
    let panel = |i: usize| {
        let point = |(k, at): (usize, &[f64])| AttackedPoint {
            clean: [at[0], at[1]],
            moved: (k % 3 == 0).then_some([at[2], at[3]]),
            label: k as u32 % 10,
            fooled: at[0] > at[2],
            radius: (k % 2 == 0).then_some(at[2]),
        };
        let points = noise(i, case.of(40, 4000));
        let points = points.chunks_exact(4).enumerate().map(point).collect();
        PlaneOfAttack { name: case.name(i), field: field.clone(), points }
    };
    let panels: Vec<PlaneOfAttack> = (0..6).map(panel).collect();
    let scene = attacks(&case.title(), &panels).unwrap();
    Chart { kind: "attacks", scene, names: 6, labels: [true; 2] }
}

fn plane_charts(case: Case) -> Vec<Chart> {
    let (title, label) = (case.title(), case.label());
    let line = |i: usize, count: usize| {
        let x = |k: usize| k as f64 / (count - 1) as f64;
        let points = (0..count).map(|k| ([x(k), x(k).powf(0.2)], None)).collect();
        ShareLine { name: case.name(i), kind: Kind::Series(i as u32), points }
    };
    let lines: Vec<ShareLine> = (0..10).map(|i| line(i, case.of(5, 20_000))).collect();
    let bars: Vec<_> = (0..15).map(|i| [i, i + 1].map(|i| f64::from(i) / 15.0)).collect();
    let bars: Vec<_> = bars.into_iter().map(|ends| (ends, 0.05)).collect();
    let rows = noise(1, case.of(20, 9000));
    let row = |pair: &[f64]| Forecast { target: pair[0], predicted: pair[1], std: Some(0.1) };
    let rows: Vec<Forecast> = rows.chunks_exact(2).map(row).collect();
    let [predicted, residuals] = forecasts(&title, &label, &label, &rows);
    let chart = |kind, scene, names| Chart { kind, scene, names, labels: [true; 2] };
    vec![
        chart("roc", roc(&title, &label, &lines), 10),
        chart("reliability", reliability(&title, &[line(0, 15)], &bars), 1),
        chart("predicted", predicted, 0),
        chart("residuals", residuals, 0),
    ]
}

fn table_charts(case: Case) -> Vec<Chart> {
    let (title, label) = (case.title(), case.label());
    let heat = |rows: usize, columns: usize| {
        let names = [case.names(0, columns), case.names(500, rows)];
        // negative numbers with many digits
        let values: Vec<f64> = noise(1, rows * columns).iter().map(|v| -v / 1000.0).collect();
        let names = [&names[0][..], &names[1]];
        let scene = heatmap(&title, [&label; 2], names, &values, Better::Lower).unwrap();
        Chart { kind: "heatmap", scene, names: rows + columns, labels: [true, false] }
    };
    let confused = |classes: usize, most: u64| {
        let counts = noise(2, classes * classes);
        let counts: Vec<u64> = counts.iter().map(|v| 1 + (v * most as f64) as u64).collect();
        let scene = confusion(&title, &case.names(0, classes), &counts, 30).unwrap();
        Chart { kind: "confusion", scene, names: 2 * classes, labels: [true; 2] }
    };
    let largest =
        [heat(25, 30), heat(68, 40), confused(27, 999), confused(68, 9), confused(100, 9)];
    case.of(vec![heat(3, 4), confused(3, 9)], largest.into())
}

fn row_charts(case: Case) -> Vec<Chart> {
    let (title, label) = (case.title(), case.label());
    let count = case.of(8, 50);
    let (names, values) = (case.names(0, count), noise(3, case.of(9, 100)));
    let group = |(i, name)| Group { name, kind: Kind::Series(i), values: &values };
    let groups: Vec<Group> = (0..).zip(names.iter().map(String::as_str)).map(group).collect();
    let [rows, images] = case.of([3, 2], [12, 20]);
    let pixels: Vec<Vec<f64>> = (0..rows * images).map(|i| noise(i, 28 * 28)).collect();
    let mut rows: Vec<(String, Vec<Image>)> = Vec::new();
    for (i, row) in pixels.chunks(images).enumerate() {
        let images = row.iter().map(|values| Image { width: 28, height: 28, values });
        rows.push((case.name(i), images.collect()));
    }
    let columns = case.names(200, images);
    let scene = super::images(&title, &columns, &rows).unwrap();
    let chart = |kind, scene, names, labels| Chart { kind, scene, names, labels };
    let mut charts = vec![
        chart("runs", distribution(&title, &label, &groups), count, [false, true]),
        chart("dataset", scene, rows.len() + images, [false; 2]),
    ];
    let titles = case.names(0, 24);
    for channels in case.of(&[2][..], &[10, 50, 500]) {
        let own: Vec<Vec<f64>> = (0..*channels).map(|i| noise(i, case.of(9, 400))).collect();
        let all: Vec<Sequence> = titles
            .iter()
            .map(|name| Sequence { name, channels: &own, noisy: Some(&own) })
            .collect();
        charts.push(chart("dataset", sequences(&title, &all), 24, [true; 2]));
    }
    charts
}

fn point_charts(case: Case) -> Vec<Chart> {
    let sets = [Set::Train, Set::Validation, Set::Test];
    let xs = noise(4, case.of(60, 8400));
    let point = |(i, x): (usize, &[f64])| LabelledPoint {
        x: [x[0], x[1]],
        label: i as u32 % 10,
        set: sets[i % 3],
    };
    let points: Vec<LabelledPoint> = xs.chunks_exact(2).enumerate().map(point).collect();
    // seven stripes, as a network with much noise may have
    let side = case.of(9, 121);
    let wave = |i: usize| {
        let [x, y] = [i % side, i / side].map(|place| place as f64 / side as f64);
        0.5 + 0.5 * (22.0 * x + 9.0 * y).sin()
    };
    let (x, y, probabilities) = ([0.0, 1.0], [0.0, 1.0], (0..side * side).map(wave).collect());
    let field = Field { x, y, columns: side, rows: side, probabilities };
    let fields: Vec<_> = (0..2).map(|i| (case.name(i), &field)).collect();
    let boundary = boundary(&case.title(), &fields, &points).unwrap();
    let chart = |kind, scene, names| Chart { kind, scene, names, labels: [true; 2] };
    vec![chart("dataset", dataset(&case.title(), &points), 0), chart("boundary", boundary, 2)]
}

fn charts(case: Case) -> Vec<Chart> {
    let charts =
        [curve_charts, plane_charts, table_charts, row_charts, point_charts, strength_charts];
    let single = [spread_chart, attack_chart].map(|draw| draw(case));
    charts.into_iter().flat_map(|draw| draw(case)).chain(single).collect()
}

#[test]
fn no_text_is_cut_or_covers_another() {
    for Chart { kind, scene, .. } in [Case::Awkward, Case::Largest].into_iter().flat_map(charts) {
        println!("{kind}"); // the last one fails
        scene.check();
    }
}

#[test]
fn names_that_differ_at_their_ends_are_told_apart() {
    for Chart { kind, scene, names, .. } in charts(Case::Awkward) {
        let texts = scene.texts().into_iter().map(|(text, _)| text);
        let shown: Vec<&str> = texts.filter(|text| text.starts_with("a name")).collect();
        let different = shown.iter().collect::<BTreeSet<_>>().len();
        let expected = if kind == "confusion" { names / 2 } else { names };
        assert_eq!((shown.len(), different), (names, expected), "{kind}: {shown:?}");
    }
}

/// The names of cells, groups and images need none.
#[test]
fn every_axis_of_numbers_has_a_label() {
    for Chart { kind, scene, labels, .. } in charts(Case::Awkward) {
        let areas = scene.areas();
        let bottom = areas.iter().map(|area| area[3]).fold(0.0, f64::max);
        let texts = scene.texts();
        let is_word = |text: &str| text.parse::<f64>().is_err() && !text.starts_with("a name");
        let labelled = |is: &dyn Fn(&[f64; 4]) -> bool| {
            texts.iter().any(|(text, place)| is_word(text) && is(place))
        };
        let below = labelled(&|[_, top, ..]| *top > bottom);
        let beside = labelled(&|[_, top, right, low]| *right < areas[0][0] && low - top > 30.0);
        assert_eq!([below, beside], labels, "{kind}");
    }
}

/// A page holds several pictures.
#[test]
fn the_largest_pictures_are_files_of_300_kilobytes_at_most() {
    let sizes = charts(Case::Largest)
        .into_iter()
        .map(|own| (own.kind, checked(&own.scene, own.kind).len()));
    let sizes: Vec<(&str, usize)> = sizes.collect();
    println!("{sizes:?}");
    assert!(sizes.iter().all(|(_, size)| *size <= 300_000), "{sizes:?}");
}
