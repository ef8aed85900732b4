//! The terminal output of the robustness of models in at most 80 columns: what it says, then short tables.

use super::brief::brief;
use super::{capital, figures, words};
use crate::data::words::count;
use crate::report::grid::{Cells, all_cells, prose};
use crate::robust::Robustness;

/// Returns the terminal output in at most 80 columns: sentences and warnings, then a line for each kind of change,
/// with the differences to the first model, and the geometry. Columns that do not fit follow in further tables.
pub fn robustness_text(found: &Robustness) -> String {
    let mut lines = told(found);
    if let Some(own) = brief(found) {
        lines.push(String::new());
        lines.extend(prose(&explained(found)));
        lines.extend(shown(own));
    }
    if let Some(own) = figures::geometry(found) {
        lines.push(String::new());
        lines.extend(prose("Around the rows as they are"));
        lines.extend(shown(own));
    }
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Returns the sentences and the warnings in lines.
pub(in crate::report) fn told(found: &Robustness) -> Vec<String> {
    let warnings = found.warnings.iter().map(|line| format!("Warning: {line}."));
    found.sentences().into_iter().chain(warnings).flat_map(|sentence| prose(&sentence)).collect()
}

/// Returns what the first table shows.
fn explained(found: &Robustness) -> String {
    let metric = capital(&words(&found.metric));
    let noise = match found.average {
        Some(draws) => format!("their noise averaged over {draws} draws"),
        None => "their noise off".to_string(),
    };
    let differences = match (found.models.len(), found.certified()) {
        (..2, _) => "",
        (_, None) => " Differences are means over all strengths above 0.",
        (_, Some(_)) => {
            " Differences are means over all strengths above 0, certified ones those at the larger radius."
        }
    };
    format!(
        "{metric} of {} at the middle and the largest strength: means over the networks, {noise}, ± half of their \
         95 % intervals.{differences} robustness.json and robustness.html have all strengths.",
        count(found.rows, "row")
    )
}

/// Returns the lines of a table, and of those with the columns that do not fit beside the others.
fn shown(own: Cells) -> Vec<String> {
    let (mut lines, left_out) = all_cells(own);
    if !left_out.is_empty() {
        let heads = left_out.join(", ");
        lines.extend(prose(&format!("Not shown: {heads}; robustness.json has all figures.")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{super::tests::found, *};
    use crate::robust::{Average, ComparedCurve, Repeats};

    /// The differences of six models are more than 80 columns wide.
    #[test]
    fn all_columns_of_many_models_are_shown_in_80_columns() {
        let others = (1..6).map(|own| format!("before-activation 0.{own}"));
        let names: Vec<String> = ["baseline".to_string()].into_iter().chain(others).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = robustness_text(&found(&names));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        // In two sentences, unchanged, under PGD and certified.
        assert_eq!(text.matches("+0.500").count(), 5, "{text}");
        assert!(
            text.matches("\n  pgd linf ").count() >= 3 && !text.contains("Not shown"),
            "{text}"
        );
    }

    /// Without a deviation there is no interval, but a difference.
    #[test]
    fn equal_differences_are_no_missing_ones() {
        let (names, keys) = (["baseline", "noise"], vec![vec![1, 2]; 2]);
        let figures = [[0.25, 0.5], [0.5, 0.75]].map(|own| own.map(Some).to_vec());
        let mut own = found(&names);
        own.averages = vec![Average::of_figures("blur", &names, &keys, &figures)];
        let text = robustness_text(&own).replace('\n', " ");
        let expected = "noise differs by the same in each pair under blur (+0.250).";
        assert!(text.contains(expected) && !text.contains("No difference"), "{text}");
    }

    /// Seeds 1, 2 and 2, 3: means 0.625 and 0.375, and 0.25 - 0.75 for seed 2.
    #[test]
    fn means_of_networks_without_a_pair_are_named() {
        let all_paired = found(&["baseline", "noise"]);
        assert!(!robustness_text(&all_paired).contains("the means are those"));
        let scores = [[0.5, 0.75], [0.25, 0.5]].map(|own| own.map(|own| [Some(own), Some(0.)]));
        let models = [("baseline", [1u64, 2]), ("noise", [2, 3])];
        let models = models.iter().zip(&scores).map(|((name, keys), own)| Repeats {
            name,
            keys: &keys[..],
            scores: own.iter().map(|own| &own[..]).collect(),
        });
        let models: Vec<Repeats> = models.collect();
        let curve = ComparedCurve::new(("pgd", None, "accuracy"), &[0., 0.1], &models, 0.);
        let mut own = Robustness { curves: vec![curve], ..all_paired };
        own.models[1].pairs = 1;
        let text = robustness_text(&own).replace('\n', " ");
        let expected = "-0.500 in one pair, too few for an interval; the means are those of all 2 and 2 networks.";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn the_conclusion_comes_first_and_a_long_name_is_told() {
        let text = robustness_text(&found(&["baseline", "noise"]));
        let place = |own: &str| text.find(own).unwrap_or_else(|| panic!("{own} in {text}"));
        let order = ["the accuracy of noise is", "Warning: the", "\n  unchanged ", "\n  margin "];
        assert!(order.windows(2).all(|own| place(own[0]) < place(own[1])), "{text}");
        let name = "x".repeat(90);
        let text = robustness_text(&found(&["baseline", &name]));
        assert!(text.contains("Not shown"), "{text}");
    }
}
