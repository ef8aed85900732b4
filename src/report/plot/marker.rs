//! Ten colours that colour-blind readers can distinguish, each with its own shape.

use std::f64::consts::TAU;

use anyhow::Result;
use plotters::style::RGBAColor;

use super::canvas::{BLACK, Canvas, Ink, Pixel, WHITE};

/// Okabe and Ito, "Color Universal Design" (2008), with yellow last but one, plus a grey and a
/// brown.
pub(super) const PALETTE: [Ink; 10] = [
    RGBAColor(0, 114, 178, 1.0),
    RGBAColor(213, 94, 0, 1.0),
    RGBAColor(0, 158, 115, 1.0),
    RGBAColor(204, 121, 167, 1.0),
    RGBAColor(86, 180, 233, 1.0),
    RGBAColor(230, 159, 0, 1.0),
    BLACK,
    RGBAColor(153, 153, 153, 1.0),
    RGBAColor(240, 228, 66, 1.0),
    RGBAColor(118, 66, 20, 1.0),
];

/// A mark: its colour, one of ten shapes, and whether only its outline is drawn.
#[derive(Clone, Copy)]
pub(super) struct Marker {
    pub ink: Ink,
    pub shape: u32,
    pub hollow: bool,
}

impl Marker {
    /// Returns the mark of a class or a curve. Colours and shapes repeat after ten.
    pub fn of(kind: u32) -> Self {
        Self { ink: PALETTE[kind as usize % PALETTE.len()], shape: kind % 10, hollow: false }
    }

    /// Draws the mark around `at`, about as large as a circle of `radius`. A white edge separates a
    /// filled mark from what lies below it.
    pub fn draw(self, canvas: &mut Canvas, at: Pixel, radius: f64) -> Result<()> {
        let corners: Vec<Pixel> =
            self.corners().iter().map(|[x, y]| [at[0] + radius * x, at[1] - radius * y]).collect();
        let outline: Vec<Pixel> = corners.iter().chain(corners.first()).copied().collect();
        if self.hollow {
            canvas.polygon(&corners, WHITE)?;
            canvas.line(&outline, 2.0, self.ink)
        } else {
            canvas.line(&outline, 2.5, WHITE)?;
            canvas.polygon(&corners, self.ink)
        }
    }

    /// Returns the corners of the shape around the origin, y upwards.
    fn corners(self) -> Vec<Pixel> {
        match self.shape {
            0 => regular(40, 1.0, 0.0),
            1 => regular(4, 1.25, 0.125),
            2 => regular(3, 1.45, 0.25),
            3 => regular(4, 1.3, 0.0),
            4 => regular(3, 1.45, 0.75),
            5 => cross(0.0),
            6 => star(),
            7 => cross(0.125),
            8 => regular(5, 1.2, 0.25),
            _ => regular(6, 1.15, 0.0),
        }
    }
}

/// Returns corners at equal angles, with the first at `turn` of a full turn.
fn regular(corners: usize, radius: f64, turn: f64) -> Vec<Pixel> {
    let angle = |i: usize| (i as f64 / corners as f64 + turn) * TAU;
    (0..corners).map(|i| [radius * angle(i).cos(), radius * angle(i).sin()]).collect()
}

fn star() -> Vec<Pixel> {
    let (tips, notches) = (regular(5, 1.5, 0.25), regular(5, 0.62, 0.35));
    tips.into_iter().zip(notches).flat_map(|(tip, notch)| [tip, notch]).collect()
}

/// Returns a plus sign, turned by `turn` of a full turn.
fn cross(turn: f64) -> Vec<Pixel> {
    let (long, short): (f64, f64) = (1.3, 0.45);
    let (radius, half) = (long.hypot(short), short.atan2(long) / TAU);
    let arm = |i: usize| {
        let middle = i as f64 / 4.0 + turn;
        let at =
            |turn: f64, radius: f64| [radius * (turn * TAU).cos(), radius * (turn * TAU).sin()];
        let inner = at(middle + 0.125, short * 2f64.sqrt());
        [at(middle - half, radius), at(middle + half, radius), inner]
    };
    (0..4).flat_map(arm).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    #[test]
    fn ten_kinds_have_ten_colours_and_ten_shapes() {
        let centre = |marker: Marker| {
            let mut canvas = Canvas::new(24, 24);
            marker.draw(&mut canvas, [12.0, 12.0], 7.0).unwrap();
            let picture = Picture::decode(&canvas.png().unwrap());
            assert!(picture.count(marker.ink) > 25, "{} is too small", marker.shape);
            (picture.is([12.0, 12.0], marker.ink), picture.is([12.0, 12.0], WHITE))
        };
        for kind in 0..10 {
            let marker = Marker::of(kind);
            assert_eq!(centre(marker), (true, false), "{kind} is filled");
            assert_eq!(
                centre(Marker { hollow: true, ..marker }),
                (false, true),
                "{kind} is hollow"
            );
            for other in (0..kind).map(Marker::of) {
                assert!(marker.ink != other.ink && marker.corners() != other.corners());
            }
        }
        assert!(Marker::of(13).ink == Marker::of(3).ink && Marker::of(u32::MAX).shape == 5);
    }
}
