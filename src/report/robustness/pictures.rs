//! The scores of models by the strength of a change, and their differences.

use super::{PAIRS, REPEATS, capital, is_share, mean_over, words};
use crate::report::grid::PANELS;
use crate::report::plot::{Range, Scene, SpreadLine, SpreadPoint, StrengthPanel, strengths};
use crate::robust::{Band, ComparedCurve};

/// Draws a metric, or `flips`, of models by the strength of the change, in a panel for each kind of change; of more
/// than 24 the first ones, as the title then says. `repeats` has the number of repeats of each model.
pub fn robustness_picture(curves: &[ComparedCurve], metric: &str, repeats: &[usize]) -> Scene {
    let over = mean_over(repeats, REPEATS);
    let label = format!("{}{}, {over}", words(metric), unit(metric));
    let range = if is_share(metric) { Range::Share } else { Range::Values };
    let title = format!("{} on changed rows", capital(&words(metric)));
    let lines = |own: &ComparedCurve| lines(own, &own.models, 0);
    picture([title, label], range, &of(curves, metric), lines)
}

/// Draws the differences of the other models from the first one likewise; `None` for a single model. `pairs` has
/// the number of paired repeats of each.
pub fn difference_picture(
    curves: &[ComparedCurve],
    metric: &str,
    pairs: &[usize],
) -> Option<Scene> {
    let curves = of(curves, metric);
    let compared = curves.iter().find(|own| !own.differences.is_empty())?;
    let (first, metric) = (&compared.models.first()?.name, words(metric));
    let label = format!("{} minus that of {first}, {}", metric, mean_over(pairs, PAIRS));
    let title = format!("Differences in {} from {first} on changed rows", metric);
    let lines = |own: &ComparedCurve| lines(own, &own.differences, 1);
    Some(picture([title, label], Range::Differences, &curves, lines))
}

/// Returns the curves of a metric.
pub(super) fn of<'a>(curves: &'a [ComparedCurve], metric: &str) -> Vec<&'a ComparedCurve> {
    curves.iter().filter(|own| own.metric == metric).collect()
}

fn picture(
    [title, label]: [String; 2],
    range: Range,
    curves: &[&ComparedCurve],
    lines: impl Fn(&ComparedCurve) -> Vec<SpreadLine>,
) -> Scene {
    let more = match curves.len() {
        ..=PANELS => String::new(),
        all => format!(", {PANELS} of {all} panels"),
    };
    let panel = |own: &&ComparedCurve| StrengthPanel {
        name: own.title(),
        x_label: own.strength_label(),
        lines: lines(own),
    };
    let panels: Vec<StrengthPanel> = curves.iter().take(PANELS).map(panel).collect();
    strengths(&(title + &more), &label, range, &panels)
}

/// Returns the lines of models, whose colours are numbered from `first` on.
fn lines(curve: &ComparedCurve, bands: &[Band], first: u32) -> Vec<SpreadLine> {
    let line = |(series, band): (u32, &Band)| {
        let at = |values: &[Option<f64>], place: usize| values[place].unwrap_or(f64::NAN);
        let point = |(place, &stddev): (usize, &f64)| SpreadPoint {
            stddev,
            mean: at(&band.mean, place),
            low: at(&band.low, place),
            high: at(&band.high, place),
        };
        let points = curve.strengths.iter().enumerate().map(point).collect();
        SpreadLine { name: band.name.clone(), series, points }
    };
    (first..).zip(bands).map(line).collect()
}

fn unit(metric: &str) -> &'static str {
    match metric {
        "accuracy" | "flips" => " (share of rows)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::curve, *};

    #[test]
    fn each_kind_of_change_has_a_panel_and_each_model_an_entry() {
        let names = ["baseline", "noise"];
        let curves = [
            curve("pgd", "accuracy", &names),
            curve("fgsm", "accuracy", &names),
            curve("pgd", "flips", &names),
        ];
        let scene = robustness_picture(&curves, "accuracy", &[2, 2]);
        assert_eq!(scene.title, "Accuracy on changed rows");
        let found = difference_picture(&curves, "flips", &[2]).unwrap();
        assert_eq!(found.title, "Differences in flipped predictions from baseline on changed rows");
        assert!(difference_picture(&curves, "nll", &[2]).is_none());
        let single = [curve("pgd", "accuracy", &names[..1])];
        assert!(difference_picture(&single, "accuracy", &[]).is_none());
    }

    #[test]
    fn differences_have_the_colours_of_their_models() {
        let own = curve("pgd", "accuracy", &["a", "b", "c"]);
        let series =
            |bands, first| lines(&own, bands, first).into_iter().map(|own| (own.series, own.name));
        let all: Vec<_> = series(&own.models, 0).collect();
        let others: Vec<_> = series(&own.differences, 1).collect();
        assert_eq!((all.len(), &all[1..]), (3, &others[..]));
        let point = &lines(&own, &own.models, 0)[1].points[1];
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(point.stddev == 0.1 && near(point.mean, 0.5), "{point:?}");
        assert!(near(point.mean - point.low, point.high - point.mean) && point.low < point.mean);
        // equal differences have no interval
        assert!(lines(&own, &own.differences, 1)[0].points.iter().all(|own| own.low.is_nan()));
    }

    #[test]
    fn of_many_kinds_the_first_are_drawn_and_the_title_says_so() {
        let curves: Vec<_> = (0..25).map(|i| curve(&format!("kind {i}"), "nll", &["a"])).collect();
        let title = robustness_picture(&curves, "nll", &[2]).title;
        assert_eq!(title, "Nll on changed rows, 24 of 25 panels");
    }
}
