//! Writes a scene as PNG.

use anyhow::{Context, Result};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Pixmap, PixmapPaint, Stroke, StrokeDash, Transform,
};

use super::font::{glyphs, outline};
use super::ink::Ink;
use super::scene::{Item, Scene, Shape, matrix};
use super::svg::DASH;

impl Scene {
    /// Returns the picture as PNG. Its bytes do not depend on the processor, because tiny-skia is built
    /// without vector instructions.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn png(&self) -> Result<Vec<u8>> {
        let paper = Pixmap::new(self.width, self.height);
        let mut paper = paper.context("expected a picture of some size, received none")?;
        paper.fill(Color::WHITE);
        for item in &self.items {
            match item {
                Item::Shape(shape) => draw(&mut paper, shape, Transform::identity()),
                Item::Copy(shape, at) => {
                    let moved = Transform::from_translate(at[0] as f32, at[1] as f32);
                    draw(&mut paper, &self.shapes[*shape], moved);
                }
                Item::Text { text, start, size, ink, upwards } => {
                    let [a, b, c, d, e, f] = matrix(*start, *size, *upwards);
                    let line = Transform::from_row(a, b, c, d, e, f);
                    for (glyph, left) in glyphs(text).0 {
                        let (path, fill) = (outline(glyph), Some(*ink));
                        let shape = Shape { path, fill, line: None, dashed: false };
                        draw(&mut paper, &shape, line.pre_translate(left as f32, 0.0));
                    }
                }
                Item::Raster([x, y], pixels) => {
                    let (pixels, plain) = (pixels.as_ref(), PixmapPaint::default());
                    paper.draw_pixmap(*x, *y, pixels, &plain, Transform::identity(), None);
                }
            }
        }
        paper.encode_png().context("encoding the PNG")
    }
}

fn draw(paper: &mut Pixmap, shape: &Shape, moved: Transform) {
    let Some(path) = &shape.path else { return };
    if let Some(ink) = shape.fill {
        paper.fill_path(path, &paint(ink), FillRule::Winding, moved, None);
    }
    if let Some((width, ink)) = shape.line {
        let dash = shape.dashed.then(|| StrokeDash::new(DASH.to_vec(), 0.0)).flatten();
        let (width, line_cap, line_join) = (width as f32, LineCap::Round, LineJoin::Round);
        let stroke = Stroke { width, line_cap, line_join, dash, ..Stroke::default() };
        paper.stroke_path(path, &paint(ink), &stroke, moved, None);
    }
}

fn paint(ink: Ink) -> Paint<'static> {
    let ([red, green, blue], opacity) = (ink.rgb, (255.0 * ink.opacity).round() as u8);
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, opacity);
    paint
}

#[cfg(test)]
mod tests {
    use std::fs::{read, write};

    use super::super::{
        Curve, Kind, LabelledPoint, Scale, Set, boundary, curves, heatmap,
        ink::{BLACK, Ink, WHITE, blend},
        scene::{Anchor, Pixel},
    };
    use crate::experiment::Field;
    use crate::metric::Better;

    use super::*;

    /// Width, height and RGB bytes of an encoded picture.
    #[derive(PartialEq)]
    struct Picture(u32, u32, Vec<u8>);

    impl Picture {
        fn decode(png: &[u8]) -> Self {
            let mut decoder = ::png::Decoder::new(std::io::Cursor::new(png));
            decoder.set_transformations(::png::Transformations::EXPAND);
            let mut reader = decoder.read_info().unwrap();
            let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut bytes).unwrap();
            let rgb = match info.color_type {
                ::png::ColorType::Rgba => {
                    assert!(bytes.chunks(4).all(|pixel| pixel[3] == 255), "transparent");
                    bytes.chunks(4).flat_map(|pixel| pixel[..3].to_vec()).collect()
                }
                ::png::ColorType::Rgb => bytes,
                other => panic!("expected RGB, got {other:?}"),
            };
            Self(info.width, info.height, rgb)
        }

        /// Returns whether the pixel is within 8 of the colour in each channel.
        fn is(&self, [x, y]: [u32; 2], ink: Ink) -> bool {
            let at = 3 * (y * self.0 + x) as usize;
            (0..3).all(|i| self.2[at + i].abs_diff(ink.rgb[i]) <= 8)
        }

        /// Returns the number of pixels with the colour.
        fn count(&self, ink: Ink) -> usize {
            (0..self.1)
                .flat_map(|y| (0..self.0).map(move |x| [x, y]))
                .filter(|at| self.is(*at, ink))
                .count()
        }
    }

    const RED: Ink = Ink::of(0xff0000);

    fn drawn(size: Pixel, draw: impl Fn(&mut Scene)) -> Picture {
        let mut scene = Scene::new("", size[0], size[1]);
        draw(&mut scene);
        let png = scene.png().unwrap();
        assert_eq!(png, scene.clone().png().unwrap(), "same input, same bytes");
        Picture::decode(&png)
    }

    #[test]
    fn shapes_are_drawn_at_their_positions() {
        let picture = drawn([40.0, 30.0], |scene| {
            scene.rectangle([2.0, 3.0], [12.0, 8.0], RED);
            scene.line(&[[20.0, 20.5], [35.0, 20.5]], 3.0, BLACK);
            scene.mark(
                &Shape::polygon(&[[-2.0, -2.0], [2.0, -2.0], [2.0, 2.0], [-2.0, 2.0]], RED, None),
                [30.0, 10.0],
            );
            scene.raster([14.0, 20.0], [2.0, 3.0], |x, y| (x + y < 3).then_some(RED));
        });
        assert_eq!((picture.0, picture.1), (40, 30));
        assert_eq!(picture.count(RED), 10 * 5 + 4 * 4 + 5);
        assert!(picture.is([2, 3], RED) && picture.is([11, 7], RED) && picture.is([28, 8], RED));
        assert!(picture.is([27, 20], BLACK) && picture.is([27, 23], WHITE));
        assert!(picture.is([14, 22], RED) && picture.is([15, 22], WHITE));
    }

    #[test]
    fn upward_text_ends_at_its_point_in_its_colour() {
        let picture = drawn([40.0, 60.0], |scene| {
            scene.text(RED, "||||", [20.0, 10.0], Anchor::UpTo, 16.0);
        });
        // Open Sans: "|" is 1128 of 2048 units wide, so four are 35 pixels
        let drawn = |y: u32| (0..40).any(|x| !picture.is([x, y], WHITE));
        assert!(!(0..9).chain(48..60).any(drawn) && (10..48).filter(|&y| drawn(y)).count() > 5);
        assert_eq!(picture.count(BLACK), 0);
    }

    #[test]
    fn dashes_leave_gaps_and_edges_between_pixels_are_smooth() {
        let picture = drawn([60.0, 20.0], |scene| {
            scene.dashes(&[[5.0, 4.5], [50.0, 4.5]], 1.0, BLACK);
            scene.dashes(&[[5.0, 1.5]; 2], 1.0, BLACK);
            scene.rectangle([0.0, 8.0], [1.5, 20.0], BLACK);
            scene.line(&[[10.0, 15.5], [50.0, 15.5]], 3.0, BLACK.with_opacity(0.2));
        });
        let black = |x: u32| picture.is([x, 4], BLACK);
        assert!([6, 10, 18, 22, 30, 42].into_iter().all(black));
        assert!(![2, 14, 26, 38, 52].into_iter().any(black));
        assert!(picture.is([1, 12], blend(BLACK, WHITE, 0.5)));
        assert!(picture.is([30, 15], blend(WHITE, BLACK, 0.2)));
    }

    /// Small pictures whose pixels are known, looked at and found good.
    fn golden() -> [(&'static str, Scene); 3] {
        let steps =
            |f: fn(f64) -> f64| (1..=12).map(|i| f(f64::from(i) / 12.0)).collect::<Vec<_>>();
        let curve = |name: &str, set, mean, std| {
            let kind = Kind::Set(set);
            Curve { name: name.into(), kind, mean, std: Some(std), epochs: None }
        };
        let lines = vec![
            curve("train", Set::Train, steps(|x| 1.0 - 0.4 / (1.0 + 9.0 * x)), steps(|_| 0.01)),
            curve("test", Set::Test, steps(|x| 0.9 - 0.3 / (1.0 + 9.0 * x)), steps(|x| 0.03 * x)),
        ];
        let panels = [(String::new(), lines)];
        let curves = curves("accuracy", "share of rows", Scale::Accuracy, &panels);
        let probabilities = [[0.0, 0.2, 1.0]; 3];
        let probabilities = probabilities.as_flattened().to_vec();
        let field = Field { x: [-1.0, 1.0], y: [-1.0, 0.0], columns: 3, rows: 3, probabilities };
        let sets = [Set::Train, Set::Validation, Set::Test];
        let point = |i: u32| {
            let [x, y] = [i * 7 % 12, i * 5 % 12].map(|step| f64::from(step) / 12.0);
            let label = u32::from(x + y > 0.8);
            LabelledPoint { x: [2.0 * x - 0.95, y - 0.95], label, set: sets[i as usize % 3] }
        };
        let points: Vec<LabelledPoint> = (0..12).map(point).collect();
        let fields = [("baseline".into(), &field), ("with noise".into(), &field)];
        let boundary = boundary("decision boundary", &fields, &points).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let (columns, rows) = (names(&["0", "0.1", "0.3", "1"]), names(&["input", "hidden"]));
        let values = [0.91, 0.93, 0.95, 0.8, 0.91, 0.92, f64::NAN, 0.85];
        let labels = ["stddev of the noise", "mean accuracy"];
        let heat = heatmap("noise", labels, [&columns, &rows], &values, Better::Higher).unwrap();
        [("curves", curves), ("boundary", boundary), ("heatmap", heat)]
    }

    fn path(name: &str) -> String {
        format!("{}/tests/fixtures/pictures/{name}.png", env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn known_pictures_keep_their_pixels() {
        for (name, scene) in golden() {
            let known = read(path(name)).unwrap();
            assert!(known.len() < 30_000, "{name}: {} bytes", known.len());
            let same = Picture::decode(&known) == Picture::decode(&scene.png().unwrap());
            assert!(same, "{name} differs; if that is intended, write and look at the pictures");
        }
    }

    #[test]
    #[ignore = "writes the known pictures"]
    fn write_known_pictures() {
        for (name, scene) in golden() {
            let Picture(width, height, rgb) = Picture::decode(&scene.png().unwrap());
            let encoded = [::png::Filter::NoFilter, ::png::Filter::Up].map(|filter| {
                let mut bytes = Vec::new();
                let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
                encoder.set_color(::png::ColorType::Rgb);
                encoder.set_compression(::png::Compression::High);
                encoder.set_filter(filter);
                encoder.write_header().unwrap().write_image_data(&rgb).unwrap();
                bytes
            });
            let bytes = encoded.into_iter().min_by_key(Vec::len).unwrap();
            write(path(name), bytes).unwrap();
        }
    }
}
