//! How often the answers of a grid are wrong.

use anyhow::Result;
use candle_noise::stats::Answer;

use super::grid::{Found, Grid, Law};
use super::learners::{self, FOLDS};
use super::tables::{EXPERIMENTS, each, head, percent, row};

/// The noises beside the baseline in a grid of 16 settings.
pub const NOISES: usize = 15;

/// The smallest difference in accuracy that matters.
pub const MARGIN: f64 = 0.01;

pub fn differs(answer: Answer) -> bool {
    matches!(answer, Answer::Helps | Answer::Hurts)
}

pub fn is_equivalent(answer: Answer) -> bool {
    answer == Answer::Equivalent
}

/// Returns whether the headline says that there is no difference that matters, although what was chosen gains
/// the margin.
pub fn is_wrongly_equivalent(found: &Found) -> bool {
    let matters = found.true_gain().is_some_and(|gain| gain > MARGIN - 1e-9);
    is_equivalent(found.conclusion.answer) && matters
}

/// Returns the law of noises that all gain exactly the margin; their spread lets intervals be short.
pub fn at_the_margin(noises: usize, correlation: f64) -> Law {
    Law { gains: vec![MARGIN; noises], spread: MARGIN / 4., correlation }
}

fn any_setting(found: &Found, is_one: fn(Answer) -> bool) -> bool {
    let mut differences = found.outcomes.iter().filter_map(|own| own.difference.as_ref());
    differences.any(|own| is_one(own.answer))
}

/// Prints how often answers are wrong about settings and about the choice among them.
pub fn wrong() -> Result<()> {
    head(
        "Experiments with a wrong answer, in %",
        &[
            "units",
            "noises",
            "some setting helps or hurts",
            "headline helps or hurts",
            "some setting equivalent",
            "headline equivalent",
        ],
    );
    for data_seeds in [5, 10, 20] {
        let grid = Grid::of_data_seeds(NOISES, data_seeds)?;
        drawn(&format!("{data_seeds} data seeds"), &grid, 0.)?;
    }
    let correlation = 1. / FOLDS as f64;
    for (noises, repeats) in [(NOISES, 1), (NOISES, 2), (NOISES, 10), (30, 10)] {
        let grid = Grid::of_folds(noises, FOLDS, repeats)?;
        drawn(&format!("folds {FOLDS} × {repeats}, correlation 1/K"), &grid, correlation)?;
    }
    [1, 10].into_iter().try_for_each(classifiers)
}

/// Prints a row of noises that gain nothing, and of noises that gain the margin.
fn drawn(name: &str, grid: &Grid, correlation: f64) -> Result<()> {
    let noises = grid.plan.noise.len() - 1;
    let null = Law { correlation, ..Law::null(noises) };
    let null = grid.simulate(&format!("null/{name}"), &null, EXPERIMENTS, differences)?;
    let margin = at_the_margin(noises, correlation);
    let margin = grid.simulate(&format!("margin/{name}"), &margin, EXPERIMENTS, |found| {
        [any_setting(&found, is_equivalent), is_wrongly_equivalent(&found)]
    })?;
    let shares =
        [&null, &margin].map(|found| [0, 1].map(|i| percent(found.iter().map(|own| own[i]))));
    let names = [name.to_string(), noises.to_string()];
    row(&names.into_iter().chain(shares.into_iter().flatten()).collect::<Vec<_>>());
    Ok(())
}

fn differences(found: Found) -> [bool; 2] {
    [any_setting(&found, differs), differs(found.conclusion.answer)]
}

/// Prints a row of real classifiers that are equally good.
fn classifiers(repeats: usize) -> Result<()> {
    let grid = Grid::of_folds(NOISES, FOLDS, repeats)?;
    let found = each(|experiment| {
        let scores = learners::equally_good(experiment, NOISES + 1, repeats);
        grid.found(&grid.plan, &grid.records(&scores, &[0.; NOISES])).map(differences)
    });
    let found: Vec<[bool; 2]> = found.into_iter().collect::<Result<_>>()?;
    let [settings, headline] = [0, 1].map(|i| percent(found.iter().map(|own| own[i])));
    let name = format!("folds {FOLDS} × {repeats}, equally good classifiers");
    row(&[name, NOISES.to_string(), settings, headline, String::new(), String::new()]);
    Ok(())
}
