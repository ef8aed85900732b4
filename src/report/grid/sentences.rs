//! The answer in sentences: whether noise helps, by how much, how sure, and what chose the best cell.

use crate::experiment::{Cell, Choice, ChosenBy, Conclusion, GridOutcome, Test, Verdict};
use crate::report::text::number;

/// The conclusion in one sentence, and one on the choice of the best cell; and a warning where runs
/// diverged or are not finished yet.
pub fn conclusion_sentences(outcome: &GridOutcome) -> Vec<String> {
    let mut sentences = match &outcome.conclusion {
        Some(conclusion) => {
            vec![verdict(outcome, conclusion), choice(outcome, &conclusion.choice)]
        }
        None => vec!["No run with noise could be compared with the baseline.".to_string()],
    };
    let runs = outcome.cells.iter().flat_map(|own| &own.runs);
    match runs.filter(|run| run.stopped.is_some()).count() {
        0 => {}
        diverged => sentences.push(format!(
            "Runs that diverged are left out: {diverged} of {}.",
            outcome.finished()
        )),
    }
    if !outcome.is_complete() {
        sentences.push(format!(
            "Of {} runs {} are finished: the others may change this.",
            outcome.settings.runs().count(),
            outcome.finished()
        ));
    }
    sentences
}

/// A cell in a few words: `baseline`, `input 0.1`, with what else differs in the grid.
pub(super) fn cell_name(outcome: &GridOutcome, cell: &Cell) -> String {
    let noise = match cell.placement {
        None => "baseline".to_string(),
        Some(placement) => format!("{placement} {}", number(cell.stddev)),
    };
    [noise].into_iter().chain(variant_words(outcome, cell)).collect::<Vec<_>>().join(", ")
}

/// What a cell has besides its noise, where the grid has several: `100 hidden`.
pub(super) fn variant_words(outcome: &GridOutcome, cell: &Cell) -> Vec<String> {
    let (grid, variant) = (&outcome.settings, &cell.variant);
    let words = [
        (grid.hidden.len(), format!("{} hidden", variant.hidden)),
        (grid.learning_rates.len(), format!("learning rate {}", number(variant.learning_rate))),
        (grid.train_sizes.len(), format!("{} training points", variant.train_size)),
    ];
    words.into_iter().filter(|(count, _)| *count > 1).map(|(_, word)| word).collect()
}

fn verdict(outcome: &GridOutcome, conclusion: &Conclusion) -> String {
    let Conclusion { verdict, cell, difference, compared, gains, losses, .. } = conclusion;
    let (cell, change) = (cell_name(outcome, cell), format!("{:+.3}", difference.mean));
    let how_sure = how_sure(outcome, conclusion);
    let lose = match losses {
        0 => "none loses".to_string(),
        1 => "1 loses".to_string(),
        losses => format!("{losses} lose"),
    };
    match verdict {
        Verdict::Helps => format!(
            "Noise helps: {gains} of {compared} noisy cells gain test accuracy over the baseline, \
             {cell} most: {change} ({how_sure}); {lose}."
        ),
        Verdict::Hurts => format!(
            "Noise hurts: {losses} of {compared} noisy cells lose test accuracy against the \
             baseline and none gains; the best, {cell}, differs by {change} ({how_sure})."
        ),
        Verdict::NoEvidence => format!(
            "No evidence that noise helps: of {compared} noisy cells the best, {cell}, differs from \
             the baseline by {change} in test accuracy ({how_sure}); {lose}."
        ),
    }
}

fn how_sure(outcome: &GridOutcome, conclusion: &Conclusion) -> String {
    let Conclusion { difference, compared, .. } = conclusion;
    let mut words = Vec::new();
    words.extend(interval(difference.low, difference.high));
    if let Some(p) = difference.p_holm {
        let test = match difference.test {
            Test::PairedT => "",
            Test::Mcnemar => " by McNemar's test",
        };
        let holm = if *compared > 1 { " after Holm's correction" } else { "" };
        words.push(format!("{}{test}{holm}", p_value(p)));
    }
    let data_seeds = &outcome.settings.data_seeds;
    words.push(match (difference.n, &data_seeds[..]) {
        (1, [seed]) => format!("one pair of runs on data seed {seed}"),
        (n, [seed]) => format!("{n} paired repeats on data seed {seed}"),
        (n, seeds) => format!("{n} paired runs on {} data seeds", seeds.len()),
    });
    words.join(", ")
}

fn choice(outcome: &GridOutcome, choice: &Choice) -> String {
    let (cell, accuracy) = (cell_name(outcome, &choice.cell), choice.test_accuracy);
    let times = format!("{} of {} data seeds", choice.times, choice.data_seeds);
    let chosen = match choice.data_seeds {
        1 => cell.clone(),
        _ => format!("the best cell ({cell} for {times})"),
    };
    let against = [format!("{:+.3} against the baseline", choice.difference)].into_iter();
    let against: Vec<String> = against.chain(interval(choice.low, choice.high)).collect();
    let against = against.join(", ");
    match choice.by {
        ChosenBy::TestAccuracy => format!(
            "The best cell, {cell}, was chosen by the test points that judge it, so its accuracy \
             of {accuracy:.3} flatters: --validation-size N or several --data-seeds give one that \
             the choice has not seen."
        ),
        ChosenBy::ValidationAccuracy => format!(
            "Chosen by {} validation points, {chosen} has a test accuracy of {accuracy:.3} on \
             points that the choice has not seen ({against}).",
            outcome.settings.validation_size
        ),
        ChosenBy::OtherDataSeeds => format!(
            "Chosen by the other data seeds, {chosen} has a test accuracy of {accuracy:.3} on the \
             data that the choice has not seen ({against})."
        ),
    }
}

fn interval(low: Option<f64>, high: Option<f64>) -> Option<String> {
    let (low, high) = low.zip(high)?;
    Some(format!("95 % interval {}", range(low, high)))
}

/// An interval of differences: `+0.026 to +0.040`.
pub(super) fn range(low: f64, high: f64) -> String {
    format!("{low:+.3} to {high:+.3}")
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_string() } else { format!("p = {p:.3}") }
}
