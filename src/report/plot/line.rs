//! A line with a band and gaps.

use anyhow::Result;
use plotters::style::Color;

use super::{
    canvas::{Ink, Pixel},
    frame::Frame,
};

/// A point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stop {
    pub x: f64,
    pub y: f64,
    /// Low and high sides of the band.
    pub band: Option<[f64; 2]>,
}

/// Draws a line through neighbouring stops; a stop between two gaps is a dot.
pub(super) fn draw_line(
    frame: &mut Frame,
    stops: &[Option<Stop>],
    width: f64,
    ink: Ink,
) -> Result<()> {
    for run in stops.split(Option::is_none) {
        let line: Vec<Pixel> = run.iter().flatten().map(|stop| frame.at(stop.x, stop.y)).collect();
        frame.canvas.line(&line, width, ink)?;
    }
    Ok(())
}

/// Draws the band of neighbouring stops that have one; a stop between two gaps has a bar.
pub(super) fn draw_band(frame: &mut Frame, stops: &[Option<Stop>], ink: Ink) -> Result<()> {
    let ink = ink.mix(0.2);
    let with_band = |stop: &Option<Stop>| stop.and_then(|s| Some((s.x, s.band?)));
    let bands: Vec<Option<(f64, [f64; 2])>> = stops.iter().map(with_band).collect();
    for run in bands.split(Option::is_none) {
        let side = |end: usize| run.iter().flatten().map(move |(x, band)| (*x, band[end]));
        let outline = side(0).chain(side(1).rev());
        let outline: Vec<Pixel> = outline.map(|(x, y)| frame.at(x, y)).collect();
        match outline[..] {
            [_, _] => frame.canvas.line(&outline, 12.0, ink)?,
            _ => frame.canvas.polygon(&outline, ink)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            axis::Axis,
            canvas::{WHITE, blend, tests::Picture},
            marker::PALETTE,
        },
        *,
    };

    #[test]
    fn gaps_break_the_line_and_isolated_points_are_visible() {
        let axes = [Axis::linear("x", [0.0, 10.0]), Axis::linear("y", [0.0, 1.0])];
        let mut frame = Frame::new("", &[], axes, [300.0, 200.0], 20.0).unwrap();
        let stop = |x| Some(Stop { x, y: 0.45, band: (x < 8.0).then_some([0.15, 0.75]) });
        let stops = [stop(1.5), stop(3.5), None, stop(6.5), None, stop(8.5)];
        draw_band(&mut frame, &stops, PALETTE[0]).unwrap();
        draw_line(&mut frame, &stops, 2.0, PALETTE[0]).unwrap();
        let at = |x: f64, y| frame.at(x, y);
        let (on, dots, gaps) = (at(2.5, 0.45), [6.5, 8.5], [4.5, 5.5, 7.5]);
        let (band, bare) = ([2.5, 6.5].map(|x| at(x, 0.65)), at(8.5, 0.65));
        let [dots, gaps] = [&dots[..], &gaps].map(|xs| xs.iter().map(|&x| at(x, 0.45)));
        let (dots, mut gaps): (Vec<_>, _) = (dots.collect(), gaps.collect::<Vec<_>>().into_iter());
        let picture = Picture::decode(&frame.canvas.png().unwrap());
        let shade = blend(WHITE, PALETTE[0], 0.2);
        assert!(picture.is(on, PALETTE[0]) && picture.is(bare, WHITE));
        assert!(dots.into_iter().all(|at| !picture.is(at, WHITE) && !picture.is(at, shade)));
        assert!(band.into_iter().all(|at| picture.is(at, shade)));
        assert!(gaps.all(|at| picture.is(at, WHITE)));
    }
}
