//! The colour bar beside an area with colours for values.

use anyhow::Result;

use super::{
    axis::Axis,
    canvas::{Anchor, BLACK, Ink, TEXT, fit},
    frame::Frame,
};

/// Space for the colour bar beside the plot, the position of the bar in it, and that of its title,
/// in pixels.
pub(super) const BESIDE: f64 = 124.0;
const BAR: [f64; 2] = [22.0, 42.0];
const TITLE: f64 = 108.0;

/// Draws the bar: the colours of an axis, with its ticks and its name.
pub(super) fn colour_bar(
    frame: &mut Frame,
    axis: &Axis,
    colour: impl Fn(f64) -> Ink,
) -> Result<()> {
    let [_, top, edge, bottom] = frame.area;
    let [left, right] = BAR.map(|x| edge + x);
    let height = bottom - top;
    for row in 0..height as usize {
        let y = top + row as f64;
        let share = 1.0 - (row as f64 + 0.5) / height;
        frame.canvas.rectangle([left, y], [right, y + 1.0], colour(share))?;
    }
    frame.outline([left, top, right, bottom], BLACK)?;
    for (value, text) in axis.ticks(6) {
        let y = bottom - axis.share(value) * height;
        frame.rule([right, y], [right + 5.0, y], BLACK)?;
        frame.canvas.text(&text, [right + 10.0, y], Anchor::Left, TEXT)?;
    }
    let title = fit(axis.label, TEXT, height)?;
    frame.canvas.text(&title, [edge + TITLE, top + height / 2.0], Anchor::Upwards, TEXT)
}

#[cfg(test)]
mod tests {
    use super::{
        super::canvas::{WHITE, blend, tests::Picture},
        *,
    };

    #[test]
    fn the_bar_runs_from_the_low_end_at_the_bottom_to_the_high_end() {
        let axes = [Axis::linear("x", [0.0, 1.0]), Axis::linear("y", [0.0, 1.0])];
        let mut frame = Frame::new("", &[], axes, [300.0, 200.0], BESIDE).unwrap();
        let colour = |share| blend(WHITE, BLACK, share);
        colour_bar(&mut frame, &Axis::linear("value", [-5.0, 5.0]), colour).unwrap();
        let [_, top, right, bottom] = frame.area;
        let picture = Picture::decode(&frame.canvas.png().unwrap());
        for share in [0.05, 0.3, 0.5, 0.95] {
            let at = [right + 32.0, bottom - share * (bottom - top)];
            assert!(picture.is(at, colour(share)), "{share}");
        }
        // the tick at 0
        assert!(picture.is([right + 44.0, (top + bottom) / 2.0], BLACK));
    }
}
