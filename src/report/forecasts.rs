//! What trained networks predict for the rows of a file, as a table and as scores.

use std::fmt::Write;
use std::sync::Arc;

use anyhow::Result;
use rayon::prelude::*;

use crate::bundle::{Forecast, Rows};
use crate::data::words::count;
use crate::metric::{Metric, Predicted, for_classes, for_numbers};
use crate::stats::{Statistic, statistic};

/// Returns a table with a line for each row of a file: its number, the target if the file has it, the
/// prediction, and for classes the mean probability of each; then the standard deviations over the
/// networks, empty for one network.
///
/// # Errors
/// If a name cannot be written.
pub fn forecast_csv(
    forecast: &Forecast,
    classes: Option<&[String]>,
    rows: &Rows,
) -> Result<Vec<u8>> {
    const PIECE: usize = 16 * 1024;
    let mut head = vec!["row".to_string()];
    head.extend(rows.is_labelled.then(|| "target".to_string()));
    head.push("prediction".to_string());
    match classes {
        Some(names) => {
            head.extend(names.iter().map(|name| format!("p({name})")));
            head.extend(names.iter().map(|name| format!("std({name})")));
        }
        None => head.push("std".to_string()),
    }
    let mut bytes = written([head].into_iter())?;
    let predicted: Vec<usize> = match classes {
        Some(_) => forecast.classes().collect(),
        None => Vec::new(),
    };
    let targets: Vec<f32> = forecast.each.iter().take(1).flat_map(targets).collect();
    let width = forecast.width;
    let name = |names: &[String], class: usize| names.get(class).cloned().unwrap_or_default();
    let line = |i: usize| {
        let at = i * width..(i + 1) * width;
        let mut fields = vec![rows.numbers[i].to_string()];
        let (mean, std) = (&forecast.mean[at.clone()], &forecast.std[at]);
        let single = |x: &f64| if x.is_nan() { String::new() } else { (*x as f32).to_string() };
        match classes {
            Some(names) => {
                fields.extend(rows.is_labelled.then(|| name(names, targets[i] as usize)));
                fields.push(name(names, predicted[i]));
                fields.extend(mean.iter().map(single));
            }
            None => {
                fields.extend(rows.is_labelled.then(|| targets[i].to_string()));
                fields.extend(mean.iter().map(single));
            }
        }
        fields.extend(std.iter().map(single));
        fields
    };
    let all: Vec<usize> = (0..rows.numbers.len()).collect();
    let pieces = all.par_chunks(PIECE).map(|piece| written(piece.iter().map(|i| line(*i))));
    for piece in pieces.collect::<Result<Vec<_>>>()? {
        bytes.extend(piece);
    }
    Ok(bytes)
}

fn targets(rows: &Predicted) -> Vec<f32> {
    rows.iter().map(|(_, targets)| targets[0]).collect()
}

fn written(lines: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    lines.into_iter().try_for_each(|line| csv.write_record(line))?;
    Ok(csv.into_inner()?)
}

/// Returns the scores of the predictions, a line each with the metric of this name first; with several
/// networks or draws also its mean over single ones.
///
/// # Errors
/// If there are no predictions.
pub fn forecast_scores(
    forecast: &Forecast,
    classes: Option<&[String]>,
    first: &str,
) -> Result<String> {
    let mut metrics = match classes {
        Some(names) => for_classes(names.len()),
        None => for_numbers(),
    };
    metrics.sort_by_key(|metric| metric.name() != first);
    let together = forecast.together()?;
    let (all, draws) = (forecast.each.len(), forecast.draws);
    let (by, one) = match (all / draws, draws) {
        (1, 1) => (String::new(), ""),
        (networks, 1) => (format!(" by {networks} networks together"), "one network"),
        (1, draws) => (format!(" by {draws} draws together"), "one draw"),
        (networks, draws) => (
            format!(" by {networks} networks in {draws} draws each together"),
            "one draw of a network",
        ),
    };
    let mut text = format!("Scores of {}{by}:\n", count(together.len(), "row"));
    let width = metrics.iter().map(|metric| metric.name().len()).max().unwrap_or(0);
    let score = |metric: &Arc<dyn Metric>| metric.score(&together);
    let scores: Vec<Option<f64>> = metrics.par_iter().map(score).collect();
    for (metric, score) in metrics.iter().zip(scores) {
        let own = Statistic { mean: score, std: None, n: 1 }.words();
        let _ = write!(text, "  {:width$} {own}", metric.name().replace('_', " "));
        if all > 1 && metric.name() == first {
            let each = forecast.each.par_iter().filter_map(|own| metric.score(own));
            let _ = write!(text, " ({one} {})", statistic(each.collect::<Vec<_>>()).words());
        }
        text.push('\n');
    }
    Ok(text)
}
