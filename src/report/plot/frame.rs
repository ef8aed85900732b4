//! The surroundings of the data: title, legend, axes with ticks and grid, and the mapping from data
//! to pixels.

use super::axis::Axis;
use super::font::wrap;
use super::ink::{BLACK, Ink, WHITE, blend};
use super::labels::Labels;
use super::legend::{Entry, Legend};
use super::scene::{Anchor, Pixel, Scene, TEXT};

/// Size of the title, and distance of two lines of text in their sizes.
const TITLE: f64 = 21.0;
const LINE: f64 = 1.3;
/// Space above the legend, below it, left of the data and below them, in pixels.
const TOP: f64 = 54.0;
const SPACE: f64 = 8.0;
const LEFT: f64 = 92.0;
const BOTTOM: f64 = 64.0;
/// Space between the data and the tick texts, for the name of an axis, and outside names, in pixels.
const TICK: f64 = 10.0;
const NAME: f64 = 24.0;
const MARGIN: f64 = 14.0;

/// A scene with everything but the data.
pub(super) struct Frame<'a> {
    pub scene: Scene,
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
    ) -> Self {
        let (mut frame, labels) = Self::bare(title, legend, axes, [size; 2], right);
        frame.grid(labels.each_ref(), [true; 2]);
        frame
    }

    /// Draws the title, the legend and the names of the axes, with room for the texts of axes as
    /// long as the first of two sizes. The second is the size of the area.
    pub fn bare(
        title: &str,
        legend: &[Entry],
        [x, y]: [Axis<'a>; 2],
        [axes, size]: [Pixel; 2],
        right: f64,
    ) -> (Self, [Labels; 2]) {
        let labels = [Labels::below(&x, axes[0]), Labels::beside(&y, axes[1])];
        let [across, up] = [wrap(x.label, TEXT, size[0]), wrap(y.label, TEXT, size[1])];
        let more = |lines: &[String], text: f64| (lines.len().max(1) - 1) as f64 * LINE * text;
        // the name of the axis and a line of texts, or turned ones
        let turned = if labels[0].turned { labels[0].length() - TEXT } else { 0.0 };
        let unnamed = |axis: &Axis| if axis.label.is_empty() { NAME } else { 0.0 };
        let below = BOTTOM + turned + more(&across, TEXT) - unnamed(&x);
        let names = MARGIN + labels[1].length() + TICK + NAME - unnamed(&y);
        let left = names.max(if y.is_named() { LEFT - NAME } else { LEFT }) + more(&up, TEXT);
        let width = left + size[0] + right;
        let heading = wrap(title, TITLE, width - 2.0 * MARGIN);
        let legend = Legend::new(legend, width - 2.0 * MARGIN);
        let above = TOP + more(&heading, TITLE);
        let top = above + legend.height() + SPACE;
        let mut scene = Scene::new(title, width, top + size[1] + below);
        legend.draw(&mut scene, width / 2.0, above);
        let mut write = |lines: &[String], at: Pixel, anchor, text: f64| {
            for (index, line) in lines.iter().enumerate() {
                let down = index as f64 * LINE * text;
                let [aside, down] =
                    if anchor == Anchor::Upwards { [down, 0.0] } else { [0.0, down] };
                scene.text(BLACK, line, [at[0] + aside, at[1] + down], anchor, text);
            }
        };
        let (middle, end) = ([left + size[0] / 2.0, top + size[1] / 2.0], top + size[1] + below);
        write(&heading, [width / 2.0, 30.0], Anchor::Center, TITLE);
        write(&across, [middle[0], end - 18.0 - more(&across, TEXT)], Anchor::Center, TEXT);
        write(&up, [20.0, middle[1]], Anchor::Upwards, TEXT);
        let area = [left, top, left + size[0], top + size[1]];
        (Self { scene, x, y, area }, labels)
    }

    /// Continues in another area, with its own horizontal axis.
    pub fn enter(&mut self, area: [f64; 4], x: Axis<'a>) {
        (self.area, self.x) = (area, x);
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

    /// Writes into the middle of the area that it has no data.
    pub fn note(&mut self) {
        let middle = self.on(0.5, 0.5);
        self.scene.text(BLACK, "no finite values to draw", middle, Anchor::Center, TEXT);
    }

    /// Draws the border of the area, again over data that touch it.
    pub fn border(&mut self) {
        self.scene.outline(self.area.map(|v| v.round() + 0.5), 1.0, BLACK);
    }

    /// Draws a horizontal or vertical line one pixel wide, aligned with the pixel grid.
    pub fn rule(&mut self, a: Pixel, b: Pixel, ink: Ink) {
        let low = [a[0].min(b[0]).round(), a[1].min(b[1]).round()];
        let high = [a[0].max(b[0]).round() + 1.0, a[1].max(b[1]).round() + 1.0];
        self.scene.rectangle(low, high, ink);
    }

    /// Draws the grid and the border of the area, with ticks and texts below and beside it if
    /// `outside` is set.
    pub fn grid(&mut self, [below, beside]: [&Labels; 2], outside: [bool; 2]) {
        let [left, top, right, bottom] = self.area;
        let light = blend(WHITE, BLACK, 0.12);
        let (drop, anchor) =
            if below.turned { (TICK, Anchor::UpTo) } else { (TICK + TEXT / 2.0, Anchor::Center) };
        for (x, text) in below.shown.iter().map(|(place, text)| (left + place, text)) {
            self.rule([x, top], [x, bottom], light);
            if outside[0] {
                self.rule([x, bottom], [x, bottom + 5.0], BLACK);
                self.scene.text(BLACK, text, [x, bottom + drop], anchor, TEXT);
            }
        }
        for (y, text) in beside.shown.iter().map(|(place, text)| (bottom - place, text)) {
            self.rule([left, y], [right, y], light);
            if outside[1] {
                self.rule([left - 5.0, y], [left, y], BLACK);
                self.scene.text(BLACK, text, [left - TICK, y], Anchor::Right, TEXT);
            }
        }
        self.border();
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::font::text_width,
        super::legend::Key,
        super::marker::{Kind, Marker},
        *,
    };

    #[test]
    fn names_get_the_room_they_need() {
        let names = ["a name", "a name that is much longer"];
        let ticks = [(0.4, names[0].to_string()), (0.6, names[1].to_string())];
        let named = |label| Axis::named(label, [0.0, 1.0], &ticks);
        let number = Axis::linear("y", [0.0, 1.0]);
        let area = |axes| Frame::new("", &[], axes, [300.0, 200.0], 20.0);
        let (turned, beside) = (area([named(""), number]), area([number, named("")]));
        let room = text_width(names[1], TEXT);
        assert!((190.0..220.0).contains(&room));
        let height = f64::from(turned.scene.height) - turned.area[3];
        assert!((room + 5.0..room + 50.0).contains(&height), "{height}");
        assert!((room + 5.0..room + 40.0).contains(&beside.area[0]), "{}", beside.area[0]);
        assert_eq!(area([number, named("y")]).area[0] - beside.area[0], NAME);
        let below = f64::from(beside.scene.height) - beside.area[3];
        assert_eq!((turned.area[0], below), (LEFT, BOTTOM));
        turned.scene.check();
        beside.scene.check();
    }

    #[test]
    fn the_ends_of_the_axes_are_the_corners_of_the_area() {
        let axes = [Axis::linear("x", [-1.0, 1.0]), Axis::log("y", [0.01, 100.0])];
        let frame = Frame::new("", &[], axes, [300.0, 200.0], 20.0);
        let [left, top, right, bottom] = frame.area;
        assert_eq!(frame.at(-1.0, 0.01), [left, bottom]);
        assert_eq!(frame.at(1.0, 100.0), [right, top]);
        assert_eq!(frame.at(0.0, 1.0), [left + 150.0, bottom - 100.0]);
        assert_eq!(frame.at(9.0, 0.0), [right, bottom]);
        assert!(frame.contains([0.0, 1.0]) && !frame.contains([1.1, 1.0]));
        assert_eq!(frame.scene.areas(), [frame.area]);
    }

    #[test]
    fn nothing_is_cut_or_covered() {
        let long = "a very long text with many words ".repeat(12);
        let ticks: Vec<_> = (0..30).map(|i| (f64::from(i), format!("{long} {i}"))).collect();
        let named = Axis::named(&long, [-0.5, 29.5], &ticks);
        let number = |range| Axis::linear(&long, range);
        let legend = |i: u32| (Key::Line(Marker::of(Kind::Series(i))), format!("{long} {i}"));
        let legend: Vec<Entry> = (0..40).map(legend).collect();
        let wide = [-1e300, -123_456_789.0, -0.000_012_3, 0.0];
        let mut all =
            vec![[named, named], [named, number([0.0, 1.0])], [number([0.0, 1.0]), named]];
        all.extend(wide.map(|low| [number([low, 0.5]), number([low, 0.5])]));
        for axes in all {
            for size in [[300.0, 200.0], [780.0, 450.0]] {
                let scene = Frame::new(&long, &legend, axes, size, 28.0).scene;
                scene.check();
                // names that differ at their end are shown differently
                let mut texts = scene.texts();
                texts.retain(|(text, _)| text.contains('…'));
                let all = texts.len();
                let names = if axes[0].is_named() && axes[1].is_named() { 2 } else { 1 };
                texts.sort_by(|a, b| a.0.cmp(b.0));
                texts.dedup_by(|a, b| a.0 == b.0);
                assert!(
                    texts.len() >= 40 && texts.len() * names >= all,
                    "{} of {all}",
                    texts.len()
                );
            }
        }
    }

    #[test]
    fn long_titles_and_names_of_axes_are_broken_into_lines() {
        let long = "one two three four five six seven eight nine ten ".repeat(4);
        let axis = Axis::linear(&long, [0.0, 1.0]);
        let scene = Frame::new(&long, &[], [axis; 2], [300.0, 200.0], 28.0).scene;
        assert_eq!(scene.title, long);
        assert_eq!(scene.words().matches("one two").count(), 12);
        scene.check();
    }
}
