//! The files of a comparison of robustness.

use serde_json::Value;

use super::ROBUSTNESS;
use crate::cli::args::PlotFormat;
use crate::cli::results::Results;
use crate::cli::terminal::command_line;
use crate::data::words::count;
use crate::metric::Better;
use crate::report::{self, Picture, RobustnessPage};
use crate::robust::{Norm, Robustness, Scan};
use crate::stats::Digits;

/// Writes all figures, pictures in a format if they are wanted, and the page.
pub(super) fn write(
    found: &Robustness,
    settings: &Value,
    attacked: anyhow::Result<Option<Picture>>,
    format: Option<PlotFormat>,
    results: &mut Results,
) {
    let command = command_line();
    results.print(report::robustness_text(found).as_bytes());
    results.write(ROBUSTNESS, report::robustness_json(found, &command, settings));
    let repeats: Vec<usize> = found.models.iter().map(|own| own.networks).collect();
    let pairs = found.pairs();
    let mut pictures = Vec::new();
    if format.is_some() {
        let caption = |text: &str| text.to_string();
        pictures.push(Picture {
            name: "robustness",
            caption: caption(
                "Scores by strength, a panel for each kind of change, from the unchanged rows at 0 on. Bands are 95 % \
                 intervals.",
            ),
            scene: report::robustness_picture(&found.curves, &found.metric, &repeats),
        });
        let differences = report::difference_picture(&found.curves, &found.metric, &pairs);
        let side = if found.better == Better::Higher { "Above" } else { "Below" };
        pictures.extend(differences.map(|scene| Picture {
            name: "differences",
            caption: format!(
                "Differences to the first model, {}, by strength. {side} the dashed line a model is better than it.",
                found.models[0].name
            ),
            scene,
        }));
        match attacked {
            Ok(picture) => pictures.extend(picture),
            Err(error) => results.fail(error.context("attack is missing")),
        }
    }
    let page = RobustnessPage {
        title: "Robustness",
        found,
        pictures: &pictures,
        method: &method(found, settings),
        command: &command,
    };
    results.write("robustness.html", report::robustness_html(&page));
    for own in &pictures {
        if let Some(format) = format {
            results.draw(own.name, format, Ok(&own.scene));
        }
    }
}

/// Returns what the names of the kinds mean, as far as they are tried.
fn kinds(found: &Robustness) -> Vec<String> {
    let has = |kind: &str| found.curves.iter().any(|own| own.kind == kind);
    let has_norm = |norm: Norm| found.averages.iter().any(|own| own.norm == Some(norm));
    let has_severity = found.curves.iter().any(|own| own.unit == Scan::SEVERITY);
    let meanings = [
        (has("fgsm"), "fgsm: an attack of one step along the gradient of the loss in the inputs"),
        (has("pgd"), "pgd: an attack of many such steps"),
        (has("apgd"), "apgd: an attack of many steps that chooses their lengths itself"),
        (has(Scan::WORST), "worst: for each row the strongest of the attacks of this norm"),
        (has_norm(Norm::Linf), "linf: the strength bounds the change of each input"),
        (has_norm(Norm::L2), "l2: the strength bounds the length of the change of all inputs"),
        (has_severity, "severity: five steps of a corruption, from slight to strong"),
    ];
    let told = meanings.into_iter().filter(|(is_told, _)| *is_told);
    told.map(|(_, meaning)| format!("{meaning}.")).collect()
}

/// Returns how it was measured, a line each.
fn method(found: &Robustness, settings: &Value) -> Vec<String> {
    let noise = match found.average {
        Some(draws) => format!(
            "The noise of the training is on, also under attack: predictions are means over {draws} draws."
        ),
        None => "The noise of the training is off, also under attack.".to_string(),
    };
    let rows = settings["rows"].as_str().unwrap_or_default();
    let mut lines = vec![
        format!("Rows: {}, {rows}.", found.rows),
        noise,
        format!(
            "PGD and APGD take {} steps from {}, within the range of the training rows where it is known; \
             categories and indicators are not changed.",
            settings["steps"],
            count(settings["starts"].as_u64().unwrap_or(0) as usize, "start")
        ),
        "Intervals are about other seeds of the same training on the same rows, and are not corrected for their \
         number."
            .to_string(),
    ];
    if let Some(outside @ 1..) = settings["outside"].as_u64() {
        lines.push(format!(
            "{outside} of the rows lie outside the range of the training rows in an input: attacks move them no \
             further out."
        ));
    }
    if let Some(own) = &found.certificates {
        lines.push(format!(
            "Certificates: sigma {}, {} draws choose a class and {} others bound its probability; a row's bound is \
             wrong with probability {}. The largest radius that they can certify is {}.",
            own.options.sigma,
            own.options.selection,
            own.options.draws,
            own.options.alpha,
            Digits::of(own.largest_radius).text(own.largest_radius)
        ));
    }
    lines.extend(kinds(found));
    lines
}
