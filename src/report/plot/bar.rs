//! Colours for ordered values, and the bar that explains them.

use super::axis::Axis;
use super::font::fit;
use super::frame::Frame;
use super::ink::{BLACK, Ink, blend};
use super::scene::{Anchor, TEXT};

/// Nine evenly spaced colours of viridis (van der Walt and Smith, 2015). Equal steps look equal,
/// also to colour-blind readers and without colour.
const VIRIDIS: [u32; 9] =
    [0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21908c, 0x27ad81, 0x5dc863, 0xaadc32, 0xfde725];

/// Space for the colour bar beside the plot, the position of the bar in it, and that of its title,
/// in pixels.
pub(super) const BESIDE: f64 = 140.0;
const BAR: [f64; 2] = [22.0, 42.0];
const TITLE: f64 = 124.0;

/// Returns the colour of a share, from dark at 0 to bright at 1.
pub(super) fn ramp(share: f64) -> Ink {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let low = (place as usize).min(VIRIDIS.len() - 2);
    blend(Ink::of(VIRIDIS[low]), Ink::of(VIRIDIS[low + 1]), place - low as f64)
}

/// Draws the bar: the colours of an axis, with its ticks and its name.
pub(super) fn colour_bar(frame: &mut Frame, axis: &Axis, colour: impl Fn(f64) -> Ink) {
    let [_, top, edge, bottom] = frame.area;
    let [left, right] = BAR.map(|x| edge + x);
    let height = bottom - top;
    let at = |_, row| Some(colour(1.0 - (row as f64 + 0.5) / height));
    frame.scene.raster([left, top], [right - left, height], at);
    frame.scene.outline([left, top, right, bottom].map(|v| v.round() + 0.5), 1.0, BLACK);
    for (value, text) in axis.ticks(6) {
        let y = bottom - axis.share(value) * height;
        frame.rule([right, y], [right + 5.0, y], BLACK);
        frame.scene.text(BLACK, &text, [right + 10.0, y], Anchor::Left, TEXT);
    }
    let title = fit(axis.label, TEXT, height + 24.0);
    frame.scene.text(BLACK, &title, [edge + TITLE, top + height / 2.0], Anchor::Upwards, TEXT);
}

#[cfg(test)]
mod tests {
    use super::{
        super::ink::{WHITE, blend},
        *,
    };

    #[test]
    fn the_bar_runs_from_the_low_end_at_the_bottom_to_the_high_end() {
        let axes = [Axis::linear("x", [0.0, 1.0]), Axis::linear("y", [0.0, 1.0])];
        let mut frame = Frame::new("", &[], axes, [300.0, 200.0], BESIDE);
        let colour = |share| blend(WHITE, BLACK, share);
        colour_bar(&mut frame, &Axis::linear("value", [-5.0, 5.0]), colour);
        let [_, top, right, bottom] = frame.area;
        for row in [0.5, 60.5, 100.5, 199.5] {
            let painted = frame.scene.painted([right + 32.0, top + row]);
            assert_eq!(painted, Some(colour(1.0 - row / 200.0).rgb), "{row}");
        }
        // the tick at 0 is half way up
        let texts = frame.scene.texts();
        let [_, above, _, below] = texts.iter().rfind(|(text, _)| *text == "0").unwrap().1;
        assert!((above.midpoint(below) - top.midpoint(bottom)).abs() < 2.0);
        assert!(frame.scene.words().contains("value"));
        frame.scene.check();
    }

    #[test]
    fn shares_outside_have_the_colours_of_the_ends() {
        let known = |place: usize| Ink::of(VIRIDIS[place]);
        assert_eq!([-1.0, 0.5, 9.0].map(ramp), [0, 4, 8].map(known));
        ramp(f64::NAN);
    }
}
