//! The surroundings of the data: title, legend, axes with ticks and grid, and the mapping from data
//! to pixels.

use anyhow::Result;

use super::{
    axis::Axis,
    canvas::{Anchor, BLACK, Canvas, Ink, Pixel, TEXT, WHITE, blend, fit},
    labels::Labels,
    legend::{Entry, Legend},
};

const TITLE: f64 = 21.0;
/// Space above the legend, below it, left of the data and below them, in pixels.
const TOP: f64 = 54.0;
const SPACE: f64 = 8.0;
const LEFT: f64 = 92.0;
const BOTTOM: f64 = 64.0;
/// Space between the data and the tick texts, and for the name of an axis, in pixels.
const TICK: f64 = 10.0;
const NAME: f64 = 24.0;
/// Space outside names, in pixels.
const MARGIN: f64 = 14.0;

/// A canvas with everything but the data.
pub(super) struct Frame<'a> {
    pub canvas: Canvas,
    x: Axis<'a>,
    y: Axis<'a>,
    /// Left, top, right and bottom edges of the data area, in pixels.
    pub area: [f64; 4],
}

impl<'a> Frame<'a> {
    /// Draws the title and legend above an area of `size` and the axes to its left and below it,
    /// and leaves `right` pixels on its right. Tick names get the room they need.
    pub fn new(
        title: &str,
        legend: &[Entry],
        axes: [Axis<'a>; 2],
        size: Pixel,
        right: f64,
    ) -> Result<Self> {
        let (mut frame, labels) = Self::bare(title, legend, axes, [size; 2], right)?;
        frame.grid(&labels, [true; 2])?;
        Ok(frame)
    }

    /// Draws the title, the legend and the names of the axes, with room for the texts of axes as
    /// long as the first of two sizes. The second is the size of the area.
    pub fn bare(
        title: &str,
        legend: &[Entry],
        [x, y]: [Axis<'a>; 2],
        [axes, size]: [Pixel; 2],
        right: f64,
    ) -> Result<(Self, [Labels; 2])> {
        let labels = [Labels::below(&x, axes[0])?, Labels::beside(&y, axes[1])?];
        let [below, left] = [below(&x, &labels[0])?, left(&y, &labels[1])?];
        let width = left + size[0] + right;
        let legend = Legend::new(legend, width - 40.0)?;
        let top = TOP + legend.height() + SPACE;
        let canvas = Canvas::new(width as u32, (top + size[1] + below) as u32);
        let area = [left, top, left + size[0], top + size[1]];
        let mut frame = Self { canvas, x, y, area };
        let (title, middle) = (fit(title, TITLE, width - 40.0)?, width / 2.0);
        frame.canvas.text(&title, [middle, 30.0], Anchor::Center, TITLE)?;
        legend.draw(&mut frame.canvas, middle, TOP)?;
        let [x, y] = frame.on(0.5, 0.5);
        let [across, up] = [fit(frame.x.label, TEXT, size[0])?, fit(frame.y.label, TEXT, size[1])?];
        frame.canvas.text(&across, [x, top + size[1] + below - 18.0], Anchor::Center, TEXT)?;
        frame.canvas.text(&up, [20.0, y], Anchor::Upwards, TEXT)?;
        Ok((frame, labels))
    }

    /// Returns the pixel of a data point, clamped to the area.
    pub fn at(&self, x: f64, y: f64) -> Pixel {
        self.on(self.x.share(x), self.y.share(y))
    }

    /// Returns the pixel at shares of the width and height of the area.
    pub fn on(&self, across: f64, up: f64) -> Pixel {
        let [left, top, right, bottom] = self.area;
        [left + across * (right - left), bottom - up * (bottom - top)]
    }

    /// Returns whether a data point lies inside the area.
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        self.x.contains(x) && self.y.contains(y)
    }

    /// Draws the border of the area, again over data that touch it.
    pub fn border(&mut self) -> Result<()> {
        self.outline(self.area, BLACK)
    }

    /// Draws the border of a box: left, top, right, bottom.
    pub fn outline(&mut self, [left, top, right, bottom]: [f64; 4], ink: Ink) -> Result<()> {
        let corners = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
        corners.windows(2).try_for_each(|pair| self.rule(pair[0], pair[1], ink))
    }

    /// Draws a horizontal or vertical line one pixel wide, aligned with the pixel grid.
    pub fn rule(&mut self, a: Pixel, b: Pixel, ink: Ink) -> Result<()> {
        let low = [a[0].min(b[0]).round(), a[1].min(b[1]).round()];
        let high = [a[0].max(b[0]).round() + 1.0, a[1].max(b[1]).round() + 1.0];
        self.canvas.rectangle(low, high, ink)
    }

    /// Draws the grid and the border of the area, with ticks and texts below and beside it if
    /// `outside` is set.
    pub fn grid(&mut self, [below, beside]: &[Labels; 2], outside: [bool; 2]) -> Result<()> {
        let [left, top, right, bottom] = self.area;
        let light = blend(WHITE, BLACK, 0.12);
        let (drop, anchor) =
            if below.turned { (TICK, Anchor::UpTo) } else { (TICK + TEXT / 2.0, Anchor::Center) };
        for (place, text) in &below.shown {
            let x = left + place;
            self.rule([x, top], [x, bottom], light)?;
            if outside[0] {
                self.rule([x, bottom], [x, bottom + 5.0], BLACK)?;
                self.canvas.text(text, [x, bottom + drop], anchor, TEXT)?;
            }
        }
        for (place, text) in &beside.shown {
            let y = bottom - place;
            self.rule([left, y], [right, y], light)?;
            if outside[1] {
                self.rule([left - 5.0, y], [left, y], BLACK)?;
                self.canvas.text(text, [left - TICK, y], Anchor::Right, TEXT)?;
            }
        }
        self.border()
    }
}

/// Returns the space below the data: for the name of the axis and a line of texts, or for turned
/// ones.
fn below(x: &Axis, labels: &Labels) -> Result<f64> {
    let more = if labels.turned { labels.length()? - TEXT } else { 0.0 };
    Ok(BOTTOM + more - if x.label.is_empty() { NAME } else { 0.0 })
}

/// Returns the space left of the data: for numbers and the name of the axis, or for names.
fn left(y: &Axis, labels: &Labels) -> Result<f64> {
    if !y.is_named() {
        return Ok(LEFT);
    }
    let name = if y.label.is_empty() { 0.0 } else { NAME };
    Ok((MARGIN + labels.length()? + TICK + name).max(LEFT - NAME))
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::tests::Picture, *};

    #[test]
    fn names_get_the_room_they_need() {
        let names = ["a name", "a name that is much longer"];
        let ticks = [(0.4, names[0].to_string()), (0.6, names[1].to_string())];
        let named = |label| Axis::named(label, [0.0, 1.0], &ticks);
        let number = Axis::linear("y", [0.0, 1.0]);
        let area = |axes| Frame::new("", &[], axes, [300.0, 200.0], 20.0).unwrap();
        let turned = area([named(""), number]);
        let beside = area([number, named("")]);
        // Open Sans at 16 pixels: the longer name is about 200 wide
        let height = f64::from(turned.canvas.height) - turned.area[3];
        assert!((205.0..260.0).contains(&height), "{height}");
        assert!((205.0..240.0).contains(&beside.area[0]), "{}", beside.area[0]);
        assert_eq!(area([number, named("y")]).area[0] - beside.area[0], NAME);
        let below = f64::from(beside.canvas.height) - beside.area[3];
        assert_eq!((turned.area[0], below), (LEFT, BOTTOM));
    }

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
