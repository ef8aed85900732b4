//! What makes an answer worth less: references that do as well, runs that diverged, networks that learned
//! nothing.

use super::names::{cell_name, range, telling_apart, thousands};
use crate::experiment::compare::{CellOutcome, Further};
use crate::experiment::conclude::Conclusion;
use crate::experiment::outcome::Outcome;
use crate::experiment::plan::Cell;
use crate::experiment::record::Run;
use crate::experiment::references::Reference;
use crate::stats::{Digits, error_of_looks};

/// What is reached without a network, and whether that is as good as the best network.
pub(super) fn compared_with_references(outcome: &Outcome) -> Vec<String> {
    let figures: Vec<String> = outcome.references.iter().filter_map(Reference::words).collect();
    if figures.is_empty() {
        return Vec::new();
    }
    let figures = format!("On the same rows: {} ({}).", figures.join(", "), outcome.metric_name());
    [figures].into_iter().chain(simple_is_enough(outcome)).collect()
}

/// Whether a reference, the simple model or even none, is as good as the best network.
fn simple_is_enough(outcome: &Outcome) -> Option<String> {
    let is_better = |a: f64, b: f64| outcome.better.is_better(a, b);
    let networks = outcome.cells.iter().filter_map(|own| own.summary.get(&outcome.figure()).mean);
    let best = networks.reduce(|a, b| if is_better(b, a) { b } else { a })?;
    // The first is no model: the majority class or the mean.
    let articles = ["the "].into_iter().chain(std::iter::repeat(""));
    let references = articles.zip(&outcome.references);
    let references = references
        .filter_map(|(article, own)| Some((format!("{article}{}", own.name), own.score.mean?)));
    let (name, score) = references.reduce(|a, b| if is_better(a.1, b.1) { a } else { b })?;
    let digits = outcome.digits();
    let is_same = (score - best).abs() <= 1e-9 * best.abs();
    let how = match is_same {
        true => "as well as",
        false if is_better(score, best) => "better than",
        false => return None,
    };
    Some(format!(
        "No network is needed here: {name} does {how} the best one ({} against {}).",
        digits.text(score),
        digits.text(best)
    ))
}

/// How many runs diverged, on each side of the comparison, and what became of them.
pub(super) fn diverged(outcome: &Outcome) -> Vec<String> {
    let cells = outcome.cells.iter().filter(|own| own.cell.rival.is_none());
    let (baselines, noisy): (Vec<_>, Vec<_>) = cells.partition(|own| own.cell.is_baseline());
    let [noisy, baseline] =
        [noisy, baselines].map(|cells| cells.into_iter().flat_map(|own| &own.runs).collect());
    let of_all = |has: fn(&Run) -> bool| {
        let count = |runs: &Vec<&Run>| (runs.iter().filter(|run| has(run)).count(), runs.len());
        let ((noisy, all_noisy), (baseline, all)) = (count(&noisy), count(&baseline));
        (noisy + baseline > 0)
            .then(|| format!("{noisy} of {all_noisy} with noise, {baseline} of {all} without"))
    };
    let left_out = of_all(Run::has_failed);
    let restored = of_all(|run| run.stopped.is_some() && !run.has_failed());
    let left_out = left_out.map(|runs| format!("Runs that diverged are left out: {runs}."));
    let restored = restored.map(|runs| {
        format!("Runs that diverged count with the weights that early stopping restored: {runs}.")
    });
    left_out.into_iter().chain(restored).collect()
}

/// Returns what the difference could have been if the runs that diverged had finished.
pub(super) fn bounds(outcome: &Outcome, own: &Conclusion) -> Option<String> {
    let bounds = own.difference.bounds?;
    let range = range(bounds, outcome.digits());
    Some(format!(
        "Had these runs of {} and its baseline been the worst or the best of all that finished, the \
         difference would lie from {range}.",
        cell_name(&outcome.plan, &own.cell)
    ))
}

/// Warns of a baseline that is no better than a guess.
pub(super) fn poor_baseline(outcome: &Outcome) -> Option<String> {
    let guess = outcome.references.first()?;
    let score = guess.score.mean?;
    let baselines = outcome.cells.iter().filter(|own| own.cell.is_baseline());
    let means = baselines.filter_map(|own| own.summary.get(&outcome.figure()).mean);
    let best = means.reduce(|a, b| if outcome.better.is_better(b, a) { b } else { a })?;
    let digits = outcome.digits();
    (!outcome.better.is_better(best, score)).then(|| {
        format!(
            "Warning: without noise the network does not beat the {} ({} against {}), so that \
             a gain over it means little.",
            guess.name,
            digits.text(best),
            digits.text(score)
        )
    })
}

/// Returns what it costs to have looked at the answer several times.
pub(super) fn looks(outcome: &Outcome) -> Option<String> {
    let looks = &outcome.looks;
    let [others @ .., last] = &looks[..] else { return None };
    if others.is_empty() || outcome.plan.until_decided {
        return None;
    }
    let others: Vec<String> = others.iter().map(|runs| thousands(*runs)).collect();
    // The computed share is that of a known variance; an estimated one adds to it.
    let share = match outcome.plan.folds {
        None => format!("at least {:.1} %", 100. * error_of_looks(looks, 0.05)),
        Some(_) => "more than 5 %".to_string(),
    };
    Some(format!(
        "This is look {} at growing results ({} and {} runs of each setting): some p < 0.05 among so many \
         looks happens in {share} of experiments without an effect instead of 5 %; \
         --until-decided keeps 5 %.",
        looks.len(),
        others.join(", "),
        thousands(*last)
    ))
}

/// Returns the settings that a conclusion names, and what became of them.
fn named<'a>(
    outcome: &'a Outcome,
    own: &'a Conclusion,
) -> impl Iterator<Item = (&'a Cell, &'a CellOutcome)> {
    let other = Some(&own.recommended).filter(|other| **other != own.cell);
    let cells = [&own.cell].into_iter().chain(other);
    cells.filter_map(|cell| Some((cell, outcome.cells.iter().find(|own| own.cell == *cell)?)))
}

/// Warns of a setting whose probabilities are significantly worse than those of its baseline, whatever its
/// score is.
pub(super) fn worse_probabilities(outcome: &Outcome, own: &Conclusion) -> Vec<String> {
    let of_cell = named(outcome, own).filter_map(|(cell, found)| {
        let further = &found.difference.as_ref()?.further;
        let Further { figure, baseline, effect } =
            further.iter().find(|own| own.figure == "test_nll")?;
        let interval = effect.interval().filter(|own| own.low > 0.)?;
        let (from, to) = (*baseline, baseline + effect.mean);
        let digits = telling_apart(from, to, Digits::of(from));
        Some(format!(
            "Warning: {} raises {} from {} to {} (95 % interval of the difference {}): its probabilities \
             are worse than without noise.",
            cell_name(&outcome.plan, cell),
            figure.replace('_', " "),
            digits.text(from),
            digits.text(to),
            range(interval, digits)
        ))
    });
    of_cell.collect()
}

/// Warns of a setting whose networks predict one class alone.
pub(super) fn one_class(outcome: &Outcome, own: &Conclusion) -> Vec<String> {
    let of_cell = named(outcome, own).filter_map(|(cell, found)| {
        let count = found.runs.iter().filter(|run| run.one_class).count();
        let (name, all) = (cell_name(&outcome.plan, cell), found.runs.len());
        let (who, predict) = match (count, all) {
            (_, 1) => (format!("the only run of {name}"), "predicts"),
            (1, _) => (format!("1 of {all} runs of {name}"), "predicts"),
            _ => (format!("{count} of {all} runs of {name}"), "predict"),
        };
        (count > 0).then(|| format!("Warning: {who} {predict} one class for every test row."))
    });
    of_cell.collect()
}
