//! What surrounds the data: title, legend, axes with ticks and grid, and the way from data to pixels.

use anyhow::Result;

use super::{
    axis::Axis,
    canvas::{Anchor, BLACK, Canvas, Ink, Pixel, TEXT, WHITE, blend, fit},
    legend::{Entry, Legend},
};

const TITLE: f64 = 21.0;
/// Free above the legend, below it, left of the data and below them, in pixels.
const TOP: f64 = 54.0;
const SPACE: f64 = 8.0;
const LEFT: f64 = 92.0;
const BOTTOM: f64 = 64.0;

/// A canvas with everything but the data.
pub(super) struct Frame<'a> {
    pub canvas: Canvas,
    x: Axis<'a>,
    y: Axis<'a>,
    /// Left, top, right and bottom edge of the area of the data, in pixels.
    pub area: [f64; 4],
}

impl<'a> Frame<'a> {
    /// Title and legend above, axes left and below an area of `size`, `right` pixels free beside it.
    pub fn new(
        title: &str,
        legend: &[Entry],
        [x, y]: [Axis<'a>; 2],
        size: [f64; 2],
        right: f64,
    ) -> Result<Self> {
        let width = LEFT + size[0] + right;
        let legend = Legend::new(legend, width - 40.0)?;
        let top = TOP + legend.height() + SPACE;
        let canvas = Canvas::new(width as u32, (top + size[1] + BOTTOM) as u32);
        let area = [LEFT, top, LEFT + size[0], top + size[1]];
        let mut frame = Self { canvas, x, y, area };
        let (title, middle) = (fit(title, TITLE, width - 40.0)?, width / 2.0);
        frame.canvas.text(&title, [middle, 30.0], Anchor::Center, TITLE)?;
        legend.draw(&mut frame.canvas, middle, TOP)?;
        frame.axes()?;
        Ok(frame)
    }

    /// The pixel of a point of the data, held inside the area.
    pub fn at(&self, x: f64, y: f64) -> Pixel {
        self.on(self.x.share(x), self.y.share(y))
    }

    /// The pixel at shares of the width and height of the area.
    pub fn on(&self, across: f64, up: f64) -> Pixel {
        let [left, top, right, bottom] = self.area;
        [left + across * (right - left), bottom - up * (bottom - top)]
    }

    /// Whether a point of the data lies inside the area.
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        self.x.contains(x) && self.y.contains(y)
    }

    /// The border of the area; once more over data that touch it.
    pub fn border(&mut self) -> Result<()> {
        self.outline(self.area)
    }

    /// The border of a box: left, top, right, bottom.
    pub fn outline(&mut self, [left, top, right, bottom]: [f64; 4]) -> Result<()> {
        let corners = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
        corners.windows(2).try_for_each(|pair| self.rule(pair[0], pair[1], BLACK))
    }

    /// A horizontal or vertical line one pixel wide, exactly on the grid of pixels.
    pub fn rule(&mut self, a: Pixel, b: Pixel, ink: Ink) -> Result<()> {
        let low = [a[0].min(b[0]).round(), a[1].min(b[1]).round()];
        let high = [a[0].max(b[0]).round() + 1.0, a[1].max(b[1]).round() + 1.0];
        self.canvas.rectangle(low, high, ink)
    }

    fn axes(&mut self) -> Result<()> {
        let [left, top, right, bottom] = self.area;
        let light = blend(WHITE, BLACK, 0.12);
        for (value, text) in self.x.ticks(8) {
            let x = left + self.x.share(value) * (right - left);
            self.rule([x, top], [x, bottom], light)?;
            self.rule([x, bottom], [x, bottom + 5.0], BLACK)?;
            self.canvas.text(&text, [x, bottom + 18.0], Anchor::Center, TEXT)?;
        }
        for (value, text) in self.y.ticks(8) {
            let y = bottom - self.y.share(value) * (bottom - top);
            self.rule([left, y], [right, y], light)?;
            self.rule([left - 5.0, y], [left, y], BLACK)?;
            self.canvas.text(&text, [left - 10.0, y], Anchor::Right, TEXT)?;
        }
        let [x, y] = [(left + right) / 2.0, (top + bottom) / 2.0];
        let below = fit(self.x.label, TEXT, right - left)?;
        let beside = fit(self.y.label, TEXT, bottom - top)?;
        self.canvas.text(&below, [x, bottom + 46.0], Anchor::Center, TEXT)?;
        self.canvas.text(&beside, [20.0, y], Anchor::Upwards, TEXT)?;
        self.border()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    #[test]
    fn the_ends_of_the_axes_are_the_corners_of_the_area() {
        let axes = [Axis::linear("x", [-1.0, 1.0]), Axis::log("y", [0.01, 100.0])];
        let frame = Frame::new("", &[], axes, [300.0, 200.0], 20.0).unwrap();
        let [left, top, right, bottom] = frame.area;
        assert_eq!(frame.at(-1.0, 0.01), [left, bottom]);
        assert_eq!(frame.at(1.0, 100.0), [right, top]);
        assert_eq!(frame.at(0.0, 1.0), [left + 150.0, bottom - 100.0]);
        assert!(frame.contains([0.0, 1.0]) && !frame.contains([1.1, 1.0]));
        let picture = Picture::decode(&frame.canvas.png().unwrap());
        assert!(picture.is([left + 75.5, top], BLACK) && picture.is([right, bottom - 20.0], BLACK));
    }
}
