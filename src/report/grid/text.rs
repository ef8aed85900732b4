//! The terminal output of a grid: a table of at most 80 columns, and the conclusion.

use std::borrow::Cow;
use std::ops::Range;

use comfy_table::{CellAlignment, Table, presets};
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter, fill, wrap};

use super::table::{Cells, Column, Rank};
use crate::experiment::{Outcome, conclusion_sentences};
use crate::report::robustness::told;

/// The width of the output, the same on every terminal and in files.
const WIDTH: usize = 80;
/// The mark of the recommended cell, with a space.
const MARK: usize = 2;
/// The space between columns.
const GAP: usize = 2;
/// How narrow the column of names may become.
const NARROW: usize = 12;

/// Returns the terminal output in at most 80 columns: the table with the recommended cell marked, a table
/// of further figures, and the conclusion. Long names of noise are wrapped, and figures that do not fit are left out; a line
/// names them.
pub fn grid_text(outcome: &Outcome) -> String {
    let (mut lines, mut left_out) = cells(Cells::new(outcome));
    // Differences of the same figures may follow.
    for head in left_out.iter_mut().filter(|head| head.starts_with("test ")) {
        *head = format!("mean of {head}");
    }
    lines.extend(prose(&explained(outcome)));
    if let Some((further, others)) = Cells::further(outcome).map(cells) {
        let metric = outcome.metric_name();
        lines.push(String::new());
        lines.extend(prose(&format!(
            "Beside {metric}: differences from the baseline ± half of their own 95 % intervals \
             (descriptive)"
        )));
        lines.extend(further);
        left_out.extend(others.into_iter().map(|head| format!("difference of {head}")));
    }
    if !left_out.is_empty() {
        let heads = left_out.join(", ");
        lines.extend(prose(&format!(
            "Not shown: {heads}; report.html and cells.csv have all columns."
        )));
    }
    lines.push(String::new());
    lines.extend(conclusion_sentences(outcome).iter().flat_map(|sentence| prose(sentence)));
    if let Some(found) = &outcome.robustness {
        lines.push(String::new());
        lines.extend(told(found));
    }
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Returns the lines of a table, and the headings of the columns that do not fit.
pub(in crate::report) fn cells(
    Cells { columns, groups, recommended }: Cells,
) -> (Vec<String>, Vec<String>) {
    let (shown, left_out) = fitted(columns);
    (under_names(&shown, &groups, &recommended), heads(left_out))
}

/// Returns the lines of tables one below another, each with the names of the rows and the next columns that fit,
/// and the headings of columns that are too wide for any.
pub(in crate::report) fn all_cells(
    Cells { columns, groups, recommended }: Cells,
) -> (Vec<String>, Vec<String>) {
    let (names, mut figures): (Vec<_>, Vec<_>) =
        columns.into_iter().partition(|column| column.rank <= Rank::Strength);
    let mut lines = Vec::new();
    loop {
        let before = figures.len();
        let (shown, left_out) = fitted(names.iter().cloned().chain(figures).collect());
        let is_stuck = left_out.len() == before;
        if lines.is_empty() || !is_stuck {
            lines.extend((!lines.is_empty()).then(String::new));
            lines.extend(under_names(&shown, &groups, &recommended));
        }
        if left_out.is_empty() || is_stuck {
            return (lines, heads(left_out));
        }
        figures = left_out;
    }
}

/// Returns the lines of columns with their widths, each group under its name.
fn under_names(
    columns: &[(Column, usize)],
    groups: &[(Option<String>, Range<usize>)],
    recommended: &[bool],
) -> Vec<String> {
    let (mut lines, rows) = table(columns, recommended);
    for (name, cells) in groups {
        lines.extend(name.iter().flat_map(|name| prose(name)));
        lines.extend(rows[cells.clone()].iter().flatten().cloned());
    }
    lines
}

fn heads(columns: Vec<Column>) -> Vec<String> {
    columns.into_iter().map(|column| column.head).collect()
}

/// Returns what the mark and the intervals of the table mean.
fn explained(outcome: &Outcome) -> String {
    let mut differences = outcome.cells.iter().filter_map(|own| own.difference.as_ref());
    let has_intervals = differences.any(|own| own.simultaneous.is_some());
    let settings = outcome.conclusion.as_ref().map_or(0, |own| own.settings);
    let noises = match settings {
        0 | 1 => String::new(),
        _ if !has_intervals => String::new(),
        count => format!(" Intervals and p hold for all {count} settings together."),
    };
    let rivals = match outcome.plan.rivals.len() {
        0 => "",
        _ if !has_intervals => "",
        _ => " Those of rivals hold for all rivals.",
    };
    let point = if noises.is_empty() && rivals.is_empty() { "" } else { "." };
    format!("* recommended{point}{noises}{rivals}")
}

/// Returns a text in lines of at most 80 columns, each with its end.
pub fn wrapped(text: &str) -> String {
    prose(text).iter().flat_map(|line| [line, "\n"]).collect()
}

/// Returns a text in lines.
pub(in crate::report) fn prose(text: &str) -> Vec<String> {
    let options = Options::new(WIDTH).word_splitter(WordSplitter::NoHyphenation);
    wrap(text, options).into_iter().map(Cow::into_owned).collect()
}

/// Returns the lines of the heading, and those of each row.
fn table(columns: &[(Column, usize)], marked: &[bool]) -> (Vec<String>, Vec<Vec<String>>) {
    let head = columns.iter().map(|(column, width)| column.wrapped(&column.head, *width));
    let head: Vec<String> = [String::new()].into_iter().chain(head).collect();
    let row = |(row, marked): (usize, &bool)| -> Vec<String> {
        let texts =
            columns.iter().map(|(column, width)| column.wrapped(&column.texts[row], *width));
        [if *marked { "*" } else { "" }.to_string()].into_iter().chain(texts).collect()
    };
    let rows: Vec<Vec<String>> = marked.iter().enumerate().map(row).collect();
    let height = |row: &Vec<String>| row.iter().map(|text| text.lines().count()).max().unwrap_or(0);
    let heights: Vec<usize> = [&head].into_iter().chain(&rows).map(height).collect();

    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(head).add_rows(rows);
    for (number, column) in table.column_iter_mut().enumerate() {
        let gap = if number == 0 { MARK - 1 } else { GAP };
        column.set_padding((0, gap as u16));
        if number > 1 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut lines = table.lines().map(|line| line.trim_end().to_string());
    let mut rows = heights.into_iter().map(|height| lines.by_ref().take(height).collect());
    (rows.next().unwrap_or_default(), rows.collect())
}

/// Returns the columns that fit with their widths, and the others.
fn fitted(columns: Vec<Column>) -> (Vec<(Column, usize)>, Vec<Column>) {
    let is_name = |column: &Column| column.rank <= Rank::Strength;
    let mut widths: Vec<_> =
        columns.iter().map(|column| is_name(column).then(|| column.narrowest())).collect();
    let used: usize = widths.iter().flatten().map(|width| width + GAP).sum();
    let mut spare = (WIDTH + GAP).saturating_sub(MARK + used);
    for rank in [Rank::Main, Rank::Detail] {
        for (column, width) in columns.iter().zip(&mut widths).filter(|(own, _)| own.rank == rank) {
            let narrowest = column.narrowest();
            if narrowest + GAP <= spare {
                *width = Some(narrowest);
                spare -= narrowest + GAP;
            }
        }
        // Names in one line are worth more than details.
        for (column, width) in columns.iter().zip(&mut widths).filter(|(own, _)| is_name(own)) {
            if let Some(width) = width {
                let more = column.widest().saturating_sub(*width).min(spare);
                *width += more;
                spare -= more;
            }
        }
    }
    let (mut shown, mut left_out) = (Vec::new(), Vec::new());
    for (column, width) in columns.into_iter().zip(widths) {
        match width {
            Some(width) => shown.push((column, width)),
            None => left_out.push(column),
        }
    }
    (shown, left_out)
}

impl Column {
    /// Returns the width of the column with each text in one line.
    fn widest(&self) -> usize {
        self.widest_part(|text| vec![text])
    }

    /// Returns the smallest width that breaks no number and, below [`NARROW`], no word of a name.
    fn narrowest(&self) -> usize {
        match self.rank {
            Rank::Name => {
                self.widest_part(|text| text.split_inclusive(['-', ' ']).collect()).min(NARROW)
            }
            Rank::Strength => self.widest_part(|text| text.split(' ').collect()),
            Rank::Whole | Rank::Main | Rank::Detail => self.widest(),
        }
    }

    /// Returns the width of the widest part of a text, or of a word of the heading.
    fn widest_part<'a>(&'a self, parts: impl Fn(&'a str) -> Vec<&'a str>) -> usize {
        let parts = self.texts.iter().flat_map(|text| parts(text));
        let all = self.head.split(' ').chain(parts);
        all.map(|part| display_width(part.trim_end())).max().unwrap_or(0)
    }

    /// Returns the heading or a text of this column in lines of at most this width.
    fn wrapped(&self, text: &str, width: usize) -> String {
        let splitter = match self.rank {
            Rank::Name => WordSplitter::HyphenSplitter,
            _ => WordSplitter::NoHyphenation,
        };
        fill(text, Options::new(width).word_splitter(splitter))
    }
}
