//! The cells as a table, for the terminal and the page.

use std::ops::Range;

use super::is_further;
use crate::experiment::{
    CellOutcome, Difference, Further, Outcome, p_number, place_name, range, strength_name,
    strength_words, variant_words,
};
use crate::stats::{Answer, Digits, Statistic, number};

/// The table by columns; each has a text per cell.
pub(in crate::report) struct Cells {
    pub columns: Vec<Column>,
    /// The cells of each network, learning rate and training size, under its name if there are
    /// several. Each group has its own baseline.
    pub groups: Vec<(Option<String>, Range<usize>)>,
    /// Whether each cell is the recommended one.
    pub recommended: Vec<bool>,
}

/// A column: its heading, its importance and its text for each cell.
#[derive(Clone)]
pub(in crate::report) struct Column {
    pub head: String,
    pub rank: Rank,
    pub texts: Vec<String>,
}

/// What a column is for, which decides how it gives way if space is short.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report) enum Rank {
    /// The name of the cell's noise, which may be wrapped at spaces and hyphens.
    Name,
    /// What belongs to the name, always in one line.
    Whole,
    /// The strengths of the noise, which may be wrapped at spaces.
    Strength,
    /// A figure that the conclusion rests on.
    Main,
    /// Any other figure.
    Detail,
}

impl Cells {
    /// Returns the columns that have a text for some cell.
    pub fn new(outcome: &Outcome) -> Self {
        let mut columns = names(outcome);
        // What the conclusion rests on comes before the other scores.
        let mut figures = scores(outcome);
        let others = figures.split_off(2);
        figures.extend(comparisons(outcome).into_iter().chain(others));
        let has_text = |column: &Column| column.texts.iter().any(|text| !text.is_empty());
        columns.extend(figures.into_iter().filter(has_text));
        Self::of(outcome, columns)
    }

    /// Returns the differences of further figures, as half of their 95 % intervals to each side; `None` if
    /// no runs have any.
    pub fn further(outcome: &Outcome) -> Option<Self> {
        let figures = further_figures(outcome);
        let mut columns = names(outcome);
        let of = |figure: &&str| {
            let found = |own: &CellOutcome| {
                let all = own.difference.as_ref().map_or(&[][..], |own| &own.further);
                all.iter().find(|own| own.figure == **figure).map(further).unwrap_or_default()
            };
            column(outcome, Rank::Main, &figure.replace('_', " "), found)
        };
        columns.extend(figures.iter().map(of));
        (!figures.is_empty()).then(|| Self::of(outcome, columns))
    }

    fn of(outcome: &Outcome, columns: Vec<Column>) -> Self {
        let recommended = outcome.conclusion.as_ref().map(|conclusion| &conclusion.recommended);
        let recommended = outcome.cells.iter().map(|own| recommended == Some(&own.cell)).collect();
        Self { columns, groups: groups(outcome), recommended }
    }
}

/// Returns the names of the further figures whose differences some cell has.
pub(super) fn further_figures(outcome: &Outcome) -> Vec<&str> {
    further_names(outcome.cells.iter().filter_map(|own| own.difference.as_ref()))
}

/// Returns the names of the further figures that some differences have.
pub(in crate::report) fn further_names<'a>(
    differences: impl Iterator<Item = &'a Difference>,
) -> Vec<&'a str> {
    let mut figures: Vec<&str> = Vec::new();
    for further in differences.flat_map(|own| &own.further) {
        if !figures.contains(&further.figure.as_str()) {
            figures.push(&further.figure);
        }
    }
    figures
}

/// Returns the columns that name a cell.
fn names(outcome: &Outcome) -> Vec<Column> {
    // Strengths of rivals are no standard deviations.
    let has_others = outcome.plan.rivals.iter().any(|rival| rival.strength().is_some());
    let strengths = if has_others { "strength" } else { strength_name(&outcome.plan) };
    vec![
        column(outcome, Rank::Name, "noise", noise),
        column(outcome, Rank::Strength, strengths, strength),
    ]
}

/// Returns a difference with the reach of its interval: `-0.512 ± 0.088`.
pub(in crate::report) fn further(own: &Further) -> String {
    let digits = Digits::of(own.baseline);
    let reach = own.effect.high.map(|high| high - own.effect.mean);
    with_reach(digits.signed(own.effect.mean), reach, digits)
}

/// Returns a figure with the reach of its interval, if it has one.
pub(in crate::report) fn with_reach(figure: String, reach: Option<f64>, digits: Digits) -> String {
    match reach {
        Some(reach) => format!("{figure} ± {}", digits.text(reach)),
        None => figure,
    }
}

fn groups(outcome: &Outcome) -> Vec<(Option<String>, Range<usize>)> {
    let same = |a: &CellOutcome, b: &CellOutcome| a.cell.variant == b.cell.variant;
    let mut end = 0;
    let group = |cells: &[CellOutcome]| {
        let name = variant_words(&outcome.plan, &cells[0].cell).join(", ");
        let start = end;
        end += cells.len();
        (Some(name).filter(|name| !name.is_empty()), start..end)
    };
    outcome.cells.chunk_by(same).map(group).collect()
}

fn column(
    outcome: &Outcome,
    rank: Rank,
    head: &str,
    text: impl Fn(&CellOutcome) -> String,
) -> Column {
    Column { head: head.to_string(), rank, texts: outcome.cells.iter().map(text).collect() }
}

/// Returns means over the runs of a cell, and the standard deviation of the test scores.
fn scores(outcome: &Outcome) -> Vec<Column> {
    let score = |rank, head: &str, figure: &str, text: fn(&Statistic) -> String| {
        column(outcome, rank, head, |own| text(&own.summary.get(figure)))
    };
    let [train, validation, test] =
        ["train", "validation", "test"].map(|set| format!("{set}_{}", outcome.metric));
    let mut columns =
        vec![score(Rank::Main, "test", &test, mean), score(Rank::Detail, "std", &test, std)];
    let figures = outcome.cells.first().into_iter().flat_map(|own| own.summary.iter());
    let tested = figures.map(|(name, _)| name).filter(|name| name.starts_with("test_"));
    for name in tested.filter(|name| is_further(name, &outcome.metric)) {
        columns.push(score(Rank::Detail, &name.replace('_', " "), name, mean));
    }
    columns.push(score(Rank::Detail, "train", &train, mean));
    if outcome.plan.validation_size > 0 {
        columns.push(score(Rank::Detail, "validation", &validation, mean));
    }
    columns
}

/// Returns the differences from the baseline, with their uncertainty.
fn comparisons(outcome: &Outcome) -> Vec<Column> {
    let digits = outcome.digits();
    let compared = |rank, head: &str, text: &dyn Fn(&Difference) -> Option<String>| {
        let of = |own: &CellOutcome| own.difference.as_ref().and_then(text).unwrap_or_default();
        column(outcome, rank, head, of)
    };
    let mut columns = vec![
        compared(Rank::Main, "difference", &|d| Some(digits.signed(d.mean))),
        compared(Rank::Main, "95 % interval", &|d| d.simultaneous.map(|own| range(own, digits))),
    ];
    let diverged = |own: &CellOutcome| own.runs.iter().filter(|run| run.has_failed()).count();
    if outcome.cells.iter().any(|own| diverged(own) > 0) {
        columns.push(column(outcome, Rank::Main, "diverged", |own| diverged(own).to_string()));
    }
    columns.extend([
        compared(Rank::Main, "p (adjusted)", &|d| d.p_adjusted.map(p_value)),
        compared(Rank::Detail, "answer", &|d| Some(answer(d.answer).to_string())),
        compared(Rank::Detail, "p", &|d| d.p.map(p_value)),
        compared(Rank::Detail, "p (Holm)", &|d| d.p_holm.map(p_value)),
    ]);
    if outcome.plan.data_seeds.len() > 1 {
        columns.push(compared(Rank::Detail, "p (Nadeau-Bengio)", &|d| {
            d.nadeau_bengio.as_ref().map(|t| p_value(t.p))
        }));
    }
    columns
}

fn noise(own: &CellOutcome) -> String {
    match (&own.cell.rival, &own.cell.noise[..]) {
        (Some(rival), _) => rival.name().to_string(),
        (None, []) => "baseline".to_string(),
        (None, noise) => noise.iter().map(place_name).collect::<Vec<_>>().join(" & "),
    }
}

fn strength(own: &CellOutcome) -> String {
    match (&own.cell.rival, &own.cell.noise[..]) {
        (Some(rival), _) => rival.strength().map(number).unwrap_or_default(),
        (None, []) => number(0.),
        (None, noise) => noise.iter().map(strength_words).collect::<Vec<_>>().join(" & "),
    }
}

fn mean(statistic: &Statistic) -> String {
    statistic.mean.map_or_else(|| "-".to_string(), |mean| Digits::of(mean).text(mean))
}

fn std(statistic: &Statistic) -> String {
    let digits = Digits::of(statistic.mean.unwrap_or(0.));
    statistic.std.map(|std| digits.text(std)).unwrap_or_default()
}

pub(in crate::report) fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_string() } else { p_number(p) }
}

/// Returns an answer in a word.
pub(super) fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Helps => "helps",
        Answer::Hurts => "hurts",
        Answer::Equivalent => "equivalent",
        _ => "undecided",
    }
}
