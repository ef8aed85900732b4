//! Tables of coloured cells: heat maps and confusion matrices.

use anyhow::{Result, ensure};

use super::axis::{Axis, drawable, extent};
use super::bar::{BESIDE, colour_bar, ramp};
use super::font::text_width;
use super::frame::Frame;
use super::ink::{BLACK, WHITE, blend, legible_on};
use super::legend::Key;
use super::scene::{Anchor, Pixel, Scene, TEXT};
use crate::metric::Better;

/// Text sizes of cells. The larger one that fits is used.
const SIZES: [f64; 2] = [TEXT, 11.0];
/// Maximum number of cells with texts; if there are more, none has one.
const TEXTS: usize = 750;

/// A table without its cells: the labels and the names of its columns and rows, the size of all cells
/// together in pixels, the values represented by the colours, and the meaning of grey.
struct Table<'a> {
    labels: [&'a str; 2],
    names: [&'a [String]; 2],
    size: Pixel,
    bar: Axis<'a>,
    /// What a cell without a finite value is.
    without: &'a str,
}

/// A cell: its value, which its colour represents unless it is not finite, its possible texts, of which
/// it shows the first that fits, and whether it has a black border.
struct Content {
    value: f64,
    texts: Vec<String>,
    marked: bool,
}

/// Draws a table of values: `names` of columns, side by side, and of rows, from top to bottom.
/// `values` holds the first row, then the second and so on. Each cell has the colour of its value and
/// its number, if that fits. A bar beside the table explains the colours. The best value has a black
/// border unless all values are equal. A cell without a finite value is grey: NaN for one that is not in the
/// grid, infinity for one that diverged. `labels` are those of the columns and of the values.
///
/// # Errors
/// If there are not rows x columns values.
pub fn heatmap(
    title: &str,
    labels: [&str; 2],
    names: [&[String]; 2],
    values: &[f64],
    better: Better,
) -> Result<Scene> {
    let counts = names.map(|names| names.len() as f64);
    let ends = extent(values.iter().copied());
    let best = ends.filter(|[low, high]| low < high).map(|[low, high]| match better {
        Better::Higher => high,
        Better::Lower => low,
    });
    let high = text_width(labels[1], TEXT).clamp(180.0, 1160.0); // room for the name of the bar
    let content = |&value: &f64| Content {
        value,
        texts: match value.is_infinite() {
            true => vec!["diverged".into()],
            false => vec![format!("{value:.3}"), format!("{value:.1e}")],
        },
        marked: best == Some(value),
    };
    let table = Table {
        labels: [labels[0], ""],
        names,
        size: [(counts[0] * 104.0).clamp(416.0, 1560.0), (counts[1] * 60.0).clamp(high, 1160.0)],
        bar: Axis::linear(labels[1], ends.unwrap_or([0.0, 1.0])),
        without: "not in the grid, or diverged",
    };
    table.draw(title, &values.iter().map(content).collect::<Vec<_>>())
}

/// Draws a confusion matrix: one row per true class, one column per predicted class. `counts` holds
/// the first row, then the second and so on, summed over `runs` runs. The colour of a cell is its
/// share of its row, so that rare classes are as visible as common ones. Its number is its count,
/// left out if it is 0. The row of a class without samples is grey.
///
/// # Errors
/// If there are not classes x classes counts.
pub fn confusion(title: &str, classes: &[String], counts: &[u64], runs: usize) -> Result<Scene> {
    let sum = if runs == 1 { String::new() } else { format!(", sum of {runs} runs") };
    let table = Table {
        labels: [&format!("predicted class (number of test rows{sum})"), "true class"],
        names: [classes; 2],
        size: [(classes.len() as f64 * 64.0).clamp(400.0, 1160.0); 2],
        bar: Axis::linear("share of the true class", [0.0, 1.0]),
        without: "no test rows",
    };
    let rows = counts.chunks(classes.len().max(1)).flat_map(|row| {
        let total: f64 = row.iter().map(|&count| count as f64).sum();
        row.iter().map(move |&count| Content {
            value: count as f64 / total,
            texts: match count {
                0 => Vec::new(),
                _ => vec![count.to_string(), format!("{:.1e}", count as f64)],
            },
            marked: false,
        })
    });
    table.draw(title, &rows.collect::<Vec<_>>())
}

impl Table<'_> {
    /// Draws the table: the cells of the first row, then of the second and so on, and the colour
    /// bar.
    fn draw(&self, title: &str, contents: &[Content]) -> Result<Scene> {
        let [columns, rows] = self.names;
        ensure!(
            contents.len() == rows.len() * columns.len(),
            "a table of {} rows and {} columns needs rows x columns values, got {}",
            rows.len(),
            columns.len(),
            contents.len()
        );
        let middles = || (0..).map(|index| f64::from(index) + 0.5);
        let across: Vec<_> = middles().zip(columns.iter().cloned()).collect();
        let up: Vec<_> = middles().zip(rows.iter().rev().cloned()).collect();
        let counts = [columns.len(), rows.len()].map(|count| count.max(1) as f64);
        let axis = |i: usize, ticks| Axis::named(self.labels[i], [0.0, counts[i]], ticks);
        let axes = [axis(0, &across), axis(1, &up)];
        let grey = blend(WHITE, BLACK, 0.2);
        let without = contents.iter().any(|content| !drawable(content.value));
        let legend = without.then(|| (Key::Band, self.without.to_string()));
        let mut frame = Frame::new(title, legend.as_slice(), axes, self.size, BESIDE);
        let colour = |content: &Content| match drawable(content.value) {
            true => ramp(self.bar.share(content.value)),
            false => grey,
        };
        // as pixels, which take no more room in a file if there are very many
        let corner = [frame.area[0], frame.area[1]];
        frame.scene.raster(corner, self.size, |x, y| {
            let share = |i: usize| ([x, y][i] as f64 + 0.5) / self.size[i].floor();
            let [column, row] = [0, 1].map(|i| (share(i) * counts[i]) as usize);
            contents.get(row * columns.len() + column).map(colour)
        });
        frame.border();
        let cell = [0, 1].map(|i| self.size[i] / counts[i]);
        let has_text = |own: &&Content| !own.value.is_nan() && !own.texts.is_empty();
        let are_few = contents.iter().filter(has_text).count() <= TEXTS;
        for (index, content) in contents.iter().enumerate() {
            let place = [index % columns.len(), index / columns.len()];
            let [left, top] = [0, 1].map(|i| corner[i] + place[i] as f64 * cell[i]);
            let (right, bottom) = (left + cell[0], top + cell[1]);
            let sized = SIZES.iter().flat_map(|size| content.texts.iter().map(move |t| (t, *size)));
            let mut fitting = sized.filter(|(text, size)| {
                size + 6.0 <= cell[1] && text_width(text, *size) + 6.0 <= cell[0]
            });
            if let Some((text, size)) = fitting.next().filter(|_| are_few && has_text(&content)) {
                let middle = [left + cell[0] / 2.0, top + cell[1] / 2.0];
                let ink = legible_on(colour(content));
                frame.scene.text(ink, text, middle, Anchor::Center, size);
            }
            if content.marked {
                let width = cell[0].min(cell[1]).min(24.0) / 6.0;
                let half = width / 2.0;
                let inside = [left + half, top + half, right - half, bottom - half];
                frame.scene.outline(inside, width, BLACK);
            }
        }
        colour_bar(&mut frame, &self.bar, ramp);
        Ok(frame.scene)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ink::Ink, *};

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("name {i}")).collect()
    }

    fn heat(rows: usize, columns: usize, values: &[f64], better: Better) -> Scene {
        let labels = ["strength", "mean score"];
        let scene = heatmap("a title", labels, [&names(columns), &names(rows)], values, better);
        let scene = scene.unwrap();
        scene.check();
        let words = scene.words();
        assert!(labels.iter().all(|label| words.contains(label)), "{words}");
        scene
    }

    fn shares(classes: usize, counts: &[u64]) -> Scene {
        let scene = confusion("a title", &names(classes), counts, 3).unwrap();
        scene.check();
        let words = scene.words();
        for label in ["predicted class", "sum of 3 runs", "true class", "share of the true class"] {
            assert!(words.contains(label), "{label}: {words}");
        }
        scene
    }

    /// Returns the texts in a cell of a table, with the first row at the top.
    fn texts(scene: &Scene, [rows, columns]: [usize; 2], row: usize, column: usize) -> Vec<&str> {
        let [l, t, r, b] = scene.areas()[0];
        let place =
            |at: f64, low: f64, high: f64, count: usize| (at - low) / (high - low) * count as f64;
        let texts = scene.texts().into_iter().filter(|(_, [left, top, right, bottom])| {
            let across = [left, right].map(|x| place(*x, l, r, columns).floor());
            let down = [top, bottom].map(|y| place(*y, t, b, rows).floor());
            across == [column as f64; 2] && down == [row as f64; 2]
        });
        texts.map(|(text, _)| text).collect()
    }

    /// Returns the share of the area for a place in a cell.
    fn inside([rows, columns]: [usize; 2], row: usize, column: usize, [x, y]: Pixel) -> Pixel {
        [(column as f64 + x) / columns as f64, 1.0 - (row as f64 + y) / rows as f64]
    }

    #[test]
    fn cells_have_the_colours_of_their_values_row_by_row() {
        let values = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0, 0.7];
        let scene = heat(2, 4, &values, Better::Higher);
        for (index, value) in values.into_iter().enumerate() {
            for at in [[0.02, 0.02], [0.98, 0.98], [0.5, 0.5]] {
                let place = inside([2, 4], index / 4, index % 4, at);
                assert_eq!(scene.colour(0, place), Some(ramp(value).rgb), "{value}");
            }
            assert_eq!(texts(&scene, [2, 4], index / 4, index % 4), [format!("{value:.3}")]);
        }
    }

    #[test]
    fn the_best_cell_has_a_border_by_the_direction_of_the_measure() {
        let values = [0.5, 0.1, 0.9, 0.1, f64::NAN, 0.9];
        let marked = |values: &[f64], better| -> Vec<Pixel> {
            let lines = heat(2, 3, values, better).lines(0, BLACK);
            // closed outlines that are not the border of the table
            let cells = lines.into_iter().filter(|line| {
                line.len() == 5
                    && extent(line.iter().map(|at| at[0])).unwrap()[1] - line[0][0] < 0.5
            });
            cells
                .map(|cell| [0, 1].map(|i| (cell[0][i] + cell[2][i]) / 2.0 * [3.0, 2.0][i]))
                .collect()
        };
        let near = |got: Vec<Pixel>, want: &[Pixel]| {
            got.len() == want.len()
                && got
                    .iter()
                    .flatten()
                    .zip(want.iter().flatten())
                    .all(|(a, b)| (a - b).abs() < 0.02)
        };
        assert!(near(marked(&values, Better::Higher), &[[2.5, 1.5], [2.5, 0.5]]));
        assert!(near(marked(&values, Better::Lower), &[[1.5, 1.5], [0.5, 0.5]]));
        assert!(marked(&[0.3; 6], Better::Higher).is_empty());
        let missing = heat(2, 3, &values, Better::Higher);
        assert!(texts(&missing, [2, 3], 1, 1).is_empty());
        assert_eq!(missing.colour(0, inside([2, 3], 1, 1, [0.5; 2])), Some([204; 3]));
        assert!(missing.words().contains("not in the grid, or diverged"));
        let diverged = heat(1, 1, &[f64::INFINITY], Better::Higher);
        assert_eq!(texts(&diverged, [1, 1], 0, 0), ["diverged"]);
    }

    #[test]
    fn the_colours_of_a_confusion_matrix_are_shares_of_its_rows() {
        let counts = [[60, 20, 20, 0], [0, 0, 0, 0], [500, 0, 500, 0], [0, 3, 2, 5]];
        let scene = shares(4, counts.as_flattened());
        let want =
            [[0.6, 0.2, 0.2, 0.0], [f64::NAN; 4], [0.5, 0.0, 0.5, 0.0], [0.0, 0.3, 0.2, 0.5]];
        for (row, shares) in want.iter().enumerate() {
            for (column, share) in shares.iter().enumerate() {
                let ink = if share.is_nan() { blend(WHITE, BLACK, 0.2) } else { ramp(*share) };
                let place = inside([4, 4], row, column, [0.5, 0.5]);
                assert_eq!(scene.colour(0, place), Some(ink.rgb), "{row} {column}");
                let text = texts(&scene, [4, 4], row, column);
                match counts[row][column] {
                    0 => assert!(text.is_empty()),
                    count => assert_eq!(text, [count.to_string()]),
                }
            }
        }
        // the first true class is the uppermost name, and the first column the leftmost
        let texts = scene.texts();
        let of = |name| texts.iter().filter(move |(text, _)| *text == name);
        let top = |name| of(name).map(|(_, [_, top, ..])| *top).fold(f64::MAX, f64::min);
        assert!(top("name 0") < top("name 1") && top("name 2") < top("name 3"));
        let left = |name| of(name).map(|(_, [left, ..])| *left).fold(0.0, f64::max);
        assert!(left("name 0") < left("name 1"));
        assert!(!confusion("", &names(1), &[1], 1).unwrap().words().contains("sum"));
    }

    #[test]
    fn numbers_are_legible_and_shorter_or_left_out_where_they_do_not_fit() {
        let draw = |cells: &[(f64, &[&str])]| {
            let (columns, rows) = (names(cells.len()), names(1));
            let own = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect();
            let content = |(value, texts): &(f64, &[&str])| Content {
                value: *value,
                texts: own(texts),
                marked: false,
            };
            let size = [100.0 * cells.len() as f64, 60.0];
            let bar = Axis::linear("", [0.0, 1.0]);
            let (labels, names) = ([""; 2], [&columns[..], &rows]);
            let table = Table { labels, names, size, bar, without: "" };
            table.draw("", &cells.iter().map(content).collect::<Vec<_>>()).unwrap()
        };
        let long = "a text much too long for the cell";
        let scene = draw(&[(1.0, &[long, "a"]), (0.0, &["b"]), (1.0, &[long, long])]);
        let shown = |column| texts(&scene, [1, 3], 0, column);
        assert_eq!((shown(0), shown(1), shown(2)), (vec!["a"], vec!["b"], vec![]));
        let inks = scene.items.iter().filter_map(|item| match item {
            super::super::scene::Item::Text { text, ink, .. } if text.len() == 1 => Some(*ink),
            _ => None,
        });
        assert_eq!(inks.take(2).collect::<Vec<Ink>>(), [BLACK, WHITE]);
    }

    #[test]
    fn tables_reject_a_wrong_number_of_values() {
        let message = |values: &[f64]| {
            let names = [&names(3)[..], &names(2)];
            heatmap("", [""; 2], names, values, Better::Higher).unwrap_err().to_string()
        };
        let got = message(&[0.5; 5]);
        assert!(got.contains("2 rows and 3 columns") && got.contains("got 5"), "{got}");
        message(&[]);
        let got = confusion("", &names(3), &[1; 8], 1).unwrap_err().to_string();
        assert!(got.contains("3 rows and 3 columns") && got.contains("got 8"), "{got}");
    }

    #[test]
    fn tables_accept_degenerate_input() {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -9e299, 9e299, 0.5, -0.0];
        heat(2, 4, &bad, Better::Higher);
        for [rows, columns] in [[0, 0], [5, 0], [0, 5], [3, 700], [700, 3]] {
            heat(rows, columns, &vec![0.5; rows * columns], Better::Lower);
        }
        heat(1, 1, &[1e-300], Better::Lower);
        for (classes, count) in [(0, 0), (1, 0), (2, u64::MAX), (200, 7)] {
            shares(classes, &vec![count; classes * classes]);
        }
        let long = "long \u{1F600}\n".repeat(300);
        let both = [long.clone(), String::new()];
        heatmap(&long, [&long; 2], [&both; 2], &[1.0; 4], Better::Higher).unwrap().check();
        confusion(&long, &both, &[3; 4], 1).unwrap().check();
        // names that differ at their end are shown differently
        let long: Vec<String> = (0..12).map(|i| format!("{} {i}", "long ".repeat(60))).collect();
        let scene = confusion("", &long, &[1; 144], 1).unwrap();
        scene.check();
        let texts = scene.texts();
        let ends =
            |i: usize| texts.iter().filter(|(text, _)| text.ends_with(&format!(" {i}"))).count();
        assert!((0..12).all(|i| ends(i) == 2));
    }

    #[test]
    fn more_numbers_than_one_can_read_are_left_out() {
        let count = |rows, columns| {
            let scene = heat(rows, columns, &vec![0.25; rows * columns], Better::Higher);
            scene.texts().iter().filter(|(text, _)| *text == "0.250").count()
        };
        assert_eq!((count(25, 30), count(26, 30)), (750, 0));
        // zeros have none, and do not count
        let counts: Vec<u64> = (0..40 * 40).map(|i| u64::from(i % 41 == 0)).collect();
        let scene = shares(40, &counts);
        assert_eq!(scene.texts().iter().filter(|(text, _)| *text == "1").count(), 40);
    }
}
