//! The files of a comparison of robustness.

use serde_json::Value;

use super::ROBUSTNESS;
use crate::cli::args::PlotFormat;
use crate::cli::results::Results;
use crate::cli::terminal::command_line;
use crate::report::plot::Scene;
use crate::report::{self, Picture, RobustnessPage};
use crate::robust::Robustness;

/// Writes all figures, pictures in a format if they are wanted, and the page.
pub(super) fn write(
    found: &Robustness,
    settings: &Value,
    attacked: Option<anyhow::Result<Scene>>,
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
            caption: caption("Scores by strength, a panel for each kind of change."),
            scene: report::robustness_picture(&found.curves, &found.metric, &repeats),
        });
        let differences = report::difference_picture(&found.curves, &found.metric, &pairs);
        pictures.extend(differences.map(|scene| Picture {
            name: "differences",
            caption: caption("Differences to the first model by strength."),
            scene,
        }));
        match attacked.transpose() {
            Ok(scene) => pictures.extend(scene.map(|scene| Picture {
                name: "attack",
                caption: caption(
                    "Where an attack moves chosen points, and how far a class is certain.",
                ),
                scene,
            })),
            Err(error) => results.fail(error.context("attack is missing")),
        }
    }
    let page = RobustnessPage {
        title: "Robustness",
        sentences: &found.sentences(),
        curves: &found.curves,
        metric: &found.metric,
        repeats: &repeats,
        pairs: &pairs,
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

/// Returns how it was measured, a line each, with warnings.
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
            "PGD and APGD take {} steps from {} starts, within the range of the training rows where it is known; \
             categories and indicators are not changed.",
            settings["steps"], settings["starts"]
        ),
        "Intervals are about other seeds of the same training on the same rows, and are not corrected for their \
         number."
            .to_string(),
    ];
    if let Some(own) = &found.certificates {
        lines.push(format!(
            "Certificates: sigma {}, {} draws choose a class and {} others bound its probability; a row's bound is \
             wrong with probability {}. The largest radius that they can certify is {:.3}.",
            own.options.sigma,
            own.options.selection,
            own.options.draws,
            own.options.alpha,
            own.largest_radius
        ));
    }
    lines.extend(found.warnings.iter().map(|own| format!("Warning: {own}.")));
    lines
}
