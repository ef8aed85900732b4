//! The page about models on changed rows, and the same as a section of another page.

use anyhow::Result;
use maud::{Markup, html};

use super::pictures::robustness_picture;
use super::table::cells;
use super::{PAIRS, REPEATS, capital, figures, mean_over, words};
use crate::report::grid::{Cells, Picture};
use crate::report::page::{answer, facts, figure, page, table, version};
use crate::robust::Robustness;

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub struct RobustnessPage<'a> {
    /// Its title.
    pub title: &'a str,
    /// What was found.
    pub found: &'a Robustness,
    /// The pictures, each with a name of its own on the page.
    pub pictures: &'a [Picture],
    /// How it was measured.
    pub method: &'a [String],
    /// The command that measured it.
    pub command: &'a str,
}

/// Writes a heading.
type Heading = fn(&str) -> Markup;

/// Returns the page, with the pictures embedded.
///
/// # Errors
/// If a picture cannot be encoded.
pub fn robustness_html(own: &RobustnessPage) -> Result<Vec<u8>> {
    let heading: Heading = |text| html! { h2 { (text) } };
    let body = html! {
        h1 { (own.title) }
        (answer(&own.found.sentences()))
        (warnings(own.found))
        (heading("Scores by strength"))
        (by_strength(own)?)
        (further(own.found, heading))
        (heading("How it was measured"))
        (method(own))
        (heading("Settings"))
        (facts(&[("command", own.command.to_string()), ("version", version())]))
    };
    Ok(page(own.title, &body))
}

/// Returns a section of another page with the sentences, the warnings, the tables, the pictures and how it was
/// measured.
///
/// # Errors
/// If a picture cannot be encoded.
pub fn robustness_section(own: &RobustnessPage) -> Result<Markup> {
    let heading: Heading = |text| html! { h3 { (text) } };
    Ok(html! {
        h2 #robustness { "Robustness" }
        @for sentence in own.found.sentences() { p { (sentence) } }
        (warnings(own.found))
        (by_strength(own)?)
        (further(own.found, heading))
        (heading("How robustness was measured"))
        (method(own))
    })
}

/// Returns the section of a grid's page about its attacked cells, with a picture.
///
/// # Errors
/// If the picture cannot be encoded.
pub(in crate::report) fn robustness_of_cells(found: &Robustness) -> Result<Markup> {
    let pictures = [Picture {
        name: "robustness",
        caption: "Scores of the cells on changed rows by strength.".to_string(),
        scene: robustness_picture(&found.curves, &found.metric, &repeats(found)),
    }];
    let method = "Each network is attacked on its own test rows, with its noise off; robustness.json has all figures.";
    robustness_section(&RobustnessPage {
        title: "Robustness",
        found,
        pictures: &pictures,
        method: &[method.to_string()],
        command: "",
    })
}

/// Returns the number of repeats of each model.
fn repeats(found: &Robustness) -> Vec<usize> {
    found.models.iter().map(|own| own.networks).collect()
}

fn warnings(found: &Robustness) -> Markup {
    html! {
        @if !found.warnings.is_empty() {
            div.warnings role="note" {
                h2 { "Warnings" }
                ul { @for warning in &found.warnings { li { (capital(warning)) "." } } }
            }
        }
    }
}

/// Returns the scores by strength and the pictures.
fn by_strength(RobustnessPage { found, pictures, .. }: &RobustnessPage) -> Result<Markup> {
    let figures = pictures.iter().map(figure).collect::<Result<Vec<_>>>()?;
    let name = capital(&words(&found.metric));
    Ok(html! {
        @if let Some(cells) = cells(&found.curves, &found.metric) {
            (table(&format!("{name} by strength"), cells))
            p.note { (name) ", " (means(found)) }
        }
        @for figure in figures { (figure) }
    })
}

/// Returns what figures are means of.
fn means(found: &Robustness) -> String {
    let differences = match found.pairs() {
        own if own.is_empty() => String::new(),
        own => format!("; differences are each a {}", mean_over(&own, PAIRS)),
    };
    format!("{}{differences}. ± is half of the interval.", mean_over(&repeats(found), REPEATS))
}

/// Returns the flipped predictions, and figures without a strength.
fn further(found: &Robustness, heading: Heading) -> Markup {
    let section = |name: &str, cells: Option<Cells>, note: String| {
        html! {
            @if let Some(cells) = cells {
                (heading(name))
                (table(name, cells))
                @if !note.is_empty() { p.note { (note) } }
            }
        }
    };
    let has_errors = found.averages.iter().any(|own| own.relative_errors.is_some());
    let errors = match &found.models[..] {
        [first, _, ..] if has_errors => format!(
            " Relative errors are 1 - {}, in percent of that of {} (Hendrycks and Dietterich 2019, \
             arXiv:1903.12261).",
            words(&found.metric),
            first.name
        ),
        _ => String::new(),
    };
    let averages = format!(
        "{} in the mean over the strengths above 0.{errors}",
        capital(&words(&found.metric))
    );
    let flips =
        format!("The share of rows with another predicted class than unchanged, {}", means(found));
    let certificates = "A smoothed classifier answers with the class that noise on the row makes most often; p_A is \
                        the probability of that class, and a row has no answer if its bound is at most 0.5.";
    let geometry = "Means over the rows as they are. Margin: the output of the right class minus the largest other \
                    one. Distance: to the boundary if the network were linear. Jacobian: how steep the outputs are. \
                    Curvature: how much noise on the inputs raises the loss.";
    let margin = if found.geometry.is_empty() { "" } else { geometry };
    html! {
        (section("Flipped predictions", cells(&found.curves, "flips"), flips))
        (section("Means over the strengths", figures::averages(found), averages))
        (section("Certificates", figures::certificates(found), certificates.to_string()))
        (section("Around the rows as they are", figures::geometry(found), margin.to_string()))
        (section("Differences around the rows as they are", figures::geometry_differences(found), String::new()))
    }
}

fn method(own: &RobustnessPage) -> Markup {
    html! { ul { @for line in own.method { li { (line) } } } }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{difference_picture, tests::found},
        *,
    };

    #[test]
    fn page_and_section_have_the_same_contents() {
        let own = found(&["baseline", "a < b"]);
        let scene = robustness_picture(&own.curves, "accuracy", &[2, 2]);
        let other = difference_picture(&own.curves, "accuracy", &[2]).unwrap();
        let picture = |name, scene| Picture { name, caption: format!("About {name}."), scene };
        let pictures = [picture("robustness", scene), picture("differences", other)];
        let method = [String::from("With 20 steps.")];
        let own = RobustnessPage {
            title: "How robust?",
            found: &own,
            pictures: &pictures,
            method: &method,
            command: "candle-noise robustness",
        };
        let page = String::from_utf8(robustness_html(&own).unwrap()).unwrap();
        let section = robustness_section(&own).unwrap().into_string();
        for text in [
            "On the rows as they are the accuracy of a &lt; b is",
            "pgd linf, strength",
            "Accuracy, mean over 2 repeats",
            "mean over 2 pairs of repeats",
            "id=\"robustness_title\"",
            "id=\"differences_title\"",
            "About differences.",
            "With 20 steps.",
            "<div class=\"warnings\" role=\"note\">",
            "The gradient of a model is 0.",
            "share of rows with another predicted class",
            ">relative error of a &lt; b (%)<",
            "no answer, share of the rows",
            "bound of p_A, median of the rows",
            "Distance: to the boundary",
        ] {
            assert_eq!(page.matches(text).count(), section.matches(text).count(), "{text}");
            assert!(page.contains(text), "{text}");
        }
        // Scores, flips, means and geometry have differences; margins have no further sentence.
        assert_eq!(page.matches("a &lt; b - baseline").count(), 4);
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("candle-noise robustness"));
        assert!(section.starts_with("<h2 id=\"robustness\">") && !section.contains("<style>"));
    }

    #[test]
    fn a_single_model_without_classes_has_neither_differences_nor_certificates() {
        let mut own = found(&["baseline"]);
        (own.certificates, own.warnings) = (None, Vec::new());
        own.curves.retain(|own| own.kind == "pgd" && own.metric == "accuracy");
        let own =
            RobustnessPage { title: "", found: &own, pictures: &[], method: &[], command: "" };
        let page = String::from_utf8(robustness_html(&own).unwrap()).unwrap();
        for text in
            ["class=\"warnings\"", "Flipped", "p_A", "Differences around", "Relative errors"]
        {
            assert!(!page.contains(text), "{text}");
        }
    }
}
