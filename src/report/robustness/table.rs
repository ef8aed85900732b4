//! The scores of models on changed rows as a table, for the terminal and the page.

use super::is_share;
use super::pictures::of;
use crate::report::grid::{Cells, Column, Rank, with_reach};
use crate::robust::{Band, ComparedCurve};
use crate::stats::{Digits, number};

/// The models of a curve, or their differences.
type Bands = fn(&ComparedCurve) -> &[Band];

/// Returns the means of each model and their paired differences by strength, as half of their 95 % intervals to
/// each side, under the name of each kind of change; `None` for a metric without a curve.
pub(super) fn cells(curves: &[ComparedCurve], metric: &str) -> Option<Cells> {
    let curves = of(curves, metric);
    let first = curves.first()?;
    let rows =
        || curves.iter().flat_map(|own| (0..own.strengths.len()).map(move |row| (*own, row)));
    let column = |rank, head: &str, text: &dyn Fn(&ComparedCurve, usize) -> String| Column {
        head: head.to_string(),
        rank,
        texts: rows().map(|(own, row)| text(own, row)).collect(),
    };
    let mut columns =
        vec![column(Rank::Name, "strength", &|own, row| strength(own.strengths[row]))];
    let figures = |bands: Bands, text: fn(Digits, f64) -> String, head: &dyn Fn(&str) -> String| {
        let model = |(place, model): (usize, &Band)| {
            column(Rank::Main, &head(&model.name), &|own, row| {
                figure(own, bands(own).get(place), row, text)
            })
        };
        bands(first).iter().enumerate().map(model).collect::<Vec<_>>()
    };
    let base = first.models.first().map_or("", |own| &own.name);
    columns.extend(figures(|own| &own.models, Digits::text, &str::to_string));
    let minus = |name: &str| format!("{name} - {base}");
    columns.extend(figures(|own| &own.differences, Digits::signed, &minus));
    let mut end = 0;
    let group = |own: &&ComparedCurve| {
        let start = end;
        end += own.strengths.len();
        (Some(format!("{}, {}", own.title(), own.strength_label())), start..end)
    };
    let groups = curves.iter().map(group).collect();
    Some(Cells { recommended: vec![false; rows().count()], columns, groups })
}

/// Returns a strength with four digits: `0.03137` for 8 / 255.
pub(super) fn strength(own: f64) -> String {
    number(format!("{own:.3e}").parse().unwrap_or(own))
}

/// Returns a mean with the reach of its interval, `-` if it is undefined.
pub(super) fn figure(
    curve: &ComparedCurve,
    band: Option<&Band>,
    row: usize,
    text: fn(Digits, f64) -> String,
) -> String {
    let Some((band, mean)) = band.and_then(|own| Some((own, own.mean[row]?))) else {
        return "-".to_string();
    };
    let digits = digits(curve, row);
    with_reach(text(digits, mean), band.high[row].map(|high| high - mean), digits)
}

/// Returns how the figures of a row are written: as the first model's.
pub(super) fn digits(curve: &ComparedCurve, row: usize) -> Digits {
    match curve.models.first().and_then(|own| own.mean[row]) {
        Some(mean) if !is_share(&curve.metric) => Digits::of(mean),
        _ => Digits::of(0.),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::curve, *};

    /// The mean of 0.5 and 0.7 with its standard error 0.1 and t(0.975, 1) = 12.706.
    #[test]
    fn means_have_the_reach_of_their_intervals_and_differences_a_sign() {
        let names = ["baseline", "noise"];
        let curves = ["pgd", "fgsm"].map(|kind| curve(kind, "accuracy", &names).in_units("pixels"));
        let found = cells(&curves, "accuracy").unwrap();
        let column =
            |i: usize| (found.columns[i].head.as_str(), found.columns[i].texts.join(" | "));
        assert_eq!(column(0), ("strength", "0 | 0.1 | 0 | 0.1".to_string()));
        let twice = |text: &str| format!("{text} | {text}");
        assert_eq!(column(1), ("baseline", twice("0.600 ± 1.271 | 0.400 ± 1.271")));
        assert_eq!(column(2), ("noise", twice("0.700 ± 1.271 | 0.500 ± 1.271")));
        let (head, differences) = column(3);
        assert_eq!(head, "noise - baseline");
        assert!(differences.split(" | ").all(|own| own.starts_with("+0.100")), "{differences}");
        let name = |kind| Some(format!("{kind} linf, strength (pixels)"));
        assert_eq!(found.groups, [(name("pgd"), 0..2), (name("fgsm"), 2..4)]);
        assert!(cells(&curves, "nll").is_none());
        assert_eq!([8. / 255., 0.1 + 0.2, 3.].map(strength), ["0.03137", "0.3", "3"]);
    }

    #[test]
    fn an_undefined_mean_is_a_dash() {
        let mut own = curve("blur", "nll", &["a"]);
        own.models[0].mean[1] = None;
        let found = cells(&[own], "nll").unwrap();
        assert_eq!(found.columns[1].texts[1], "-");
    }
}
