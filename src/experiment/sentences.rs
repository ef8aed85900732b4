//! The answer in sentences: whether noise helps, by how much, how sure, and what chose the best cell.

use super::compare::{Dropped, Test};
use super::conclude::{Choice, ChosenBy, Conclusion, Verdict};
use super::outcome::Outcome;
use super::plan::{Cell, Plan};
use super::record::Run;
use super::references::Reference;
use crate::metric::Better;
use crate::noise::NoiseSpec;
use crate::stats::number;

impl Outcome {
    /// The answer in one sentence.
    pub fn sentence(&self) -> String {
        conclusion_sentences(self).swap_remove(0)
    }
}

/// The conclusion in one sentence, and one on the choice of the best cell; and warnings if runs
/// diverged or are not finished yet.
pub fn conclusion_sentences(outcome: &Outcome) -> Vec<String> {
    let mut sentences = match &outcome.conclusion {
        Some(conclusion) => {
            vec![verdict(outcome, conclusion), choice(outcome, &conclusion.choice)]
        }
        None => vec!["No run with noise could be compared with the baseline.".to_string()],
    };
    sentences.extend(compared_with_references(outcome));
    sentences.extend(diverged(outcome));
    if !outcome.is_complete() {
        sentences.push(format!(
            "Of {} runs {} are finished: the others may change this.",
            outcome.plan.runs(),
            outcome.finished()
        ));
    }
    sentences
}

/// What is reached without a network, and whether that is as good as the best network.
fn compared_with_references(outcome: &Outcome) -> Vec<String> {
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
    let decimals = outcome.decimals();
    let is_same = (score - best).abs() <= 1e-9 * best.abs();
    let how = match is_same {
        true => "as well as",
        false if is_better(score, best) => "better than",
        false => return None,
    };
    Some(format!(
        "No network is needed here: {name} does {how} the best one ({score:.decimals$} against {best:.decimals$})."
    ))
}

/// How many runs diverged, on each side of the comparison, and what became of them.
fn diverged(outcome: &Outcome) -> Vec<String> {
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

/// The splits of a table: `5 folds × 10 repeats`, `10 splits`, `10 repeats on one split`.
pub fn folds_words(plan: &Plan) -> String {
    let repeats = |n: usize| if n == 1 { "1 repeat".to_string() } else { format!("{n} repeats") };
    match (plan.folds, plan.repeats) {
        (None | Some(1), 1) => "1 split".to_string(),
        (None, n) => format!("{} on one split", repeats(n)),
        (Some(1), splits) => format!("{splits} splits"),
        (Some(folds), n) => format!("{folds} folds × {}", repeats(n)),
    }
}

/// A cell in a few words: `baseline`, `input 0.1`, `early stopping`, with what else differs in the grid.
pub fn cell_name(plan: &Plan, cell: &Cell) -> String {
    let remedy = [remedy_name(cell)].into_iter();
    remedy.chain(variant_words(plan, cell)).collect::<Vec<_>>().join(", ")
}

/// What a cell does against overfitting in a few words: its rival of noise, or its noises.
pub fn remedy_name(cell: &Cell) -> String {
    cell.rival.as_ref().map_or_else(|| noise_name(&cell.noise), ToString::to_string)
}

/// The noises of a cell in a few words: `baseline`, `input 0.1 & before-activation dropout 0.3`.
pub fn noise_name(noise: &[NoiseSpec]) -> String {
    let name = |spec: &NoiseSpec| format!("{} {}", place_name(spec), number(spec.strength()));
    match noise {
        [] => "baseline".to_string(),
        noise => noise.iter().map(name).collect::<Vec<_>>().join(" & "),
    }
}

/// Place and kind of a noise, the kind left out if the place makes one expect it: `input`, `labels`, `input
/// dropout`.
pub fn place_name(spec: &NoiseSpec) -> String {
    match spec.kind() {
        NoiseSpec::GAUSSIAN | NoiseSpec::FLIP => spec.place().to_string(),
        kind => format!("{} {kind}", spec.place()),
    }
}

/// What the strengths of a plan's noise are: standard deviations if all of it is Gaussian.
pub fn strength_name(plan: &Plan) -> &'static str {
    let is_gaussian = |spec: &NoiseSpec| spec.kind() == NoiseSpec::GAUSSIAN;
    if plan.noise.iter().flatten().all(is_gaussian) { "stddev" } else { "strength" }
}

/// What a cell has besides its noise, if the grid has several: `100 hidden`.
pub fn variant_words(plan: &Plan, cell: &Cell) -> Vec<String> {
    let variant = &cell.variant;
    let words = [
        (plan.hidden.len(), format!("{} hidden", variant.hidden)),
        (plan.learning_rates.len(), format!("learning rate {}", number(variant.learning_rate))),
        (plan.train_sizes.len(), format!("{} training points", variant.train_size)),
    ];
    words.into_iter().filter(|(count, _)| *count > 1).map(|(_, word)| word).collect()
}

fn verdict(outcome: &Outcome, conclusion: &Conclusion) -> String {
    let Conclusion { verdict, cell, difference, compared, gains, losses, .. } = conclusion;
    let (cell, change) =
        (cell_name(&outcome.plan, cell), signed(difference.mean, outcome.decimals()));
    let (metric, words) = (outcome.metric_name(), Words::of(outcome.better));
    let how_sure = how_sure(outcome, conclusion);
    let lose = match losses {
        0 => format!("none {}", words.loses),
        1 => format!("1 {}", words.loses),
        losses => format!("{losses} {}", words.lose),
    };
    match verdict {
        Verdict::Helps => format!(
            "Noise helps: {gains} of {compared} noisy cells {} {metric} over the baseline, {cell} \
             most: {change} ({how_sure}); {lose}.",
            words.gain
        ),
        Verdict::Hurts => format!(
            "Noise hurts: {losses} of {compared} noisy cells {} {metric} against the baseline and \
             none {}; the best, {cell}, differs by {change} ({how_sure}).",
            words.lose, words.gains
        ),
        Verdict::NoEvidence => format!(
            "No evidence that noise helps: of {compared} noisy cells the best, {cell}, differs from \
             the baseline by {change} in {metric} ({how_sure}); {lose}."
        ),
    }
}

/// What a better and a worse score do.
struct Words {
    gain: &'static str,
    gains: &'static str,
    lose: &'static str,
    loses: &'static str,
}

impl Words {
    fn of(better: Better) -> Self {
        match better {
            Better::Higher => Self { gain: "gain", gains: "gains", lose: "lose", loses: "loses" },
            Better::Lower => {
                Self { gain: "reduce", gains: "reduces it", lose: "raise", loses: "raises it" }
            }
        }
    }
}

fn how_sure(outcome: &Outcome, conclusion: &Conclusion) -> String {
    let Conclusion { difference, compared, dropped, .. } = conclusion;
    let mut words = Vec::new();
    words.extend(interval(difference.low, difference.high, outcome.decimals()));
    if let Some(p) = difference.p_holm {
        let test = match difference.test {
            Test::PairedT => "",
            Test::NadeauBengio => " by Nadeau and Bengio's test",
            Test::Mcnemar => " by McNemar's test",
        };
        let holm = if *compared > 1 { " after Holm's correction" } else { "" };
        words.push(format!("{}{test}{holm}", p_value(p)));
    }
    let data_seeds = &outcome.plan.data_seeds;
    words.push(match (difference.n, &data_seeds[..]) {
        (n, _) if outcome.plan.is_of_table() => {
            let runs = if n == 1 { "one pair of runs".into() } else { format!("{n} paired runs") };
            format!("{runs}, {}", folds_words(&outcome.plan))
        }
        (1, [seed]) => format!("one pair of runs on data seed {seed}"),
        (n, [seed]) => format!("{n} paired repeats on data seed {seed}"),
        (n, seeds) => format!("{n} paired runs on {} data seeds", seeds.len()),
    });
    let Dropped { noisy, baseline } = dropped;
    if noisy + baseline > 0 {
        words.push(format!("without {noisy} noisy and {baseline} baseline runs that diverged"));
    }
    words.join(", ")
}

fn choice(outcome: &Outcome, choice: &Choice) -> String {
    let (cell, score) = (cell_name(&outcome.plan, &choice.cell), choice.test_score);
    let (metric, decimals) = (outcome.metric_name(), outcome.decimals());
    let times = format!("{} of {} data seeds", choice.times, choice.data_seeds);
    let chosen = match choice.data_seeds {
        1 => cell.clone(),
        _ => format!("the best cell ({cell} for {times})"),
    };
    let against =
        [format!("{} against the baseline", signed(choice.difference, decimals))].into_iter();
    let against: Vec<String> = against.chain(interval(choice.low, choice.high, decimals)).collect();
    let against = against.join(", ");
    match choice.by {
        ChosenBy::TestScore if outcome.plan.is_of_table() => format!(
            "The best cell, {cell}, was chosen by the test rows that judge it, so its {metric} of \
             {score:.decimals$} is optimistic: --validation-size N gives one that the choice has not seen."
        ),
        ChosenBy::TestScore => format!(
            "The best cell, {cell}, was chosen by the test points that judge it, so its {metric} of \
             {score:.decimals$} is optimistic: --validation-size N or several --data-seeds give one that the \
             choice has not seen."
        ),
        ChosenBy::ValidationScore => format!(
            "Chosen by {} validation points, {chosen} has a {metric} of {score:.decimals$} on points that the \
             choice has not seen ({against}).",
            outcome.plan.validation_size
        ),
        ChosenBy::OtherDataSeeds => format!(
            "Chosen by the other data seeds, {chosen} has a {metric} of {score:.decimals$} on the data that \
             the choice has not seen ({against})."
        ),
    }
}

fn interval(low: Option<f64>, high: Option<f64>, decimals: usize) -> Option<String> {
    let (low, high) = low.zip(high)?;
    Some(format!("95 % interval {}", range(low, high, decimals)))
}

/// An interval of differences: `+0.026 to +0.040`.
pub fn range(low: f64, high: f64, decimals: usize) -> String {
    format!("{} to {}", signed(low, decimals), signed(high, decimals))
}

/// A difference with its sign; one that rounds to 0 is `+0.000`.
pub fn signed(difference: f64, decimals: usize) -> String {
    let text = format!("{difference:+.decimals$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'+' | b'0' | b'.'));
    if is_zero { text.replace('-', "+") } else { text }
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_string() } else { format!("p = {p:.3}") }
}
