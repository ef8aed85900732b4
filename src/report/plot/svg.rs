//! Writes a scene as SVG.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, html};
use tiny_skia::{Path, PathSegment, Point};

use super::font::{glyphs, outline};
use super::ink::Ink;
use super::scene::{Item, Scene, Shape, matrix};

/// The dashes of a line and the gaps between them, in pixels; the ends are round.
pub(super) const DASH: [f32; 2] = [6.0, 6.0];

impl Scene {
    /// Returns the picture as SVG with its title, and with text as outlines. `id` begins the names of its
    /// parts: pictures on one page need different ones, of letters, digits and `_`.
    ///
    /// # Errors
    /// If the encoder of embedded pixels fails.
    pub fn svg(&self, id: &str) -> Result<String> {
        let Scene { width, height, items, shapes, .. } = self;
        let kept = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        let title: String = self.title.chars().filter(kept).collect();
        let texts = items.iter().filter_map(|item| match item {
            Item::Text { text, .. } => Some(visible(text)),
            _ => None,
        });
        let used: BTreeSet<u32> = texts.flatten().map(|(glyph, _)| glyph).collect();
        let runs = items.chunk_by(is_one_path);
        let items = runs.map(|run| element(run, id)).collect::<Result<Vec<_>>>()?;
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) }
                width=(width) height=(height) role="img" aria-labelledby={ (id) "_title" } {
                title id={ (id) "_title" } { (title) }
                defs {
                    @for (index, own) in shapes.iter().enumerate() {
                        (shape(own, Some(format!("{id}_m{index}")), own.path.as_ref().map(data)))
                    }
                    @for glyph in used { path id={ (id) "_g" (glyph) } d=[outline(glyph).as_ref().map(data)] {} }
                }
                rect width=(width) height=(height) fill="#ffffff" {}
                g stroke-linecap="round" stroke-linejoin="round" { @for item in items { (item) "\n" } }
            }
        };
        Ok(svg.into_string().replace("></use>", "/>").replace("></path>", "/>"))
    }
}

/// Returns whether two items are solid lines of the same look, which are one path in the file.
fn is_one_path(a: &Item, b: &Item) -> bool {
    let look = |item: &Item| match item {
        Item::Shape(Shape { fill: None, dashed: false, line: Some(line), .. }) => Some(*line),
        _ => None,
    };
    look(a).is_some_and(|(width, ink)| ink.opacity == 1.0 && look(b) == Some((width, ink)))
}

/// Returns the element of an item, or of several that are one path.
fn element(run: &[Item], id: &str) -> Result<Markup> {
    Ok(match &run[0] {
        Item::Shape(own) => {
            let paths = run.iter().filter_map(|item| match item {
                Item::Shape(own) => own.path.as_ref(),
                _ => None,
            });
            shape(own, None, Some(paths.map(data).collect()))
        }
        Item::Copy(shape, [x, y]) => html! {
            use href={ "#" (id) "_m" (shape) } x=(number(*x, 1)) y=(number(*y, 1)) {}
        },
        Item::Text { text, start, size, ink, upwards } => {
            let matrix = matrix(*start, *size, *upwards).map(|value| number(value.into(), 5));
            html! {
                g transform={ "matrix(" (matrix.join(" ")) ")" } fill=(hex(*ink)) {
                    @for (glyph, left) in visible(text) {
                        use href={ "#" (id) "_g" (glyph) } x=(left) {}
                    }
                }
            }
        }
        Item::Raster([x, y], pixels) => {
            let png = BASE64_STANDARD.encode(pixels.encode_png().context("encoding pixels")?);
            html! {
                image x=(x) y=(y) width=(pixels.width()) height=(pixels.height())
                    href={ "data:image/png;base64," (png) } {}
            }
        }
    })
}

fn shape(shape: &Shape, id: Option<String>, data: Option<String>) -> Markup {
    let (width, line) = shape.line.unzip();
    let fill = shape.fill.map_or("none".to_string(), hex);
    html! {
        path id=[id] d=[data] fill=(fill) fill-opacity=[shape.fill.and_then(opacity)]
            stroke=[line.map(hex)] stroke-opacity=[line.and_then(opacity)]
            stroke-width=[width.map(|width| number(width, 1))]
            stroke-dasharray=[shape.dashed.then(|| DASH.map(|way| way.to_string()).join(" "))] {}
    }
}

/// Returns the glyphs that are no spaces, with their left ends.
fn visible(text: &str) -> impl Iterator<Item = (u32, f64)> {
    glyphs(text).0.into_iter().filter(|(glyph, _)| outline(*glyph).is_some())
}

fn hex(Ink { rgb: [red, green, blue], .. }: Ink) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn opacity(ink: Ink) -> Option<String> {
    (ink.opacity < 1.0).then(|| number(ink.opacity, 2))
}

/// Returns the path as path data, in tenths. Lines are relative to the point before, which is shorter.
fn data(path: &Path) -> String {
    let tenths = |at: Point| [at.x, at.y].map(|way| (10.0 * f64::from(way)).round());
    let pair = |[x, y]: [f64; 2]| {
        let [x, y] = [x, y].map(|way| number(way / 10.0, 1));
        if y.starts_with('-') { x + &y } else { format!("{x} {y}") }
    };
    let points = |sign: &str, points: &[Point]| {
        let points: Vec<String> = points.iter().map(|at| pair(tenths(*at))).collect();
        format!("{sign}{}", points.join(" "))
    };
    let mut last = [0.0; 2];
    let segment = |segment| {
        let (text, end) = match segment {
            PathSegment::MoveTo(to) => (points("M", &[to]), to),
            PathSegment::LineTo(to) => {
                let [x, y] = tenths(to);
                (format!("l{}", pair([x - last[0], y - last[1]])), to)
            }
            PathSegment::QuadTo(a, to) => (points("Q", &[a, to]), to),
            PathSegment::CubicTo(a, b, to) => (points("C", &[a, b, to]), to),
            PathSegment::Close => return "Z".to_string(),
        };
        last = tenths(end);
        text
    };
    path.segments().map(segment).collect()
}

/// Returns a number with at most some digits after the point.
fn number(value: f64, digits: usize) -> String {
    format!("{value:.digits$}").trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use roxmltree::{Document, Node};

    use super::super::{
        Curve, Forecast, Group, Image, Kind, LabelledPoint, Scale, Sequence, Set, SpreadLine,
        SpreadPoint, boundary, confusion, curves, dataset, distribution, forecasts, heatmap,
        images,
        ink::{BLACK, WHITE},
        marker::Marker,
        scene::Anchor,
        sequences, spreads,
    };
    use super::*;
    use crate::experiment::Field;
    use crate::metric::Better;

    /// Checks that the picture is well-formed XML, that its names begin with `id`, are unique, and
    /// are all it refers to, and returns it.
    pub fn checked(scene: &Scene, id: &str) -> String {
        let svg = scene.svg(id).unwrap();
        assert_eq!(svg, scene.svg(id).unwrap(), "same input, same bytes");
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().namespace(), Some("http://www.w3.org/2000/svg"));
        let of = |name| move |node: Node<'_, '_>| node.attribute(name).map(str::to_string);
        let mut ids: Vec<String> = document.descendants().filter_map(of("id")).collect();
        assert!(ids.iter().all(|own| own.starts_with(&format!("{id}_"))), "{ids:?}");
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
        let labels = root.attribute("aria-labelledby").unwrap().to_string();
        let links = document.descendants().filter_map(of("href"));
        let links = links.filter_map(|link| link.strip_prefix('#').map(str::to_string));
        assert!(links.chain([labels]).all(|link| ids.binary_search(&link).is_ok()));
        for node in document.descendants().filter(|node| node.is_element()) {
            for attribute in node.attributes().filter(|own| own.name() != "href") {
                let value = attribute.value();
                assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
            }
        }
        svg
    }

    fn title(text: &str) -> String {
        let svg = checked(&Scene::new(text, 9.0, 9.0), "a");
        let document = Document::parse(&svg).unwrap();
        let mut titles = document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")));
        titles.next().unwrap().text().unwrap_or_default().to_string()
    }

    #[test]
    fn titles_are_escaped_and_lose_control_characters() {
        assert_eq!(title("a <b> & \"c\" 'd' ]]> é \u{1F600}"), "a <b> & \"c\" 'd' ]]> é \u{1F600}");
        assert_eq!(title("a\0b\u{7}c\u{1b}d\u{85}e"), "abcde");
        assert_eq!(title("a\u{ffff}b\u{fffe}c"), "abc");
        assert_eq!(title(""), "");
    }

    #[test]
    fn items_are_elements_with_their_places_and_colours() {
        let mut scene = Scene::new("a title", 40.0, 30.0);
        let red = Ink::of(0xff0000);
        scene.line(&[[1.0, 2.5], [3.126, 4.0]], 1.5, red.with_opacity(0.2));
        scene.dashes(&[[1.0, 2.0], [3.0, 4.0]], 2.0, BLACK);
        scene.polygon(&[[0.0, 0.0], [5.0, 0.0], [5.0, 5.0]], WHITE);
        Marker::of(Kind::Set(Set::Test)).draw(&mut scene, [10.0, 20.25], 5.0);
        scene.text(red, "o o", [10.0, 10.0], Anchor::Left, 16.0);
        scene.raster([3.0, 4.0], [2.0, 1.0], |_, _| Some(red));
        let svg = checked(&scene, "p1");
        for part in [
            r##"d="M1 2.5l2.1 1.5" fill="none" stroke="#ff0000" stroke-opacity="0.2" stroke-width="1.5""##,
            r##"d="M1 2l2 2" fill="none" stroke="#000000" stroke-width="2" stroke-dasharray="6 6""##,
            r##"d="M0 0l5 0l0 5Z" fill="#ffffff""##,
            r##"href="#p1_m0" x="10" y="20.2""##,
            r#"viewBox="0 0 40 30""#,
            r#"<image x="3" y="4" width="2" height="1" href="data:image/png;base64,"#,
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        // the second "o" is one "o" and one space further: 1237 and 532 units in Open Sans
        assert!(svg.contains(r#"x="0""#) && svg.contains(r#"x="1769""#));
        assert_eq!(svg.matches("p1_g").count(), 3);
    }

    /// Each chart with as much as it draws.
    fn largest() -> Vec<(&'static str, Scene)> {
        let noise = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let random = |i: usize| noise(i + 1) as f64 / f64::from(1 << 24);
        let values = |first: usize, count: usize| -> Vec<f64> {
            (first..first + count).map(random).collect()
        };
        let curve = |i: usize| Curve {
            name: format!("a curve {i}"),
            kind: Kind::Series(i as u32),
            mean: values(i * 977, 390),
            std: Some(vec![0.1; 390]),
            epochs: None,
        };
        let lines = |count: usize| (0..count).map(curve).collect::<Vec<_>>();
        let panel = |count: usize| move |i: usize| (format!("panel {i}"), count);
        let panels: Vec<_> =
            (0..4).map(panel(4)).map(|(name, count)| (name, lines(count))).collect();
        let channels: Vec<Vec<f64>> = (0..3).map(|i| values(i * 5000, 3000)).collect();
        let sequence = Sequence { name: "a name", channels: &channels, noisy: Some(&channels) };
        let group = values(7, 600);
        let group = Group { name: "a group", kind: Kind::Baseline, values: &group };
        let names = |count: usize| (0..count).map(|i| format!("name {i}")).collect::<Vec<_>>();
        let counts: Vec<u64> = (0..10_000).map(|i| noise(i) % 100).collect();
        let pixels: Vec<Vec<f64>> = (0..240).map(|i| values(i * 784, 784)).collect();
        let image = |values| Image { width: 28, height: 28, values };
        let row = |i: usize| {
            (format!("row {i}"), pixels[20 * i..20 * i + 20].iter().map(|own| image(own)).collect())
        };
        let forecast =
            |i| Forecast { target: random(i), predicted: random(i + 9), std: Some(0.05) };
        let all: Vec<Forecast> = (0..4500).map(forecast).collect();
        let [predicted, residuals] = forecasts("a title", "y", "a test row", &all);
        let sets = [Set::Train, Set::Validation, Set::Test];
        let point = |i: usize| LabelledPoint {
            x: [random(i), random(i + 4000)],
            label: i as u32 % 2,
            set: sets[i % 3],
        };
        let points: Vec<LabelledPoint> = (0..3000).map(point).collect();
        let wave = |i: usize| {
            0.5 + 0.5 * ((i % 100) as f64 / 15.0).sin() * ((i / 100) as f64 / 15.0).cos()
        };
        let (x, y, probabilities) = ([0.0, 1.0], [0.0, 1.0], (0..10_000).map(wave).collect());
        let field = Field { x, y, columns: 100, rows: 100, probabilities };
        let fields = ["one", "two"].map(|name| (name.to_string(), &field));
        let spread = |i: usize| SpreadPoint {
            stddev: 0.01 * (i + 1) as f64,
            mean: random(i),
            low: 0.1,
            high: 0.9,
        };
        let spread = |i: u32| SpreadLine {
            name: format!("line {i}"),
            series: i,
            points: (0..30).map(spread).collect(),
        };
        let spread: Vec<_> =
            (0..6).map(|i| (format!("panel {i}"), (0..6).map(spread).collect())).collect();
        let heat = [&names(30)[..], &names(30)];
        vec![
            ("curves", curves("a title", "y", Scale::Accuracy, &[(String::new(), lines(10))])),
            ("panels", curves("a title", "y", Scale::Accuracy, &panels)),
            ("sequences", sequences("a title", &[sequence; 24])),
            ("distribution", distribution("a title", "y", &[group; 9])),
            ("confusion", confusion("a title", &names(100), &counts, 5).unwrap()),
            (
                "heatmap",
                heatmap("a title", ["x", "y"], heat, &values(3, 900), Better::Lower).unwrap(),
            ),
            ("images", images("a title", &[], &(0..12).map(row).collect::<Vec<_>>()).unwrap()),
            ("predicted", predicted),
            ("residuals", residuals),
            ("dataset", dataset("a title", &[&points[..], &points[1500..]].concat())),
            ("boundary", boundary("a title", &fields[..1], &points).unwrap()),
            ("boundaries", boundary("a title", &fields, &points).unwrap()),
            ("spreads", spreads("a title", ["x", "y"], &spread)),
        ]
    }

    #[test]
    fn the_largest_pictures_stay_small() {
        let sizes: Vec<_> =
            largest().iter().map(|(name, scene)| (*name, checked(scene, "p12").len())).collect();
        assert!(sizes.iter().all(|(_, size)| *size <= 300_000), "{sizes:?}");
    }

    #[test]
    fn solid_lines_of_one_look_are_one_path() {
        let mut scene = Scene::new("", 40.0, 30.0);
        let red = Ink::of(0xff0000);
        let line = [[1.0, 2.0], [3.0, 1.5], [3.04, 4.0]];
        for ink in [BLACK, BLACK, red, BLACK, red.with_opacity(0.2), red.with_opacity(0.2)] {
            scene.line(&line, 2.0, ink);
        }
        scene.dashes(&line, 2.0, red);
        scene.dashes(&line, 2.0, red);
        let svg = checked(&scene, "a");
        let one = "M1 2l2-0.5l0 2.5";
        let counts = [format!("d=\"{one}{one}\""), format!("d=\"{one}\""), "<path".into()];
        assert_eq!(counts.map(|part| svg.matches(&part).count()), [1, 6, 7]);
    }
}
