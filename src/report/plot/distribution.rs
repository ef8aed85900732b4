//! The values of several groups, each as a box with a swarm of points.

use super::axis::{Axis, drawable, extent};
use super::frame::Frame;
use super::ink::{BLACK, WHITE, blend};
use super::marker::{Kind, Marker, dot};
use super::scene::Scene;
use super::swarm::swarm;
use crate::stats::BoxPlot;

/// The data area in pixels: its height, its minimum and preferred maximum width, and the preferred and
/// the minimum width of a group, in which its name fits.
const HEIGHT: f64 = 450.0;
const WIDTHS: [f64; 2] = [780.0, 1960.0];
const SLOTS: [f64; 2] = [64.0, 21.0];
/// Maximum width of a box, the white edge of a point, and the minimum distance of two points in a
/// row, in pixels.
const BOX: f64 = 100.0;
const EDGE: f64 = 0.6;
const STEP: f64 = 1.6;
/// How much lighter than the box the points are, so that the median stays visible.
const LIGHT: f64 = 0.3;
/// Maximum number of points drawn per group, and in all groups together.
const POINTS: [usize; 2] = [600, 5000];

/// A group of values.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Its name, shown below it.
    pub name: &'a str,
    /// What it shows: its colour.
    pub kind: Kind,
    /// Its values, in any order; values that are not finite are not drawn.
    pub values: &'a [f64],
}

/// Draws the values of groups side by side: a box from the lower to the upper quartile with a line
/// at the median, whiskers to the last value within 1.5 times the height of the box, and a point
/// per value. Equal values lie side by side. A group of more than 600 values, or fewer if there are
/// many groups, shows points for as many evenly ranked ones. A row of equal values shows as many as
/// fit. The picture is wider for many groups.
pub fn distribution(title: &str, y_label: &str, groups: &[Group]) -> Scene {
    let count = groups.len().max(1) as f64;
    let width = (count * SLOTS[0]).clamp(WIDTHS[0], WIDTHS[1]).max(count * SLOTS[1]);
    let middles = || (0..groups.len()).map(|index| index as f64 + 0.5);
    let names: Vec<_> = middles().zip(groups.iter().map(|group| group.name.into())).collect();
    let all = groups.iter().flat_map(|group| group.values).copied();
    let axes = [Axis::named("", [0.0, count], &names), Axis::around(y_label, extent(all))];
    let mut frame = Frame::new(title, &[], axes, [width, HEIGHT], 28.0);
    let sorted = |group: &Group| {
        let mut values: Vec<f64> = group.values.iter().copied().filter(|&v| drawable(v)).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let sorted: Vec<Vec<f64>> = groups.iter().map(sorted).collect();
    if sorted.iter().all(Vec::is_empty) {
        frame.note();
    }
    let most = POINTS[0].min(POINTS[1] / groups.len().max(1));
    let rows = sorted.iter().flat_map(|values| values.chunk_by(|a, b| a == b));
    let longest = rows.map(<[f64]>::len).max().unwrap_or(1) as f64;
    let (slot, half) = (width / count, (0.84 * width / count).min(BOX) / 2.0);
    let room = 2.0 * half - 4.0;
    // smaller for narrow groups and for long rows of equal values
    let radius = ((room / longest - 2.0 * EDGE) / 2.0).clamp((0.055 * slot).clamp(1.0, 2.4), 3.5);
    for ((middle, group), values) in middles().zip(groups).zip(&sorted) {
        let ink = Marker::of(group.kind).ink;
        let Some(BoxPlot { quartiles, whiskers }) = BoxPlot::of(values) else { continue };
        let [low, median, high] = quartiles.map(|value| frame.at(middle, value));
        let x = low[0];
        for (end, side) in whiskers.into_iter().zip([low, high]) {
            let [_, y] = frame.at(middle, end);
            frame.scene.line(&[side, [x, y]], 1.5, ink);
            frame.scene.line(&[[x - half / 2.0, y], [x + half / 2.0, y]], 1.5, ink);
        }
        let (left, right) = (x - half, x + half);
        frame.scene.rectangle([left, low[1]], [right, high[1]], blend(WHITE, ink, 0.2));
        frame.scene.outline([left, high[1], right, low[1]], 1.5, ink);
        let shown = values.len().min(most);
        let ranked: Vec<f64> = (0..shown).map(|i| values[i * values.len() / shown]).collect();
        let longest = (room / STEP).max(1.0) as usize;
        let rows = ranked.chunk_by(|a, b| a == b).map(|row| &row[..row.len().min(longest)]);
        let places: Vec<_> = rows.flatten().map(|value| frame.at(middle, *value)).collect();
        // heights grow upwards, pixels downwards
        let heights: Vec<f64> = places.iter().map(|place| -place[1]).collect();
        let shape = dot(blend(ink, WHITE, LIGHT), radius + EDGE / 2.0, EDGE);
        for (at, aside) in places.iter().zip(swarm(&heights, 2.0 * (radius + EDGE), room)) {
            frame.scene.mark(&shape, [at[0] + aside, at[1]]);
        }
        frame.scene.line(&[[left, median[1]], [right, median[1]]], 2.0, BLACK);
    }
    frame.border();
    frame.scene
}

#[cfg(test)]
mod tests {
    use super::{
        super::scene::{Pixel, tests::assert_near},
        *,
    };

    fn group(kind: u32, values: &[f64]) -> Group<'_> {
        Group { name: "a group", kind: Kind::Series(kind), values }
    }

    fn scene(groups: &[Group]) -> Scene {
        let scene = distribution("a title", "y label", groups);
        scene.check();
        assert!(scene.words().contains("y label"));
        scene
    }

    /// Returns the height of a value if values span 0 to 1.
    fn height(value: f64) -> f64 {
        (value + 0.06) / 1.12
    }

    /// Returns the positions of the points of a colour.
    fn points(scene: &Scene, kind: u32) -> Vec<Pixel> {
        let light = blend(Marker::of(Kind::Series(kind)).ink, WHITE, LIGHT);
        let [left, top, right, bottom] = scene.areas()[0];
        let own = scene.copies().into_iter().filter(|(_, run)| run[0].fill == Some(light));
        own.map(|([x, y], _)| [(x - left) / (right - left), (bottom - y) / (bottom - top)])
            .collect()
    }

    #[test]
    fn a_box_reaches_from_quartile_to_quartile_with_a_line_at_the_median() {
        let values = [0.0, 0.2, 0.3, 0.6, 1.0];
        let scene = scene(&[group(0, &[0.5]), group(1, &values)]);
        assert_eq!((scene.width, scene.height), (900, 552));
        let ink = Marker::of(Kind::Series(1)).ink;
        let [l, r] = [0.75 - 50.0 / WIDTHS[0], 0.75 + 50.0 / WIDTHS[0]];
        let (low, high) = (height(0.2), height(0.6));
        let [filled] = &scene.fills(0, blend(WHITE, ink, 0.2))[..] else {
            panic!("expected a box")
        };
        assert_near(filled, &[[l, low], [r, low], [r, high], [l, high]]);
        let median = scene.lines(0, BLACK).into_iter().rfind(|line| line.len() == 2).unwrap();
        assert_near(&median, &[[l, height(0.3)], [r, height(0.3)]]);
        // whiskers to 0, and to 1, within 1.5 times 0.4 from 0.6
        let lines = scene.lines(0, ink);
        assert_near(&lines[0], &[[0.75, low], [0.75, height(0.0)]]);
        assert_near(&lines[2], &[[0.75, high], [0.75, height(1.0)]]);
        assert_near(&points(&scene, 1), &values.map(|value| [0.75, height(value)]));
    }

    #[test]
    fn equal_values_are_points_side_by_side() {
        let scene = scene(&[group(2, &[0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 1.0])]);
        let points = points(&scene, 2);
        assert_eq!(points.len(), 8);
        let row = |value: f64| points.iter().filter(move |[_, y]| (y - height(value)).abs() < 1e-3);
        assert_eq!([0.0, 0.5, 1.0].map(|value| row(value).count()), [4, 3, 1]);
        let mut across: Vec<f64> = row(0.0).map(|[x, _]| x * WIDTHS[0]).collect();
        across.sort_by(f64::total_cmp);
        assert!(across.windows(2).all(|pair| pair[1] - pair[0] > 7.0), "{across:?}");
        assert!((across[0].midpoint(across[3]) - WIDTHS[0] / 2.0).abs() < 0.1);
    }

    #[test]
    fn many_groups_make_the_picture_wider_up_to_a_limit() {
        let width = |count: usize| scene(&vec![group(0, &[0.5]); count]).width;
        assert_eq!([width(1), width(13), width(20), width(40)], [900, 952, 1400, 2080]);
    }

    #[test]
    fn many_values_are_evenly_ranked_points() {
        let smooth: Vec<f64> = (0..=12_000).map(f64::from).collect();
        let points = points(&scene(&[group(3, &smooth)]), 3);
        assert_eq!(points.len(), POINTS[0]);
        let steps = points.windows(2).map(|pair| pair[1][1] - pair[0][1]);
        // 20 of 12,000 values, in 1 of 1.12
        assert!(steps.into_iter().all(|step| (step * 600.0 * 1.12 - 1.0).abs() < 0.01));
        let many = scene(&vec![group(4, &smooth); 100]);
        assert_eq!(self::points(&many, 4).len(), POINTS[1]);
    }

    #[test]
    fn distribution_accepts_degenerate_input() {
        let note = "no finite values to draw";
        assert!(scene(&[]).words().contains(note));
        assert!(scene(&[group(0, &[]), group(1, &[f64::NAN; 3])]).words().contains(note));
        assert!(!scene(&[group(0, &[]), group(1, &[0.1])]).words().contains(note));
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -9e299, 9e299, 0.5, -0.0];
        scene(&[group(u32::MAX, &bad), group(3, &[1e-300, 5e-324])]);
        scene(&[group(0, &[0.8; 10_000]), group(1, &[0.8])]);
        let name = "long \u{1F600}\n".repeat(300);
        let names: Vec<String> = (0..100).map(|i| format!("{name} {i}")).collect();
        let long = |name| Group { name, kind: Kind::Baseline, values: &[0.1, 0.2] };
        let scene = distribution(&name, &name, &names.iter().map(|n| long(n)).collect::<Vec<_>>());
        scene.check();
        let texts = scene.texts();
        let shown = |i: &usize| texts.iter().any(|(text, _)| text.ends_with(&format!(" {i}")));
        assert_eq!((0..100).filter(shown).count(), 100);
    }
}
