//! The built-in font: widths of texts, and outlines of glyphs.

use std::sync::OnceLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::{Path, PathBuilder};

const OPEN_SANS: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/OpenSans-Regular.ttf"));

/// Units per em, and the height of capitals per em.
pub(super) const UNITS: f64 = 2048.0;
pub(super) const CAPITALS: f64 = 1462.0 / UNITS;

fn font() -> &'static FontRef<'static> {
    static FONT: OnceLock<FontRef> = OnceLock::new();
    FONT.get_or_init(|| FontRef::new(OPEN_SANS).expect("the built-in font is an OpenType font"))
}

/// Returns the glyphs of a text with their left ends, in units, and the width of the text. A
/// character that the font lacks is a box.
pub(super) fn glyphs(text: &str) -> (Vec<(u32, f64)>, f64) {
    let map = font().charmap();
    let metrics = font().glyph_metrics(Size::unscaled(), LocationRef::default());
    let mut end = 0.0;
    let placed = text.chars().map(|c| {
        let (glyph, left) = (map.map(c).unwrap_or(GlyphId::NOTDEF), end);
        end += f64::from(metrics.advance_width(glyph).unwrap_or(0.0));
        (glyph.to_u32(), left)
    });
    (placed.collect(), end)
}

/// Returns the outline of a glyph in units, with y upwards; `None` for a space.
pub(super) fn outline(glyph: u32) -> Option<Path> {
    let mut pen = Pen(PathBuilder::new());
    let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
    font().outline_glyphs().get(GlyphId::new(glyph))?.draw(settings, &mut pen).ok()?;
    pen.0.finish()
}

/// Returns the width of a text in pixels.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    glyphs(text).1 * size / UNITS
}

/// Returns the text, or its start and its end with an ellipsis between them, as wide as fits.
pub(super) fn fit(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_string();
    }
    let all: Vec<char> = text.chars().collect();
    let shortened = (0..all.len().min(400)).rev().map(|kept| {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        all[..head].iter().chain(&['…']).chain(&all[all.len() - tail..]).collect()
    });
    shortened.into_iter().find(|text: &String| text_width(text, size) <= width).unwrap_or_default()
}

/// Breaks a text into lines at spaces; a word that is too long is cut.
pub(super) fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(|word| fit(word, size, width)) {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => {
                *line += &format!(" {word}");
            }
            _ => lines.push(word),
        }
    }
    lines
}

struct Pen(PathBuilder);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, cy, x, y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.0.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Open Sans: "0" is 1171 of 2048 units wide
        assert_eq!(text_width("00000000", 16.0), 8.0 * 16.0 * 1171.0 / 2048.0);
        assert_eq!((text_width("", 16.0), glyphs("ab").0.len()), (0.0, 2));
        // a missing character is a box, a space is nothing
        assert!(
            outline(glyphs("\u{1F600}").0[0].0).is_some() && outline(glyphs(" ").0[0].0).is_none()
        );
    }

    #[test]
    fn long_texts_keep_their_start_and_their_end() {
        assert_eq!(fit("loss", 16.0, 100.0), "loss");
        let cut = |end: &str| fit(&format!("begin{}{end}", " long".repeat(1000)), 16.0, 150.0);
        let (a, b) = (cut("stddev 0.1"), cut("stddev 0.2"));
        assert!(a.starts_with("begin") && a.ends_with("0.1") && b.ends_with("0.2"), "{a} {b}");
        assert_eq!(a.matches('…').count(), 1);
        assert!((120.0..=150.0).contains(&text_width(&a, 16.0)));
        assert_eq!(fit("long", 16.0, 3.0), "");
    }

    #[test]
    fn lines_are_broken_at_spaces_and_lose_no_word() {
        let text = "the quick brown fox jumps over the lazy dog";
        let lines = wrap(text, 16.0, 120.0);
        assert_eq!(lines.join(" "), text);
        let width = |line: &String| text_width(line, 16.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| width(line) <= 120.0));
        // no word fits at the end of the line before
        for pair in lines.windows(2) {
            let first = pair[1].split(' ').next().unwrap();
            assert!(width(&format!("{} {first}", pair[0])) > 120.0);
        }
        assert!(wrap(" \n", 16.0, 120.0).is_empty());
        assert!(wrap(&"w".repeat(100), 16.0, 120.0)[0].contains('…'));
    }
}
