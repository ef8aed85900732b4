//! The scores of models on changed rows in a line for each kind of change.

use std::ops::Range;

use super::table::{digits, figure, strength};
use crate::report::grid::{Cells, Column, Rank};
use crate::robust::{Average, ComparedCurve, Robustness};
use crate::stats::{Digits, number};

/// A line: the rows as they are, or a kind of change.
struct Line<'a> {
    name: String,
    curve: &'a ComparedCurve,
    /// The places of the strengths that are shown.
    places: Vec<usize>,
    /// The mean over the strengths, if the differences are those of the mean.
    average: Option<&'a Average>,
}

/// Returns a line for the rows as they are and for each kind of change: the scores at the middle and the largest
/// strength, and the differences in the mean over the strengths. Certified accuracies are those at the radius 0 and
/// at the one that the sentences are about, where their difference is. `None` for no curves.
pub(super) fn brief(found: &Robustness) -> Option<Cells> {
    let lines = lines(found);
    let first = lines.first()?;
    let mut columns = vec![
        column("change", Rank::Name, &lines, |own| own.name.clone()),
        column("strengths", Rank::Whole, &lines, |own| own.strengths()),
    ];
    for (place, model) in first.curve.models.iter().enumerate() {
        columns.push(column(&model.name, Rank::Main, &lines, |own| own.scores(place)));
    }
    let base = first.curve.models.first().map_or("", |own| &own.name);
    for (place, model) in first.curve.differences.iter().enumerate() {
        let head = format!("{} - {base}", model.name);
        columns.push(column(&head, Rank::Main, &lines, |own| own.difference(place)));
    }
    Some(Cells { columns, groups: groups(&lines), recommended: vec![false; lines.len()] })
}

fn lines<'a>(found: &'a Robustness) -> Vec<Line<'a>> {
    let clean = found.clean().map(|curve| Line {
        name: "unchanged".to_string(),
        curve,
        places: vec![0],
        average: None,
    });
    let of_kind = |curve: &'a ComparedCurve| {
        let average = found.averages.iter().find(|own| own.title() == curve.title());
        Line { name: curve.title(), curve, places: places(curve), average }
    };
    let curves = found.curves.iter().filter(|own| own.metric == found.metric);
    let certified = found.certified().filter(|own| own.metric != found.metric);
    clean.into_iter().chain(curves.chain(certified).map(of_kind)).collect()
}

/// Returns the places of the strengths that are shown of a curve.
fn places(curve: &ComparedCurve) -> Vec<usize> {
    let mut both = match curve.kind.as_str() {
        Robustness::CERTIFIED => vec![0, Robustness::told_radius(curve)],
        _ => vec![curve.strengths.len() / 2, curve.strengths.len() - 1],
    };
    both.dedup();
    both
}

/// Returns the lines whose strengths are measured alike under what they are measured in.
fn groups(lines: &[Line]) -> Vec<(Option<String>, Range<usize>)> {
    let label = |own: &Line| (!own.is_clean()).then(|| own.curve.strength_label());
    let mut end = 0;
    let group = |own: &[Line]| {
        let start = end;
        end += own.len();
        (label(&own[0]), start..end)
    };
    lines.chunk_by(|a, b| label(a) == label(b)).map(group).collect()
}

fn column(head: &str, rank: Rank, lines: &[Line], text: impl Fn(&Line) -> String) -> Column {
    Column { head: head.to_string(), rank, texts: lines.iter().map(text).collect() }
}

impl Line<'_> {
    fn is_clean(&self) -> bool {
        self.average.is_none() && self.places == [0]
    }

    fn strengths(&self) -> String {
        if self.is_clean() {
            return number(0.);
        }
        self.listed(|place| strength(self.curve.strengths[place]))
    }

    fn scores(&self, model: usize) -> String {
        let band = self.curve.models.get(model);
        if self.is_clean() {
            return figure(self.curve, band, 0, Digits::text);
        }
        self.listed(|place| {
            let mean = band.and_then(|own| own.mean[place]);
            mean.map_or("-".to_string(), |mean| digits(self.curve, place).text(mean))
        })
    }

    fn difference(&self, other: usize) -> String {
        let signed = Digits::signed;
        if let Some(average) = self.average {
            return figure(self.curve, average.differences.get(other), 0, signed);
        }
        let place = self.places.last().copied().unwrap_or(0);
        figure(self.curve, self.curve.differences.get(other), place, signed)
    }

    fn listed(&self, text: impl Fn(usize) -> String) -> String {
        let texts: Vec<String> = self.places.iter().map(|place| text(*place)).collect();
        texts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::found, *};

    fn column<'a>(cells: &'a Cells, head: &str) -> &'a [String] {
        let own = cells.columns.iter().find(|own| own.head == head);
        &own.unwrap_or_else(|| panic!("a column {head}")).texts
    }

    #[test]
    fn a_line_has_the_middle_and_the_largest_strength_and_the_difference_of_the_mean() {
        let mut own = found(&["baseline", "noise"]);
        own.averages[0].differences[0].mean = vec![Some(0.25)];
        let cells = brief(&own).unwrap();
        assert_eq!(column(&cells, "change"), ["unchanged", "pgd linf", "certified l2"]);
        assert_eq!(column(&cells, "strengths"), ["0", "0.1", "0, 0.1"]);
        assert_eq!(column(&cells, "baseline"), ["0.600 ± 1.271", "0.400", "0.600, 0.400"]);
        let differences = column(&cells, "noise - baseline");
        assert!(differences[1].starts_with("+0.250"), "{differences:?}");
        assert!(differences[2].starts_with("+0.100"), "{differences:?}");
        let names: Vec<_> = cells.groups.iter().map(|(name, _)| name.as_deref()).collect();
        assert_eq!(names, [None, Some("strength (pixels)"), Some("radius")]);
    }

    #[test]
    fn what_is_undefined_is_a_dash_and_nothing_has_no_table() {
        let mut own = found(&["baseline"]);
        own.curves[0].models[0].mean = vec![None, None];
        assert_eq!(column(&brief(&own).unwrap(), "baseline")[..2], ["-", "-"]);
        assert!(brief(&Robustness { curves: Vec::new(), ..own }).is_none());
    }
}
