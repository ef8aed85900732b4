//! Figures without a strength as tables: means over the strengths, certificates and geometry.

use super::is_share;
use crate::report::grid::{Cells, Column, Rank, with_reach};
use crate::robust::{Average, Band, Robustness};
use crate::stats::Digits;

/// Returns the means of the metric over the strengths above 0, with the differences to the first model and, for
/// metrics whose best score is 1, the errors relative to it; `None` without means.
pub(super) fn averages(found: &Robustness) -> Option<Cells> {
    let all = &found.averages;
    let digits = |figure| if is_share(&found.metric) { Digits::of(0.) } else { Digits::of(figure) };
    let mut columns = names("mean over the strengths", all);
    columns.extend(bands(found, all, &digits));
    columns.extend(differences(found, all, &digits));
    if all.iter().any(|own| own.relative_errors.is_some()) {
        let of_model = |(place, name): (usize, &str)| {
            let text = |own: &Average| {
                let errors = own.relative_errors.as_ref();
                let error = errors.and_then(|own| own.get(place).copied().flatten());
                error.map_or("-".to_string(), |own| format!("{own:.0}"))
            };
            column(&format!("relative error of {name} (%)"), all.iter().map(text))
        };
        columns.extend(others(found).map(of_model));
    }
    whole(columns)
}

/// Returns a table of certificates: the share of rows without an answer, and quantiles of the lower bounds of p_A;
/// `None` without certificates.
pub(super) fn certificates(found: &Robustness) -> Option<Cells> {
    let own = found.certificates.as_ref()?;
    let names = own.shares.iter().map(|share| match share {
        0.5 => "bound of p_A, median of the rows".to_string(),
        share => format!("bound of p_A, {:.0} % quantile of the rows", 100. * share),
    });
    let names = ["no answer, share of the rows".to_string()].into_iter().chain(names);
    let mut columns =
        vec![Column { head: "figure".into(), rank: Rank::Name, texts: names.collect() }];
    for ((place, model), p_low) in found.models.iter().enumerate().zip(&own.p_low) {
        let abstention = figure(own.abstention.models.get(place), Digits::text, Digits::of(0.));
        let bounds = p_low.iter().map(|own| format!("{own:.3}"));
        columns.push(column(&model.name, [abstention].into_iter().chain(bounds)));
    }
    whole(columns)
}

/// Returns the geometry of each model around the rows as they are; `None` without geometry.
pub(super) fn geometry(found: &Robustness) -> Option<Cells> {
    let mut columns = names("figure", &found.geometry);
    columns.extend(bands(found, &found.geometry, &Digits::of));
    whole(columns)
}

/// Returns the differences of the geometry to the first model.
pub(super) fn geometry_differences(found: &Robustness) -> Option<Cells> {
    let mut columns = names("figure", &found.geometry);
    columns.extend(differences(found, &found.geometry, &Digits::of));
    (found.models.len() > 1).then(|| whole(columns))?
}

/// Returns the column of the names of figures.
fn names(head: &str, all: &[Average]) -> Vec<Column> {
    let texts = all.iter().map(Average::title).collect();
    vec![Column { head: head.to_string(), rank: Rank::Name, texts }]
}

/// Returns a column for each model.
fn bands(found: &Robustness, all: &[Average], digits: &dyn Fn(f64) -> Digits) -> Vec<Column> {
    let of_model = |(place, model): (usize, &crate::robust::Named)| {
        let text = |own: &Average| figure(own.models.get(place), Digits::text, like(own, digits));
        column(&model.name, all.iter().map(text))
    };
    found.models.iter().enumerate().map(of_model).collect()
}

/// Returns a column for each difference to the first model.
fn differences(found: &Robustness, all: &[Average], digits: &dyn Fn(f64) -> Digits) -> Vec<Column> {
    let base = found.models.first().map_or("", |own| &own.name);
    let of_model = |(place, name): (usize, &str)| {
        let band = |own: &Average| {
            figure(own.differences.get(place - 1), Digits::signed, like(own, digits))
        };
        column(&format!("{name} - {base}"), all.iter().map(band))
    };
    others(found).map(of_model).collect()
}

/// Returns the places and names of the models beside the first one.
fn others(found: &Robustness) -> impl Iterator<Item = (usize, &str)> {
    found.models.iter().map(|own| own.name.as_str()).enumerate().skip(1)
}

/// Returns how the figures of a row are written: as the first model's.
fn like(own: &Average, digits: &dyn Fn(f64) -> Digits) -> Digits {
    digits(own.models.first().and_then(|own| own.mean[0]).unwrap_or(0.))
}

/// Returns a mean with the reach of its interval, `-` if it is undefined.
fn figure(band: Option<&Band>, text: fn(Digits, f64) -> String, digits: Digits) -> String {
    let Some((band, mean)) = band.and_then(|own| Some((own, own.mean[0]?))) else {
        return "-".to_string();
    };
    with_reach(text(digits, mean), band.high[0].map(|high| high - mean), digits)
}

fn column(head: &str, texts: impl Iterator<Item = String>) -> Column {
    Column { head: head.to_string(), rank: Rank::Main, texts: texts.collect() }
}

/// Returns a table of columns; `None` without rows.
fn whole(columns: Vec<Column>) -> Option<Cells> {
    let rows = columns.first().map_or(0, |own| own.texts.len());
    let groups = vec![(None, 0..rows)];
    (rows > 0).then(|| Cells { columns, groups, recommended: vec![false; rows] })
}

#[cfg(test)]
mod tests {
    use super::{super::tests::found, *};

    fn column(cells: &Cells, head: &str) -> String {
        let own = cells.columns.iter().find(|own| own.head == head);
        own.unwrap_or_else(|| panic!("a column {head}")).texts.join(" | ")
    }

    /// Of one strength the mean is its score: errors 0.6 and 0.5, which is 83 %.
    #[test]
    fn means_over_the_strengths_have_differences_and_relative_errors() {
        let own = averages(&found(&["baseline", "noise"])).unwrap();
        assert_eq!(column(&own, "mean over the strengths"), "pgd linf");
        assert_eq!(column(&own, "baseline"), "0.400 ± 1.271");
        assert!(column(&own, "noise - baseline").starts_with("+0.100"));
        assert_eq!(column(&own, "relative error of noise (%)"), "83");
        assert!(averages(&Robustness { averages: Vec::new(), ..found(&["a"]) }).is_none());
    }

    #[test]
    fn certificates_have_abstentions_and_the_distribution_of_p_a() {
        let own = certificates(&found(&["baseline", "noise"])).unwrap();
        let names = column(&own, "figure");
        assert!(names.starts_with("no answer, share of the rows | bound of p_A, 5 % quantile"));
        assert_eq!(names.matches("median").count(), 1);
        assert_eq!(
            column(&own, "baseline"),
            "0.200 ± 1.271 | 0.100 | 0.200 | 0.300 | 0.400 | 0.900"
        );
        let none = Robustness { certificates: None, ..found(&["a"]) };
        assert!(certificates(&none).is_none());
    }

    #[test]
    fn geometry_has_a_column_for_each_model_and_difference() {
        let own = found(&["baseline", "noise"]);
        assert_eq!(column(&geometry(&own).unwrap(), "noise"), "0.200 ± 1.271");
        let differences = geometry_differences(&own).unwrap();
        assert_eq!(column(&differences, "noise - baseline"), "+0.000");
        assert!(geometry_differences(&found(&["baseline"])).is_none());
    }
}
