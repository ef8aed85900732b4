//! The columns of a comparison; each has a text for each experiment.

use crate::experiment::{
    ComparedRuns, Comparison, Difference, Sides, comparison_word, margin_number, range,
};
use crate::report::grid::{Column, Rank, further, further_names, p_value};

/// Returns the names of the experiments, the scores and how they compare.
pub(super) fn all(found: &Comparison) -> Vec<Column> {
    let names = column(found, "experiment", Rank::Name, |own| own.name.clone());
    let mut columns = vec![names];
    columns.extend(figures(found));
    columns.extend(unmatched(found));
    columns.extend(diverged(found));
    let beside = further_columns(found).into_iter();
    columns.extend(beside.map(|own| Column { head: format!("difference in {}", own.head), ..own }));
    columns
}

/// Returns the scores and how they compare.
pub(super) fn figures(found: &Comparison) -> Vec<Column> {
    let (figure, digits) = (found.figure(), found.digits());
    let (interval, p) = match found.experiments.len() {
        0..=2 => ("95 % interval", "p"),
        _ => ("95 % interval, simultaneous", "p, adjusted"),
    };
    let compared = |head: &str, text: &dyn Fn(&Difference) -> Option<String>| {
        let of = |own: &ComparedRuns| own.difference.as_ref().and_then(text).unwrap_or_default();
        column(found, head, Rank::Main, of)
    };
    vec![
        column(found, &found.metric_name(), Rank::Strength, |own| own.summary.get(&figure).words()),
        compared("difference", &|own| Some(digits.signed(own.mean))),
        compared(interval, &|own| own.simultaneous.map(|ends| range(ends, digits))),
        compared(p, &|own| own.p_adjusted.map(p_value)),
        compared("answer", &|own| Some(comparison_word(own.answer).to_string())),
        compared("pairs", &|own| Some(own.n.to_string())),
    ]
}

/// Returns what the figures of the table are, in a line.
pub(super) fn note(found: &Comparison) -> String {
    let further = match further_columns(found).is_empty() {
        true => "",
        false => "; further differences with half of their own 95 % intervals",
    };
    format!(
        "Scores are means and standard deviations over the runs{further}. Margin {}.",
        margin_number(found.margin)
    )
}

/// Returns the numbers of runs without a partner, those of the first experiment after the plus sign, if
/// there are some.
pub(super) fn unmatched(found: &Comparison) -> Option<Column> {
    let some = found.experiments.iter().filter_map(|own| own.unmatched).any(Sides::any);
    some.then(|| sides(found, "unmatched", |own| own.unmatched))
}

/// Returns the numbers of runs that diverged, in the same way, if some did.
pub(super) fn diverged(found: &Comparison) -> Option<Column> {
    let some = found.experiments.iter().filter_map(|own| own.diverged).any(Sides::any);
    some.then(|| sides(found, "diverged", |own| own.diverged))
}

/// Returns the differences of further figures, as half of their 95 % intervals to each side.
pub(super) fn further_columns(found: &Comparison) -> Vec<Column> {
    let differences = found.experiments.iter().filter_map(|own| own.difference.as_ref());
    let of = |figure: &str| {
        let text = |own: &ComparedRuns| {
            let all = own.difference.as_ref().map_or(&[][..], |own| &own.further);
            all.iter().find(|own| own.figure == figure).map(further).unwrap_or_default()
        };
        column(found, &figure.replace('_', " "), Rank::Main, text)
    };
    further_names(differences).into_iter().map(of).collect()
}

fn sides(found: &Comparison, head: &str, of: fn(&ComparedRuns) -> Option<Sides>) -> Column {
    let text = |own: &ComparedRuns| match of(own) {
        None => String::new(),
        Some(sides) if !sides.any() => "0".to_string(),
        Some(Sides { own, baseline }) => format!("{own} + {baseline}"),
    };
    column(found, head, Rank::Main, text)
}

fn column(
    found: &Comparison,
    head: &str,
    rank: Rank,
    text: impl Fn(&ComparedRuns) -> String,
) -> Column {
    let texts = found.experiments.iter().map(text).collect();
    Column { head: head.to_string(), rank, texts }
}
