//! The pictures of finished experiments side by side.

use anyhow::Result;

use super::args::PlotFormat;
use super::finished::Finished;
use super::pictures::{SIDE, loss_label, points};
use super::results::Results;
use super::terminal::warn;
use crate::report;

/// Draws the curves and, in the plane, the decision boundaries.
pub(super) fn draw(experiments: &[(String, Finished)], format: PlotFormat, results: &mut Results) {
    let (_, first) = &experiments[0];
    let title = match experiments.iter().all(|(_, own)| own.seeds() == first.seeds()) {
        true => "The same rows and seeds",
        false => "The same rows; the seeds differ",
    };
    let titles = titles(experiments);
    let own: Vec<_> =
        experiments.iter().zip(&titles).map(|((_, own), title)| own.trainings(title)).collect();
    results.draw("accuracy", format, Ok(report::score_picture(title, &first.metric, &own)));
    let loss = loss_label(first.objective());
    results.draw("loss", format, Ok(report::loss_picture(title, &loss, &own)));
    if let Some(scene) = boundaries(experiments, &titles).transpose() {
        results.draw("boundary", format, scene);
    }
}

/// Draws the decision boundaries, if the data lie in the plane.
fn boundaries(
    experiments: &[(String, Finished)],
    titles: &[String],
) -> Result<Option<report::plot::Scene>> {
    let Some((draw, data)) = experiments[0].1.plane()? else { return Ok(None) };
    let mut fields = Vec::new();
    for ((name, own), title) in experiments.iter().zip(titles) {
        match own.boundary(&data, SIDE)? {
            Some(field) => fields.push((title.clone(), field)),
            None => warn(&format!("{name}: every run diverged, so it has no boundary")),
        }
    }
    if fields.is_empty() {
        return Ok(None);
    }
    let fields: Vec<_> = fields.iter().map(|(name, field)| (name.clone(), field)).collect();
    let title = "Decision boundaries on the same points";
    report::boundary_picture(title, &fields, &points(&draw, &data)).map(Some)
}

/// Returns the names above panels. Two experiments keep their full names. More experiments have narrow panels,
/// which show the noise alone, or the last part of the folder if the noise is long or not unique.
fn titles(experiments: &[(String, Finished)]) -> Vec<String> {
    const LONGEST: usize = 26;
    if experiments.len() < 3 {
        return experiments.iter().map(|(name, _)| name.clone()).collect();
    }
    let plain: Vec<String> = experiments.iter().map(|(_, own)| own.noise_name()).collect();
    let is_alone = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let title = |((_, own), name): (&(String, Finished), &String)| {
        let folder = own.folder.file_name().map(|name| name.to_string_lossy().into_owned());
        match folder {
            Some(folder) if !is_alone(name) || name.chars().count() > LONGEST => folder,
            _ => name.clone(),
        }
    };
    experiments.iter().zip(&plain).map(title).collect()
}
