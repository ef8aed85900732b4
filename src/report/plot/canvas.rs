//! The drawing surface: lines, areas and text in pixels, encoded as PNG.
//!
//! plotters rasterizes on whole pixels and without smooth edges. Everything is therefore drawn
//! [`SCALE`] times too large, and each block is averaged into one pixel.

use std::{f64::consts::TAU, sync::OnceLock};

use anyhow::{Context, Result, ensure};
use plotters::{
    backend::BitMapBackend,
    prelude::{DrawingBackend, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor},
    style::{
        register_font,
        text_anchor::{HPos, Pos, VPos},
    },
};

/// Number of drawn pixels per output pixel along each side.
const SCALE: u32 = 4;
const FONT: &str = "candle-noise Open Sans";
const FONT_BYTES: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/OpenSans-Regular.ttf"));
/// plotters sizes a font by ascent + descent: 2789 units in Open Sans, with 2048 units per em.
const FONT_HEIGHT: f64 = 2789.0 / 2048.0;

/// A colour and its opacity.
pub(super) type Ink = RGBAColor;
/// A position on the canvas: pixels from the left, pixels from the top.
pub(super) type Pixel = [f64; 2];

pub(super) const WHITE: Ink = RGBAColor(255, 255, 255, 1.0);
pub(super) const BLACK: Ink = RGBAColor(0, 0, 0, 1.0);

/// Size of all text except titles, in pixels per em.
pub(super) const TEXT: f64 = 16.0;

/// The anchor point of a text and its direction.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Left,
    Center,
    Right,
    /// Centred, running upwards.
    Upwards,
    /// The end, running upwards.
    UpTo,
}

/// A white surface; see the [module](self).
pub(super) struct Canvas {
    pub width: u32,
    pub height: u32,
    buffer: Vec<u8>,
}

impl Canvas {
    pub fn new(width: u32, height: u32) -> Self {
        let buffer = vec![255; (3 * SCALE * width) as usize * (SCALE * height) as usize];
        Self { width, height, buffer }
    }

    fn backend(&mut self) -> BitMapBackend<'_> {
        let size = (SCALE * self.width, SCALE * self.height);
        BitMapBackend::with_buffer(&mut self.buffer, size)
    }

    /// Fills a rectangle between two corners.
    pub fn rectangle(&mut self, a: Pixel, b: Pixel, ink: Ink) -> Result<()> {
        Ok(self.backend().draw_rect(fine(a), fine(b), &ink, true)?)
    }

    /// Fills a polygon with sides that do not cross.
    pub fn polygon(&mut self, corners: &[Pixel], ink: Ink) -> Result<()> {
        Ok(self.backend().fill_polygon(corners.iter().map(|&p| fine(p)), &ink)?)
    }

    /// Draws a line through the points with round ends and corners; one point gives a dot.
    pub fn line(&mut self, points: &[Pixel], width: f64, ink: Ink) -> Result<()> {
        for i in 0..points.len() {
            let (a, b) = (points[i.saturating_sub(1)], points[i]);
            if i > 0 || points.len() == 1 {
                self.polygon(&capsule(a, b, width / 2.0), ink)?;
            }
        }
        Ok(())
    }

    /// Draws a dashed line from one point to another.
    pub fn dashes(&mut self, [a, b]: [Pixel; 2], width: f64, ink: Ink) -> Result<()> {
        const DASH: f64 = 7.0;
        const STEP: f64 = 12.0;
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        let along = |way: f64| [0, 1].map(|i| a[i] + (b[i] - a[i]) * way / length);
        for start in (0..(length / STEP).ceil() as usize).map(|i| i as f64 * STEP) {
            self.line(&[along(start), along((start + DASH).min(length))], width, ink)?;
        }
        Ok(())
    }

    /// Writes a line of black text, `size` pixels per em, with its capitals vertically centred on
    /// `at`.
    pub fn text(&mut self, text: &str, at: Pixel, anchor: Anchor, size: f64) -> Result<()> {
        self.text_in(BLACK, text, at, anchor, size)
    }

    /// Writes [`text`](Self::text) in a colour.
    pub fn text_in(
        &mut self,
        ink: Ink,
        text: &str,
        at: Pixel,
        anchor: Anchor,
        size: f64,
    ) -> Result<()> {
        let height = size * FONT_HEIGHT;
        // plotters puts the baseline half the font height below the top; capitals are 0.714 em.
        let shift = size * 0.714 / 2.0 - height / 2.0;
        let (at, h_pos, transform) = match anchor {
            Anchor::Left => ([at[0], at[1] + shift], HPos::Left, FontTransform::None),
            Anchor::Center => ([at[0], at[1] + shift], HPos::Center, FontTransform::None),
            Anchor::Right => ([at[0], at[1] + shift], HPos::Right, FontTransform::None),
            Anchor::Upwards => ([at[0] + shift, at[1]], HPos::Center, FontTransform::Rotate270),
            Anchor::UpTo => ([at[0] + shift, at[1]], HPos::Right, FontTransform::Rotate270),
        };
        let style = font(size)?.transform(transform).color(&ink).pos(Pos::new(h_pos, VPos::Top));
        Ok(self.backend().draw_text(&spaced(text), &style, fine(at))?)
    }

    /// Averages the blocks and encodes them as an RGB PNG.
    pub fn png(self) -> Result<Vec<u8>> {
        let (scale, channels) = (SCALE as usize, 3);
        let stride = channels * scale * self.width as usize;
        let mut small = Vec::with_capacity(self.buffer.len() / (scale * scale));
        let mut sums = vec![0; channels * self.width as usize];
        for rows in self.buffer.chunks_exact(scale * stride) {
            sums.fill(SCALE * SCALE / 2); // to round
            for (index, &value) in rows.iter().enumerate() {
                let column = index % stride / (channels * scale);
                sums[channels * column + index % channels] += u32::from(value);
            }
            small.extend(sums.iter().map(|sum| (sum / (SCALE * SCALE)) as u8));
        }
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().context("writing the PNG header")?;
        writer.write_image_data(&small).context("writing the PNG pixels")?;
        writer.finish().context("finishing the PNG")?;
        Ok(bytes)
    }
}

/// Returns the width of a text in pixels.
pub(super) fn text_width(text: &str, size: f64) -> Result<f64> {
    let ((left, _), (right, _)) = font(size)?.layout_box(&spaced(text))?;
    Ok(f64::from(right - left) / f64::from(SCALE))
}

/// Adds a hair space between words. plotters drops the space that a font leaves before each letter,
/// which almost closes the gap before an upright one ("input noise").
fn spaced(text: &str) -> String {
    text.replace(' ', " \u{200A}")
}

/// Returns the text, or as much of its start as fits with an ellipsis.
pub(super) fn fit(text: &str, size: f64, width: f64) -> Result<String> {
    let mut kept: Vec<char> = text.chars().take(200).collect();
    let mut shown: String = kept.iter().collect();
    while text_width(&shown, size)? > width && kept.pop().is_some() {
        shown = kept.iter().chain(&['…']).collect();
    }
    Ok(shown)
}

/// Mixes two colours: `share` 0 gives the first, 1 the second.
pub(super) fn blend(from: Ink, to: Ink, share: f64) -> Ink {
    let mix = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
    RGBAColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2), 1.0)
}

/// Returns the font at `size` pixels per em. The first call registers it with plotters.
fn font(size: f64) -> Result<FontDesc<'static>> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let register = || register_font(FONT, FontStyle::Normal, FONT_BYTES).is_ok();
    ensure!(*REGISTERED.get_or_init(register), "the built-in font cannot be read");
    let height = size * FONT_HEIGHT * f64::from(SCALE);
    Ok(FontDesc::new(FontFamily::Name(FONT), height, FontStyle::Normal))
}

/// Converts to drawn pixels, clamped far outside the canvas.
fn fine(at: Pixel) -> (i32, i32) {
    let [x, y] = at.map(|v| (v.clamp(-1e4, 1e4) * f64::from(SCALE)).round() as i32);
    (x, y)
}

/// Returns all points within `radius` of the segment from `a` to `b`, as a polygon.
fn capsule(a: Pixel, b: Pixel, radius: f64) -> Vec<Pixel> {
    const CORNERS: usize = 16;
    let direction = (b[1] - a[1]).atan2(b[0] - a[0]);
    let corner = |i: usize| {
        let angle = direction + (i as f64 / (CORNERS - 2) as f64 - 0.25) * TAU;
        [radius * angle.cos(), radius * angle.sin()]
    };
    let head = (0..CORNERS / 2).map(|i| [b[0] + corner(i)[0], b[1] + corner(i)[1]]);
    let tail = (CORNERS / 2 - 1..CORNERS - 1).map(|i| [a[0] + corner(i)[0], a[1] + corner(i)[1]]);
    head.chain(tail).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Width, height and RGB bytes of an encoded picture.
    pub struct Picture {
        pub width: u32,
        pub height: u32,
        bytes: Vec<u8>,
    }

    impl Picture {
        pub fn decode(png: &[u8]) -> Self {
            assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
            let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
            let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut bytes).unwrap();
            assert_eq!(info.color_type, png::ColorType::Rgb);
            Self { width: info.width, height: info.height, bytes }
        }

        /// Returns whether the pixel is within 8 of the colour in each channel.
        pub fn is(&self, [x, y]: Pixel, ink: Ink) -> bool {
            let at = 3 * (y as usize * self.width as usize + x as usize);
            let wanted = [ink.0, ink.1, ink.2];
            self.bytes[at..at + 3].iter().zip(wanted).all(|(&got, want)| got.abs_diff(want) <= 8)
        }

        /// Returns the number of pixels with the colour.
        pub fn count(&self, ink: Ink) -> usize {
            let all = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
            all.filter(|&(x, y)| self.is([x.into(), y.into()], ink)).count()
        }
    }

    const RED: Ink = RGBAColor(255, 0, 0, 1.0);

    #[test]
    fn shapes_are_drawn_at_their_positions() {
        let mut canvas = Canvas::new(40, 30);
        canvas.rectangle([2.0, 3.0], [12.0, 8.0], RED).unwrap();
        canvas.line(&[[20.0, 20.5], [35.0, 20.5]], 3.0, BLACK).unwrap();
        let picture = Picture::decode(&canvas.png().unwrap());
        assert_eq!((picture.width, picture.height), (40, 30));
        assert_eq!(picture.count(RED), 10 * 5);
        assert!(picture.is([2.0, 3.0], RED) && picture.is([11.0, 7.0], RED));
        assert!(picture.is([27.0, 20.0], BLACK) && picture.is([27.0, 23.0], WHITE));
    }

    #[test]
    fn upward_text_ends_at_its_point_in_its_colour() {
        let mut canvas = Canvas::new(40, 60);
        canvas.text_in(RED, "||||", [20.0, 10.0], Anchor::UpTo, 16.0).unwrap();
        let picture = Picture::decode(&canvas.png().unwrap());
        // Open Sans: "|" is 1128 of 2048 units wide, so four are 35 pixels, and reach below the line
        let drawn = |y: u32| (0..40).any(|x| !picture.is([x.into(), y.into()], WHITE));
        assert!(!(0..9).chain(48..60).any(drawn) && (10..48).filter(|&y| drawn(y)).count() > 5);
        assert_eq!(picture.count(BLACK), 0);
    }

    #[test]
    fn dashes_leave_gaps_and_end_at_the_last_point() {
        let mut canvas = Canvas::new(60, 9);
        canvas.dashes([[5.0, 4.5], [50.0, 4.5]], 1.0, BLACK).unwrap();
        canvas.dashes([[5.0, 1.5]; 2], 1.0, BLACK).unwrap();
        let picture = Picture::decode(&canvas.png().unwrap());
        let black = |x: u32| picture.is([x.into(), 4.0], BLACK);
        assert!([6, 11, 18, 30, 42, 47].into_iter().all(black));
        assert!(![2, 14, 26, 38, 52].into_iter().any(black));
    }

    #[test]
    fn an_edge_between_two_pixels_is_smooth() {
        let mut canvas = Canvas::new(4, 4);
        canvas.rectangle([0.0, 0.0], [1.5, 4.0], BLACK).unwrap();
        let picture = Picture::decode(&canvas.png().unwrap());
        assert!(picture.is([1.0, 1.0], RGBAColor(128, 128, 128, 1.0)));
    }

    #[test]
    fn long_text_is_cut_to_its_width() {
        assert_eq!(fit("loss", 16.0, 100.0).unwrap(), "loss");
        let cut = fit(&"long ".repeat(1000), 16.0, 100.0).unwrap();
        assert!(cut.ends_with('…') && text_width(&cut, 16.0).unwrap() <= 100.0);
        // Open Sans: "0" is 1169 of 2048 units wide
        assert!((text_width("00000000", 16.0).unwrap() - 8.0 * 16.0 * 1169.0 / 2048.0).abs() < 0.5);
    }
}
