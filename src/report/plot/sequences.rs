//! Example sequences, one in each panel.

use super::axis::{Axis, extent};
use super::columns::columns;
use super::curves::Curve;
use super::ink::{BLACK, WHITE, blend};
use super::legend::Key;
use super::line::{Line, draw_lines};
use super::marker::{Kind, Marker};
use super::panels::arranged;
use super::scene::Scene;

/// Maximum number of panels, and of channels in a panel.
const PANELS: usize = 24;
const CHANNELS: usize = 100;
/// Size of the area of a single sequence, in pixels.
const SIZE: [f64; 2] = [780.0, 450.0];
/// Maximum number of points drawn per line, a pixel each in the narrowest panels, and of all lines
/// together, and the minimum number per line.
const COLUMNS: usize = 300;
const POINTS: usize = 6500;
const LEAST: usize = 20;
/// How much lighter the lines of noisy sequences are.
const FAINT: f64 = 0.65;

/// A sequence of several channels.
#[derive(Clone, Copy, Debug)]
pub struct Sequence<'a> {
    /// Its name, shown above it.
    pub name: &'a str,
    /// The values of each channel, step by step; a value that is not finite is a gap.
    pub channels: &'a [Vec<f64>],
    /// The same channels with noise.
    pub noisy: Option<&'a [Vec<f64>]>,
}

/// Draws up to 24 sequences, or fewer if they have many channels, each in its own panel, all on the
/// same axes. Each of the first 100 channels is a line in its own colour that ends with the sequence;
/// colours repeat after ten. Lines with noise are faint and lie below.
///
/// If a channel has more than 300 steps, or there are many lines, a line shows the means of equally
/// many neighbours, with a band from the lowest to the highest of them.
pub fn sequences<'a>(title: &str, sequences: &[Sequence<'a>]) -> Scene {
    let few = |channels: &'a [Vec<f64>]| &channels[..channels.len().min(CHANNELS)];
    let noisy = |sequence: &Sequence<'a>| sequence.noisy.map(few).unwrap_or_default();
    let lines = sequences.iter().map(|own| few(own.channels).len() + noisy(own).len());
    let panels = PANELS.min((POINTS / LEAST / lines.max().unwrap_or(0).max(1)).max(1));
    let sequences = &sequences[..sequences.len().min(panels)];
    let channels = || sequences.iter().flat_map(|own| few(own.channels).iter().chain(noisy(own)));
    let steps = channels().map(Vec::len).max().unwrap_or(0);
    let x = Axis::whole("time step", [0.0, steps.max(2) as f64]);
    let y = Axis::around("value (units of the data)", extent(channels().flatten().copied()));
    let key = |light, name: &str| (Key::Stroke(blend(BLACK, WHITE, light)), name.to_string());
    let most = sequences.iter().map(|sequence| few(sequence.channels).len()).max().unwrap_or(0);
    let name = format!("a line for each of {most} channels");
    let legend = match sequences.iter().any(|sequence| sequence.noisy.is_some()) {
        true => vec![key(0.0, &format!("without noise, {name}")), key(FAINT, "with noise")],
        false => vec![key(0.0, &name)],
    };
    let names = sequences.iter().map(|sequence| sequence.name);
    let (mut frame, areas) = arranged(title, &legend, [x, y], SIZE, names, 28.0);
    let most = (POINTS / channels().count().max(1)).clamp(LEAST, COLUMNS);
    let width = steps.div_ceil(most).max(1);
    for (sequence, area) in sequences.iter().zip(areas) {
        frame.area = area;
        let mut lines = Vec::new();
        for (channels, light) in [(noisy(sequence), FAINT), (few(sequence.channels), 0.0)] {
            for (kind, channel) in (0..).map(Kind::Series).zip(channels) {
                let (name, mean) = (String::new(), channel.clone());
                let stops = columns(&Curve { name, kind, mean, std: None, epochs: None }, width);
                let marker = Marker::of(kind).lighter(light);
                lines.push(Line { name: "", marker, stops, marks: Vec::new() });
            }
        }
        draw_lines(&mut frame, &lines, |_| {});
    }
    frame.scene
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            ink::Ink,
            scene::{Pixel, tests::assert_near},
        },
        *,
    };

    fn sequence<'a>(channels: &'a [Vec<f64>], noisy: Option<&'a [Vec<f64>]>) -> Sequence<'a> {
        Sequence { name: "a name", channels, noisy }
    }

    fn scene(all: &[Sequence]) -> Scene {
        let scene = sequences("a title", all);
        scene.check();
        let words = scene.words();
        assert!(words.contains("time step") && words.contains("value (units of the data)"));
        scene
    }

    fn ink(channel: u32) -> Ink {
        Marker::of(Kind::Series(channel)).ink
    }

    /// Returns shares of the area for steps from 1 and values, if values span 0 to 1.
    fn line(values: &[f64], steps: f64) -> Vec<Pixel> {
        let at = |(i, value): (usize, &f64)| [(i as f64 + 1.0) / steps, (value + 0.06) / 1.12];
        values.iter().enumerate().map(at).collect()
    }

    #[test]
    fn a_line_ends_where_its_channel_ends() {
        let scene = scene(&[sequence(&[vec![0.0; 10], vec![1.0; 6]], None)]);
        assert_eq!((scene.width, scene.height), (900, 630)); // with a row of legend
        assert!(scene.words().contains("a line for each of 2 channels"));
        assert_near(&scene.lines(0, ink(0))[0], &line(&[0.0; 10], 10.0));
        assert_near(&scene.lines(0, ink(1))[0], &line(&[1.0; 6], 10.0));
        assert!(!scene.words().contains("noise"));
    }

    #[test]
    fn lines_with_noise_are_faint_and_lie_below() {
        let (clean, noisy) = ([vec![1.0; 10], vec![0.4; 10]], [vec![0.0; 10], vec![0.4; 10]]);
        let scene = scene(&[sequence(&clean, Some(&noisy))]);
        for channel in [0, 1] {
            let faint = blend(ink(channel), WHITE, FAINT);
            assert_near(&scene.lines(0, ink(channel))[0], &line(&clean[channel as usize], 10.0));
            assert_near(&scene.lines(0, faint)[0], &line(&noisy[channel as usize], 10.0));
        }
        let order = |wanted: Ink| {
            scene.items.iter().rposition(|item| match item {
                super::super::scene::Item::Shape(shape) => shape.line == Some((2.0, wanted)),
                _ => false,
            })
        };
        assert!(order(blend(ink(1), WHITE, FAINT)) < order(ink(0)));
        assert!(scene.words().contains("without noise") && scene.words().contains("with noise"));
    }

    #[test]
    fn all_panels_have_the_same_axes() {
        let (short, long) = ([vec![1.0; 5]], [vec![0.0; 10]]);
        let scene = scene(&[sequence(&short, None), sequence(&long, None)]);
        assert_near(&scene.lines(0, ink(0))[0], &line(&[1.0; 5], 10.0));
        assert_near(&scene.lines(1, ink(0))[0], &line(&[0.0; 10], 10.0));
        assert_eq!(scene.words().matches("a name").count(), 2);
    }

    #[test]
    fn no_value_of_a_long_channel_is_hidden() {
        let long: Vec<f64> = (0..3000).map(|i| f64::from(i % 10 / 9)).collect();
        let scene = scene(&[sequence(&[long], None)]);
        // columns of 10 values with one 1
        let [drawn] = &scene.lines(0, ink(0))[..] else { panic!("expected a line") };
        assert!(
            drawn.len() == COLUMNS && drawn.iter().all(|[_, y]| (y - 0.16 / 1.12).abs() < 0.003)
        );
        let band = &scene.fills(0, ink(0).with_opacity(0.2))[0];
        assert_near(&[[band[0][1], band[band.len() - 1][1]]], &[[0.06 / 1.12, 1.06 / 1.12]]);
    }

    #[test]
    fn colours_repeat_after_ten_channels_and_panels_end_after_24() {
        let channels: Vec<Vec<f64>> = (0..13).map(|i| vec![f64::from(i); 4]).collect();
        let scene = scene(&vec![sequence(&channels, None); 100]);
        assert_eq!(scene.areas().len(), PANELS);
        assert_eq!((scene.lines(23, ink(2)).len(), scene.lines(23, ink(3)).len()), (2, 1));
    }

    #[test]
    fn sequences_accepts_degenerate_input() {
        scene(&[]);
        scene(&[sequence(&[], None), sequence(&[vec![], vec![0.5]], Some(&[]))]);
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -9e299, 9e299, 0.5, -0.0];
        let bad = [bad.to_vec(), vec![f64::NAN; 5], vec![1e-300]];
        assert!(scene(&[sequence(&bad[1..2], None)]).words().contains("no finite values to draw"));
        let many = vec![vec![0.5, 0.6]; 50];
        scene(&[sequence(&bad, Some(&many)), sequence(&[vec![0.5; 1_000_000]], None)]);
        let name = "long \u{1F600}\n".repeat(300);
        let long = Sequence { name: &name, channels: &bad, noisy: Some(&many) };
        sequences(&name, &vec![long; 100]).check();
    }

    #[test]
    fn many_channels_leave_fewer_panels() {
        let channels: Vec<Vec<f64>> = (0..500).map(|i| vec![f64::from(i); 4]).collect();
        let shown = |count: usize| {
            let own = &channels[..count];
            let scene = scene(&[sequence(own, Some(own)); 24]);
            (scene.areas().len(), scene.lines(0, ink(3)).len())
        };
        // at most 6500 / 20 = 325 lines, with and without noise
        assert_eq!([6, 10, 50, 500].map(shown), [(24, 1), (16, 1), (3, 5), (1, 10)]);
    }
}
