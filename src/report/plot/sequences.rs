//! Example sequences, one in each panel.

use anyhow::Result;

use super::{
    axis::{Axis, extent},
    canvas::{BLACK, Ink, WHITE, blend},
    columns::columns,
    curves::Curve,
    frame::Frame,
    legend::{Entry, Key},
    line::{draw_band, draw_line},
    marker::Marker,
    panels::panels,
};

/// Maximum number of panels.
const PANELS: usize = 24;
/// Maximum number of points drawn per line: a pixel each in the narrowest panels.
const COLUMNS: usize = 300;
/// Width of a line in pixels, and how much lighter the lines of noisy sequences are.
const LINE: f64 = 1.5;
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

/// Draws up to 24 sequences, each in its own panel, all on the same axes. Each channel is a line in
/// its own colour that ends with the sequence; colours repeat after ten. Lines with noise are faint
/// and lie below.
///
/// If a channel has more than 300 steps, its line shows the means of equally many neighbours, with
/// a band from the lowest to the highest of them.
///
/// # Errors
/// If plotters or the PNG encoder fails. Without sequences the picture has no panels.
pub fn sequences(title: &str, sequences: &[Sequence]) -> Result<Vec<u8>> {
    let sequences = &sequences[..sequences.len().min(PANELS)];
    let channels = || sequences.iter().flat_map(|s| s.channels.iter().chain(s.noisy()));
    let steps = channels().map(Vec::len).max().unwrap_or(0);
    let x = Axis::whole("step", [0.0, steps.max(2) as f64]);
    let y = Axis::around("value", extent(channels().flatten().copied()));
    let names: Vec<&str> = sequences.iter().map(|sequence| sequence.name).collect();
    let (mut frame, areas) = panels(title, &legend(sequences), [x, y], &names)?;
    let width = steps.div_ceil(COLUMNS).max(1);
    for (sequence, area) in sequences.iter().zip(areas) {
        frame.area = area;
        draw(&mut frame, sequence.noisy(), width, FAINT)?;
        draw(&mut frame, sequence.channels, width, 0.0)?;
        frame.border()?;
    }
    frame.canvas.png()
}

impl<'a> Sequence<'a> {
    fn noisy(&self) -> &'a [Vec<f64>] {
        self.noisy.unwrap_or_default()
    }
}

/// Returns the meaning of strong and faint lines, if there are both.
fn legend(sequences: &[Sequence]) -> Vec<Entry> {
    let entry = |light, text: &str| (Key::Stroke(faint(BLACK, light)), text.into());
    match sequences.iter().any(|sequence| sequence.noisy.is_some()) {
        true => vec![entry(0.0, "without noise"), entry(FAINT, "with noise")],
        false => Vec::new(),
    }
}

fn faint(ink: Ink, light: f64) -> Ink {
    blend(ink, WHITE, light)
}

/// Draws the channels, `width` steps at a time.
fn draw(frame: &mut Frame, channels: &[Vec<f64>], width: usize, light: f64) -> Result<()> {
    for (kind, channel) in (0..).zip(channels) {
        let curve = Curve { name: "", mean: channel, std: None, epochs: None };
        let (stops, ink) = (columns(&curve, width), faint(Marker::of(kind).ink, light));
        draw_band(frame, &stops, ink)?;
        draw_line(frame, &stops, LINE, ink)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    fn sequence<'a>(channels: &'a [Vec<f64>], noisy: Option<&'a [Vec<f64>]>) -> Sequence<'a> {
        Sequence { name: "a name", channels, noisy }
    }

    fn picture(all: &[Sequence]) -> Picture {
        let png = sequences("a title", all).unwrap();
        assert_eq!(png, sequences("a title", all).unwrap(), "same input, same bytes");
        Picture::decode(&png)
    }

    /// Returns the pixel of a value from 0 to 1 at a step of 10, in the only panel, below a row of
    /// legend if there is one.
    fn pixel(step: f64, value: f64, legend: bool) -> [f64; 2] {
        let top = if legend { 116.0 } else { 90.0 };
        [92.0 + 78.0 * step, top + 450.0 * (1.0 - (value + 0.06) / 1.12)]
    }

    /// Returns whether a line of a colour covers at least three quarters of the pixel; the rest is
    /// white.
    fn drawn(picture: &Picture, at: [f64; 2], ink: Ink) -> bool {
        [0.75, 1.0].into_iter().any(|share| picture.is(at, blend(WHITE, ink, share)))
    }

    #[test]
    fn a_line_ends_where_its_channel_ends() {
        let picture = picture(&[sequence(&[vec![0.0; 10], vec![1.0; 6]], None)]);
        assert_eq!((picture.width, picture.height), (900, 604));
        for (value, kind, end) in [(0.0, 0, 10), (1.0, 1, 6)] {
            let at = |step: i32| pixel(f64::from(step) + 0.5, value, false);
            let on = |step: i32| drawn(&picture, at(step), Marker::of(kind).ink);
            assert!(!on(0) && (1..end).all(on) && !(end..10).any(on), "{value}");
        }
    }

    #[test]
    fn lines_with_noise_are_faint_and_lie_below() {
        let (clean, noisy) = ([vec![1.0; 10], vec![0.4; 10]], [vec![0.0; 10], vec![0.4; 10]]);
        let picture = picture(&[sequence(&clean, Some(&noisy))]);
        let is = |value, ink| drawn(&picture, pixel(4.5, value, true), ink);
        assert!(is(1.0, Marker::of(0).ink) && is(0.0, faint(Marker::of(0).ink, FAINT)));
        assert!(is(0.4, Marker::of(1).ink));
        assert!(picture.count(faint(BLACK, FAINT)) > 30, "the legend");
    }

    #[test]
    fn all_panels_have_the_same_axes() {
        let (short, long) = ([vec![1.0; 5]], [vec![0.0; 10]]);
        let picture = picture(&[sequence(&short, None), sequence(&long, None)]);
        // 444 x 280 from (92, 90) and 484 pixels further right
        let at = |panel: f64, step: f64, value: f64| {
            let x = 92.0 + 484.0 * panel + 44.4 * step;
            let y = 90.0 + 280.0 * (1.0 - (value + 0.06) / 1.12);
            drawn(&picture, [x, y], Marker::of(0).ink)
        };
        assert!(at(0.0, 1.5, 1.0) && at(0.0, 4.5, 1.0) && !at(0.0, 5.5, 1.0));
        assert!(at(1.0, 1.5, 0.0) && at(1.0, 9.5, 0.0) && !at(1.0, 0.5, 0.0));
    }

    #[test]
    fn no_value_of_a_long_channel_is_hidden() {
        let long: Vec<f64> = (0..3000).map(|i| f64::from(i % 10 / 9)).collect();
        let picture = picture(&[sequence(&[long], None)]);
        let band = blend(WHITE, Marker::of(0).ink, 0.2);
        for value in [0.3, 0.9] {
            assert!(picture.is(pixel(4.5, value, false), band), "{value}");
        }
        assert!(picture.is(pixel(4.5, 1.03, false), WHITE));
        assert!(picture.is(pixel(4.5, 0.1, false), Marker::of(0).ink), "the mean");
    }

    #[test]
    fn sequences_accepts_degenerate_input() {
        picture(&[]);
        picture(&[sequence(&[], None), sequence(&[vec![], vec![0.5]], Some(&[]))]);
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -9e299, 9e299, 0.5, -0.0];
        let bad = [bad.to_vec(), vec![f64::NAN; 5], vec![1e-300]];
        picture(&[sequence(&bad[1..2], None)]);
        let many = vec![vec![0.5, 0.6]; 50];
        picture(&[sequence(&bad, Some(&many)), sequence(&[vec![0.5; 1_000_000]], None)]);
        let name = "long \u{1F600}\n".repeat(1000);
        let long = Sequence { name: &name, channels: &bad, noisy: Some(&many) };
        sequences(&name, &vec![long; 100]).unwrap();
    }
}
