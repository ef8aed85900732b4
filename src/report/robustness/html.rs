//! The page about models on changed rows, and the same as a section of another page.

use anyhow::Result;
use maud::{Markup, html};

use super::pictures::robustness_picture;
use super::table::cells;
use super::{PAIRS, REPEATS, capital, mean_over, words};
use crate::report::grid::Picture;
use crate::report::page::{answer, facts, figure, page, table, version};
use crate::robust::{ComparedCurve, Robustness};

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub struct RobustnessPage<'a> {
    /// Its title.
    pub title: &'a str,
    /// What was found; the first sentence is the answer.
    pub sentences: &'a [String],
    /// All curves.
    pub curves: &'a [ComparedCurve],
    /// The primary metric, which the table shows.
    pub metric: &'a str,
    /// The number of repeats of each model.
    pub repeats: &'a [usize],
    /// The number of paired repeats of each other model.
    pub pairs: &'a [usize],
    /// The pictures, each with a name of its own on the page.
    pub pictures: &'a [Picture],
    /// How it was measured.
    pub method: &'a [String],
    /// The command that measured it.
    pub command: &'a str,
}

/// Returns the page, with the pictures embedded.
///
/// # Errors
/// If a picture cannot be encoded.
pub fn robustness_html(found: &RobustnessPage) -> Result<Vec<u8>> {
    let body = html! {
        h1 { (found.title) }
        (answer(found.sentences))
        h2 { "Scores by strength" }
        (measured(found)?)
        h2 { "How it was measured" }
        (method(found))
        h2 { "Settings" }
        (facts(&[("command", found.command.to_string()), ("version", version())]))
    };
    Ok(page(found.title, &body))
}

/// Returns a section of another page with the sentences, the table, the pictures and how it was measured.
///
/// # Errors
/// If a picture cannot be encoded.
pub fn robustness_section(found: &RobustnessPage) -> Result<Markup> {
    Ok(html! {
        h2 #robustness { "Robustness" }
        @for sentence in found.sentences { p { (sentence) } }
        (measured(found)?)
        h3 { "How robustness was measured" }
        (method(found))
    })
}

/// Returns the section of a grid's page about its attacked cells, with a picture.
///
/// # Errors
/// If the picture cannot be encoded.
pub(in crate::report) fn robustness_of_cells(found: &Robustness) -> Result<Markup> {
    let repeats: Vec<usize> = found.models.iter().map(|own| own.networks).collect();
    let pictures = [Picture {
        name: "robustness",
        caption: "Scores of the cells on changed rows by strength.".to_string(),
        scene: robustness_picture(&found.curves, &found.metric, &repeats),
    }];
    let method = "Each network is attacked on its own test rows, with its noise off; robustness.json has all figures.";
    let warnings = found.warnings.iter().map(|own| format!("Warning: {own}."));
    let method: Vec<String> = [method.to_string()].into_iter().chain(warnings).collect();
    robustness_section(&RobustnessPage {
        title: "Robustness",
        sentences: &found.sentences(),
        curves: &found.curves,
        metric: &found.metric,
        repeats: &repeats,
        pairs: &found.pairs(),
        pictures: &pictures,
        method: &method,
        command: "",
    })
}

/// Returns the table and the pictures.
fn measured(found: &RobustnessPage) -> Result<Markup> {
    let figures = found.pictures.iter().map(figure).collect::<Result<Vec<_>>>()?;
    let name = format!("{} by strength", capital(&words(found.metric)));
    Ok(html! {
        @if let Some(cells) = cells(found.curves, found.metric) {
            (table(&name, cells))
            p.note {
                (capital(&words(found.metric))) ", " (mean_over(found.repeats, REPEATS))
                @if !found.pairs.is_empty() {
                    "; differences are each a " (mean_over(found.pairs, PAIRS))
                }
                ". ± is half of the interval."
            }
        }
        @for figure in figures { (figure) }
    })
}

fn method(found: &RobustnessPage) -> Markup {
    html! { ul { @for line in found.method { li { (line) } } } }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{difference_picture, robustness_picture, tests::curve},
        *,
    };

    #[test]
    fn page_and_section_have_the_same_contents() {
        let curves = [curve("pgd", "accuracy", &["baseline", "a < b"])];
        let scene = robustness_picture(&curves, "accuracy", &[2, 2]);
        let other = difference_picture(&curves, "accuracy", &[2]).unwrap();
        let picture = |name, scene| Picture { name, caption: format!("About {name}."), scene };
        let pictures = [picture("robustness", scene), picture("differences", other)];
        let sentences = ["An answer.", "A detail."].map(String::from);
        let method = [String::from("With 20 steps.")];
        let found = RobustnessPage {
            title: "How robust?",
            sentences: &sentences,
            curves: &curves,
            metric: "accuracy",
            repeats: &[2, 2],
            pairs: &[2],
            pictures: &pictures,
            method: &method,
            command: "candle-noise robustness",
        };
        let page = String::from_utf8(robustness_html(&found).unwrap()).unwrap();
        let section = robustness_section(&found).unwrap().into_string();
        for text in [
            "An answer.",
            "A detail.",
            "a &lt; b - baseline",
            "pgd linf, strength",
            "0.600 ± 1.271",
            "Accuracy, mean over 2 repeats",
            "mean over 2 pairs of repeats",
            "id=\"robustness_title\"",
            "id=\"differences_title\"",
            "About differences.",
            "With 20 steps.",
        ] {
            assert_eq!(page.matches(text).count(), 1, "{text}");
            assert_eq!(section.matches(text).count(), 1, "{text}");
        }
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("candle-noise robustness"));
        assert!(section.starts_with("<h2 id=\"robustness\">") && !section.contains("<style>"));
    }
}
