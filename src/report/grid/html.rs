//! `report.html`: the conclusion, the cells, the pictures and the data on one page that needs no network.

use anyhow::Result;
use maud::{Markup, html};

use super::pictures::Picture;
use super::table::Cells;
use super::{data, method};
use crate::experiment::{Outcome, conclusion_sentences};
use crate::report::page::{answer, facts, figure, page, table, version};
use crate::report::robustness::robustness_of_cells;
use crate::stats::number;

/// Returns the page, with the pictures embedded.
///
/// # Errors
/// If a picture cannot be encoded.
pub fn report_html(outcome: &Outcome, pictures: &[Picture]) -> Result<Vec<u8>> {
    let figures = pictures.iter().map(figure).collect::<Result<Vec<_>>>()?;
    let robustness = outcome.robustness.as_ref().map(robustness_of_cells).transpose()?;
    let body = html! {
        h1 { "Does noise help?" }
        (answer(&conclusion_sentences(outcome)))
        @if let Some(reading) = &outcome.reading { (data::warnings(reading)) }
        (cells(outcome))
        @for figure in figures { (figure) }
        @if let Some(robustness) = robustness { (robustness) }
        @if let Some(reading) = &outcome.reading { (data::section(reading)) }
        h2 { "Method" }
        (method::method(outcome))
        h2 { "Settings" }
        (settings(outcome))
    };
    Ok(page(&format!("Does noise help? {}", outcome.experiment), &body))
}

/// Returns the cells with their scores, and what noise changes beside the score.
fn cells(outcome: &Outcome) -> Markup {
    let count = outcome.conclusion.as_ref().map_or(0, |own| own.settings);
    html! {
        h2 { "Settings compared" }
        (table("Settings compared", Cells::new(outcome)))
        p.note {
            "The recommended setting is marked. Scores are means over its runs; std is the standard "
            "deviation of the test score between runs. "
            @if count > 1 {
                "The 95 % intervals and adjusted p-values hold for all " (count) " settings together. "
            }
            @if !outcome.plan.rivals.is_empty() { "Those of rivals hold for all rivals together." }
        }
        @if let Some(further) = Cells::further(outcome) {
            h2 { "Beside " (outcome.metric_name()) }
            (table("Further figures", further))
            p.note {
                "Differences from the baseline ± half of the 95 % interval of each alone. They describe, "
                "and decide nothing."
            }
        }
    }
}

fn settings(outcome: &Outcome) -> Markup {
    let grid = &outcome.plan;
    let list = |values: Vec<String>| values.join(", ");
    let numbers = |values: &[f64]| list(values.iter().map(|x| number(*x)).collect());
    let counts = |values: &[usize]| list(values.iter().map(usize::to_string).collect());
    let seeds = list(grid.data_seeds.iter().map(u32::to_string).collect());
    let detail =
        |(name, value): &(String, serde_json::Value)| format!("{value} {}", name.replace('_', " "));
    let data: Vec<String> = outcome.data.iter().map(detail).collect();
    let last = grid.seed + (grid.repeats as u64 - 1);
    let rows = [
        ("task", grid.task.clone()),
        ("data", data.join(", ")),
        ("data seeds", seeds),
        ("training points", counts(&grid.train_sizes)),
        ("validation points", grid.validation_size.to_string()),
        ("hidden units", counts(&grid.hidden)),
        ("learning rates", numbers(&grid.learning_rates)),
        ("epochs", grid.epochs.to_string()),
        ("batch size", grid.batch_size.to_string()),
        ("recipe", grid.recipe.to_string()),
        ("rivals", list(grid.rivals.iter().map(ToString::to_string).collect())),
        ("repeats", format!("{} (seeds {} to {last})", grid.repeats, grid.seed)),
        ("command", outcome.command.clone()),
        ("version", format!("{}, on {}", version(), outcome.device)),
    ];
    facts(&rows)
}
