//! What models score on changed rows: text, a file, pictures, a table and a page.

mod brief;
mod figures;
mod html;
mod json;
mod pictures;
mod table;
mod text;

pub(super) use html::robustness_of_cells;
pub use html::{RobustnessPage, robustness_html, robustness_section};
pub use json::robustness_json;
pub use pictures::{difference_picture, robustness_picture};
pub use text::robustness_text;
pub(super) use text::told;

use crate::metric::named;

/// Returns whether a metric is a share from 0 to 1; `flips` is one.
fn is_share(metric: &str) -> bool {
    metric == "flips" || named(metric).is_some_and(|own| own.widest() == 1.)
}

/// Returns the metric in words: `accuracy`, `flipped predictions`.
fn words(metric: &str) -> String {
    match metric {
        "flips" => "flipped predictions".to_string(),
        name => name.replace('_', " "),
    }
}

/// Returns a text with a capital at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// What a mean is taken over, one of them and several.
const REPEATS: [&str; 2] = ["repeat", "repeats"];
const PAIRS: [&str; 2] = ["pair of repeats", "pairs of repeats"];

/// Returns what figures are the mean of: `mean over 5 repeats with its 95 % interval`. `counts` has the number of
/// repeats of each model; one alone has no interval.
fn mean_over(counts: &[usize], [one, several]: [&str; 2]) -> String {
    let (least, most) = counts.iter().fold((usize::MAX, 0), |(a, b), &n| (a.min(n), b.max(n)));
    match most {
        0 => format!("mean over {several} with its 95 % interval"),
        1 => format!("1 {one}"),
        _ if least == most => format!("mean over {most} {several} with its 95 % interval"),
        _ => format!("mean over {least} to {most} {several} with its 95 % interval"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Better;
    use crate::robust::{
        Average, Certificates, ComparedCurve, Named, Norm, Repeats, Robustness, Smoothing,
    };

    /// Returns a curve of models with two repeats, which score 0.5 and 0.7 at the strength 0, and 0.2 less at 0.1;
    /// each model scores 0.1 more than the one before it.
    pub fn curve(kind: &str, metric: &str, names: &[&str]) -> ComparedCurve {
        let scores = |model: usize| {
            [0.5, 0.7].map(|own| [0., 0.2].map(|less| Some(own - less + model as f64 / 10.)))
        };
        let scores: Vec<[[Option<f64>; 2]; 2]> = (0..names.len()).map(scores).collect();
        let mut models = Vec::new();
        for (name, own) in names.iter().zip(&scores) {
            let scores = own.iter().map(|own| &own[..]).collect();
            models.push(Repeats { name, keys: &[1, 2], scores });
        }
        ComparedCurve::new((kind, Some(Norm::Linf), metric), &[0., 0.1], &models, 0.)
    }

    /// Returns a [`curve`] of PGD and one of certified accuracies, with certificates, geometry and a warning. In the
    /// mean over the strengths the first model scores 0.4, and each other one 0.1 more.
    pub fn found(names: &[&str]) -> Robustness {
        let named = names.iter().map(|name| Named::new(name, "runs/a", [2, 2])).collect();
        let mut all = Robustness::new(named, "accuracy", Better::Higher, 70);
        let pgd = curve("pgd", "accuracy", names).in_units("pixels");
        let certified = curve(Robustness::CERTIFIED, "accuracy", names).in_units("radius");
        all.curves = vec![pgd, curve("pgd", "flips", names), certified];
        all.curves[2].norm = Some(Norm::L2);
        let keys = vec![vec![1, 2]; names.len()];
        let figures = |kind: &str, first: f64, step: f64| {
            let own = |model: usize| [0., 0.2].map(|own| Some(first + own + step * model as f64));
            let own: Vec<Vec<_>> = (0..names.len()).map(|model| own(model).to_vec()).collect();
            Average::of_figures(kind, names, &keys, &own)
        };
        let mut average = figures("pgd", 0.3, 0.1);
        average.norm = Some(Norm::Linf);
        let error = |model: usize| Some(100. * (0.6 - 0.1 * model as f64) / 0.6);
        average.relative_errors = Some((0..names.len()).map(error).collect());
        all.averages = vec![average];
        let bounds = vec![vec![0.1, 0.2, 0.3, 0.4, 0.9]; names.len()];
        let abstention = figures("abstention", 0.1, 0.);
        all.certificates = Some(Certificates::new(Smoothing::new(0.25), abstention, bounds));
        all.geometry = vec![figures("margin", 0.1, 0.)];
        all.warnings = vec!["the gradient of a model is 0".to_string()];
        all
    }

    #[test]
    fn labels_say_what_is_measured_and_how_often() {
        let over = |counts: &[usize]| mean_over(counts, REPEATS);
        assert_eq!(over(&[5, 5]), "mean over 5 repeats with its 95 % interval");
        assert_eq!(over(&[3, 5]), "mean over 3 to 5 repeats with its 95 % interval");
        assert_eq!(over(&[1, 1]), "1 repeat");
        assert_eq!(over(&[]), "mean over repeats with its 95 % interval");
        let shares = ["accuracy", "flips", "macro_f1", "ece", "nll", "brier", "rmse", "own"];
        assert_eq!(shares.map(is_share), [true, true, true, true, false, false, false, false]);
        assert_eq!(capital(&words("balanced_accuracy")), "Balanced accuracy");
        assert_eq!(words("flips"), "flipped predictions");
    }
}
