//! A picture as shapes and text, before it is a file.

use tiny_skia::{ColorU8, Path, PathBuilder, Pixmap};

use super::font::{CAPITALS, UNITS, text_width};
use super::ink::Ink;

/// A position: pixels from the left, pixels from the top.
pub(super) type Pixel = [f64; 2];

/// Size of all text except titles, in pixels per em.
pub(super) const TEXT: f64 = 16.0;

/// The anchor point of a text; upward texts are centred or end there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Left,
    Center,
    Right,
    Upwards,
    UpTo,
}

/// A picture on white paper. The same scene always gives the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// What the picture shows.
    pub title: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    pub(super) items: Vec<Item>,
    /// What several items are copies of.
    pub(super) shapes: Vec<Shape>,
}

/// What is drawn, in this order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Shape(Shape),
    /// One of the scene's shapes, moved.
    Copy(usize, Pixel),
    /// A text from the left end of its baseline.
    Text {
        text: String,
        start: Pixel,
        size: f64,
        ink: Ink,
        upwards: bool,
    },
    /// Pixels from an upper left corner.
    Raster([i32; 2], Pixmap),
}

/// A filled outline, or a line with round ends and corners, or both.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    /// `None` if it has no extent and no position.
    pub path: Option<Path>,
    pub fill: Option<Ink>,
    /// The width and the colour of the line.
    pub line: Option<(f64, Ink)>,
    pub dashed: bool,
}

impl Shape {
    /// Creates a polygon with an edge.
    pub fn polygon(corners: &[Pixel], fill: Ink, line: Option<(f64, Ink)>) -> Self {
        Self { path: path(corners, PathBuilder::close), fill: Some(fill), line, dashed: false }
    }

    fn line(points: &[Pixel], width: f64, ink: Ink, dashed: bool) -> Self {
        Self { path: path(points, |_| {}), fill: None, line: Some((width, ink)), dashed }
    }
}

/// Returns the path through points, ended by `end`.
fn path(points: &[Pixel], end: impl FnOnce(&mut PathBuilder)) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut points = points.iter().map(|at| at.map(|way| way as f32));
    let [x, y] = points.next()?;
    path.move_to(x, y);
    points.for_each(|[x, y]| path.line_to(x, y));
    if path.len() == 1 {
        path.line_to(x, y); // a dot
    }
    end(&mut path);
    path.finish()
}

impl Scene {
    pub(super) fn new(title: &str, width: f64, height: f64) -> Self {
        let (width, height) = (width.ceil() as u32, height.ceil() as u32);
        Self { title: title.to_string(), width, height, items: Vec::new(), shapes: Vec::new() }
    }

    /// Fills a rectangle between two corners.
    pub(super) fn rectangle(&mut self, a: Pixel, b: Pixel, ink: Ink) {
        self.polygon(&[a, [b[0], a[1]], b, [a[0], b[1]]], ink);
    }

    /// Fills a polygon with sides that do not cross.
    pub(super) fn polygon(&mut self, corners: &[Pixel], ink: Ink) {
        self.items.push(Item::Shape(Shape::polygon(corners, ink, None)));
    }

    /// Draws a line through the points; one point gives a dot.
    pub(super) fn line(&mut self, points: &[Pixel], width: f64, ink: Ink) {
        self.items.push(Item::Shape(Shape::line(points, width, ink, false)));
    }

    /// Draws the border of a box: left, top, right, bottom.
    pub(super) fn outline(&mut self, [l, t, r, b]: [f64; 4], width: f64, ink: Ink) {
        self.line(&[[l, t], [r, t], [r, b], [l, b], [l, t]], width, ink);
    }

    /// Draws a dashed line through the points.
    pub(super) fn dashes(&mut self, points: &[Pixel], width: f64, ink: Ink) {
        self.items.push(Item::Shape(Shape::line(points, width, ink, true)));
    }

    /// Draws an arrow between two points, whose head has a colour of its own inside.
    pub(super) fn arrow(&mut self, [from, to]: [Pixel; 2], [ink, inside]: [Ink; 2]) {
        const HEAD: f64 = 9.0;
        let way = [to[0] - from[0], to[1] - from[1]];
        let length = way[0].hypot(way[1]);
        if length == 0.0 {
            return;
        }
        let [x, y] = way.map(|way| way / length * (length / 2.0).min(HEAD));
        let base = [to[0] - x, to[1] - y];
        let corners =
            [to, [base[0] - y / 2.0, base[1] + x / 2.0], [base[0] + y / 2.0, base[1] - x / 2.0]];
        self.line(&[from, base], 1.5, ink);
        self.items.push(Item::Shape(Shape::polygon(&corners, inside, Some((1.5, ink)))));
    }

    /// Draws a shape around a position.
    pub(super) fn mark(&mut self, shape: &Shape, at: Pixel) {
        let known = self.shapes.iter().position(|other| other == shape);
        if known.is_none() {
            self.shapes.push(shape.clone());
        }
        self.items.push(Item::Copy(known.unwrap_or(self.shapes.len() - 1), at));
    }

    /// Writes a line of text, `size` pixels per em, with its capitals vertically centred on `at`.
    pub(super) fn text(&mut self, ink: Ink, text: &str, at: Pixel, anchor: Anchor, size: f64) {
        let ([x, y], width, drop) = (at, text_width(text, size), size * CAPITALS / 2.0);
        let start = match anchor {
            Anchor::Left => [x, y + drop],
            Anchor::Center => [x - width / 2.0, y + drop],
            Anchor::Right => [x - width, y + drop],
            Anchor::Upwards => [x + drop, y + width / 2.0],
            Anchor::UpTo => [x + drop, y + width],
        };
        let upwards = matches!(anchor, Anchor::Upwards | Anchor::UpTo);
        self.items.push(Item::Text { text: text.to_string(), start, size, ink, upwards });
    }

    /// Paints `size` pixels across and down from an upper left corner; `ink` gives the colour of each.
    pub(super) fn raster(
        &mut self,
        corner: Pixel,
        size: Pixel,
        ink: impl Fn(usize, usize) -> Option<Ink>,
    ) {
        let Some(mut pixmap) = Pixmap::new(size[0] as u32, size[1] as u32) else { return };
        let width = pixmap.width() as usize;
        for (index, pixel) in pixmap.pixels_mut().iter_mut().enumerate() {
            if let Some(Ink { rgb: [red, green, blue], .. }) = ink(index % width, index / width) {
                *pixel = ColorU8::from_rgba(red, green, blue, 255).premultiply();
            }
        }
        self.items.push(Item::Raster(corner.map(|way| way.round() as i32), pixmap));
    }
}

/// Returns the matrix from the units of the font to pixels, as in SVG: a, b, c, d, e, f.
pub(super) fn matrix([x, y]: Pixel, size: f64, upwards: bool) -> [f32; 6] {
    let scale = size / UNITS;
    let matrix = match upwards {
        false => [scale, 0.0, 0.0, -scale, x, y],
        true => [0.0, -scale, -scale, 0.0, x, y],
    };
    matrix.map(|value| value as f32)
}

#[cfg(test)]
pub(super) mod tests {
    use tiny_skia::PathSegment;

    use super::super::marker::Marker;
    use super::*;

    /// Looks at what is drawn. Positions are shares of the width and the height of an area of data,
    /// from its lower left corner; the legend lies outside of it.
    impl Scene {
        /// Returns the areas of data: left, top, right and bottom edges.
        pub(in super::super) fn areas(&self) -> Vec<[f64; 4]> {
            let border = |shape: &Shape| shape.line == Some((1.0, super::super::ink::BLACK));
            let mut areas: Vec<[f64; 4]> = Vec::new();
            for corners in self.paths(border).iter().filter(|corners| corners.len() == 5) {
                let [[l, t], _, [r, b], ..] = corners[..] else { continue };
                let area = [l, t, r, b].map(|way| way - 0.5);
                if r - l > 25.0 && !areas.contains(&area) {
                    areas.push(area);
                }
            }
            areas
        }

        fn paths(&self, wanted: impl Fn(&Shape) -> bool) -> Vec<Vec<Pixel>> {
            let shapes = self.items.iter().filter_map(|item| match item {
                Item::Shape(shape) if wanted(shape) => shape.path.as_ref(),
                _ => None,
            });
            let points = |path: &Path| {
                let ends = path.segments().filter_map(|segment| match segment {
                    PathSegment::MoveTo(to) | PathSegment::LineTo(to) => Some([to.x, to.y]),
                    _ => None,
                });
                ends.map(|at| at.map(f64::from)).collect()
            };
            shapes.map(points).collect()
        }

        fn shares(&self, area: usize, points: &[Pixel]) -> Vec<Pixel> {
            let [l, t, r, b] = self.areas()[area];
            let inside =
                |[x, y]: &Pixel| *x > l - 9.0 && *x < r + 9.0 && *y > t - 9.0 && *y < b + 9.0;
            let share = |[x, y]: &Pixel| [(x - l) / (r - l), (b - y) / (b - t)];
            points.iter().filter(|at| inside(at)).map(share).collect()
        }

        fn parts(&self, area: usize, wanted: impl Fn(&Shape) -> bool) -> Vec<Vec<Pixel>> {
            let parts = self.paths(wanted).into_iter().map(|part| self.shares(area, &part));
            parts.filter(|part| !part.is_empty()).collect()
        }

        /// Returns the points of each line of a colour.
        pub(in super::super) fn lines(&self, area: usize, ink: Ink) -> Vec<Vec<Pixel>> {
            let own = |line: (f64, Ink)| line.1 == ink;
            self.parts(area, |s| s.fill.is_none() && !s.dashed && s.line.is_some_and(own))
        }

        /// Returns the points of each dashed line.
        pub(in super::super) fn dashed(&self, area: usize) -> Vec<Vec<Pixel>> {
            self.parts(area, |shape| shape.dashed)
        }

        /// Returns the corners of each polygon of a colour.
        pub(in super::super) fn fills(&self, area: usize, ink: Ink) -> Vec<Vec<Pixel>> {
            self.parts(area, |shape| shape.fill == Some(ink))
        }

        /// Returns the copies at each position, one run for each mark.
        pub(in super::super) fn copies(&self) -> Vec<(Pixel, Vec<&Shape>)> {
            let mut runs: Vec<(Pixel, Vec<&Shape>)> = Vec::new();
            for item in &self.items {
                let Item::Copy(shape, at) = item else { continue };
                match runs.last_mut().filter(|(last, _)| last == at) {
                    Some((_, run)) => run.push(&self.shapes[*shape]),
                    None => runs.push((*at, vec![&self.shapes[*shape]])),
                }
            }
            runs
        }

        /// Returns the positions of a mark of some radius.
        pub(in super::super) fn marks(
            &self,
            area: usize,
            marker: Marker,
            radius: f64,
        ) -> Vec<Pixel> {
            let mut alone = Scene::new("", 1.0, 1.0);
            marker.draw(&mut alone, [0.0; 2], radius);
            let wanted = &alone.copies()[0].1;
            let copies = self.copies().into_iter().filter(|(_, run)| run == wanted);
            self.shares(area, &copies.map(|(at, _)| at).collect::<Vec<_>>())
        }

        /// Returns the texts with their left, top, right and bottom edges.
        pub(in super::super) fn texts(&self) -> Vec<(&str, [f64; 4])> {
            let texts = self.items.iter().filter_map(|item| match item {
                Item::Text { text, start: [x, y], size, upwards, .. } if !text.is_empty() => {
                    let (width, high, low) = (text_width(text, *size), 0.75 * size, 0.22 * size);
                    Some(match upwards {
                        false => (text.as_str(), [*x, y - high, x + width, y + low]),
                        true => (text.as_str(), [x - high, y - width, x + low, *y]),
                    })
                }
                _ => None,
            });
            texts.collect()
        }

        /// Returns all texts, one after the other.
        pub(in super::super) fn words(&self) -> String {
            self.texts().into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(" ")
        }

        /// Returns the colour of the last pixels painted at a position.
        pub(in super::super) fn colour(&self, area: usize, [across, up]: Pixel) -> Option<[u8; 3]> {
            let [l, t, r, b] = self.areas()[area];
            self.painted([l + across * (r - l), b - up * (b - t)])
        }

        /// Returns the colour of the last pixels painted at a pixel of the picture.
        pub(in super::super) fn painted(&self, at: Pixel) -> Option<[u8; 3]> {
            self.items.iter().rev().find_map(|item| {
                let Item::Raster(corner, pixels) = item else { return None };
                let [x, y] = [0, 1].map(|i| at[i].floor() as i64 - i64::from(corner[i]));
                let pixel = pixels.pixel(u32::try_from(x).ok()?, u32::try_from(y).ok()?)?;
                (pixel.alpha() > 0).then_some([pixel.red(), pixel.green(), pixel.blue()])
            })
        }

        /// Checks that nothing is cut, no two texts overlap, all positions are numbers, and the scene
        /// writes itself.
        pub(in super::super) fn check(&self) {
            let (width, height) = (f64::from(self.width), f64::from(self.height));
            let texts = self.texts();
            for (index, (text, [l, t, r, b])) in texts.iter().enumerate() {
                let inside = *l >= 0.0 && *t >= 0.0 && *r <= width && *b <= height;
                assert!(inside, "{text:?} at {l} {t} {r} {b} in {width} x {height}");
                for (other, [left, top, right, bottom]) in &texts[..index] {
                    let apart = r <= left || right <= l || b <= top || bottom <= t;
                    assert!(apart, "{text:?} at {l} {t} {r} {b} lies on {other:?}");
                }
            }
            assert!(self.copies().iter().all(|([x, y], _)| x.is_finite() && y.is_finite()));
            assert_eq!(self.png().unwrap()[..4], *b"\x89PNG");
            assert!(self.svg("a").unwrap().len() > 100);
        }
    }

    /// Checks that shares are as expected, within a pixel.
    pub fn assert_near(got: &[Pixel], want: &[Pixel]) {
        let near = |(a, b): (&Pixel, &Pixel)| (0..2).all(|i| (a[i] - b[i]).abs() < 0.003);
        assert!(got.len() == want.len() && got.iter().zip(want).all(near), "{got:?}, not {want:?}");
    }

    #[test]
    fn texts_lie_at_their_anchors() {
        use super::super::ink::BLACK;
        // Open Sans: "0" is 1171 of 2048 units wide, and capitals are 1462 high
        let (drop, width) = (5.71, 36.59);
        let half = width / 2.0;
        for (anchor, want) in [
            (Anchor::Left, [50.0, 50.0 + drop]),
            (Anchor::Right, [50.0 - width, 50.0 + drop]),
            (Anchor::Center, [50.0 - half, 50.0 + drop]),
            (Anchor::UpTo, [50.0 + drop, 50.0 + width]),
            (Anchor::Upwards, [50.0 + drop, 50.0 + half]),
        ] {
            let mut scene = Scene::new("", 100.0, 100.0);
            scene.text(BLACK, "0000", [50.0, 50.0], anchor, 16.0);
            let Item::Text { start, .. } = &scene.items[0] else { panic!("expected a text") };
            assert!((0..2).all(|i| (start[i] - want[i]).abs() < 0.01), "{anchor:?}: {start:?}");
        }
    }

    #[test]
    fn equal_marks_share_a_shape_and_one_point_is_a_dot() {
        use super::super::{ink::BLACK, marker::dot};
        let mut scene = Scene::new("", 100.0, 100.0);
        for (at, radius) in [([10.0; 2], 3.0), ([20.0; 2], 3.0), ([20.0; 2], 4.0)] {
            scene.mark(&dot(BLACK, radius, 1.0), at);
        }
        assert_eq!((scene.shapes.len(), scene.items.len()), (2, 3));
        scene.line(&[[5.0, 6.0]], 2.0, BLACK);
        assert_eq!(scene.paths(|shape| shape.fill.is_none()), [[[5.0, 6.0]; 2]]);
    }
}
